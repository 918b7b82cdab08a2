"""The verbs that steer a chat: pause, reset, stop, cancel, close."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from folkmoot.chat import Chat

from .chats import a_chat
from .reading import ChatId
from .verbs import Invocation, verb

__all__ = ["VERBS"]

Force = Annotated[bool, typer.Option("--force", envvar="FOLKMOOT_FORCE", help="End a run that is under way first.")]


async def pause(
    invocation: Invocation,
    chat_id: ChatId,
    now: Annotated[
        bool, typer.Option("--now", envvar="FOLKMOOT_NOW", help="Cancel calls in flight; resume redoes them.")
    ] = False,
) -> None:
    """Let no new step of a chat start until it is resumed; calls in flight finish."""
    await _steer(invocation, chat_id, "pause", lambda chat: chat.pause(now=now))


async def reset(invocation: Invocation, chat_id: ChatId, force: Force = False) -> None:
    """Make a chat forget its conversation and start afresh; its log stays."""
    await _steer(invocation, chat_id, "reset", lambda chat: chat.reset(force=force))


async def stop(invocation: Invocation, chat_id: ChatId) -> None:
    """End a chat's run after the current turn; of an idle chat, the next run after its task."""
    await _steer(invocation, chat_id, "stop", lambda chat: chat.stop())


async def cancel(invocation: Invocation, chat_id: ChatId) -> None:
    """End a chat's run now; calls in flight are cancelled. The chat can run again."""
    await _steer(invocation, chat_id, "cancel", lambda chat: chat.cancel())


async def close(invocation: Invocation, chat_id: ChatId, force: Force = False) -> None:
    """End a chat. Its log stays as long as the server keeps its history."""
    await _steer(invocation, chat_id, "close", lambda chat: chat.close(force=force))


async def _steer(
    invocation: Invocation, chat_id: str, name: str, do: Callable[[Chat], Coroutine[Any, Any, None]]
) -> None:
    async with a_chat(invocation, chat_id) as chat:
        await do(chat)
        # A closed chat would answer by replaying its history; what it says is known.
        status = "closed" if name == "close" else (await chat.status()).status
    invocation.screen.emit({"chat": chat_id, "command": name, "status": status}, f"{chat_id}: {status}")


VERBS = [verb(work.__name__, work) for work in (pause, reset, stop, cancel, close)]
