"""The programs of the how-to on migrating run as they stand, AutoGen's among them, and come to the same."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import folkmoot
from folkmoot.testing import ScriptedServer
from tests._support.documents import ROOT, python_blocks, run_block
from tests.integration.conftest import said

DOCUMENT = "docs/howto/migrate-from-autogen.md"
THEIRS, OURS, STATE, OLD = python_blocks(DOCUMENT)
PAGE = (ROOT / DOCUMENT).read_text(encoding="utf-8")
CALL = {"calls": [{"name": "look_up", "arguments": {"word": "moot"}, "id": "1"}]}
# The scripted server answers with the name it was asked for, without the date that AutoGen expects.
pytestmark = pytest.mark.filterwarnings("ignore:Resolved model mismatch")
WORDS = [CALL, "An assembly of the people.", "Good: APPROVE", "An assembly.", "APPROVE"]


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """Who speaks for every model of either library."""
    pytest.importorskip("autogen_agentchat")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(tmp_path)
    async with ScriptedServer([]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


async def played(server: ScriptedServer, program: str, words: list[Any]) -> tuple[dict[str, Any], list[Any]]:
    """The names of a program once it has run, and what its models were asked."""
    server.script.replace(words)
    before = len(server.requests)
    names = await run_block(program, {})
    assert server.script.left == 0
    return names, [request["messages"] for request in server.requests[before:]]


async def test_the_same_program_in_both(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, they_asked = await played(server, THEIRS, WORDS)
    shown = capsys.readouterr().out
    ours, we_asked = await played(server, OURS, WORDS)
    assert we_asked == they_asked
    kinds = [type(message).__name__ for message in ours["result"].messages]
    assert kinds == [type(message).__name__ for message in theirs["result"].messages]
    assert ours["result"].stop_reason == theirs["result"].stop_reason == "Text 'APPROVE' mentioned"
    assert said(ours["result"].messages)[-1] == ("critic", "Good: APPROVE")
    assert capsys.readouterr().out == shown
    assert set(ours["state"]["agent_states"]) == set(theirs["state"]["agent_states"])


async def test_a_chat_goes_on_with_a_state_of_autogens(server: ScriptedServer, tmp_path: Path) -> None:
    theirs, _ = await played(server, THEIRS, WORDS)
    (tmp_path / "autogen-state.json").write_text(json.dumps(theirs["state"]))
    ours, asked = await played(server, STATE, ["The Thing, in Iceland."])
    assert said(ours["result"].messages)[-1] == ("writer", "The Thing, in Iceland.")
    told = [message["content"] for message in asked[0] if message["role"] == "user"]
    assert told == [
        "Explain the word moot",
        "Good: APPROVE",
        "Shorter, please",
        "APPROVE",
        "And an example, please",
    ]


async def test_a_chat_goes_on_with_old_messages(server: ScriptedServer) -> None:
    ours, asked = await played(server, OLD, ["Good."])
    assert said(ours["result"].messages) == [("critic", "Good.")]
    assert [message["content"] for message in asked[0][1:]] == [
        "Explain the word moot",
        "An assembly of the people.",
    ]


def test_the_names_of_the_table_are_there() -> None:
    table = PAGE.partition("## What becomes of what")[2].partition("## What differs")[0]
    for row in re.findall(r"^\| .* \| (.*) \|$", table, re.MULTILINE):
        for name in re.findall(r"`([A-Z]\w+)\b", row):
            assert hasattr(folkmoot, name) or name == "OPENAI_API_KEY", name
        for verb in re.findall(r"`chat\.(\w+)\(", row):
            assert hasattr(folkmoot.Chat, verb), verb


@pytest.mark.parametrize("number", sorted(set(re.findall(r"B\d{3}", PAGE.partition("## What differs")[2]))))
def test_what_differs_is_held_by_tests(number: str) -> None:
    conformance = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| {number} \|.*$", conformance, re.MULTILINE)
    assert "better" in line.split(" | ")[2]
