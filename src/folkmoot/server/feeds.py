"""What happens in chats, as it happens: one follower per chat and process, fanned out to all who read along.

An entry is made into what travels once, for all of a chat's readers. Each has a queue of its own that holds so many
entries: who does not take them in time is dropped, and comes back with the offset of the last one it has.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.service import RPCError

from folkmoot._chat.log import Entry
from folkmoot._telemetry.meters import show
from folkmoot.errors import FolkmootError, to_wire

from .chats import Chats, Found
from .handles import RequestChat
from .identity import Identity
from .schemas import Entry as EntryJson
from .sse import comment, event

__all__ = ["Feed", "Feeds", "Frame", "Reader", "stream"]

_LOG = logging.getLogger(__name__)
QUEUE = 256
"""Entries that wait for one reader before it is dropped."""
HEARTBEAT = 15.0
"""Seconds without an entry after which a stream shows that it is alive."""
RETRY = 2_000
"""Milliseconds after which a reader comes back that was cut off."""
_RESTING = {"idle", "closed"}
_ENDS = {"run_ended", "reset", "closed"}
PREVIEW_PAUSE = 1.0


class Frame(NamedTuple):
    """A piece of a stream; `offset` of the entry it stands for, -1 for everything else."""

    offset: int
    data: bytes
    last: bool = False


class Reader:
    """One who reads along."""

    def __init__(self, partial: bool) -> None:
        self.partial = partial
        self._queue: asyncio.Queue[Frame] = asyncio.Queue()

    def give(self, frame: Frame) -> bool:
        """Put a piece into its queue; False: it is full, and the reader dropped."""
        if self._queue.qsize() >= QUEUE:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(Frame(-1, comment("too slow; reconnect with Last-Event-ID"), last=True))
            return False
        self._queue.put_nowait(frame)
        return True

    def give_words(self, frame: Frame) -> None:
        """Put live words into its queue, where there is plenty of room: the log has them in the end."""
        if self.partial and self._queue.qsize() < QUEUE // 2:
            self._queue.put_nowait(frame)

    def end(self, frame: Frame) -> None:
        """Let it end after what it has."""
        self._queue.put_nowait(frame)

    async def take(self, seconds: float) -> Frame:
        """The next piece; a sign of life if there is none for so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        except TimeoutError:
            return _ALIVE


