"""Reading a chat's log from outside: pages by query, sealed parts and large contents from the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._chat.engine import Chat as EngineChat
from folkmoot._chat.entries import BLOB, CHAT_KINDS, blob_key, blobs_in, message_of, refers_to
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.masking import mask_entry
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan
from folkmoot._chat.specs import team_of
from folkmoot._chat.state import ChatState
from folkmoot._temporal.blobs import blob_content
from folkmoot._temporal.payloads import LogQuery, Page, Segment, unpack
from folkmoot._temporal.reader import read_segment
from folkmoot._temporal.segments import leaf_at, leaf_of_turn, leaves
from folkmoot.errors import BadCommandError, ChatNotFoundError, StoreMissingError
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, from_log
from folkmoot.store import BlobNotFoundError, Store
from folkmoot.store.patient import PatientStore

from .archived import Archived, find_archived
from .follower import Follower
from .workers import Silence, Workers

__all__ = ["LogPages"]

FIRST_TIMEOUT = 0.3
"""Seconds. The server buffers one query per busy workflow, and the SDK tries again after a second: ours is sooner. Then
the time doubles, as a worker may have to replay the chat first."""
LONGEST_TIMEOUT = 10.0
KEEP = 2_000
"""Entries kept for other readers of the chat and for references."""


class LogPages:
    """The log of one chat as its readers see it. Readers at the same place share pages.

    `run_id` names a run that is over; None: the present one.
    """

    def __init__(
        self, client: Client, chat_id: str, workers: Workers, store: Store | None, *, run_id: str | None = None
    ) -> None:
        self._client = client
        self._chat_id = chat_id
        self._run_id = run_id
        self._workers = workers
        self._store = store
        self._archived: Archived | None = None
        self._lock = asyncio.Lock()
        self._tail = Log()
        self._refs: dict[int, Entry] = {}
        self.uuid = ""
        self.first_run_id = ""
        """The first run of the chat's workflow, where it is known: an id can be used again by another chat."""
        self.follower = Follower(client, chat_id, workers)

    async def query(self, name: str, fields: Mapping[str, Any] | None = None, *, patient: bool = False) -> Any:
        """Ask the chat's workflow; waits for a worker that restarts.

        Args:
            name: The query.
            fields: Its input.
            patient: Wait for a worker however long it takes; it is said in the log that there is none.

        Raises:
            ChatNotFoundError: There is no such chat.
            BadCommandError: The query was refused.
            NoWorkerError: No worker polls the chat's queue, or may take the chat, or answers.
        """
        handle = self._client.get_workflow_handle(self._chat_id, run_id=self._run_id)
        pause, patience = 0.02, FIRST_TIMEOUT
        silence = Silence(self._workers, self._chat_id)
        while True:
            left = LONGEST_TIMEOUT
            try:
                return await handle.query(name, dict(fields or {}), rpc_timeout=timedelta(seconds=patience))
            except WorkflowQueryFailedError as error:
                raise BadCommandError(str(error)) from None
            except WorkflowQueryRejectedError as error:
                raise BadCommandError(f"chat {self._chat_id!r} answers no queries: {error}") from None
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    return (await self._from_the_store()).query(name, dict(fields or {}))
                if error.status not in _PASSING:
                    raise
                if error.status == RPCStatusCode.FAILED_PRECONDITION and await self._never_began():
                    raise ChatNotFoundError(
                        f"Chat {self._chat_id!r} was ended before any worker began with it; nothing was said in it.",
                        chat_id=self._chat_id,
                    ) from None
                if error.status in _SLOW and patience > 1.0:
                    if patient:
                        await self.follower.look_for_workers()
                    else:
                        await self._workers.require(self._chat_id)
                        left = max(1.0, await silence.left())
            await asyncio.sleep(pause)
            pause, patience = min(1.0, pause * 2), min(LONGEST_TIMEOUT, patience * 2, left)

    async def _never_began(self) -> bool:
        """Whether the chat was ended before a worker did anything for it: no worker will ever answer for it."""
        handle = self._client.get_workflow_handle(self._chat_id, run_id=self._run_id)
        with suppress(RPCError):  # The query is made again, and tells of whatever it is.
            if (await handle.describe()).status == WorkflowExecutionStatus.RUNNING:
                return False
            async for event in handle.fetch_history_events(page_size=20):
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                    return False
            return True
        return False

    async def archived(self) -> bool:
        """Whether the chat is one that was closed and that only the store knows any more."""
        return await find_archived(self._store, self._client.namespace, self._chat_id) is not None

    async def _from_the_store(self) -> Archived:
        """The closed chat, which the server has forgotten.

        Raises:
            ChatNotFoundError: The store does not know it either.
        """
        if self._archived is None:
            self._archived = await find_archived(self._store, self._client.namespace, self._chat_id)
        if self._archived is None:
            raise ChatNotFoundError(f"There is no chat {self._chat_id!r}.", chat_id=self._chat_id)
        return self._archived

    async def fetch(self, after: int, *, patient: bool = False) -> list[Entry]:
        """The entries from offset `after` on that exist now; one query for all readers at that place.

        Args:
            after: The first offset wanted.
            patient: As for `query`.
        """
        return (await self._fetch(after, patient=patient))[0]

    async def present(self, after: int) -> AsyncIterator[Entry]:
        """Every entry from `after` on that exists now; the chat is not asked again once its end is reached."""
        head: int | None = None
        while head is None or after < head:
            entries, asked = await self._fetch(after)
            head = asked if head is None else head
            if not entries:
                return
            for entry in entries:
                yield entry
            after = entries[-1].offset + 1

    async def _fetch(self, after: int, *, patient: bool = False) -> tuple[list[Entry], int | None]:
        """What `fetch` gives, and where the log ends; None: the chat was not asked, as the entries were at hand."""
        async with self._lock:
            if self._tail.base <= after < self._tail.head:
                return self._tail.after(after), None
            query = LogQuery(after=after).model_dump(exclude_defaults=True)
            page = Page.model_validate(await self.query("log", query, patient=patient))
            self.uuid = page.uuid
            return await self._sealed(page, after) if page.first > after else self._keep(page), page.head

    async def put(self, data: bytes) -> str:
        """Put bytes into the store for the chat, and give their name.

        Its uuid is asked for each time: another process may have closed the chat and opened a new one of this id.

        Raises:
            StoreMissingError: This client has no store.
        """
        if self._store is None:
            raise StoreMissingError(f"Chat {self._chat_id!r} was to get a large content, and this client has no store.")
        return await self._store.put(data, chat=(await self.query("status"))["uuid"])

    async def _chat_uuid(self) -> str:
        if not self.uuid:
            self.uuid = (await self.query("status"))["uuid"]
        return self.uuid

    def _keep(self, page: Page) -> list[Entry]:
        for offset, encoded in page.refs.items():
            self._refs[offset] = Log.restore(offset, "", [encoded.encode()]).at(offset)
        log = Log.restore(page.first, page.digest, unpack(page.entries))
        if self._tail.head == page.first and self._tail.digest == page.digest and len(self._tail) < KEEP:
            for entry in log:
                self._tail.extend(entry)
        else:
            self._refs.update((entry.offset, entry) for entry in self._tail.after(self._tail.head - 200))
            self._tail = log
        while len(self._refs) > KEEP:
            del self._refs[next(iter(self._refs))]
        return list(log)

    async def _sealed(self, page: Page, after: int) -> list[Entry]:
        segment = await self.leaf(page.segments, after)
        _, log = await self._segment(segment)
        self._refs.update((entry.offset, entry) for entry in log.after(after - 200))
        return log.after(after)

    async def _segment(self, segment: Segment) -> tuple[dict[str, Any], Log]:
        header, encoded = read_segment(await self._blob(segment.sha256))
        return header, Log.restore(segment.first, header["digest"], encoded)

    async def _blob(self, name: str) -> bytes:
        if self._store is None:
            raise StoreMissingError(
                f"Earlier entries of chat {self._chat_id!r} are sealed in a store, and this client has none."
            )
        return await PatientStore(self._store).get(name, chat=await self._chat_uuid())

    def leaves(self, segments: Sequence[Mapping[str, Any]]) -> AsyncIterator[Segment]:
        """The sealed parts that references stand for, in order."""
        return leaves([Segment.model_validate(item) for item in segments], self._blob)

    async def leaf_of_turn(self, segments: Sequence[Mapping[str, Any]], turn: int) -> Segment | None:
        """The sealed part in which a turn ended, if it is sealed."""
        return await leaf_of_turn([Segment.model_validate(item) for item in segments], self._blob, turn)

    async def leaf(self, segments: Sequence[Segment | Mapping[str, Any]], offset: int) -> Segment:
        """The one of them that holds an offset."""
        return await leaf_at([Segment.model_validate(item) for item in segments], self._blob, offset)

    async def sealed_chat(self, segment: Segment) -> EngineChat:
        """The chat as it stood at the end of a sealed part, with that part's entries to look into."""
        header, log = await self._segment(segment)
        team = team_of(header["spec"])
        state = ChatState.load(header["state"])
        await self._pin(
            log, [*needed_offsets(Plan(team), state), *(offset for entry in log for offset in refers_to(entry))]
        )
        return EngineChat(team, header["uuid"], log, state)

    async def _pin(self, log: Log, offsets: list[int]) -> None:
        """Give a sealed part the earlier entries that it, or its state, refers to."""
        while offsets:
            offset = offsets.pop()
            if offset < log.base and offset not in log.pinned:
                log.pinned[offset] = await self._referred(offset)
                offsets += refers_to(log.pinned[offset])

    async def message(self, entry: Entry) -> BaseChatMessage | BaseAgentEvent | None:
        """The AutoGen message or event of an entry, as readers see it; None for other kinds."""
        if entry.kind not in CHAT_KINDS:
            return None
        found: dict[int, Entry] = {}
        waiting = list(refers_to(entry))
        while waiting:
            offset = waiting.pop()
            if offset not in found:
                found[offset] = await self._referred(offset)
                waiting += refers_to(found[offset])
        blobs = await self.contents([entry, *found.values()])
        shown = {offset: mask_entry(item) for offset, item in found.items()}
        return from_log(message_of(self.uuid, mask_entry(entry), shown.__getitem__, blobs))

    async def _referred(self, offset: int) -> Entry:
        if self._tail.base <= offset < self._tail.head:
            return self._tail.at(offset)
        if offset not in self._refs:
            self._refs[offset] = (await self.fetch(offset))[0]
        return self._refs[offset]

    async def contents(self, entries: Iterable[Entry]) -> dict[str, str]:
        """What these entries refer to in the store, by `blob_key`, as far as it can be had."""
        found: dict[str, str] = {}
        if self._store is None:
            return found
        for reference in (reference for entry in entries for reference in blobs_in(entry)):
            # What is not there is shown as a note: one lost content must not keep people from reading the rest.
            with suppress(BlobNotFoundError, UnicodeDecodeError):
                data = await PatientStore(self._store).get(reference[BLOB], chat=self.uuid)
                found[blob_key(reference)] = blob_content(reference, data)
        return found

    async def follow(self, after: int) -> AsyncIterator[Entry]:
        """Every entry from `after` on, as it comes, until the chat is closed."""
        begun = False
        while True:
            seen, closed = self.follower.tasks, self.follower.closed
            # Who begins to read is told at once that nobody works on the chat; who reads on waits for a worker.
            entries = await self.fetch(after, patient=begun)
            begun = True
            for entry in entries:
                after = entry.offset + 1
                yield entry
            if not entries:
                if closed:
                    return
                await self.follower.wait(seen)


_PASSING = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.UNKNOWN,
}
_SLOW = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
