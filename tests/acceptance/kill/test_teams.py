"""kill -9 in the middle of a turn of every team: it ends as an undisturbed one, and no finished call is made again."""

from __future__ import annotations

from tests.acceptance.kill.company import Company


async def test_killed_during_a_selection_and_during_a_turn(troupe: Company) -> None:
    """A selector is asked first, asked again, or has answered; a swarm's first speaker hands over, or its second."""
    worker = await troupe.worker()
    await troupe.perform("selector", "first", "selector:1")
    await troupe.perform("selector", "again", "selector:3")
    await troupe.perform("selector", "turn", "alice:1")
    await troupe.perform("swarm", "away", "alice:1")
    await troupe.perform("swarm", "back", "bob:1")
    await troupe.perform("swarm", "last", "alice:2")
    await troupe.strike(worker)
    await troupe.check()
