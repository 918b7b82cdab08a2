"""The paths of chats that go on for long: they continue as new, are condensed and summed up (see `paths`)."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import (
    HistoryLimits,
    SelectorGroupChat,
    UnknownNameError,
)
from folkmoot.contexts import SummarizedChatCompletionContext
from tests.replay.stage import Stage, patiently, status
from tests.replay.steps import Path, continued, has

__all__ = ["LONG_PATHS"]


async def continue_as_new_sealed(stage: Stage) -> str:
    """Several runs of the workflow, the log sealed in the store."""
    stage.script(*[f"draft {n}" for n in range(12)])
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=0)
    chat = await stage.open(stage.pair(max_turns=6), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")
    await patiently(lambda: continued(chat, 2), what="several continuations")
    return chat.id


async def continue_as_new_carried(stage: Stage) -> str:
    """The log is carried in the workflow's input, as it is small."""
    stage.script(*[f"draft {n}" for n in range(12)])
    limits = HistoryLimits(events=60, resting_events=40, resting_age=0)
    chat = await stage.open(stage.pair(max_turns=6), limits=limits)
    await chat.run(task="Write")
    await chat.run(task="Again")
    await patiently(lambda: continued(chat, 1), what="a continuation")
    return chat.id


async def condensed(stage: Stage) -> str:
    """An agent's context and a selection's are summarised, a large message in pieces; paused in between."""
    view = SummarizedChatCompletionContext("gpt", 200, keep_last=1, prompt="Keep the record.")
    agents = [stage.agent(name, model_context=view) for name in ("left", "right")]
    team = SelectorGroupChat(agents, "gpt", max_turns=3, model_context=view, selector_prompt="Select: {history}")
    record = {"text": "in short", "when": {"system_contains": "Keep the record"}}
    picks = [{"text": name, "when": {"system_contains": "Select:"}} for name in ("left", "right", "left")]
    stage.script({**record, "hold": "held"}, {**record, "repeat": True}, *picks, *(["many words " * 60] * 3))
    chat = await stage.open(team)
    run = asyncio.create_task(chat.run(task="Write " * 200))
    await stage.model.wait_for_requests(1)
    await chat.pause()
    stage.model.release("held")
    await status(chat, "paused")
    await chat.resume()
    await run
    assert await has(chat, "summary", 5)
    return chat.id


async def summarized(stage: Stage) -> str:
    """Once by the last message, once refused, once in a model's words, and then on."""
    stage.script("draft 1", "It was good.", "draft 2")
    chat = await stage.open(stage.agent())
    await chat.run(task="Write")
    assert await chat.summarize() == "draft 1"
    with pytest.raises(UnknownNameError):
        await chat.summarize("nobody")
    assert await chat.summarize("reflection_with_llm") == "It was good."
    await chat.run(task="Again")
    return chat.id


def _continued_performance(piece: str) -> Path:
    """The path of a performance in which the chat continues as new wherever it can, sealed."""

    async def path(stage: Stage) -> str:
        limits = HistoryLimits(events=12, resting_events=12, resting_age=0, seal_bytes=0)
        chat, run = await stage.perform(piece, limits=limits)
        await run
        await patiently(lambda: continued(chat, 1), what="a continuation")
        return chat.id

    path.__name__ = f"continued_{piece}"
    return path


LONG_PATHS: tuple[Path, ...] = (
    continue_as_new_sealed,
    continue_as_new_carried,
    condensed,
    summarized,
    *(_continued_performance(piece) for piece in ("graph", "magentic", "nested", "society", "tools")),
)
