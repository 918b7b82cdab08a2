"""What code blocks write, up to a limit."""

from __future__ import annotations

import asyncio
import codecs

__all__ = ["Output"]

_CHUNK = 65_536


class Output:
    """Collects output; what goes beyond the limit is read, since a full pipe would stop the program, and dropped.

    Args:
        limit: Bytes kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._seen = 0
        self._notes: list[str] = []

    async def copy(self, stream: asyncio.StreamReader) -> None:
        """Take in everything until the stream ends."""
        while data := await stream.read(_CHUNK):
            self._take(data)

    def say(self, note: str) -> None:
        """The runner's own last words: they do not count, and are never cut."""
        self._notes.append(note)

    def _take(self, data: bytes) -> None:
        self._seen += len(data)
        self._kept += data[: max(0, self._limit - len(self._kept))]

    def text(self) -> str:
        """What is kept, a note if that is not all, and the runner's words."""
        cut = self._seen > self._limit
        # Half a letter at the cut is left out; bytes that are no text are marked.
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._kept), final=not cut)
        if cut:
            text += f"\n[output cut: the first {self._limit:,} of {self._seen:,} bytes]"
        return text + "".join(self._notes)
