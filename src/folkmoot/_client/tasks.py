"""A task on its way into the log: checked here, large contents put into the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from folkmoot._chat.plan import watched
from folkmoot._spec import AgentSpec, Participant
from folkmoot._temporal.blobs import Put, store_contents
from folkmoot._temporal.payloads import MAX_TASK, size_of
from folkmoot.errors import PayloadTooLargeError
from folkmoot.messages import BaseChatMessage, task_messages, to_log
from folkmoot.messages.base import is_builtin
from folkmoot.teams import TeamSpec

__all__ = ["log_task"]


async def log_task(
    task: str | BaseChatMessage | Sequence[BaseChatMessage] | None,
    put: Put | None,
    team: Callable[[], Awaitable[Participant]],
) -> dict[str, Any]:
    """The `task` field of a run command.

    Args:
        task: As the caller gave it.
        put: Puts images and contents over 64 kB into the store; None: there is none.
        team: Gives the chat's spec; asked only where it matters.

    Raises:
        ValueError: A bad task (AutoGen's texts).
        PayloadTooLargeError: It does not fit a command, and there is no store.
    """
    messages = task_messages(task)
    if messages is None:
        return {}
    if any(not is_builtin(type(message)) for message in messages):
        spec = await team()
        # A single agent takes any class, as in AutoGen.
        task_messages(task, spec.custom_message_types if isinstance(spec, TeamSpec) else None)

    async def words() -> tuple[str, ...]:
        spec = await team()
        assert isinstance(spec, TeamSpec | AgentSpec)
        return watched(spec)

    stored = [await store_contents(to_log(message), put, words) for message in messages]
    if (size := size_of(stored)) > MAX_TASK:
        raise PayloadTooLargeError(size, MAX_TASK, "The task")
    return {"task": stored}
