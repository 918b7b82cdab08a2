"""kill -9 while several speak or work at the same time: those who had finished are not asked again."""

from __future__ import annotations

import json

from tests.acceptance.kill.company import Company
from tests.acceptance.kill.theatre import entry


async def test_killed_during_a_batch(troupe: Company) -> None:
    """Both of a graph's batch are under way, one of them, also in the loop's second round; or who joins their words."""
    worker = await troupe.worker()
    await troupe.perform("graph", "both", "left:1", "right:1")
    half = await troupe.perform("graph", "half", "right:1")
    second = await troupe.perform("graph", "second", "left:2")
    await troupe.perform("graph", "join", "join:1")
    await entry(half.chat, "message", 3)  # the task, the plan, and what the left said
    await entry(second.chat, "message", 7)
    await troupe.strike(worker)
    await troupe.check()


async def test_killed_while_agents_and_teams_work_as_tools(troupe: Company) -> None:
    """Under way are an agent's and a team's runs; one of them, with the other's outcome in the log; what follows."""
    worker = await troupe.worker()
    await troupe.perform("tools", "both", "helper:1", "dora:1")
    one = await troupe.perform("tools", "crew", "emil:1")
    other = await troupe.perform("tools", "helper", "helper:1")
    await troupe.perform("tools", "after", "boss:2")
    await entry(one.chat, "tool", 2)  # the function's and the agent's outcome
    await entry(other.chat, "tool", 2)  # the function's and the team's
    await troupe.strike(worker)
    await troupe.check()
    for performance in troupe.performances:
        (booked,) = troupe.notes("tools", performance.take)
        assert json.loads(booked)["key"], "booked once"
