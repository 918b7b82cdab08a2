"""The references to a log's sealed parts, in a tree, so that what a chat carries of them is bounded.

Where there are more than `FAN_OUT` references of a level, the oldest become the content of an index blob, and one
reference of the next level stands for them. So a chat of a million segments carries some 40 references, and who wants
one offset fetches one index a level.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from .payloads import Segment

__all__ = ["FAN_OUT", "indexed", "leaf_at", "leaf_of_turn", "leaves", "overfull"]

FAN_OUT = 4

Get = Callable[[str], Awaitable[bytes]]
"""Fetches a blob of the chat from the store."""
Put = Callable[[bytes], Awaitable[str]]
"""Puts one there."""


def overfull(segments: Sequence[Segment]) -> bool:
    """Whether one more reference would be one too many of its level."""
    return sum(segment.level == 0 for segment in segments) >= FAN_OUT


async def indexed(segments: Sequence[Segment], put: Put) -> list[Segment]:
    """The same sealed parts by at most `FAN_OUT` references of each level. Done twice, it is the same.

    Args:
        segments: In the order of the log, so that levels never rise.
        put: Keeps the indexes.
    """
    bounded = list(segments)
    level = 0
    while some := [segment for segment in bounded if segment.level == level]:
        place = bounded.index(some[0])
        while len(some) > FAN_OUT:
            oldest, some = some[:FAN_OUT], some[FAN_OUT:]
            bounded[place : place + FAN_OUT] = [await _index(oldest, put)]
            place += 1
        level += 1
    return bounded


async def _index(segments: Sequence[Segment], put: Put) -> Segment:
    content = {"format": 1, "segments": [segment.model_dump(exclude_defaults=True) for segment in segments]}
    data = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)
    first, last = segments[0], segments[-1]
    return Segment(
        first=first.first,
        last=last.last,
        digest=last.digest,
        sha256=await put(data),
        size=len(data),
        turn=last.turn,
        level=last.level + 1,
    )


async def leaves(
    segments: Sequence[Segment], get: Get, first: int = 0, until: int | None = None
) -> AsyncIterator[Segment]:
    """The sealed parts that hold entries from offset `first` on, before `until`; indexes are fetched as they come."""
    for segment in segments:
        if segment.last < first or (until is not None and segment.first >= until):
            continue
        if segment.level == 0:
            yield segment
            continue
        inner = json.loads(zlib.decompress(await get(segment.sha256)))["segments"]
        async for found in leaves([Segment.model_validate(item) for item in inner], get, first, until):
            yield found


async def leaf_of_turn(segments: Sequence[Segment], get: Get, turn: int) -> Segment | None:
    """The sealed part in which a turn ended, if it is sealed: turns are counted over the whole chat."""
    for segment in segments:
        if segment.turn < turn:
            continue
        if segment.level == 0:
            return segment
        inner = json.loads(zlib.decompress(await get(segment.sha256)))["segments"]
        return await leaf_of_turn([Segment.model_validate(item) for item in inner], get, turn)
    return None


async def leaf_at(segments: Sequence[Segment], get: Get, offset: int) -> Segment:
    """The sealed part that holds an offset.

    Raises:
        KeyError: None does.
    """
    async for segment in leaves(segments, get, offset, offset + 1):
        return segment
    raise KeyError(offset)
