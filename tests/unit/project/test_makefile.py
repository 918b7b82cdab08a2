"""The Makefile: help lists every target, each runs what exists, and the build machine's script runs the tests."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from .files import ROOT, pyproject

TEXT = (ROOT / "Makefile").read_text()
TARGETS = {"help", "venv", "demo", "test", "check", "bench", "soak", "format", "record-release", "clean"}


def make(*arguments: str) -> str:
    # Nothing of the make that runs these tests may reach the make under test.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_help_is_the_default_and_lists_every_target() -> None:
    listed = re.findall(r"^  make ([\w-]+) +\S", make(), re.MULTILINE)
    assert set(listed) >= TARGETS
    phony = re.search(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    assert phony is not None
    assert sorted(phony[1].split()) == sorted(listed)


def test_the_tests_run_units_first_and_leave_the_long_ones_out() -> None:
    lines = [line for line in make("--dry-run", "--always-make", "test").splitlines() if "-m pytest" in line]
    assert len(lines) == 2
    assert lines[0].endswith("tests/unit")
    assert lines[1].endswith("tests --ignore tests/unit")
    assert all('-m "not soak"' in line for line in lines)


def test_the_server_is_there_before_what_needs_one() -> None:
    for target in ("test", "demo", "bench", "soak"):
        commands = make("--dry-run", "--always-make", target)
        assert "-m folkmoot._local" in commands
        assert commands.index("pip install") < commands.index("-m folkmoot._local")


def test_the_check_runs_every_tool() -> None:
    commands = make("--dry-run", "check")
    for tool in ("ruff format --check", "ruff check", "pyright", "lint-imports"):
        assert tool in commands


@pytest.mark.parametrize("tool", ["ruff", "pyright", "import-linter", "pytest", "pytest-xdist", "build"])
def test_what_it_runs_is_in_the_developers_extra(tool: str) -> None:
    names = {re.split(r"[\[>=]", line)[0] for line in pyproject()["project"]["optional-dependencies"]["dev"]}
    assert tool in names


def test_the_build_machine_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-1] == "exec make test </dev/null"
