"""How an activity reads its chat's log: from the process's cache, else by a query, else from the history itself.

Rules, from measurements (temporal server 1.29.1): one query per chat and worker at a time, as the server buffers one
per busy workflow; a short timeout and our own back-off, as the SDK's retry waits a second; after a worker was killed a
query may wait 10 s on the dead worker's queue, so a second attempt reads the history, by replaying it in this
process: the replayed workflow shows its log to the cache as a living one does.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from temporalio import activity
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.workflow import NondeterminismError

from folkmoot._chat.entries import BLOB, blob_key, blobs_in
from folkmoot._chat.log import EMPTY_DIGEST, Entry, Log
from folkmoot._spec import load_spec
from folkmoot._telemetry.meters import count
from folkmoot.agents import AgentSpec
from folkmoot.errors import LogReadError, StoreMissingError
from folkmoot.store import BlobNotFoundError, Store
from folkmoot.teams import TeamSpec

from .blobs import blob_content
from .call_store import CallStore
from .failures import CallFailedError
from .log_cache import CachedChat, LogCache
from .payloads import LogQuery, Page, Segment, unpack
from .segments import leaf_at, leaves
from .spooled_log import SpooledLog

__all__ = ["LogReader", "read_segment", "seal_bytes"]

QUERY_TIMEOUT = timedelta(seconds=1)
TRIES = 4

Replay = Callable[[Client, str, str], Awaitable[None]]
"""Replays a run's history in this process: client, workflow id, run id."""


def seal_bytes(uuid: str, log: Log, base: int, until: int, state: dict[str, Any], spec: Mapping[str, Any]) -> bytes:
    """A segment's bytes: a header line with state and spec before it, then the entries' JSON lines, compressed."""
    header = {"format": 1, "uuid": uuid, "first": base, "digest": log.digest_at(base), "state": state, "spec": spec}
    lines = [json.dumps(header, separators=(",", ":")).encode(), *(entry.encoded for entry in log.after(base, until))]
    return zlib.compress(b"\n".join(lines), 6)


