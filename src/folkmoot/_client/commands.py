"""Sending commands: every one has an id made here; its outcome is the log entry with that id."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, cast

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._chat.log import Entry
from folkmoot.errors import ChatClosedError, ChatNotFoundError, FolkmootError, error_from_wire

from .pages import LogPages
from .workers import Workers

__all__ = ["Accepted", "Commands", "outcome_error"]

UPDATE_TIMEOUT = timedelta(seconds=20)


class Accepted(NamedTuple):
    """A command the chat has taken in.

    Attributes:
        command: Its id.
        after: Offset from which its entry is to be looked for.
        run_id: The run of the workflow that took it in.
        events: Events that run's history had before.
    """

    command: str
    after: int
    run_id: str
    events: int


class Commands:
    """Sends commands to one chat."""

    def __init__(self, client: Client, chat_id: str, workers: Workers, pages: LogPages) -> None:
        self._client = client
        self._chat_id = chat_id
        self._workers = workers
        self._pages = pages

    async def signal(self, verb: str, fields: Mapping[str, Any] | None = None, *, command: str = "") -> Entry:
        """Send a command by signal and wait for its entry.

        Raises:
            ChatNotFoundError: There is no such chat.
            ChatClosedError: It is closed.
            NoWorkerError: No worker polls its queue; nothing was sent.
            FolkmootError: The chat refused it.
        """
        await self._workers.require(self._chat_id)
        command, before, sent = await self._known(command)
        if sent:
            return await self.outcome(command, before)
        handle = self._client.get_workflow_handle(self._chat_id)
        try:
            await handle.signal(verb, {"command": command, **(fields or {})})
        except RPCError as error:
            raise await self._missing(error) from None
        return await self.outcome(command, before)

    async def _known(self, command: str) -> tuple[str, int, bool]:
        """The command's id, the offset from which its entry is to be looked for, and whether it was given before.

        A chat carries out no command twice, and says nothing of the second one.
        """
        # First of all: what another caller of the same command brings about after this is found.
        before = (await self._pages.query("status"))["head"]
        if not command:
            return uuid.uuid4().hex, before, False
        found = await self._pages.query("command", {"command": command})
        if found["offset"] is not None:
            return command, found["offset"], True
        # A sealed one is looked for in the store.
        return (command, 0, True) if found.get("seen") else (command, before, False)

    async def settled(self, verb: str, fields: Mapping[str, Any], kind: str) -> Entry:
        """Send a command by update and wait for its entry, which is of that kind.

        Raises:
            FolkmootError: As for `update` and `outcome`.
        """
        accepted = await self.update(verb, fields)
        return await self.outcome(accepted.command, accepted.after, kind)

    async def outcome(self, command: str, after: int, kind: str = "") -> Entry:
        """The entry of a command, once it is there.

        Args:
            command: Its id.
            after: Offset from which to look.
            kind: What kind of entry it is, if not a refusal; empty: the first with that id.

        Raises:
            FolkmootError: It is a refusal.
            ChatClosedError: The chat was closed before it got to the command.
        """
        async for entry in self._pages.follow(after):
            if entry.data.get("command") == command:
                if (error := outcome_error(entry)) is not None:
                    raise error
                if kind in ("", entry.kind):
                    return entry
        raise ChatClosedError(f"Chat {self._chat_id!r} was closed before it carried out the command.")

    async def update(self, verb: str, fields: Mapping[str, Any], *, command: str = "") -> Accepted:
        """Send a command by update: a refusal comes at once and leaves no trace.

        Raises:
            FolkmootError: The chat refused it, does not exist or is closed, or no worker polls its queue.
        """
        await self._workers.require(self._chat_id)
        before: int | None = None
        if command:
            command, before, sent = await self._known(command)
            if sent:
                return Accepted(command, before, "", 0)
        command = command or uuid.uuid4().hex
        handle = self._client.get_workflow_handle(self._chat_id)
        while True:
            try:
                update = handle.execute_update  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                result: Any = await update(verb, {"command": command, **fields}, id=command, rpc_timeout=UPDATE_TIMEOUT)
                accepted = Accepted(**{name: result[name] for name in Accepted._fields})
                return accepted if before is None else accepted._replace(after=min(before, accepted.after))
            except WorkflowUpdateFailedError as error:
                raise _wire_error(error) from None
            except WorkflowUpdateRPCTimeoutOrCancelledError:
                await self._workers.require(self._chat_id)
            except RPCError as error:
                problem = await self._missing(error)
                # Not found, yet running: the chat continued as new under our feet.
                if problem is not error or error.status != RPCStatusCode.NOT_FOUND:
                    raise problem from None

    async def _missing(self, error: RPCError) -> Exception:
        """What a failed command means: the chat is gone, or it never was; the error itself if it is neither."""
        if error.status != RPCStatusCode.NOT_FOUND:
            return error
        try:
            found = await self._client.get_workflow_handle(self._chat_id).describe()
        except RPCError:
            if await self._pages.archived():
                return ChatClosedError(f"Chat {self._chat_id!r} is closed; open it anew with replace=True.")
            return ChatNotFoundError(f"There is no chat {self._chat_id!r}.")
        status = found.status.name.lower() if found.status is not None else "gone"
        if found.status == WorkflowExecutionStatus.RUNNING:
            return error
        return ChatClosedError(f"Chat {self._chat_id!r} is closed ({status}); open it anew with replace=True.")


def _wire_error(error: WorkflowUpdateFailedError) -> FolkmootError:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        given: object = cause.details[0] if cause.details else None
        details = cast(dict[str, Any], given) if isinstance(given, dict) else None
        return error_from_wire(cause.type or "", cause.message, details)
    return error_from_wire("", str(cause))


def outcome_error(entry: Entry) -> FolkmootError | None:
    """The error a refusal stands for."""
    if entry.kind != "refused":
        return None
    return error_from_wire(entry.data["error"]["type"], entry.data["error"]["message"])
