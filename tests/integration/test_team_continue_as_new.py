"""Continue-as-new inside batches, inner runs, tool runs and plans: nobody notices, no model is asked anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import HistoryLimits
from folkmoot.testing import fetch_histories, replay
from tests._support.repertoire import PIECES
from tests._support.studio import Take, answered, studio

CARRIED = HistoryLimits(events=20, resting_events=20, resting_age=0)
"""The log goes along in the workflow's input, whenever that is cheaper than what was added."""
SEALED = HistoryLimits(events=12, resting_events=12, resting_age=0, seal_bytes=0)
"""At every step with nothing in flight, all of the log goes into the store."""


async def _played(take: Take) -> None:
    run = take.begin()
    if take.piece.name == "person":
        await answered(take)
    await take.studio.same(take, (await run).messages)


@pytest.mark.parametrize("piece", PIECES)
async def test_the_team_is_the_one_that_does_not_continue(server_address: str, tmp_path: Path, piece: str) -> None:
    """Sealed and carried, over two runs: offsets, usage, snapshots and what every model was asked are the same.

    The worker keeps no workflow, so each of the histories is replayed from what was carried into it.
    """
    async with studio(server_address, tmp_path, max_cached_workflows=0) as place:
        plain, _ = await place.plain(piece)
        takes = {"sealed": SEALED, "carried": CARRIED}
        for name, limits in takes.items():
            take = await place.take(piece, name, limits=limits)
            await _played(take)
            await _same_log(plain, take)
        assert (await take.chat.status()).continued >= 0


async def _same_log(plain: Take, take: Take) -> None:
    events = [event async for event in take.chat.events(follow=False)]
    assert [event.offset for event in events] == list(range(len(events)))
    one, other = await plain.chat.status(), await take.chat.status()
    assert (one.head, one.turn, one.run) == (other.head, other.turn, other.run)
