"""kill -9 in each kind of an orchestrator's calls: facts, plan, ledger, the same anew after a stall, and the end."""

from __future__ import annotations

import pytest

from tests.acceptance.kill.company import Company
from tests.acceptance.kill.theatre import FREQUENT

CALLS = {"facts": 1, "plan": 2, "ledger": 3, "stall": 4, "anew": 5, "replan": 6, "satisfied": 8, "final": 9}
"""Takes, and which of the orchestrator's calls is under way in them."""


@pytest.mark.parametrize("sealed", [False, True])
async def test_killed_while_it_is_planned(troupe: Company, sealed: bool) -> None:
    """With a chat that stays in one run of the workflow, and with one that continues as new at every turn."""
    limits = {"limits": FREQUENT} if sealed else {}
    worker = await troupe.worker()
    for take, n in CALLS.items():
        await troupe.perform("magentic", take, f"leader:{n}", **limits)
    await troupe.perform("magentic", "turn", "bob:1", **limits)
    await troupe.strike(worker)
    await troupe.check()
