"""The turn timeline on a page: how long each turn took, of what, and why it was whose."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from folkmoot._client.whole import entries_in
from folkmoot.chat import ChatEvent
from folkmoot.server.dashboard.errors import EXPECTED
from folkmoot.server.dashboard.widgets import element, empty, link, text

from .attempts import Attempted, read_attempts
from .looking import Look
from .timeline import KINDS, Span, Timeline, TurnTime, seconds_between, taken
from .why import Choice, Choices
from .window import read_window

__all__ = ["duration", "show_timeline"]

EVERY = 10.0
"""Seconds between two looks at a chat's history, which may be 3,000 events long."""


def duration(seconds: float) -> str:
    """A time for people: 40 ms, 1.4 s, 12 s, 3 min 5 s, 2 h 10 min, 4 d 3 h."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, small, small_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole} s"


async def show_timeline(look: Look, at: int | None) -> None:
    """Draw it.

    Args:
        look: Who looks at which chat.
        at: Offset where it begins, about; None: the latest.
    """
    async with look.chat() as chat:
        window = await read_window(chat, look.status.head, at)
        earlier = await entries_in(chat.pages, max(0, window.first - 30), window.first)
        before = [await chat.event(entry) for entry in earlier]
    with element("nav", "toolbar").props('aria-label="Places in the log"'):
        if window.first > 0:
            link("Earlier turns", look.path(tab="timeline", at=max(0, window.first - 200))).classes("button small")
        if not window.latest:
            link("Later turns", look.path(tab="timeline", at=window.end)).classes("button small")
            link("Latest", look.path(tab="timeline")).classes("button small")
        _legend()
    place = element("div", "timeline")
    events = list(window.events)
    attempts = _Attempts(look)

    async def draw() -> None:
        known = await attempts.read()
        place.clear()
        with place:
            _table(look, before, events, known)

    await draw()

    async def add(event: ChatEvent) -> None:
        events.append(event)

    if window.latest:
        look.watch(draw)
        look.follow(window.end - 1, add)


def _legend() -> None:
    with element("ul", "legend push").props('aria-label="What the colours mean"'):
        for kind, name in KINDS.items():
            with element("li"):
                element("span", f"swatch of-{kind}").props("aria-hidden=true")
                text("span", name)


class _Attempts:
    """What Temporal's history tells of attempts; while much happens it is not read for every entry."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._read = 0.0
        self._found: list[Attempted] = []

    async def read(self) -> list[Attempted]:
        """The calls that took several."""
        now = monotonic()
        if not self._read or now - self._read > EVERY:
            self._read = now
            # Only the store knows closed chats that the server has forgotten; the log tells all but retries.
            with suppress(*EXPECTED):
                self._found = await read_attempts(self._look.site.moot.client, self._look.id)
        return self._found


def _table(look: Look, before: list[ChatEvent], events: list[ChatEvent], attempts: list[Attempted]) -> None:
    timeline = Timeline().read(events)
    reader = Choices(look.plan)
    reader.read(before)
    choices = {choice.offset: choice for choice in reader.read(events)}
    if not timeline.turns:
        empty("No turns here", "A turn begins when somebody speaks.")
        return
    timeline.attempted(attempts)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    longest = max(seconds_between(turn.begun, turn.ended or now) for turn in timeline.turns)
    with (
        element("div", "table-wrap").props('tabindex=0 role=region aria-label="Turns and their times"'),
        element("table", "table turns"),
    ):
        with element("thead"), element("tr"):
            for name in ("Turn", "Who", "Took", "Of that", "Where the time went"):
                text("th", name).props("scope=col").classes("num" if name in ("Turn", "Took") else "")
        with element("tbody"):
            for turn in reversed(timeline.turns):
                _row(look, turn, choices.get(turn.offset), now, longest)


def _row(look: Look, turn: TurnTime, choice: Choice | None, now: str, longest: float) -> None:
    took = seconds_between(turn.begun, turn.ended or now)
    parts = taken(turn, now)
    with element("tr"):
        with element("td", "num"):
            link(str(turn.turn), look.path(turn=turn.turn) if not turn.scope else look.path(at=turn.offset))
        with element("td"):
            text("div", ", ".join(turn.speakers))
            if choice is not None:
                _why(choice)
        text("td", duration(took) + ("" if turn.ended else ", and goes on")).classes("num")
        with element("td"), element("ul", "parts"):
            for kind, seconds in parts.items():
                text("li", f"{KINDS[kind]} {duration(seconds)}")
        with element("td", "bars"):
            _bar(turn, now, took, longest)
            _steps(turn, now)


def _why(choice: Choice) -> None:
    with element("details", "why").props(f"data-keep=why-{choice.offset}"):
        text("summary", "Why")
        text("p", choice.reason)
        if choice.steps:
            with element("ul"):
                for step in choice.steps:
                    text("li", step)


def _bar(turn: TurnTime, now: str, took: float, longest: float) -> None:
    """Spans where they lie; the list under it says the same in words."""
    width = 100 * took / longest if longest else 100
    with element("div", "bar").props("aria-hidden=true").style(f"width: {max(1.5, width):.2f}%"):
        for span in turn.spans:
            left = seconds_between(turn.begun, span.begun) / took * 100 if took else 0
            wide = seconds_between(span.begun, span.ended or now) / took * 100 if took else 100
            element("span", f"of-{span.kind}").style(f"left: {min(left, 99):.2f}%; width: {max(wide, 0.8):.2f}%")


def _steps(turn: TurnTime, now: str) -> None:
    if not turn.spans:
        return
    with element("details").props(f"data-keep=steps-{turn.offset}"):
        count = len(turn.spans)
        text("summary", f"{count} step{'s' if count > 1 else ''}")
        with element("ol", "steps"):
            for span in turn.spans:
                text("li", _told(span, now))


def _told(span: Span, now: str) -> str:
    seconds = duration(seconds_between(span.begun, span.ended or now))
    name = {"model": "model call", "tool": "tool", "wait": "waited for", "retry": "attempts that failed"}.get(
        span.kind, span.kind
    )
    label = f" {span.label}" if span.label else ""
    tries = f", attempt {span.attempts}" if span.attempts > 1 else ""
    failure = f": {span.failure}" if span.failure and span.kind == "retry" else ""
    goes_on = "" if span.ended else ", and goes on"
    return f"{span.who}: {name}{label}, {seconds}{tries}{failure}{goes_on}"
