"""Commands that are forked behave as those that are started."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests._support.command_line import EXECUTABLE
from tests._support.warm import warm

TEAM = '{"type": "AssistantAgent", "name": "writer", "model_client": "m"}'


def started(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [EXECUTABLE, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["run", "here.json", "--task", "x"],
        ["run", "nofile.json"],
        ["no-such-verb"],
        ["doctor", "--json"],
    ],
)
def test_code_and_output_are_those_of_the_executable(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "here.json").write_text(TEAM)
    own = {**os.environ, "FOLKMOOT_DATA_DIR": str(tmp_path / "data"), "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    assert warm().serves(own)
    done = warm().run(arguments, tmp_path, own, "", 60)
    assert (done.returncode, done.stdout, done.stderr) == started(arguments, tmp_path, own)
    assert done.stdout or done.stderr


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    own = {**os.environ, "OPENAI_API_KEY": "none"}
    (tmp_path / "script.json").write_text('["hello"]')
    with pytest.raises(subprocess.TimeoutExpired):
        warm().run(["scripted-model", "script.json"], tmp_path, own, "", 2)
    assert warm().run(["--version"], tmp_path, own, "", 60).returncode == 0


def test_what_the_interpreter_reads_as_it_starts_is_not_forked() -> None:
    assert not warm().serves({**os.environ, "PYTHONPATH": "/elsewhere"})
    assert not warm().serves({"FOLKMOOT_QUEUE": "q"}), "others are missing"
