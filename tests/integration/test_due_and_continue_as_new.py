"""A deadline that is over or settled leaves nothing behind that a chat which continues as new could trip over."""

from __future__ import annotations

import asyncio

from folkmoot import Deadlines, HistoryLimits, RoundRobinGroupChat, UserProxyAgent
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory


async def test_a_deadline_that_was_taken_away(sites: SiteFactory) -> None:
    site = await sites([])
    team = RoundRobinGroupChat([UserProxyAgent("ann", deadlines=Deadlines(deadline=600))], max_turns=1)
    limits = HistoryLimits(events=20, resting_events=20, resting_age=0)
    chat = await site.open(team, limits=limits)
    for number in range(6):
        run = asyncio.create_task(chat.run(task=f"go {number}"))
        (request,) = await eventually(chat.pending, what="ann is asked")
        await chat.answer(request.request, "yes")
        await run
    assert (await chat.status()).continued > 1
