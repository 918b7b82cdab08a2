"""Code of a later release replays a history with the behaviour that the history tells, not with its own newest."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from folkmoot._chat.engine import Chat
from folkmoot._chat.state import ENGINE
from folkmoot.testing import replay
from tests.replay.record import CURRENT

NEXT = ENGINE + 1
MODULES = ("_chat.engine", "_chat.state", "_temporal.carry", "_temporal.chat_workflow")
FILES = ["plain.1.json", *(f"continue_as_new_carried.{number}.json" for number in (1, 2)), "change.1.json"]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers that runs begin with, in a process of the next release."""
    for module in MODULES:
        monkeypatch.setattr(f"folkmoot.{module}.ENGINE", NEXT)
    append, numbers = Chat.append, list[int]()

    def noted(chat: Chat, time: str, kind: str, **fields: Any) -> Any:
        if kind == "run_started":
            numbers.append(fields["engine"])
        return append(chat, time, kind, **fields)

    monkeypatch.setattr(Chat, "append", noted)
    return numbers


@pytest.mark.parametrize("name", FILES)
async def test_a_history_keeps_its_number(name: str, begun: list[int]) -> None:
    text = (CURRENT / name).read_text()
    await replay([WorkflowHistory.from_json("chat", text)])
    assert set(begun) == {ENGINE}
