"""The chats as requests see them: those of the caller's tenant, held for the time of the request and no longer.

Whoever reads or commands a chat at the same moment shares what was read of its log, and its one follower; with the last
of them both are gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from temporalio.api.common.v1 import WorkflowExecution as WorkflowRun
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._client.archived import find_archived, manifests_of
from folkmoot._client.opening import REFUSED, unmake
from folkmoot._client.pages import LogPages
from folkmoot._client.retention import WITHDRAWN
from folkmoot._client.workers import Workers
from folkmoot._openings import Openings
from folkmoot._temporal.names import WORKFLOW
from folkmoot.chat import Chat
from folkmoot.client import Folkmoot
from folkmoot.errors import ChatExistsError, ChatNotFoundError
from folkmoot.store import Store

from .handles import RequestChat
from .identity import Identity

__all__ = ["Chats", "Found", "Opener", "missing"]

FORGETTING = 10.0
"""Seconds in which the server has to forget what was deleted before a request goes on all the same."""
PAUSE = 0.05
TENANT = SearchAttributeKey.for_keyword("ChatTenant")


class Found(NamedTuple):
    """A chat that is there, and the caller's to see.

    Attributes:
        id: Its id.
        first_run_id: Of the workflow that is this chat and no other that had the id.
        queue: Task queue of its workers; empty: only the store knows it.
        tenant: Whose it is.
        living: It is not closed.
    """

    id: str
    first_run_id: str
    queue: str
    tenant: str
    living: bool


@dataclass
class _Held:
    """A chat's log as read so far, and by how many it is read now."""

    pages: LogPages
    holders: int = 0


