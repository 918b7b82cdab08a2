"""The paths of chats that are told to pause, stop, forget or close, or what makes no sense (see `paths`)."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import (
    ChatBusyError,
    ChatCancelled,
    FunctionTool,
)
from tests.replay.stage import Stage, patiently, status
from tests.replay.steps import CALLS, HELD, Path, has, held

__all__ = ["COMMAND_PATHS"]


async def pause_and_resume(stage: Stage) -> str:
    """Paused during a call, which is kept, and while idle."""
    stage.script(HELD, "fine", "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await held(stage, chat)
    await chat.pause()
    stage.model.release("held")
    await status(chat, "paused")
    await chat.resume()
    await run
    await chat.pause()
    run = asyncio.create_task(chat.run(task="Again"))
    await patiently(lambda: has(chat, "run_started", 2), what="the second run")
    await chat.resume()
    await run
    return chat.id


async def pause_now(stage: Stage) -> str:
    """The call in flight is cancelled, and made again on resume."""
    stage.script(HELD, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await held(stage, chat)
    await chat.pause(now=True)
    await status(chat, "paused")
    await chat.resume()
    assert (await run).messages[1].to_text() == "draft 2"
    return chat.id


async def reset(stage: Stage) -> str:
    """Refused in a run, forced in another, and plain."""
    stage.script(HELD, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.reset()
    await chat.reset(force=True)
    with pytest.raises(ChatCancelled):
        await run
    await chat.run(task="Again")
    await chat.reset()
    return chat.id


async def stop(stage: Stage) -> str:
    """After the turn under way, and asked for while idle."""
    stage.script(HELD, "never")
    chat = await stage.open(stage.pair())
    run = await held(stage, chat)
    await chat.stop()
    stage.model.release("held")
    assert (await run).stop_reason == "External termination requested"
    await chat.stop()
    assert (await chat.run(task="Again")).stop_reason == "External termination requested"
    return chat.id


async def cancel(stage: Stage) -> str:
    """During a model call and during tool calls; then the chat runs again."""
    stage.script(HELD, CALLS, "draft 2", "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await held(stage, chat)
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    known = stage.plugin.registry.tools.pop("add")
    begun = asyncio.Event()
    stage.plugin.registry.tools["add"] = _endless(begun)
    run = asyncio.create_task(chat.run(task="Add"))
    await begun.wait()
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    stage.plugin.registry.tools["add"] = known
    await chat.run(task="Again")
    return chat.id


def _endless(begun: asyncio.Event) -> FunctionTool:
    """A tool whose calls end only when they are cancelled."""

    async def add(a: int, b: int) -> str:
        """Add two numbers."""
        begun.set()
        return str(await asyncio.Event().wait())

    return FunctionTool(add)


async def bad_commands(stage: Stage) -> str:
    """What cannot be read, is unknown, comes late, is refused or comes twice."""
    stage.script(HELD, "fine")
    chat = await stage.open(stage.pair(max_turns=2))
    handle = stage.moot.client.get_workflow_handle(chat.id)
    for verb, args in [
        ("decide", []),
        ("answer", ["nobody asked"]),
        ("pause", [{"now": "perhaps"}]),
        ("submit", [{"task": [{"type": "Nonsense"}], "command": "bad"}]),
        ("dance", [{}, {}]),
        ("reset", [[1]]),
        ("resume", [{"command": "again"}]),
        ("resume", [{"command": "again"}]),
    ]:
        await handle.signal(verb, args=args)
    await patiently(lambda: has(chat, "refused", 6), what="the refusals")
    run = await held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.run(task="Me too")
    await handle.signal("submit", {"task": "And me"})
    await handle.signal("close", {})
    await patiently(lambda: has(chat, "refused", 8), what="the refusals during a run")
    stage.model.release("held")
    await run
    return chat.id


async def close(stage: Stage) -> str:
    """Refused in a run, then forced; the workflow completes."""
    stage.script(HELD)
    chat = await stage.open(stage.pair())
    run = await held(stage, chat)
    with pytest.raises(ChatBusyError):
        await chat.close()
    await chat.close(force=True)
    with pytest.raises(ChatCancelled):
        await run
    await stage.moot.client.get_workflow_handle(chat.id).result()
    return chat.id


COMMAND_PATHS: tuple[Path, ...] = (
    pause_and_resume,
    pause_now,
    reset,
    stop,
    cancel,
    bad_commands,
    close,
)
