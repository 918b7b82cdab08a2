"""The workflow's side of commands that a worker has to look at first (see `preparations`)."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from folkmoot._chat.engine import Chat

from . import names
from .calls import HEARTBEAT
from .commands_in import Incoming, refused

__all__ = ["prepare"]

ATTEMPT = timedelta(minutes=5)
"""What one attempt may take: a state may be large, and the store slow."""
PATIENCE = timedelta(minutes=10)
"""Then the command is refused; the chat must not stand still over it."""


async def prepare(chat: Chat, incoming: Incoming) -> Incoming:
    """The command with what the worker found under `prepared`, or its refusal."""
    log = chat.log
    data = {**incoming.fields, "verb": incoming.verb, "at": log.head, "d": log.digest}
    if incoming.verb == "change":
        data["state"] = chat.state.dump()
    try:
        found = await workflow.execute_activity(
            names.ACTIVITY_PREPARE,
            data,
            start_to_close_timeout=ATTEMPT,
            schedule_to_close_timeout=PATIENCE,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1)),
            summary=incoming.verb,
        )
    except ActivityError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError):
            return refused(incoming, cause.type or "BadCommandError", cause.message)
        return refused(incoming, "LogReadError", f"No worker could look at it: {cause}")
    return incoming._replace(fields={**incoming.fields, "prepared": found})
