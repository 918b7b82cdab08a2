"""What a turn costs in history, early and late in a chat, with replies of 400 characters.

Six events and at most 1,500 bytes for two agents in turn; for every other kind of team, the same later as at first.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from benchmarks.casts import KINDS, Kind
from benchmarks.teams import rehearsal, span, windows
from folkmoot import FolderStore, HistoryLimits
from tests.integration.conftest import SiteFactory

TURNS = 40
NEVER = HistoryLimits(events=100_000, bytes=100_000_000, resting_events=100_000)


async def test_events_and_bytes_of_a_turn_are_constant(sites: SiteFactory) -> None:
    site = await sites([{"text": "x" * 400, "repeat": True}])
    chat = await site.open(site.team("writer", "critic", max_turns=TURNS), limits=NEVER)
    await chat.run(task="go")
    events = list((await site.handle(chat).fetch_history()).events)
    starts = [
        place for place, event in enumerate(events) if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    assert len(starts) == TURNS
    upserts = [e for e in events if e.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES]
    assert len(upserts) <= 2 + 1 + TURNS // 20, "status changes, and every 20 turns"

    for start, end in pairwise(starts):
        turn = [
            event
            for event in events[start:end]
            if event.event_type != EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
        ]
        assert [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in turn] == [
            "ACTIVITY_TASK_SCHEDULED",
            "ACTIVITY_TASK_STARTED",
            "ACTIVITY_TASK_COMPLETED",
            "WORKFLOW_TASK_SCHEDULED",
            "WORKFLOW_TASK_STARTED",
            "WORKFLOW_TASK_COMPLETED",
        ]
        assert sum(event.ByteSize() for event in turn) <= 1_500


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_turns_of_every_team_cost_the_same_later_as_at_first(
    server_address: str, tmp_path: Path, kind: Kind
) -> None:
    spans = [span(25, kind.cycle(2)), span(40, kind.cycle(2))]
    async with rehearsal(server_address, FolderStore(tmp_path)) as stage:
        early, late = windows(await stage.history(kind, 2, spans[-1][1]), spans)

    assert late.activities == early.activities
    for window in (early, late):
        # A person's turn has no activity, but a signal, and search attributes and the memo for inboxes twice. At most
        # three times they are written because of the turns or the time that have passed.
        asked = max(0, window.turns - window.activities)
        assert window.events <= 6 * max(window.activities, window.turns) + 2 * asked + 3
    # Numbers grow by a digit; a copy of one earlier message each turn would be a quarter more.
    assert late.content == pytest.approx(early.content, rel=0.02)
