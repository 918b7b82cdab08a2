"""kill -9 inside teams in teams and societies of mind."""

from __future__ import annotations

from tests.acceptance.kill.company import Company
from tests.acceptance.kill.theatre import FREQUENT


async def test_killed_in_a_team_two_deep(troupe: Company) -> None:
    """In the innermost team's first run and in its second, and in the one around it."""
    worker = await troupe.worker()
    await troupe.perform("nested", "deep", "dora:1")
    await troupe.perform("nested", "deeper", "emil:2")
    await troupe.perform("nested", "middle", "carl:2")
    await troupe.perform("nested", "sealed", "dora:2", limits=FREQUENT)
    await troupe.strike(worker)
    await troupe.check()


async def test_killed_in_a_society_of_mind(troupe: Company) -> None:
    """While its team speaks, and in its summary; in its first turn and in its second."""
    worker = await troupe.worker()
    await troupe.perform("society", "team", "emil:1")
    await troupe.perform("society", "summary", "summary:1")
    await troupe.perform("society", "later", "summary:2")
    await troupe.perform("society", "sealed", "dora:2", limits=FREQUENT)
    await troupe.strike(worker)
    await troupe.check()
