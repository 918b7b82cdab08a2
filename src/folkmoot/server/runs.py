"""One run of a chat, read from its log: from the entry it began with up to its end, or to where it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from folkmoot._chat.log import Entry
from folkmoot._client.pages import LogPages
from folkmoot.chat import ChatEvent

__all__ = ["RunState", "read_run"]


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of a run.

    Attributes:
        run: Its number.
        offset: Of the entry it began with.
        status: running, or how it ended: stopped, failed, cancelled.
        stop_reason: Why it ended.
        error: What failed: agent, type, message.
        end: Offset of the entry it ended with.
        messages: Its messages and events so far.
    """

    run: int
    offset: int
    status: str
    stop_reason: str | None
    error: Mapping[str, Any] | None
    end: int | None
    messages: tuple[ChatEvent, ...]


async def read_run(
    pages: LogPages, event_of: Callable[[Entry], Awaitable[ChatEvent]], run: int, after: int, wait: float = 0
) -> RunState | None:
    """What is known of a run; None: none of that number began at `after` or later.

    Args:
        pages: The chat's log.
        event_of: Makes entries what readers see.
        run: Its number.
        after: Offset of the entry it began with, or of an earlier one.
        wait: Seconds to wait for its end.
    """
    reading = _Reading(pages, run, after)
    await reading.read()
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            while reading.open and wait > 0:
                await reading.read_on()
    began, ended = reading.began, reading.ended
    if began is None:
        return None
    events = [await event_of(entry) for entry in reading.entries]
    data: Mapping[str, Any] = {} if ended is None else ended.data
    return RunState(
        run=run,
        offset=began.offset,
        status="running" if ended is None else data["status"],
        stop_reason=data.get("stop_reason"),
        error=data.get("error"),
        end=None if ended is None else ended.offset,
        messages=tuple(event for event in events if event.message is not None),
    )


@dataclass
class _Reading:
    """A run as far as it was read."""

    pages: LogPages
    run: int
    next: int
    began: Entry | None = None
    ended: Entry | None = None
    entries: list[Entry] = field(default_factory=list[Entry])
    seen: int = 0
    over: bool = False

    @property
    def open(self) -> bool:
        """It is under way."""
        return self.began is not None and self.ended is None and not self.over

    async def read(self) -> None:
        """Read what there is."""
        follower = self.pages.follower
        while self.ended is None:
            # What happens while the log is read is seen by the next wait.
            self.seen, closed = follower.marks, follower.closed
            entries = await self.pages.fetch(self.next)
            if not entries:
                self.over = closed
                return
            for entry in entries:
                self.next = entry.offset + 1
                self._take(entry)

    async def read_on(self) -> None:
        """Wait for what may be its end, and read what there is then."""
        await self.pages.follower.wait(self.seen, marks_only=True)
        await self.read()

    def _take(self, entry: Entry) -> None:
        if entry.data.get("run") != self.run or self.ended is not None:
            return
        if entry.kind == "run_started":
            self.began = entry
        elif self.began is None:
            return
        elif entry.kind == "run_ended":
            self.ended = entry
        elif self.began.data.get("echo", True) or entry.data.get("role") != "task" or "scope" in entry.data:
            self.entries.append(entry)
