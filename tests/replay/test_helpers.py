"""What `folkmoot.testing` gives users for kills and replays, and that a history which does not fit is noticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHistory

from folkmoot import ChatNotFoundError
from folkmoot import testing as folkmoot_testing
from folkmoot._scripted.http import ScriptedServer
from folkmoot.testing import KILL_PLACES, fetch_histories, kill_at, replay
from tests.conftest import ClientFactory
from tests.replay.record import CURRENT

RECORDED = CURRENT / "tools.1.json"


async def test_a_history_of_other_code_is_refused() -> None:
    """The recorded chat asked for a tool where this code asks for its model."""
    text = RECORDED.read_text().replace('"folkmoot.model"', '"folkmoot.tool"', 1)
    with pytest.raises(workflow.NondeterminismError):
        await replay([WorkflowHistory.from_json("chat", text)])
    await replay([WorkflowHistory.from_json("chat", RECORDED.read_text())])


async def test_histories_of_no_chat(client_factory: ClientFactory) -> None:
    client: Client = await client_factory()
    with pytest.raises(ChatNotFoundError, match="There is no chat 'nobody'"):
        await fetch_histories(client, "nobody")


def test_kills_happen_at_known_places(tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    assert kill_at("tool.after", 2, once=mark) == {"FOLKMOOT_KILL_AT": f"tool.after:2:{mark}"}
    assert kill_at("model.before") != kill_at("model.before"), "each with a mark of its own"
    known = re.escape(", ".join(KILL_PLACES))
    with pytest.raises(ValueError, match=f"no place 'model'; known are {known}"):
        kill_at("model")
    with pytest.raises(ValueError, match="from 1, got 0"):
        kill_at("model.before", 0)


def test_the_server_is_there_on_demand() -> None:
    assert folkmoot_testing.ScriptedServer is ScriptedServer
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        folkmoot_testing.Nonsense  # noqa: B018
