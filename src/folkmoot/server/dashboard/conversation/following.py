"""A page follows a chat: what is added to its log, and words while they are being said.

It reads along with the API's callers, from the one feed that a process has of a chat. What a page knows is the offset
of the entry that comes next, so that nothing is lost or doubled however often it has to begin anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from folkmoot.chat import ChatEvent
from folkmoot.messages import from_log
from folkmoot.server.chats import Found
from folkmoot.server.dashboard.errors import told
from folkmoot.server.dashboard.pulse import Beat
from folkmoot.server.feeds import Feeds, Frame, Reader
from folkmoot.server.identity import Identity

__all__ = ["SILENT", "Following"]

HEARTBEAT = 60.0
AGAIN = 2.0
"""Seconds after which a page tries again to follow a chat that cannot be read."""
_AWAY = "The Temporal server does not answer. Chats are kept."
SILENT = "No worker answers for this chat: it went away just now, or has much to do. Nothing is lost."
"""What is said while the server may still list a worker that is gone."""


class Following:
    """Follows one chat for one page.

    Args:
        feeds: The server's.
        pulse: Tells whether Temporal answers.
        worker: Tells whether the chat's worker answers.
        found: The chat.
        identity: Who reads.
        after: Offset of the last entry the page has.
        entry: Takes each entry that comes.
        words: Takes the words of speakers who have not finished: message id, whose they are, at which place, what.
        trouble: Is told why the chat cannot be followed now; an empty text: it can again.
    """

    def __init__(
        self,
        feeds: Feeds,
        pulse: Beat,
        worker: Beat,
        found: Found,
        identity: Identity,
        after: int,
        *,
        entry: Callable[[ChatEvent], Awaitable[None]],
        words: Callable[[str, str, int, str], None] | None = None,
        trouble: Callable[[str], None],
    ) -> None:
        self._feeds = feeds
        self._pulse = pulse
        self._worker = worker
        self._found = found
        self._identity = identity
        self._entry = entry
        self._words = words
        self._trouble = trouble
        self._said = ""
        self._of_feed = ""
        self._away = self._silent = False
        self.next = after + 1
        """Offset of the entry that comes next."""

    async def run(self) -> None:
        """Follow until the chat is closed, or this is cancelled."""
        with self._pulse.watched(self._answers), self._worker.watched(self._works):
            while True:
                try:
                    if await self._read():
                        return
                except Exception as error:  # noqa: BLE001 - whatever it is, the page must not stand still for ever
                    self._tell(told(error))
                await asyncio.sleep(AGAIN)

    def _answers(self, answers: bool) -> None:
        self._away = not answers
        self._tell(self._of_feed)

    def _works(self, works: bool) -> None:
        self._silent = not works
        self._tell(self._of_feed)

    def _tell(self, of_feed: str) -> None:
        self._of_feed = of_feed
        trouble = _AWAY if self._away else of_feed or (SILENT if self._silent else "")
        if trouble != self._said:
            self._said = trouble
            self._trouble(trouble)

    async def _read(self) -> bool:
        """Read along as long as the feed lasts; whether the chat is closed."""
        async with self._feeds.feed(self._found, self._identity) as feed:
            reader = Reader(partial=self._words is not None)
            try:
                async for frame in feed.before(self.next):
                    await self._take(frame)
                feed.join(reader)
                self._tell("")
                while True:
                    frame = await reader.take(HEARTBEAT)
                    await self._take(frame)
                    if frame.last:
                        return feed.closed
            finally:
                feed.leave(reader)

    async def _take(self, frame: Frame) -> None:
        name, data = _parsed(frame.data)
        if name == "partial" and self._words is not None:
            self._words(data["message"], data["source"], data["start"], data["content"])
        elif name == "error":
            self._tell(str(data.get("message") or "The chat cannot be read now."))
        elif name == "entry" and frame.offset >= self.next:
            self.next = frame.offset + 1
            message = data.get("message")
            read = None if message is None else from_log(message)
            await self._entry(ChatEvent(frame.offset, data["kind"], data["time"], data["data"], read))


def _parsed(data: bytes) -> tuple[str, Any]:
    """The name and the JSON of an event as it travels; a line that readers pass over has neither."""
    # Not `splitlines`: what was said may have other breaks than those of the stream.
    fields = dict(line.split(": ", 1) for line in data.decode().split("\n") if ": " in line and line[0] != ":")
    return fields.get("event", ""), json.loads(fields.get("data", "{}"))
