"""A page that follows a chat gets every entry once, whatever happens to the feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.chat import ChatEvent
from folkmoot.errors import ServerUnavailableError
from folkmoot.server.chats import Found
from folkmoot.server.dashboard import pulse
from folkmoot.server.dashboard.conversation import following
from folkmoot.server.dashboard.conversation.following import SILENT, Following
from folkmoot.server.dashboard.pulse import Pulse, WorkerPulses
from folkmoot.server.feeds import Feeds, Frame, Reader
from folkmoot.server.identity import Identity
from folkmoot.server.sse import comment, event
from tests._support.waiting import eventually

from .logs import log


def _frame(given: ChatEvent) -> Frame:
    message = None if given.message is None else given.message.model_dump(mode="json")
    data = {
        "offset": given.offset,
        "kind": given.kind,
        "time": given.time,
        "data": dict(given.data),
        "message": message,
    }
    return Frame(given.offset, event("entry", json.dumps(data, ensure_ascii=False), id=given.offset))


class _Feed:
    """Gives what is there, and then what comes; each time it is read it breaks off as it is told."""

    def __init__(self, there: list[Frame], comes: list[Frame], closed: bool) -> None:
        self._there, self._comes, self.closed = there, comes, closed

    async def before(self, place: int) -> AsyncIterator[Frame]:
        for frame in self._there:
            if frame.offset >= place:
                yield frame

    def join(self, reader: Reader) -> None:
        for frame in self._comes:
            reader.end(frame)

    def leave(self, reader: Reader) -> None:
        pass


class _Feeds:
    def __init__(self, *feeds: _Feed | Exception) -> None:
        self._feeds = list(feeds)

    @asynccontextmanager
    async def feed(self, found: Found, identity: Identity) -> AsyncGenerator[_Feed]:
        feed = self._feeds.pop(0)
        if isinstance(feed, Exception):
            raise feed
        yield feed


class _Service:
    """Temporal's, which gives these answers in turn, and then the last one again and again."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)

    async def get_system_info(self, *_: object, **__: object) -> None:
        if not (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]):
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")


def _pulse(*answers: bool) -> Pulse:
    return Pulse(cast(Any, SimpleNamespace(workflow_service=_Service(*answers or (True,)))))


FOUND = Found("c", "first", "queue", "", True)
SAID = {"type": "TextMessage", "source": "a", "content": "one\u2028two\x85three"}
FRAMES = [_frame(item) for item in log(*({"kind": "message", "turn": 1, "message": SAID} for _ in range(6)))]
SLOW = Frame(-1, comment("too slow; reconnect with Last-Event-ID"), last=True)
END = Frame(-1, event("end", '{"reason": "closed"}'), last=True)


async def test_nothing_is_lost_or_doubled_over_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AGAIN", 0)
    seen: list[ChatEvent] = []
    told: list[str] = []
    feeds = _Feeds(
        # What came while it was reading is given twice.
        _Feed(FRAMES[:3], [FRAMES[2], FRAMES[3], SLOW], closed=False),
        ServerUnavailableError("It is away."),
        _Feed(FRAMES, [END], closed=True),
    )

    async def entry(given: ChatEvent) -> None:
        seen.append(given)

    read = Following(
        cast(Any, feeds), _pulse(), _pulse(), cast(Any, None), Identity("olga"), 0, entry=entry, trouble=told.append
    )
    await asyncio.wait_for(read.run(), 10)
    assert [item.offset for item in seen] == [1, 2, 3, 4, 5]
    assert read.next == 6
    assert getattr(seen[0].message, "content", None) == SAID["content"]
    assert told == ["It is away.", ""]


async def test_words_are_given_with_their_place() -> None:
    partial = {"message": "m", "source": "a", "start": 4, "content": "more"}
    words: list[tuple[str, str, int, str]] = []
    feed = _Feed([], [Frame(-1, event("partial", json.dumps(partial))), END], closed=True)

    async def entry(given: ChatEvent) -> None:
        raise AssertionError(given)

    read = Following(
        cast(Feeds, _Feeds(feed)),
        _pulse(),
        _pulse(),
        FOUND,
        Identity("olga"),
        -1,
        entry=entry,
        words=lambda *given: words.append(given),
        trouble=lambda _: None,
    )
    await asyncio.wait_for(read.run(), 10)
    assert words == [("m", "a", 4, "more")]


async def test_a_server_that_is_away_is_told_to_all_who_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pulse, "every", 0)
    told: dict[str, list[str]] = {"first": [], "second": []}

    async def entry(given: ChatEvent) -> None:
        raise AssertionError(given)

    async def follow(name: str, beats: Pulse) -> None:
        # It never says anything: nothing happens in the chat.
        feeds = _Feeds(_Feed([], [], closed=False))
        read = Following(
            cast(Any, feeds),
            beats,
            _pulse(),
            cast(Any, None),
            Identity("olga"),
            0,
            entry=entry,
            trouble=told[name].append,
        )
        await read.run()

    beats = _pulse(True, False, False, True)
    following_them = [asyncio.create_task(follow(name, beats)) for name in told]
    try:
        away = "The Temporal server does not answer. Chats are kept."
        await eventually(lambda: told == {"first": [away, ""], "second": [away, ""]})
    finally:
        for task in following_them:
            task.cancel()


class _Worker:
    """A chat's, which answers while it is there, and is asked in vain otherwise."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        self.pages = self

    async def query(self, name: str) -> dict[str, Any]:
        await self.there.wait()
        return {}

    @asynccontextmanager
    async def hold(self, found: Found, identity: Identity) -> AsyncGenerator[_Worker]:
        yield self


async def test_a_worker_that_is_gone_is_told_while_the_server_still_lists_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PATIENCE", 0.01)
    worker, told = _Worker(), list[str]()
    workers, olga = WorkerPulses(cast(Any, worker)), Identity("olga")
    beat = workers.of(FOUND, olga)
    monkeypatch.setattr(beat, "every", 0)
    assert workers.of(FOUND, Identity("vic")) is beat

    async def entry(given: ChatEvent) -> None:
        raise AssertionError(given)

    feeds = _Feeds(_Feed([], [], closed=False))
    read = Following(cast(Any, feeds), _pulse(), beat, FOUND, olga, 0, entry=entry, trouble=told.append)
    following_it = asyncio.create_task(read.run())
    try:
        await eventually(lambda: told == [SILENT])
        worker.there.set()
        await eventually(lambda: told == [SILENT, ""])
    finally:
        following_it.cancel()
