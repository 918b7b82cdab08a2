"""The chat's log: entries with consecutive offsets, never rewritten, under a running digest.

An entry is a JSON object with at least `kind` and `time`. Its stored form is canonical JSON, so a digest over the
stored forms names a log up to an offset: two processes that agree on (offset, digest) hold the same log.

A log branches: an entry that rolls the chat back, or loads a state, says after which entry the conversation goes on.
What lies between stays in the log and belongs to other branches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, overload

__all__ = ["EMPTY_DIGEST", "NOTHING", "Entry", "Log", "chain", "derive_id", "encode", "stretches"]

EMPTY_DIGEST = "0" * 16
"""The digest of a log without entries."""

NOTHING = -1
"""After this offset goes on what begins anew."""

Data = Mapping[str, Any]

_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(data: Data) -> bytes:
    """The stored form of an entry: compact JSON in insertion order, UTF-8.

    Lone surrogates (a model may send them) are replaced, so that the bytes are always valid UTF-8.
    """
    return _encoder.encode(data).encode("utf-8", "replace")


def chain(digest: str, encoded: bytes) -> str:
    """The running digest after one more entry: 16 hex digits."""
    return hashlib.blake2b(encoded, digest_size=8, key=digest.encode()).hexdigest()


def derive_id(uuid: str, key: str) -> str:
    """A message id in UUID form, the same whenever the same step of the same chat is computed again.

    Derived instead of drawn: a retried activity gives the message the same id, and no bytes of history hold it.
    """
    digits = hashlib.blake2b(key.encode(), digest_size=16, key=uuid.encode()[:64]).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log.

    Attributes:
        offset: Its place, counted from 0 over the chat's whole life.
        data: The JSON object, `kind` and `time` (ISO 8601, UTC) included. Never changed.
        encoded: The stored form of `data`.
        digest: The running digest up to and with this entry.
    """

    offset: int
    data: Data
    encoded: bytes
    digest: str

    @property
    def kind(self) -> str:
        """What happened: `message`, `event`, `turn`, `run_started`, ..."""
        return self.data["kind"]

    @property
    def time(self) -> str:
        """When it entered the log, ISO 8601 in UTC."""
        return self.data["time"]

    @property
    def goes_on_after(self) -> int | None:
        """The offset after which the conversation goes on with this entry; None: after the one before, as usual."""
        match self.data["kind"]:
            case "rolled_back":
                return self.data["to"]
            case "loaded":
                return NOTHING
            case _:
                return None


def stretches(jumps: Sequence[tuple[int, int]], until: int) -> list[tuple[int, int]]:
    """The stretches of a log that make up the conversation whose last entry is the one before `until`.

    Args:
        jumps: In order, entries that go on after an earlier one, with that one's offset.
        until: Where the conversation ends.

    Returns:
        Pairs of offsets, first and after the last, oldest first.
    """
    found: list[tuple[int, int]] = []
    for offset, back in reversed(jumps):
        if offset < until:
            found.append((offset, until))
            until = back + 1
    return [*([(0, until)] if until > 0 else []), *reversed(found)]


