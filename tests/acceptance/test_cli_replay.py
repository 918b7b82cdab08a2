"""`folkmoot replay`, as run before a deploy: it tells which live chats the code installed there would break."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests._support.command_line import CommandLine

TEAM: dict[str, Any] = {"type": "AssistantAgent", "name": "writer", "model_client": "m"}

CHANGED = """
from folkmoot._temporal import calls, names

calls.ACTIVITIES["model"] = names.ACTIVITY_TOOL
"""
"""Python imports it as it starts: from then on an agent asks for a tool where it asked for its model."""


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line with two live chats, `one` and `two`, and a closed one."""
    cli = CommandLine(tmp_path_factory.mktemp("replay"))
    cli.scripted_model(["Hello.", "Hello.", "Hello."])
    cli.start("dev").kind("dev")
    team = cli.write("team.json", TEAM)
    for chat_id in ("one", "closed", "two"):
        cli.run("run", team, "--task", "Write", "--id", chat_id)
    cli.run("close", "closed")
    yield cli
    cli.close()


@pytest.fixture
def changed(tmp_path: Path) -> dict[str, str]:
    """The environment of a command line with other code installed."""
    folder = tmp_path / "changed"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CHANGED)
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_the_code_the_chats_began_with_carries_them_on(cli: CommandLine) -> None:
    assert cli.run("replay").stdout == "2 live chats of namespace 'default' replayed: all would go on.\n"
    (summary,) = cli.json("replay", "--limit", "1")
    assert summary == {"kind": "replay", "namespace": "default", "replayed": 1, "breaking": 0, "ok": True}
    assert cli.run("replay", "--filter", "ChatTurns > 100").stdout == "No live chats.\n"
    assert "'closed' is closed; only chats under way are replayed" in cli.error("replay", "--id", "closed")
    assert "There is no chat 'nobody'" in cli.error("replay", "--id", "nobody")
    assert "expected neither filter nor limit" in cli.error("replay", "--id", "one", "--limit", "1")


def test_other_code_is_told_with_exit_code_1(cli: CommandLine, changed: dict[str, str]) -> None:
    done = cli.run("replay", code=1, **changed)
    *broken, summary = done.stdout.splitlines()
    assert summary == "2 live chats of namespace 'default' replayed: 2 would break with the code installed here."
    assert sorted(line.split()[0] for line in broken) == ["one", "two"]
    assert all("Nondeterminism error: Activity type of scheduled event 'folkmoot.model'" in line for line in broken)
    assert done.stderr == "", "what the SDK says of it at length"

    *lines, end = cli.json("replay", code=1, **changed)
    assert {line["id"] for line in lines} == {"one", "two"}
    assert all(line["kind"] == "breaking" and line["run_id"] and line["error"] for line in lines)
    assert (end["replayed"], end["breaking"], end["ok"]) == (2, 2, False)

    (line, _) = cli.json("replay", "--id", "one", code=1, **changed)
    assert line["id"] == "one"