class Chats:
    """Finds the chats that a caller may see.

    Args:
        moot: The server's.
        reserved: What the ids of chats begin with that only processes open.
    """

    def __init__(self, moot: Folkmoot, reserved: Sequence[str] = ()) -> None:
        self.moot = moot
        self._reserved = tuple(reserved)
        self._store = Opener(moot).store
        self._workers: dict[str, Workers] = {}
        self._held: dict[tuple[str, str], _Held] = {}

    @property
    def held(self) -> int:
        """Chats somebody reads or commands now."""
        return len(self._held)

    @property
    def store(self) -> Store | None:
        """The workers' store."""
        return self._store

    async def find(self, id: str, identity: Identity) -> Found:
        """The chat of that id.

        Raises:
            ChatNotFoundError: There is none, or it is another tenant's, which is not told apart.
        """
        found = await self._described(id) or await self._archived(id)
        if found is None or not identity.sees(found.tenant):
            raise missing(id)
        return found

    @asynccontextmanager
    async def hold(self, found: Found, identity: Identity, command: str = "") -> AsyncGenerator[RequestChat]:
        """A handle on a chat, for the time of the block.

        Args:
            found: The chat.
            identity: In whose name it is commanded.
            command: Id of the command; empty: each gets one of its own.
        """
        key = (found.id, found.first_run_id)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(self._pages(found))
        held.holders += 1
        try:
            workers = self._workers_of(found.queue)
            async with self.opener() as opener:
                client = self.moot.client
                yield RequestChat(client, found.id, workers, self._store, held.pages, opener.fork, identity.by, command)
        finally:
            held.holders -= 1
            if not held.holders:
                if self._held.get(key) is held:
                    del self._held[key]
                await held.pages.follower.close()

    @asynccontextmanager
    async def chat(self, id: str, identity: Identity, command: str = "") -> AsyncGenerator[RequestChat]:
        """The chat of that id, for the time of the block.

        Raises:
            ChatNotFoundError: There is none that the caller sees.
        """
        async with self.hold(await self.find(id, identity), identity, command) as chat:
            yield chat

    @asynccontextmanager
    async def opener(self) -> AsyncGenerator[Opener]:
        """Opens chats, for the time of the block."""
        opener = Opener(self.moot)
        try:
            yield opener
        finally:
            await opener.end()

    async def claim(self, id: str, tenant: str) -> Found | None:
        """The chat that has or had an id which a tenant wants to open one with; None: it is free.

        Raises:
            ChatExistsError: Another tenant's chat has or had it; nothing is told of that. Or it is kept for a process.
        """
        found = await self._described(id)
        tenants = await self._tenants_in_store(id)
        if found is not None:
            tenants.add(found.tenant)
        if tenants - {tenant}:
            raise ChatExistsError(f"The id {id!r} is taken.", chat_id=id)
        found = found or await self._archived(id)
        if found is None and id.startswith(self._reserved):
            raise ChatExistsError(f"The id {id!r} is kept for a process of this server.", chat_id=id)
        return found

    async def all_visible(self, id: str, identity: Identity) -> bool:
        """Whether every chat that has or had an id is the caller's to see, so that they may delete them all.

        Args:
            id: The id, as a path may have it: without quotes and backslashes.
            identity: The caller.
        """
        tenants = await self._tenants_in_store(id)
        query = f"WorkflowType = '{WORKFLOW}' AND WorkflowId = '{id}'"
        async for run in self.moot.client.list_workflows(query):
            tenants.add(await self._tenant(run))
        return all(identity.sees(tenant) for tenant in tenants)

    async def worked(self, queue: str) -> bool:
        """Whether a worker polled a task queue lately."""
        return await self._workers_of(queue).any()

    async def gone(self, id: str, first_run_id: str) -> None:
        """Wait until the server has forgotten a chat that was deleted; not for ever, as it goes away by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FORGETTING):
                while (found := await self._described(id)) is not None and found.first_run_id == first_run_id:
                    await asyncio.sleep(PAUSE)

    def _pages(self, found: Found) -> LogPages:
        pages = LogPages(self.moot.client, found.id, self._workers_of(found.queue), self._store)
        pages.first_run_id = found.first_run_id
        return pages

    def _workers_of(self, queue: str) -> Workers:
        """The workers of a queue: who was seen to poll it is known for a few seconds, so not every request asks."""
        queue = queue or self.moot.queue
        return self._workers.setdefault(queue, Workers(self.moot.client, queue))

    async def _described(self, id: str) -> Found | None:
        try:
            found = await self.moot.client.get_workflow_handle(id).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return None
        if found.workflow_type != WORKFLOW or await _ended_by(self.moot.client, found, REFUSED, WITHDRAWN):
            return None
        first = found.raw_description.workflow_execution_info.first_run_id
        living = found.status == WorkflowExecutionStatus.RUNNING
        return Found(id, first, found.task_queue, await self._tenant(found), living)

    async def _archived(self, id: str) -> Found | None:
        found = await find_archived(self._store, self.moot.client.namespace, id)
        if found is None:
            return None
        return Found(id, found.manifest.first_run_id, "", found.manifest.tenant, False)

    async def _tenants_in_store(self, id: str) -> set[str]:
        if self._store is None:
            return set()
        return {manifest.tenant for manifest in await manifests_of(self._store, self.moot.client.namespace, id)}

    async def _tenant(self, run: WorkflowExecution) -> str:
        tenant = run.typed_search_attributes.get(TENANT)
        if tenant is not None:
            return tenant
        # Its worker has not begun with it. What it was started with tells.
        handle = self.moot.client.get_workflow_handle(run.id, run_id=run.run_id)
        async for event in handle.fetch_history_events(page_size=1):
            given = event.workflow_execution_started_event_attributes.input.payloads
            decoded: list[Any] = await self.moot.client.data_converter.decode(given)
            if decoded and isinstance(decoded[0], dict):
                return str(cast(dict[str, Any], decoded[0]).get("tenant") or "")
            break
        return ""


class Opener(Openings):
    """Opens chats for one request; what it has read of them goes with it.

    Attributes:
        created: It has started one, and not found one that lived.
    """

    def __init__(self, moot: Folkmoot) -> None:
        super().__init__(moot.client, moot.queue, moot._store)
        # Whether this very process works on the queue is known there.
        self._workers = moot._workers
        self.created = False

    @property
    def store(self) -> Store | None:
        """The workers' store."""
        return self._store

    async def end(self) -> None:
        """Stop following what was opened."""
        for pages in self._pages.values():
            await pages.follower.close()

    async def withdraw(self, found: Found) -> None:
        """End a chat that was opened, and could not do what it was opened for, so that it never was."""
        await unmake(self.client, found.id, found.first_run_id)

    async def _check_names(self, chat: Chat) -> None:
        # Only a chat that was started here, and did not live already, is checked.
        self.created = True
        await super()._check_names(chat)


async def _ended_by(client: Client, found: WorkflowExecution, *reasons: str) -> bool:
    """Whether a chat's workflow was terminated for one of these reasons: the server forgets it only after a while."""
    if found.status != WorkflowExecutionStatus.TERMINATED:
        return False
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowRun(workflow_id=found.id, run_id=found.run_id),
        maximum_page_size=1,
    )
    history = (await client.workflow_service.get_workflow_execution_history_reverse(request)).history
    return any(event.workflow_execution_terminated_event_attributes.reason in reasons for event in history.events[:1])


def missing(id: str) -> ChatNotFoundError:
    """What is said of a chat that is not there, or not the caller's."""
    return ChatNotFoundError(f"There is no chat {id!r}.", chat_id=id)
