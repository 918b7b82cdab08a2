"""A log that keeps only its newest entries in memory; what is older lies compressed in a file of this process.

A chat of 100,000 turns would else fill its worker: every view has read the old entries, and only one that has to begin
anew wants them once more. The file has no name, so that nothing of it is left however the process ends.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, overload

from folkmoot._chat.log import EMPTY_DIGEST, Entry, Log, chain

__all__ = ["SpooledLog"]

BLOCK = 512
"""Entries that are written together. In memory are this many at least, and at most twice as many."""


class _Block(NamedTuple):
    place: int
    length: int
    digest: str
    """The running digest before its first entry."""


class SpooledLog(Log):
    """See the module. Threads may read and extend it at once; `bytes` counts what is in memory."""

    def __init__(self, base: int = 0, digest: str = EMPTY_DIGEST) -> None:
        super().__init__(base, digest)
        self.bytes: int = 0
        self._blocks: list[_Block] = []
        self._file: int | None = None
        self.spooled_bytes = 0
        """Stored forms in the file, before compression."""
        self._written = 0
        self._spooled = digest
        """The running digest after the last entry in the file."""
        self._read: tuple[int, list[Entry]] = (-1, [])
        """The block that was read last: who reads an old entry mostly wants its neighbours."""
        self._lock = threading.RLock()

    @property
    def head(self) -> int:
        """See `Log.head`."""
        with self._lock:
            return self._hot + len(self._entries)

    @property
    def _hot(self) -> int:
        """The offset from which on entries are in memory."""
        return self.base + BLOCK * len(self._blocks)

    def at(self, offset: int) -> Entry:
        """See `Log.at`."""
        with self._lock:
            if self.base <= offset < self._hot:
                return self._entry(offset)
            index = offset - self._hot
            if 0 <= index < len(self._entries):
                return self._entries[index]
        if offset in self.pinned:
            return self.pinned[offset]
        raise KeyError(offset)

    def digest_at(self, offset: int) -> str | None:
        """See `Log.digest_at`."""
        with self._lock:
            if offset == self.base:
                return self.base_digest
            return self.at(offset - 1).digest if self.base < offset <= self.head else None

    def after(self, offset: int, until: int | None = None) -> list[Entry]:
        """See `Log.after`; for long stretches use `each`."""
        return list(self.each(offset, until))

    def each(self, offset: int, until: int | None = None) -> Iterator[Entry]:
        """The entries that `after` gives, a block in memory at a time."""
        place, head = max(offset, self.base), self.head
        end = head if until is None else min(until, head)
        while place < end:
            with self._lock:
                hot = self._hot
                some = self._entries[place - hot : end - hot] if place >= hot else self._rest_of_block(place, end)
            yield from some
            place += len(some)

    def _rest_of_block(self, place: int, end: int) -> list[Entry]:
        start = (place - self.base) % BLOCK
        return self._block((place - self.base) // BLOCK)[start : start + end - place]

    def _entry(self, offset: int) -> Entry:
        number, index = divmod(offset - self.base, BLOCK)
        return self._block(number)[index]

    def _block(self, number: int) -> list[Entry]:
        if self._read[0] != number:
            assert self._file is not None
            block = self._blocks[number]
            lines = zlib.decompress(os.pread(self._file, block.length, block.place)).split(b"\n")
            digest, first, found = block.digest, self.base + number * BLOCK, list[Entry]()
            for index, line in enumerate(lines):
                digest = chain(digest, line)
                found.append(Entry(first + index, json.loads(line), line, digest))
            self._read = number, found
        return self._read[1]

    def _take(self, entry: Entry) -> None:
        with self._lock:
            super()._take(entry)
            if len(self._entries) >= 2 * BLOCK:
                # Without room on the disk they stay in memory.
                with suppress(OSError):
                    self._spool()

    def _spool(self) -> None:
        oldest = self._entries[:BLOCK]
        data = zlib.compress(b"\n".join(entry.encoded for entry in oldest), 3)
        if self._file is None:
            descriptor, name = tempfile.mkstemp(prefix="folkmoot-log-")
            os.unlink(name)
            self._file = descriptor
            weakref.finalize(self, os.close, descriptor)
        written = 0
        while written < len(data):
            written += os.pwrite(self._file, data[written:], self._written + written)
        self._blocks.append(_Block(self._written, len(data), self._spooled))
        self._spooled = oldest[-1].digest
        self._written += len(data)
        del self._entries[:BLOCK]
        size = sum(len(entry.encoded) + 1 for entry in oldest)
        self.bytes -= size
        self.spooled_bytes += size

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self.at(self.base + place)

    def __len__(self) -> int:
        return self.head - self.base

    def __iter__(self) -> Iterator[Entry]:
        return self.each(self.base)