class Feed:
    """What happens in one chat.

    Args:
        chat: The chat, held as long as the feed lives.
    """

    def __init__(self, chat: RequestChat) -> None:
        self._chat = chat
        self._readers: set[Reader] = set()
        self._following: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._last: Frame | None = None
        """What readers who come from now on are told, as there is nothing more."""
        self._running = asyncio.Event()
        self._resting = asyncio.Event()
        self.next = 0
        """The offset of the entry that readers get next."""
        self.closed = False
        """The chat is."""

    async def begin(self) -> None:
        """Follow the chat from where it is now.

        Raises:
            FolkmootError: It cannot be read.
        """
        status = await self._chat.status()
        self.next = status.head
        self.closed = status.status == "closed"
        self._run_is_on(status.status not in _RESTING)
        self._following = asyncio.create_task(self._follow())

    async def end(self) -> None:
        """Stop following."""
        tasks = [task for task in (self._following, self._showing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def head(self) -> int:
        """The offset the chat's next entry will get."""
        return (await self._chat.status()).head

    def join(self, reader: Reader) -> int:
        """Let a reader read along; the offset of the entry it gets first. Does not wait, so none is missed."""
        if self._last is not None:
            reader.end(self._last)
            return self.next
        self._readers.add(reader)
        if reader.partial and (self._showing is None or self._showing.done()):
            self._showing = asyncio.create_task(self._show_words())
        return self.next

    def leave(self, reader: Reader) -> None:
        """Let a reader read along no more."""
        self._readers.discard(reader)
        if self._showing is not None and not any(other.partial for other in self._readers):
            self._showing.cancel()

    def end_all(self, frame: Frame) -> None:
        """Let all readers end, and those who come later."""
        self._last = frame
        for reader in self._readers:
            reader.end(frame)
        self._readers.clear()

    async def before(self, place: int) -> AsyncIterator[Frame]:
        """The entries from `place` up to where readers join now."""
        while place < self.next:
            for entry in await self._chat.pages.fetch(place):
                yield await self._frame(entry)
                place = entry.offset + 1

    async def _frame(self, entry: Entry) -> Frame:
        data = EntryJson.of(await self._chat.event(entry)).model_dump_json()
        return Frame(entry.offset, event("entry", data, id=entry.offset))

    async def _follow(self) -> None:
        pages, follower = self._chat.pages, self._chat.pages.follower
        try:
            while True:
                seen, closed = follower.tasks, follower.closed
                entries = await pages.fetch(self.next, patient=True)
                for entry in entries:
                    frame = await self._frame(entry)
                    self.next = entry.offset + 1
                    self._note(entry)
                    for reader in [*self._readers]:
                        if not reader.give(frame):
                            self._readers.discard(reader)
                if entries:
                    continue
                if closed:
                    break
                await follower.wait(seen)
        except FolkmootError as error:
            self.end_all(Frame(-1, event("error", json.dumps(to_wire(error))), last=True))
        except Exception:  # noqa: BLE001 - whatever it is, the readers must not wait for ever
            _LOG.exception("following chat %r failed", self._chat.id)
            self.end_all(Frame(-1, comment("the server cannot go on with this; reconnect"), last=True))
        else:
            self.closed = True
            self.end_all(_END)

    def _note(self, entry: Entry) -> None:
        if entry.kind == "run_started":
            self._run_is_on(True)
        elif entry.kind in _ENDS:
            self._run_is_on(False)

    def _run_is_on(self, on: bool) -> None:
        begins, ends = (self._running, self._resting) if on else (self._resting, self._running)
        begins.set()
        ends.clear()

    async def _show_words(self) -> None:
        """While a run is on, give those who want them the words of speakers who have not finished."""
        while True:
            await self._running.wait()
            try:
                if await self._chat.shows_words():
                    await self._words_of_a_run()
                else:
                    await self._resting.wait()
            except RPCError as error:
                _LOG.debug("live words of %r: %s", self._chat.id, error)
                await asyncio.sleep(PREVIEW_PAUSE)

    async def _words_of_a_run(self) -> None:
        shown: dict[str, int] = {}
        previews = self._chat.previews()
        async for chunk in previews.until(self._over()):
            message = chunk.full_message_id or ""
            start = shown.get(message, 0)
            shown[message] = start + len(chunk.content)
            data = {"message": message, "source": chunk.source, "start": start, "content": chunk.content}
            frame = Frame(-1, event("partial", json.dumps(data)))
            for reader in self._readers:
                reader.give_words(frame)

    async def _over(self) -> None:
        await self._resting.wait()


_END = Frame(-1, event("end", json.dumps({"reason": "closed"})), last=True)
_ALIVE = Frame(-1, comment("still here"))
_STOP = Frame(-1, comment("the server stops; reconnect"), last=True)


class _Shared:
    """A feed and how many hold it."""

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self.holders = 0
        self.started: asyncio.Task[Feed] | None = None


async def stream(feed: Feed, after: int, partial: bool, until: datetime | None) -> AsyncGenerator[bytes]:
    """What travels to one reader.

    Args:
        feed: The chat's.
        after: Offset of the last entry it has.
        partial: Live words, too.
        until: When what lets it read ends; None: it does not.
    """
    place = after + 1
    reader = Reader(partial)
    try:
        yield f"retry: {RETRY}\n\n".encode()
        async for frame in feed.before(place):
            place = frame.offset + 1
            yield frame.data
        feed.join(reader)
        while True:
            left = HEARTBEAT if until is None else (until - datetime.now(UTC)).total_seconds()
            if left <= 0:
                yield comment("the token has expired; reconnect with a new one")
                return
            frame = await reader.take(min(HEARTBEAT, left))
            # What was there when it joined, it has.
            if not 0 <= frame.offset < place:
                yield frame.data
            if frame.last:
                return
    finally:
        feed.leave(reader)


class Feeds:
    """The feeds that somebody reads now.

    Args:
        chats: The server's chats.
    """

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._shared: dict[tuple[str, str], _Shared] = {}
        self._stopping = False

    @property
    def open(self) -> int:
        """How many there are."""
        return len(self._shared)

    def stop(self) -> None:
        """The server stops: let all streams end, so that their readers go to another instance."""
        self._stopping = True
        for shared in self._shared.values():
            started = shared.started
            if started is not None and started.done() and not started.cancelled() and started.exception() is None:
                started.result().end_all(_STOP)

    @asynccontextmanager
    async def feed(self, found: Found, identity: Identity) -> AsyncGenerator[Feed]:
        """The feed of a chat; it lives as long as somebody holds it.

        Raises:
            FolkmootError: The chat cannot be read.
        """
        key = (found.id, found.first_run_id)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _Shared()
            shared.started = asyncio.create_task(self._begin(shared, found, identity))
            show("folkmoot_followed_chats", self.open)
        shared.holders += 1
        try:
            assert shared.started is not None
            # Who goes away while a feed begins must not take it from the others.
            yield await asyncio.shield(shared.started)
        finally:
            shared.holders -= 1
            if not shared.holders:
                del self._shared[key]
                show("folkmoot_followed_chats", self.open)
                await self._finish(shared)

    async def _begin(self, shared: _Shared, found: Found, identity: Identity) -> Feed:
        chat = await shared.stack.enter_async_context(self._chats.hold(found, identity))
        feed = Feed(chat)
        await feed.begin()
        shared.stack.push_async_callback(feed.end)
        if self._stopping:
            feed.end_all(_STOP)
        return feed

    async def _finish(self, shared: _Shared) -> None:
        assert shared.started is not None
        if not shared.started.done():
            shared.started.cancel()
        await asyncio.gather(shared.started, return_exceptions=True)
        await shared.stack.aclose()
