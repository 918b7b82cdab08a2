"""How tools and activities use the database: every write once under its key, and refusals told to whoever asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from activities.database import KeyReusedError, RefusedError, current
from folkmoot import ToolContext

__all__ = ["answered", "recorded", "written"]


def answered(work: Callable[[Session], str]) -> str:
    """What a model reads of a tool that looks something up. A rule that forbids it is a result, too.

    As an error a refusal would be tried again and again; errors are left to what trying again can mend.
    """
    try:
        with current().session() as session:
            return work(session)
    except RefusedError as refusal:
        return f"Refused: {refusal}"


def written(context: ToolContext, name: str, arguments: dict[str, Any], effect: Callable[[Session], str]) -> str:
    """What a model reads of a tool that writes: the same on every attempt of the call, and written once.

    Args:
        context: The call; its idempotency key is the write's.
        name: The tool.
        arguments: The call's.
        effect: Writes, and tells what was done.
    """
    try:
        result = current().once(context.idempotency_key, name, arguments, lambda session: {"text": effect(session)})
    except RefusedError as refusal:
        return f"Refused: {refusal}"
    return str(result["text"])


async def recorded(
    key: str, name: str, arguments: dict[str, Any], effect: Callable[[Session], dict[str, Any]]
) -> dict[str, Any]:
    """Have an effect once (see `Database.once`), from an activity.

    Raises:
        ApplicationError: A rule forbids it, or the key was used for something else. Not retried.
    """
    try:
        return await asyncio.to_thread(current().once, key, name, arguments, effect)
    except (RefusedError, KeyReusedError) as error:
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from None
