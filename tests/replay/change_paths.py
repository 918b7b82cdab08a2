"""The paths of chats whose team changes, and of calls that are undone (see `paths`)."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import (
    ChatBusyError,
    ChatCancelled,
    FunctionTool,
    RoundRobinGroupChat,
    ToolOptions,
)
from tests.replay.stage import Stage, patiently
from tests.replay.steps import HELD, Path, has, held, speakers

__all__ = ["CHANGE_PATHS"]


async def change(stage: Stage) -> str:
    """One joins, one is replaced, one leaves, one joins during a run; then back to before all that."""
    stage.script("draft 1", "fine", "draft 2", "good", "draft 3", "better", HELD, "draft 4", "fine again")
    chat = await stage.open(stage.pair(max_turns=2))
    await chat.run(task="Write")
    await chat.add_participant(stage.agent("editor"))
    assert speakers(await chat.run()) == ["writer", "critic"]
    await chat.replace_participant("critic", stage.agent("judge"))
    assert speakers(await chat.run()) == ["editor", "writer"]
    await chat.remove_participant("judge")
    run = await held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.add_participant(stage.agent("late"))
    await chat.add_participant(stage.agent("late"), force=True)
    with pytest.raises(ChatCancelled):
        await run
    await chat.rollback(turn=2)
    assert speakers(await chat.run()) == ["writer", "critic"]
    return chat.id


async def compensated(stage: Stage) -> str:
    """Of two calls that are gone back behind, one cannot be undone, and the tool for it is waited for."""
    options = ToolOptions(side_effects=True, compensate="refund")
    known = stage.plugin.registry.tools
    known["order"] = FunctionTool(_order, "Order.", name="order", options=options)

    def give_back(what: str) -> str:
        # After the first call nobody has the tool any more.
        if what == "ink":
            known.pop("refund", None)
        return _refund(what)

    known["refund"] = refund = FunctionTool(give_back, "Give back.", name="refund")
    asked = [{"name": "order", "arguments": {"what": what}, "id": what} for what in ("pens", "ink")]
    stage.script("draft 1", {"calls": asked}, "never mind")
    team = RoundRobinGroupChat([stage.agent(), stage.agent("critic", tools=["order"])], max_turns=2)
    chat = await stage.open(team)
    await chat.run(task="Order")
    going_back = asyncio.create_task(chat.rollback(turn=1, compensate=True))
    await patiently(lambda: has(chat, "waiting", 1), what="the tool that undoes is waited for")
    known["refund"] = refund
    done = (await going_back).compensated
    assert [(item["content"], item.get("is_error", False)) for item in done] == [
        ("ValueError: ink is used up", True),
        ("pens given back", False),
    ]
    assert speakers(await chat.run())[:1] == ["critic"]
    return chat.id


def _order(what: str) -> str:
    return f"{what} ordered"


def _refund(what: str) -> str:
    if what == "ink":
        raise ValueError("ink is used up")
    return f"{what} given back"


CHANGE_PATHS: tuple[Path, ...] = (
    change,
    compensated,
)
