"""Commands that the how-tos on people tell are commands there are, with arguments and options they have."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from folkmoot.cli.app import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = ("docs/howto/approvals.md", "docs/howto/people.md")


def commands() -> list[str]:
    texts = [(ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS]
    return [line for text in texts for line in re.findall(r"^\$ folkmoot (.*)$", text, re.MULTILINE)]


def test_there_are_some() -> None:
    verbs = {line.split()[0] for line in commands()}
    assert {"inbox", "pending", "approve", "reject", "edit", "answer", "settle", "say"} <= verbs


@pytest.mark.parametrize("command", commands())
def test_a_command(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "changed.json").write_text('{"amount": 5}')
    environment = {"FOLKMOOT_DATA_DIR": str(tmp_path), "TEMPORAL_ADDRESS": None, "XDG_CONFIG_HOME": str(tmp_path)}
    result = CliRunner().invoke(app, shlex.split(command), env=environment)
    # It comes as far as to look for a server.
    assert result.exit_code == 1, result.stderr
    assert "There are no chats in" in result.stderr
