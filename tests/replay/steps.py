"""What the paths have in common: a chat that waits, and what is looked for in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from folkmoot import Chat, TaskResult
from tests.replay.stage import Stage, patiently

__all__ = ["CALLS", "HELD", "Path", "answer", "continued", "has", "held", "speakers"]

Path = Callable[[Stage], Awaitable[str]]
"""Takes a path, and returns the chat's id."""

CALLS = {"calls": [{"name": "add", "arguments": {"a": n, "b": 1}, "id": f"c{n}"} for n in (1, 2)]}
HELD = {"text": "draft 1", "hold": "held"}
"""The model's answer waits until `held` is released."""


async def held(stage: Stage, chat: Chat) -> asyncio.Task[Any]:
    """A run that waits for its model."""
    asked = len(stage.model.requests)
    run = asyncio.create_task(chat.run(task="Write"))
    await stage.model.wait_for_requests(asked + 1)
    return run


async def answer(chat: Chat, content: str) -> None:
    """Answer what a person is asked."""
    (request,) = await patiently(chat.pending, what="a person is asked")
    await chat.answer(request.request, content)


async def has(chat: Chat, kind: str, count: int) -> bool:
    """Whether the log has so many entries of a kind."""
    return len([event async for event in chat.events(follow=False) if event.kind == kind]) >= count


async def continued(chat: Chat, count: int) -> bool:
    """Whether the chat has continued as new so often."""
    return (await chat.status()).continued >= count


def speakers(result: TaskResult) -> list[str]:
    """Who said the messages of a run."""
    return [message.source for message in result.messages]
