"""A page holds a bounded part of the log, which begins where a turn does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

from folkmoot._chat.log import Entry, Log
from folkmoot.chat import ChatEvent
from folkmoot.server.dashboard.conversation.window import SIZE, SLACK, Window, read_window
from folkmoot.server.handles import RequestChat

TIME = "2026-11-21T10:00:00.000Z"


class _Pages:
    """A log as its readers see it."""

    def __init__(self, kinds: list[str]) -> None:
        self.log = Log()
        for kind in kinds:
            self.log.append({"kind": kind, "time": TIME})

    async def present(self, after: int) -> AsyncIterator[Entry]:
        for entry in self.log.after(after):
            yield entry


class _Chat:
    def __init__(self, kinds: list[str]) -> None:
        self.pages = _Pages(kinds)

    async def event(self, entry: Entry) -> ChatEvent:
        return ChatEvent(entry.offset, entry.kind, entry.time, entry.data, None)


async def _window(kinds: list[str], at: int | None = None) -> Window:
    window = await read_window(cast(RequestChat, cast(Any, _Chat(kinds))), len(kinds), at)
    assert [event.offset for event in window.events] == list(range(window.first, window.end))
    return window


def _turns(count: int, each: int) -> list[str]:
    return ["opened", *(["turn", *["message"] * (each - 1)] * count)]


async def test_a_short_log_is_shown_whole() -> None:
    window = await _window(_turns(3, 4))
    assert (window.first, window.end, window.latest) == (0, 13, True)


async def test_the_latest_window_begins_with_the_turn_it_would_cut() -> None:
    window = await _window(_turns(100, 9))
    assert (window.first, window.end, window.latest) == (901 - SIZE - 7, 901, True)
    assert window.events[0].kind == "turn"


async def test_a_window_in_between_does_not_go_on() -> None:
    window = await _window(_turns(100, 9), at=300)
    assert (window.first, window.end, window.latest) == (298, 300 + SIZE, False)


async def test_a_turn_that_is_too_long_is_cut() -> None:
    window = await _window(["turn", *["event"] * (SIZE + SLACK + 50)])
    assert len(window.events) == SIZE


async def test_a_place_beyond_the_end_is_the_end() -> None:
    window = await _window(_turns(3, 4), at=10_000)
    assert (window.first, window.end, window.latest) == (9, 13, True)