def read_segment(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Header and entries of a segment's bytes."""
    header, *entries = zlib.decompress(data).split(b"\n")
    return json.loads(header), entries


class LogReader:
    """Reads logs for the activities of one worker.

    Args:
        cache: What the process knows.
        store: Where sealed parts lie.
        replay: The last resort (see the module).
    """

    def __init__(self, cache: LogCache, store: Store | None, replay: Replay) -> None:
        self._cache = cache
        self.store = None if store is None else CallStore(store)
        self._replay = replay
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def keep_in(self, store: Store) -> None:
        """Use a store from now on."""
        self.store = CallStore(store)

    async def read(self, at: int, digest: str, *, whole: bool = True) -> CachedChat:
        """The chat of the current activity, with its log at least up to `at`.

        Args:
            at: The activity's offset.
            digest: The running digest there.
            whole: Sealed parts too.

        Raises:
            LogReadError: Neither query nor history gave that log.
        """
        info = activity.info()
        if info.workflow_id is None or info.workflow_run_id is None:
            raise LogReadError("the activity was not started by a chat")
        return await self.read_of(info.workflow_id, info.workflow_run_id, at, digest, whole=whole)

    async def read_of(self, chat_id: str, run_id: str, at: int, digest: str, *, whole: bool) -> CachedChat:
        """The chat of a run of a workflow; see `read`."""
        info = activity.info()
        key = (info.namespace or info.workflow_namespace or "", chat_id)
        cached = self._cache.get(*key)
        if cached is not None and cached.has(at, digest):
            count("folkmoot_log_reads_total", source="cache")
        else:
            lock = self._locks.setdefault(key, asyncio.Lock())
            async with lock:
                cached = await self._refresh(key, run_id, info.attempt, at, digest)
        return await self._whole(key, cached) if whole and cached.log.base > 0 else cached

    async def _refresh(self, key: tuple[str, str], run_id: str, attempt: int, at: int, digest: str) -> CachedChat:
        client = activity.client()
        problem: Exception | None = None
        source = "cache"
        for trial in range(TRIES):
            cached = self._cache.get(*key)
            if cached is not None and cached.has(at, digest):
                count("folkmoot_log_reads_total", source=source)
                return cached
            source = "history" if attempt > 1 or trial > 0 else "query"
            try:
                if source == "history":
                    await self._replay(client, key[1], run_id)
                else:
                    await self._query(client, key, run_id, cached)
            except (
                RPCError,
                WorkflowQueryFailedError,
                NondeterminismError,
                RuntimeError,
                ValueError,
                TimeoutError,
            ) as error:
                problem = error
                await asyncio.sleep(0.05 * 2**trial)
        cached = self._cache.get(*key)
        if cached is not None and cached.has(at, digest):
            count("folkmoot_log_reads_total", source=source)
            return cached
        count("folkmoot_log_read_errors_total")
        raise LogReadError(f"the log of chat {key[1]!r} up to offset {at} could not be read: {problem}")

    async def _query(self, client: Client, key: tuple[str, str], run_id: str, cached: CachedChat | None) -> None:
        """Page what is missing; start over if what is here does not fit."""
        handle = client.get_workflow_handle(key[1], run_id=run_id)
        after = cached.log.head if cached is not None else 0
        while True:
            query = LogQuery(after=after, spec=cached is None).model_dump(exclude_defaults=True)
            page = Page.model_validate(await handle.query("log", query, rpc_timeout=QUERY_TIMEOUT))
            if cached is not None and (page.uuid != cached.uuid or cached.log.digest_at(page.first) != page.digest):
                cached, after = None, 0
                continue
            if cached is None:
                cached = CachedChat(page.uuid, _team(page.spec), SpooledLog(page.first, page.digest or EMPTY_DIGEST))
            rest = Log.restore(page.first, page.digest, unpack(page.entries))
            if not cached.extend(list(rest)):
                raise LogReadError(f"a page of chat {key[1]!r} does not continue its log")
            cached.segments = page.segments or cached.segments
            after = cached.log.head
            if after >= page.head:
                self._cache.put(*key, cached)
                return

    async def _whole(self, key: tuple[str, str], cached: CachedChat) -> CachedChat:
        """The same chat with its sealed parts fetched."""
        log = SpooledLog()
        async for segment in self.leaves(cached.segments, cached.uuid, until=cached.log.base):
            for item in await self.entries_of(segment, cached.uuid):
                log.extend(Log.restore(log.head, log.digest, [item])[0])
        if log.head != cached.log.base or log.digest != cached.log.base_digest:
            raise LogReadError(f"the sealed parts of chat {key[1]!r} end at {log.head}, expected {cached.log.base}")
        full = replace(cached, log=log)
        full.extend(list(cached.log))
        self._cache.put(*key, full)
        return full

    def leaves(
        self, segments: Sequence[Segment], chat: str, first: int = 0, until: int | None = None
    ) -> AsyncIterator[Segment]:
        """The sealed parts with entries from `first` on, before `until`."""
        return leaves(segments, partial(self._blob, chat), first, until)

    async def leaf(self, segments: Sequence[Segment], chat: str, offset: int) -> Segment:
        """The sealed part that holds an offset.

        Raises:
            KeyError: None does.
        """
        return await leaf_at(segments, partial(self._blob, chat), offset)

    async def header_of(self, segment: Segment, chat: str) -> dict[str, Any]:
        """What a sealed part tells of where it begins: `state`, `spec` and `digest`."""
        return read_segment(await self._blob(chat, segment.sha256))[0]

    async def entries_of(self, segment: Segment, chat: str) -> list[bytes]:
        """The stored forms of a sealed part."""
        return read_segment(await self._blob(chat, segment.sha256))[1]

    async def _blob(self, chat: str, name: str) -> bytes:
        if self.store is None:
            raise StoreMissingError("the chat's log is sealed in a store, and this worker has none")
        return await self.store.get(name, chat=chat)

    async def opened(self, segments: Sequence[Segment], chat: str) -> str:
        """When the chat was opened: the time of its first entry."""
        first = await leaf_at(segments, partial(self._blob, chat), 0)
        return json.loads((await self.entries_of(first, chat))[0])["time"]

    async def fetch_blobs(self, chat: CachedChat, start: int, until: int) -> dict[str, str]:
        """The contents that lie in the store of what is to be read from `start` on, up to `until`, by `blob_key`.

        Raises:
            CallFailedError: One cannot be had, and no reset has come after it, so that someone has to hear it. To ask
                again would not help, so the run ends; it can be taken up once the content is there.
        """
        start = 0 if chat.log.turns_back(start, until) else start
        missing: CallFailedError | None = None
        found: dict[str, str] = {}
        for first, end in chat.log.branch(until):
            for entry in chat.log.each(max(first, start), end):
                if entry.kind == "reset":
                    missing = None
                try:
                    found |= await self.contents(chat, [entry])
                except CallFailedError as error:
                    missing = error
        if missing is not None:
            raise missing
        return found

    async def contents(self, chat: CachedChat, entries: Iterable[Entry]) -> dict[str, str]:
        """The contents of these entries that lie in the store, by `blob_key`.

        Raises:
            CallFailedError: One cannot be had.
        """
        found: dict[str, str] = {}
        for entry in entries:
            for reference in blobs_in(entry):
                key = blob_key(reference)
                text = chat.blob(key)
                if text is None:
                    text = await self._fetch(entry, reference, chat.uuid)
                    chat.keep_blob(key, text)
                found[key] = text
        return found

    async def _fetch(self, entry: Entry, reference: Mapping[str, Any], chat: str) -> str:
        problem: Exception
        if self.store is None:
            problem = StoreMissingError("this worker has no store")
        else:
            try:
                return blob_content(reference, await self.store.get(reference[BLOB], chat=chat))
            except (BlobNotFoundError, ValueError) as error:
                problem = error
        raise CallFailedError(
            f"The content of entry {entry.offset}, {reference[BLOB]} in the store, cannot be had: {problem}",
            type=type(problem).__name__,
            non_retryable=True,
        )


def _team(spec: dict[str, Any] | None) -> TeamSpec | AgentSpec:
    team = load_spec(spec or {})
    if not isinstance(team, TeamSpec | AgentSpec):
        raise LogReadError("the chat's spec is not a team's")
    return team
