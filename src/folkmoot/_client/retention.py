"""Deleting chats: their workflows, and what the store keeps of them.

A chat is deleted blobs first, then its manifest, then its workflow: whatever stops it on the way, what is left is found
again by the next attempt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowHistoryEventFilterType
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.filters import is_safe, quoted
from folkmoot._temporal.names import ARCHIVE_ID, NOTICES_ID, WORKFLOW
from folkmoot.errors import ChatBusyError, ChatNotFoundError, NoWorkerError
from folkmoot.store import Deleted, Store

from .archived import manifests_of
from .pages import LogPages
from .workers import Workers

__all__ = ["Deletion", "Retention"]

logger = logging.getLogger("folkmoot.client")

WITHDRAWN = "deleted"
"""Why a workflow was terminated."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted of a chat, or would be.

    Attributes:
        id: The chat.
        uuid: Its uuid; empty where nobody knows it any more.
        team: The team's name, where it is known.
        closed: When it was closed, ISO 8601 in UTC; empty: it was living.
        runs: Workflow runs. The server takes up to a minute to forget them.
        blobs: Segments and large contents in the store.
        bytes: Their size.
        manifest: It had one, as closed chats have.
    """

    id: str
    uuid: str
    team: str
    closed: str
    runs: int
    blobs: int
    bytes: int
    manifest: bool


@dataclass
class _Chat:
    """A chat as server and store know it: a chain of workflow runs, a manifest, or both."""

    id: str
    uuid: str = ""
    team: str = ""
    closed: str = ""
    runs: list[str] = field(default_factory=list[str])
    last: str = ""
    """The run that ended the chain, or is its present one."""
    queue: str = ""
    """Whose workers know it."""
    living: bool = False
    manifest: bool = False


class Retention:
    """Finds and deletes chats of a namespace.

    Args:
        client: The server's.
        store: The workers' store; None: there is none.
        workers: Asked for the uuid of a chat that was terminated.
    """

    def __init__(self, client: Client, store: Store | None, workers: Workers) -> None:
        self._client = client
        self._store = store
        self._workers = workers

    async def delete(self, chat_id: str, *, force: bool = False, dry_run: bool = False) -> list[Deletion]:
        """Delete every chat that has or had this id.

        Args:
            chat_id: The id.
            force: A living one too; it is terminated first.
            dry_run: Only tell.

        Raises:
            ChatNotFoundError: There is none.
            ChatBusyError: One lives, and `force` is not set. Nothing was deleted.
            NoWorkerError: The uuid of a chat that was terminated is needed, which a worker has to be asked for.
        """
        chats = await self._chats(chat_id)
        if not chats:
            raise ChatNotFoundError(f"There is no chat {chat_id!r}.", chat_id=chat_id)
        if not force and any(chat.living for chat in chats):
            raise ChatBusyError(
                f"Chat {chat_id!r} is not closed. Close it before it is deleted, or delete it with force.",
                chat_id=chat_id,
            )
        return [await self._delete(chat, dry_run) for chat in chats]

    async def delete_older(self, than: timedelta, *, dry_run: bool = False) -> AsyncIterator[Deletion]:
        """Delete the chats that were closed longer ago than that; those that live are left alone.

        One that only a worker could tell enough of, and that has none now, is left for later, with a warning.

        Args:
            than: The age.
            dry_run: Only tell.

        Raises:
            ValueError: The age is negative.
        """
        if than < timedelta():
            raise ValueError(f"expected an age that is not negative, got {than!r}")
        before = (datetime.now(UTC) - than).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        ids: dict[str, None] = {}
        if self._store is not None:
            manifests = await manifests_of(self._store, self._client.namespace)
            ids |= dict.fromkeys(manifest.id for manifest in manifests if manifest.closed < before)
        ended = "ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'"
        async for found in self._client.list_workflows(
            f"WorkflowType = '{WORKFLOW}' AND {ended} AND CloseTime < '{before}'"
        ):
            ids[found.id] = None
        for chat_id in ids:
            for chat in await self._chats(chat_id):
                if not chat.living and chat.closed < before:
                    try:
                        yield await self._delete(chat, dry_run)
                    except NoWorkerError as error:
                        # The others need not wait for its workers.
                        logger.warning("chat %r is left for later: %s", chat.id, error)

    async def _chats(self, chat_id: str) -> list[_Chat]:
        """The chats that have or had this id, by the first run of their chains."""
        chains: dict[str, _Chat] = {}
        found: dict[str, None] = {}
        # One that cannot be looked for is found by its chain alone.
        if is_safe(chat_id):
            wanted = f"WorkflowType = '{WORKFLOW}' AND WorkflowId = {quoted(chat_id)}"
            found = {run.run_id: None async for run in self._client.list_workflows(wanted)}
        for run_id in (None, *found):
            await self._add_run(chains, chat_id, run_id)
        # Visibility follows a moment later, so the newest runs are found by their chain.
        for first, chat in list(chains.items()):
            run_id = first
            while run_id:
                if run_id not in chat.runs:
                    await self._add_run(chains, chat_id, run_id)
                run_id = await self._next_run(chat_id, run_id)
        if self._store is not None:
            for manifest in await manifests_of(self._store, self._client.namespace, chat_id):
                chat = chains.setdefault(manifest.first_run_id, _Chat(chat_id))
                chat.uuid, chat.team, chat.closed = manifest.uuid, manifest.team, manifest.closed
                chat.manifest = True
        return list(chains.values())

    async def _add_run(self, chains: dict[str, _Chat], chat_id: str, run_id: str | None) -> None:
        try:
            run = await self._client.get_workflow_handle(chat_id, run_id=run_id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return
            raise
        if run.workflow_type != WORKFLOW:
            return
        first = run.raw_description.workflow_execution_info.first_run_id
        chat = chains.setdefault(first, _Chat(chat_id))
        if run.run_id not in chat.runs:
            chat.runs.append(run.run_id)
        if run.status != WorkflowExecutionStatus.CONTINUED_AS_NEW:
            chat.last, chat.living = run.run_id, run.status == WorkflowExecutionStatus.RUNNING
            chat.queue = run.task_queue
            if run.close_time is not None:
                chat.closed = run.close_time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def _next_run(self, chat_id: str, run_id: str) -> str:
        """The run that one continued as; empty: none, or the server has forgotten it."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=chat_id, run_id=run_id),
            maximum_page_size=1,
        )
        try:
            found = await self._client.workflow_service.get_workflow_execution_history_reverse(request)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return ""
            raise
        last = found.history.events[0]
        return last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id

    async def _delete(self, chat: _Chat, dry_run: bool) -> Deletion:
        blobs = Deleted(0, 0)
        if self._store is not None:
            chat.uuid = chat.uuid or await self._uuid(chat)
        if dry_run:
            if self._store is not None and chat.uuid:
                blobs = await self._store.size(chat=chat.uuid)
        else:
            if chat.living:
                await self._client.get_workflow_handle(chat.id, run_id=chat.last).terminate(reason=WITHDRAWN)
            if self._store is not None and chat.uuid:
                await self._stop_archiving(chat)
                blobs = await self._store.delete(chat=chat.uuid)
                await self._store.delete_manifest(namespace=self._client.namespace, chat_id=chat.id, chat=chat.uuid)
            await asyncio.gather(*(self._forget(chat.id, run_id) for run_id in chat.runs))
        closed = "" if chat.living else chat.closed
        return Deletion(chat.id, chat.uuid, chat.team, closed, len(chat.runs), *blobs, chat.manifest)

    async def _uuid(self, chat: _Chat) -> str:
        """What a run began or ended with tells it; of the first run of a chat that was terminated a worker does.

        Raises:
            NoWorkerError: It would have to, and none polls the chat's queue.
        """
        # Of a chat that is being forgotten the server may know older runs only.
        run_id = chat.last or chat.runs[-1]
        handle: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(chat.id, run_id=run_id)
        async for event in handle.fetch_history_events(page_size=1):
            if uuid := await self._uuid_in(event.workflow_execution_started_event_attributes.input):
                return uuid
            break
        async for event in handle.fetch_history_events(event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT):
            if uuid := await self._uuid_in(event.workflow_execution_completed_event_attributes.result):
                return uuid
        workers = Workers(self._client, chat.queue) if chat.queue else self._workers
        pages = LogPages(self._client, chat.id, workers, self._store, run_id=run_id)
        try:
            return (await pages.query("status"))["uuid"]
        except ChatNotFoundError:
            return ""  # It was ended before any worker began with it, and has nothing anywhere.

    async def _uuid_in(self, given: Payloads) -> str:
        decoded: list[Any] = await self._client.data_converter.decode(given.payloads)
        uuid = cast(dict[str, Any], decoded[0]).get("uuid") if decoded and isinstance(decoded[0], dict) else None
        return uuid if isinstance(uuid, str) else ""

    async def _stop_archiving(self, chat: _Chat) -> None:
        """What would still be written for the chat would stay for ever; what would still be told of it is gone."""
        for prefix in (ARCHIVE_ID, NOTICES_ID):
            left = self._client.get_workflow_handle(prefix + chat.uuid)
            with suppress(RPCError):
                await left.terminate(reason=WITHDRAWN)
            with suppress(RPCError):
                await self._forget(left.id, (await left.describe()).run_id)

    async def _forget(self, workflow_id: str, run_id: str) -> None:
        request = DeleteWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        )
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
