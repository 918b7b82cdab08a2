"""A task on its way into the log: checked here, large contents put into the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._temporal.blobs import LARGE, blob_reference
from .._temporal.payloads import MAX_TASK, size_of
from ..errors import PayloadTooLargeError
from ..messages import BaseChatMessage, task_messages, to_log
from ..store import Store

__all__ = ["log_task"]


async def log_task(task: str | BaseChatMessage | Sequence[BaseChatMessage] | None, store: Store | None) -> dict[str, Any]:
    """The `task` field of a run command.

    Raises:
        ValueError: A bad task (AutoGen's texts).
        PayloadTooLargeError: It does not fit a command, and there is no store.
    """
    messages = task_messages(task)
    if messages is None:
        return {}
    stored = [to_log(message) for message in messages]
    if store is not None:
        for message in stored:
            content = message.get("content")
            if isinstance(content, str) and len(content.encode()) > LARGE:
                message["content"] = await blob_reference(content, (), store)
    if (size := size_of(stored)) > MAX_TASK:
        raise PayloadTooLargeError(size, MAX_TASK)
    return {"task": stored}
