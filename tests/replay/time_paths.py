"""The paths of chats that go back, are labelled, forked, or go on from a saved state (see `paths`)."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from folkmoot import (
    BadCommandError,
    Chat,
    ChatBusyError,
    ChatCancelled,
    HistoryLimits,
    RoundRobinGroupChat,
    UserProxyAgent,
)
from tests.replay.stage import Stage, patiently, status
from tests.replay.steps import Path

__all__ = ["TIME_PATHS"]

HELD = {"text": "draft 2", "hold": "held"}


async def _answer(chat: Chat, text: str) -> None:
    await status(chat, "waiting")
    (request,) = await chat.pending()
    await chat.answer(request.request, text)


async def rolled_back(stage: Stage) -> str:
    """By turn, by label, to a turn of another branch, with force during a call, and refused."""
    stage.script("draft 1", "fine", "better", HELD, "so", "be it")
    chat = await stage.open(stage.pair(max_turns=2))
    await chat.run(task="Write")
    await chat.label("first", turn=1)
    first = await chat.find(label="first")
    await chat.rollback(turn=1)
    await chat.run()
    await chat.unlabel("first")
    with pytest.raises(BadCommandError):
        await chat.rollback(label="first")
    run = asyncio.create_task(chat.run(task="Again"))
    await stage.model.wait_for_requests(4)
    with pytest.raises(ChatBusyError):
        await chat.rollback(first.offset)
    await chat.rollback(first.offset, force=True)
    with pytest.raises(ChatCancelled):
        await run
    assert len((await chat.run()).messages) == 1
    return chat.id


async def rolled_back_in_a_loop(stage: Stage) -> str:
    """To each snapshot of a graph whose nodes speak at the same time, and on."""
    chat, run = await stage.perform("graph")
    await run
    *found, _ = await chat.snapshots()
    for snapshot in found:
        await chat.rollback(snapshot.offset)
        await chat.run()
    return chat.id


async def rolled_back_in_a_tool(stage: Stage) -> str:
    """Into the runs of an agent and a team that are tools, and on."""
    chat, run = await stage.perform("tools")
    await run
    *found, _ = await chat.snapshots()
    for snapshot in found:
        await chat.rollback(snapshot.offset)
        await chat.run()
    return chat.id


async def rolled_back_into_what_is_sealed(stage: Stage) -> str:
    """A worker looks at the store first."""
    stage.script(*[f"draft {n}" for n in range(20)])
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=0)
    chat = await stage.open(stage.pair(max_turns=6), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")

    async def continued() -> bool:
        return (await chat.status()).continued >= 2

    await patiently(continued, what="several continuations")
    await chat.rollback(turn=2)
    assert len((await chat.run()).messages) == 4
    return chat.id


async def asked_again(stage: Stage) -> str:
    """A rollback to a person's wait, answered otherwise; a second one while the person is being asked."""
    stage.script("draft 1", "thanks")
    team = RoundRobinGroupChat([stage.agent(), UserProxyAgent("p")], max_turns=2)
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write"))
    await _answer(chat, "yes")
    await run
    wait = next(item for item in await chat.snapshots() if item.reason == "wait")
    await chat.rollback(wait.offset)
    await status(chat, "waiting")
    await chat.rollback(wait.offset, force=True)
    await _answer(chat, "no")
    await status(chat, "idle")
    return chat.id


async def loaded(stage: Stage) -> str:
    """A saved state is loaded into the chat it is of, with force, and refused."""
    stage.script("draft 1", "fine", "draft 2", HELD, "good", "so be it")
    chat = await stage.open(stage.pair(max_turns=2))
    await chat.run(task="Write")
    state = await chat.save_state(turn=1)
    await chat.load_state(state)
    assert len((await chat.run()).messages) == 1
    with pytest.raises(BadCommandError):
        await chat.load_state({**state, "agent_states": {}})
    run = asyncio.create_task(chat.run(task="Again"))
    await stage.model.wait_for_requests(4)
    await chat.load_state(state, force=True)
    with pytest.raises(ChatCancelled):
        await run
    await chat.run(task="Once more")
    return chat.id


async def forked(stage: Stage) -> str:
    """The fork of a chat that waits for a person, who is asked there, too."""
    stage.script("draft 1")
    source = await stage.open(RoundRobinGroupChat([stage.agent(), UserProxyAgent("p")], max_turns=2))
    run = asyncio.create_task(source.run(task="Write"))
    await status(source, "waiting")
    chat = await stage.moot.fork(source.id, f"path-{uuid.uuid4().hex[:12]}")
    await _answer(chat, "no")
    await status(chat, "idle")
    await _answer(source, "yes")
    await run
    return chat.id


TIME_PATHS: tuple[Path, ...] = (
    rolled_back,
    rolled_back_in_a_loop,
    rolled_back_in_a_tool,
    rolled_back_into_what_is_sealed,
    asked_again,
    loaded,
    forked,
)
