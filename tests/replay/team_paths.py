"""The paths of teams of every kind, undisturbed and interrupted (see `paths`)."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import (
    BadCommandError,
    ChatCancelled,
    ChatFailedError,
    DiGraphBuilder,
    GraphFlow,
    SelectorGroupChat,
)
from tests._support.repertoire import PIECES
from tests.replay.stage import Stage, patiently, status
from tests.replay.steps import Path, answer, has

__all__ = ["TEAM_PATHS"]


def _performance(piece: str) -> Path:
    """The path of an undisturbed performance of the repertoire."""

    async def path(stage: Stage) -> str:
        chat, run = await stage.perform(piece)
        if piece == "person":
            await answer(chat, "Mine [person-plain]")
        await run
        assert stage.play.counts(piece, "plain") == dict.fromkeys(PIECES[piece].calls, 1)
        return chat.id

    path.__name__ = f"team_{piece}"
    return path


async def selected_by_a_person(stage: Stage) -> str:
    """Each speaker is asked for; an answer that names nobody is refused."""
    members = [stage.agent(), stage.agent("critic"), stage.agent("editor")]
    team = SelectorGroupChat(members, speaker_selection_method="manual", max_turns=2)
    stage.script("draft 1", "fine")
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write"))
    (request,) = await patiently(chat.pending, what="the speaker is asked for")
    with pytest.raises(BadCommandError):
        await chat.answer(request.request, "nobody")
    await chat.answer(request.request, "writer")
    await answer(chat, "critic")
    assert [message.source for message in (await run).messages] == ["user", "writer", "critic"]
    return chat.id


async def hooks(stage: Stage) -> str:
    """A custom agent is told of a pause, of its end, and of a reset."""
    chat, run = await stage.perform("custom", "critic:1")
    await chat.pause()
    stage.release("custom", "critic:1")
    await status(chat, "paused")
    await chat.resume()
    await run
    await chat.reset()
    await patiently(lambda: has(chat, "agent_state", 5), what="two turns and three hooks")
    return chat.id


async def paused_in_a_batch(stage: Stage) -> str:
    """Paused at once when the left has spoken and the right has not."""
    chat, run = await stage.perform("graph", "right:1")
    await patiently(lambda: has(chat, "message", 3), what="the left has spoken")
    await chat.pause(now=True)
    await status(chat, "paused")
    stage.release("graph", "right:1")
    await chat.resume()
    await run
    return chat.id


async def failure_in_a_batch(stage: Stage) -> str:
    """One of two speakers fails when the other has spoken; only that one speaks again."""
    left, right = (stage.agent(name, system_message=f"You are {name}.") for name in ("left", "right"))
    builder = DiGraphBuilder().add_node(left).add_node(right)
    stage.script(
        {"text": "fine", "when": {"system_contains": "left"}},
        {"status": 400, "message": "no", "hold": "held", "when": {"system_contains": "right"}},
        {"text": "fine too", "when": {"system_contains": "right"}},
    )
    chat = await stage.open(GraphFlow([left, right], graph=builder.build()))
    run = asyncio.create_task(chat.run(task="Write"))
    await patiently(lambda: has(chat, "message", 2), what="the left has spoken")
    stage.model.release("held")
    with pytest.raises(ChatFailedError):
        await run
    assert [message.source for message in (await chat.run()).messages] == ["right"]
    return chat.id


async def stopped_in_a_loop(stage: Stage) -> str:
    """Between a graph's two rounds; the next run goes on with the second."""
    chat, run = await stage.perform("graph", "join:1")
    await chat.stop()
    stage.release("graph", "join:1")
    assert (await run).stop_reason == "External termination requested"
    await chat.run()
    assert stage.play.counts("graph", "plain") == dict.fromkeys(PIECES["graph"].calls, 1)
    return chat.id


async def cancelled_in_a_tool_run(stage: Stage) -> str:
    """While an agent and a team work as tools."""
    chat, run = await stage.perform("tools", "helper:1", "dora:1")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    return chat.id


TEAM_PATHS: tuple[Path, ...] = (
    selected_by_a_person,
    hooks,
    paused_in_a_batch,
    failure_in_a_batch,
    stopped_in_a_loop,
    cancelled_in_a_tool_run,
    *(_performance(piece) for piece in PIECES),
)