class Log(Sequence[Entry]):
    """The part of a chat's log held in memory: everything from offset `base` on.

    What lies before `base` is sealed in the store. Indexing and slicing are by offset of the held part only through
    `at` and `after`; `len` and iteration see the held entries.
    """

    def __init__(self, base: int = 0, digest: str = EMPTY_DIGEST) -> None:
        self.base = base
        self.base_digest = digest
        self.bytes = 0
        self._entries: list[Entry] = []
        self._jumps: list[tuple[int, int]] = []
        self.pinned: dict[int, Entry] = {}
        """Earlier entries that later ones refer to: `at` finds them, nothing else does."""

    @classmethod
    def restore(
        cls, base: int, digest: str, encoded: Iterable[bytes], pinned: Mapping[int, bytes] = MappingProxyType({})
    ) -> Log:
        """A log from stored forms, in order from offset `base`, with earlier entries by offset."""
        log = cls(base, digest)
        log.pin(pinned)
        for item in encoded:
            log._add(json.loads(item), item)
        return log

    def pin(self, encoded: Mapping[int, bytes]) -> None:
        """Keep earlier entries at hand, by offset."""
        self.pinned.update((offset, Entry(offset, json.loads(item), item, "")) for offset, item in encoded.items())

    @property
    def head(self) -> int:
        """The offset the next entry will get."""
        return self.base + len(self._entries)

    @property
    def digest(self) -> str:
        """The running digest at `head`."""
        return self._entries[-1].digest if self._entries else self.base_digest

    def append(self, data: Data) -> Entry:
        """Add an entry.

        Args:
            data: The JSON object; it is kept as it is and must not be changed afterwards.

        Raises:
            ValueError: If `data` is not JSON (NaN and infinities are not).
        """
        text = _encoder.encode(data)
        try:
            return self._add(data, text.encode())
        except UnicodeEncodeError:
            # What is held must be what a reader of the stored form gets, or the two fold to different states.
            encoded = encode(data)
            return self._add(json.loads(encoded), encoded)

    def _add(self, data: Data, encoded: bytes) -> Entry:
        entry = Entry(self.head, data, encoded, chain(self.digest, encoded))
        self._take(entry)
        return entry

    def extend(self, entry: Entry) -> None:
        """Add an entry of another log of the same chat; it must be the next one."""
        if entry.offset != self.head:
            raise ValueError(f"entry {entry.offset} does not follow {self.head - 1}")
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.bytes += len(entry.encoded) + 1
        if (back := entry.goes_on_after) is not None:
            self._jumps.append((entry.offset, back))

    def at(self, offset: int) -> Entry:
        """The entry at an offset.

        Raises:
            KeyError: If the offset is sealed or not yet written.
        """
        index = offset - self.base
        if index < 0 and offset in self.pinned:
            return self.pinned[offset]
        if index < 0 or index >= len(self._entries):
            raise KeyError(offset)
        return self._entries[index]

    def digest_at(self, offset: int) -> str | None:
        """The running digest over all entries before `offset`, or None if it is not known here."""
        if offset == self.base:
            return self.base_digest
        index = offset - self.base - 1
        return self._entries[index].digest if 0 <= index < len(self._entries) else None

    def after(self, offset: int, until: int | None = None) -> list[Entry]:
        """The held entries from `offset` on, up to but without `until`."""
        start = max(0, offset - self.base)
        return self._entries[start : None if until is None else max(0, until - self.base)]

    def each(self, offset: int, until: int | None = None) -> Iterator[Entry]:
        """The entries that `after` gives, one by one: there may be more of them than fit in memory."""
        yield from self.after(offset, until)

    def turns_back(self, start: int, until: int) -> bool:
        """Whether an entry from `start` on, up to but without `until`, goes on after an earlier one."""
        return any(start <= offset < until for offset, _ in self._jumps)

    @property
    def leaves_base(self) -> bool:
        """Whether held branches part before `base`: only who has the whole log can compare them."""
        return any(back + 1 < self.base for _, back in self._jumps)

    def branch(self, until: int, *, tree: bool = False) -> list[tuple[int, int]]:
        """The stretches of the log that make up the conversation whose last entry is the one before `until`.

        Args:
            until: Where the conversation ends.
            tree: Look behind a change of the team, too, with which everything is said anew in the new one's state.

        Returns:
            Pairs of offsets, first and after the last, oldest first; what lies before `base` is taken for one stretch.
        """
        jumps = [jump for jump in self._jumps if not (tree and self._continues(jump[0]))]
        return stretches(jumps, until)

    def _continues(self, offset: int) -> bool:
        data = self.at(offset).data
        return data["kind"] == "loaded" and "spec" in data

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries[index]
