"""kill -9 of a worker around continue-as-new: nothing is lost between two runs of the workflow, or done twice."""

from __future__ import annotations

import pytest

from folkmoot.testing import fetch_histories, kill_at
from tests.acceptance.kill.theatre import FREQUENT, Theatre


@pytest.mark.parametrize("place", ["seal.before", "seal.after", "continue.before", "continue.after"])
async def test_killed_around_continue_as_new(house: Theatre, place: str) -> None:
    """While a part of the log goes into the store, before the workflow continues, and in its next run's first task."""
    worker = await house.worker(kill_at(place, once=house.folder / "killed"))
    chat, run = await house.perform("chat", limits=FREQUENT)
    await worker.killed(run)
    await house.worker()
    assert (await run).stop_reason == "Text 'APPROVE' mentioned"
    await house.check(chat, "chat")
    offsets = [event.offset async for event in chat.events(follow=False)]
    assert offsets == list(range(len(offsets))), "offsets go on over the runs"
    assert len(await fetch_histories(house.moot.client, chat.id)) >= 2
