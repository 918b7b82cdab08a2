"""Continue-as-new inside batches, inner runs, tool runs and plans: nobody notices, no model is asked anything else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot import HistoryLimits
from tests._support.repertoire import PIECES
from tests._support.studio import Studio, Take, answered, studio
from tests._support.waiting import eventually

CARRIED = HistoryLimits(events=20, resting_events=20, resting_age=0)
"""The log goes along in the workflow's input, whenever that is cheaper than what was added."""
SEALED = HistoryLimits(events=12, resting_events=12, resting_age=0, seal_bytes=0)
"""At every step with nothing in flight, all of the log goes into the store."""


MODES = {"sealed": (True, SEALED), "carried": (True, CARRIED), "without a store": (False, SEALED)}
"""Whether there is a store, and when a chat continues."""

modes = pytest.mark.parametrize("mode", MODES)


async def _same_log(plain: Take, take: Take) -> None:
    """Offsets, turns, tokens and who used what are those of the chat that never continued."""
    events = [event async for event in take.chat.events(follow=False)]
    assert [event.offset for event in events] == list(range(len(events)))
    one, other = await plain.chat.status(), await take.chat.status()
    assert (one.turn, one.run) == (other.turn, other.run)
    assert (one.tokens, await plain.chat.usage()) == (other.tokens, await take.chat.usage())
    assert len(await plain.chat.snapshots()) == len(await take.chat.snapshots())


@modes
async def test_every_team_is_the_one_that_does_not_continue(server_address: str, tmp_path: Path, mode: str) -> None:
    """Each continues at least once, in the middle of its one run."""
    store, limits = MODES[mode]
    async with studio(server_address, tmp_path, store=store) as place:
        await asyncio.gather(*(_compare(place, piece, limits) for piece in PIECES))


async def _compare(place: Studio, piece: str, limits: HistoryLimits) -> None:
    take = await place.take(piece, "again", limits=limits)
    run = take.begin()
    if piece == "person":
        await answered(take)
    await place.same(take, (await run).messages)
    plain, _ = await place.plain(piece)
    await _same_log(plain, take)
    assert (await take.chat.status()).continued > 0


PLACES = [
    ("selector", ["selector:3"]),
    ("swarm", ["bob:1"]),
    ("graph", ["right:1"]),
    ("graph", ["left:2", "right:2"]),
    ("nested", ["emil:2"]),
    ("society", ["emil:2"]),
    ("society", ["summary:1"]),
    ("tools", ["emil:1"]),
    ("tools", ["helper:1", "dora:1"]),
    ("magentic", ["leader:2"]),
    ("magentic", ["leader:6"]),
    ("magentic", ["leader:8"]),
    ("custom", ["critic:2"]),
    ("code", ["runner:2"]),
]


async def test_in_the_middle_of_a_turn(server_address: str, tmp_path: Path) -> None:
    """While it is paused, all of the log is sealed, with a batch half done, an inner run or a plan under way."""
    async with studio(server_address, tmp_path) as place:
        await asyncio.gather(*(_interrupted(place, piece, held, SEALED) for piece, held in PLACES))


async def _interrupted(place: Studio, piece: str, held: list[str], limits: HistoryLimits) -> None:
    take = await place.take(piece, "_".join(held).replace(":", ""), *held, limits=limits)
    run = take.begin()
    await take.asked(*held)
    await eventually(lambda: _others_done(take, held), what="whatever else was asked for is in the log")
    await take.chat.pause(now=True)
    await take.until("paused")
    before = (await take.chat.status()).continued
    while (await take.chat.status()).continued == before:
        await take.chat.pause()  # It is noted, and so the history grows.
    take.release(*held)
    await take.chat.resume()
    await place.same(take, (await run).messages, twice=held)


async def _others_done(take: Take, held: list[str]) -> bool:
    usage = await take.chat.usage()
    return sum(used["model_calls"] for used in usage.values()) == len(take.counts) - len(held)
