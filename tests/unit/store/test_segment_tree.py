"""References to sealed parts: bounded in number, complete, and read without reading the rest."""

from __future__ import annotations

import hashlib

import pytest

from folkmoot._temporal.payloads import Segment
from folkmoot._temporal.segments import FAN_OUT, indexed, leaf_at, leaves, overfull


class Blobs:
    """A store of one chat that counts what is read."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.read = 0

    async def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.held[name] = data
        return name

    async def get(self, name: str) -> bytes:
        self.read += 1
        return self.held[name]


def part(number: int) -> Segment:
    return Segment(first=number * 10, last=number * 10 + 9, digest=f"{number:016}", sha256=f"{number:064}", size=1)


async def grown(count: int, blobs: Blobs) -> list[Segment]:
    """As a chat does it: one at a time, indexed only where one level is full."""
    found: list[Segment] = []
    for number in range(count):
        new = [*found, part(number)]
        found = await indexed(new, blobs.put) if overfull(found) else new
    return found


@pytest.mark.parametrize("count", [0, 1, 4, 5, 16, 17, 20, 21, 84, 85, 272, 1_000, 5_000])
async def test_every_part_is_there_once_and_in_order(count: int) -> None:
    blobs = Blobs()
    found = await grown(count, blobs)
    assert [segment async for segment in leaves(found, blobs.get)] == [part(number) for number in range(count)]
    levels = [segment.level for segment in found]
    assert levels == sorted(levels, reverse=True)
    assert all(levels.count(level) <= FAN_OUT for level in levels)


async def test_one_offset_costs_an_index_a_level() -> None:
    blobs = Blobs()
    found = await grown(5_000, blobs)
    for offset in (0, 12_345, 49_999):
        blobs.read = 0
        segment = await leaf_at(found, blobs.get, offset)
        assert segment.first <= offset <= segment.last
        # 4^6 < 5,000 < 4^7.
        assert blobs.read <= 7
    with pytest.raises(KeyError, match="50000"):
        await leaf_at(found, blobs.get, 50_000)


async def test_a_stretch_is_found_from_its_first_to_its_last() -> None:
    blobs = Blobs()
    found = await grown(300, blobs)
    some = [segment.first async for segment in leaves(found, blobs.get, 1_005, 1_031)]
    assert some == [1_000, 1_010, 1_020, 1_030]


async def test_done_twice_it_is_the_same() -> None:
    blobs = Blobs()
    parts = [part(number) for number in range(40)]
    once = await indexed(parts, blobs.put)
    assert await indexed(parts, blobs.put) == once
    assert await indexed(once, blobs.put) == once
    # Four stay as they are, 36 are in nine, and eight of these in two.
    assert len(blobs.held) == 11
