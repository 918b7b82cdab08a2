"""The part of a chat's log that a page holds: so many entries and no more, however long the log is."""

from __future__ import annotations

from dataclasses import dataclass

from folkmoot._client.whole import entries_in
from folkmoot.chat import ChatEvent
from folkmoot.server.handles import RequestChat

__all__ = ["SIZE", "Window", "read_window"]

SIZE = 200
"""Entries of a window."""
SLACK = 60
"""So many entries before it are looked at for the beginning of a turn, so that none is cut."""
_BEGINNINGS = {"turn", "run_started", "opened", "reset", "loaded", "rolled_back"}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the log.

    Attributes:
        events: Its entries.
        first: Offset of the first.
        end: After the last.
        head: Offset of the entry that comes next in the chat.
    """

    events: list[ChatEvent]
    first: int
    end: int
    head: int

    @property
    def latest(self) -> bool:
        """Whether it ends with the chat's last entry: then it goes on with what comes."""
        return self.end >= self.head


async def read_window(chat: RequestChat, head: int, at: int | None = None) -> Window:
    """Read a window.

    Args:
        chat: The chat.
        head: Offset of its next entry.
        at: Where it begins, about; None: it is the latest.
    """
    wanted = max(0, head - SIZE) if at is None else max(0, min(at, head - 1))
    end = None if at is None or wanted + SIZE >= head else wanted + SIZE
    entries = await entries_in(chat.pages, max(0, wanted - SLACK), end)
    begins = [
        entry.offset
        for entry in entries
        if entry.offset <= wanted and entry.kind in _BEGINNINGS and "scope" not in entry.data
    ]
    first = begins[-1] if begins else wanted
    events = [await chat.event(entry) for entry in entries if entry.offset >= first]
    after = events[-1].offset + 1 if events else first
    return Window(events, first, after, max(head, after))
