"""The programs of the how-tos on state, time and old messages run as they stand, and their verbs exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main

from folkmoot._scripted.http import ScriptedServer
from folkmoot.cli.app import app
from tests._support.documents import ROOT, python_blocks, run_block

COMMANDS: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
DOCUMENTS = ("state", "time", "resume")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs blocks as one program, with the words of all its model calls."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    async def program(block: str, says: Sequence[str]) -> dict[str, Any]:
        async with ScriptedServer(list(says)) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            names = await run_block(block, {})
            assert server.script.left == 0
        return names

    return program


async def test_state(run: Any) -> None:
    program, elsewhere = python_blocks("docs/howto/state.md")
    inside = "".join(f"    {line}\n" for line in elsewhere.splitlines())
    checked = program + inside + "    state = await moved.save_state()\n"
    names = await run(checked, ["A note.", "Fine."])
    heard = names["state"]["agent_states"]["critic"]["agent_state"]["llm_context"]["messages"]
    assert [item["content"] for item in heard] == ["Write a note", "A note.", "Fine."]
    assert names["document"]["spec"]["type"] == "RoundRobinGroupChat"


async def test_time(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    program, tools = python_blocks("docs/howto/time.md")
    names = await run(program, ["1", "2", "3", "4", "two", "three", "four", "zwei", "drei", "vier"])
    assert [item.to_text() for item in names["result"].messages] == ["two", "three", "four"]
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert shown[-1] == "3 messages only there, 3 only here"
    described = await run_block(tools, {})
    assert described["book"].options.compensate == described["cancel"].name


async def test_old_messages(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    (program,) = python_blocks("docs/howto/resume.md")
    names = await run(program, ["Venez.", "Bien."])
    said = [(item.source, item.to_text()) for item in names["result"].messages]
    assert said == [("user", "Now in French, please"), ("writer", "Venez."), ("critic", "Bien.")]
    assert names["warnings"] == []
    assert "termination" not in caplog.text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_command_lines_are_ones(name: str) -> None:
    text = (ROOT / f"docs/howto/{name}.md").read_text(encoding="utf-8")
    lines = re.findall(r"^folkmoot (.*?)(?: {4,}.*)?$", text, re.MULTILINE)
    assert lines
    for line in lines:
        verb, *arguments = shlex.split(line)
        # Raises where an option is none, or an argument is missing or one too many.
        COMMANDS[verb].make_context(verb, arguments).close()
