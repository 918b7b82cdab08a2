"""What a turn costs in history: six events and, with replies of 400 characters, at most 1,500 bytes, early and late."""

from __future__ import annotations

from itertools import pairwise

from temporalio.api.enums.v1 import EventType

from folkmoot import HistoryLimits
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
