"""What is wrong with calls in flight, and what causes have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from folkmoot.server.dashboard.survey import KINDS, Trouble, cause_of, grouped, troubles_of_calls

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def told(described: DescribeWorkflowExecutionResponse) -> list[tuple[str, str]]:
    return [(item.kind, item.detail) for item in troubles_of_calls("c", "t", described, NOW)]


def test_a_chat_that_gets_on_is_no_trouble() -> None:
    described = DescribeWorkflowExecutionResponse()
    described.pending_workflow_task.attempt = 1
    described.pending_workflow_task.scheduled_time.FromDatetime(NOW - timedelta(seconds=5))
    call = described.pending_activities.add(state=PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, attempt=1)
    call.activity_type.name = "folkmoot.model"
    call.last_started_time.FromDatetime(NOW - timedelta(minutes=9))
    assert told(described) == []


def test_a_call_that_fails_tells_the_innermost_cause() -> None:
    described = DescribeWorkflowExecutionResponse()
    call = described.pending_activities.add(attempt=4)
    call.activity_type.name = "folkmoot.model"
    call.last_failure.message = "Activity task failed"
    call.last_failure.cause.message = "503: overloaded"
    call.last_failure.cause.application_failure_info.type = "ModelCallError"
    assert told(described) == [("call", "model: ModelCallError: 503: overloaded (attempt 4)")]


def test_workflow_tasks_that_fail_or_that_nobody_takes() -> None:
    described = DescribeWorkflowExecutionResponse()
    described.pending_workflow_task.attempt = 3
    described.pending_workflow_task.scheduled_time.FromDatetime(NOW)
    assert told(described) == [("task", "Its workflow task fails: attempt 3.")]
    described.pending_workflow_task.attempt = 1
    described.pending_workflow_task.scheduled_time.FromDatetime(NOW - timedelta(seconds=61))
    assert told(described) == [("task", "No worker takes its workflow task.")]


def test_calls_that_do_not_come_back() -> None:
    described = DescribeWorkflowExecutionResponse()
    slow = described.pending_activities.add(state=PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, attempt=1)
    slow.activity_type.name = "folkmoot.tool"
    slow.last_started_time.FromDatetime(NOW - timedelta(minutes=11))
    left = described.pending_activities.add(state=PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, attempt=1)
    left.activity_type.name = "folkmoot.code"
    left.scheduled_time.FromDatetime(NOW - timedelta(seconds=61))
    found = troubles_of_calls("c", "t", described, NOW)
    assert [(item.kind, item.detail, item.since) for item in found] == [
        ("slow", "A call (tool) is under way.", NOW - timedelta(minutes=11)),
        ("worker", "No worker takes its call (code).", NOW - timedelta(seconds=61)),
    ]


@pytest.mark.parametrize(
    ("detail", "cause"),
    [
        ("model: X: deployment 4711 of 12.5 (attempt 3)", "model: X: deployment … of …"),
        ("run 0f8fad5b-d9cb-469f-a165-70867728950e ended\nand more", "run … ended"),
        ("refuse: answered with status 404: no 7", "refuse: answered with status 404: no …"),
        ("model: HTTP 503 of 12", "model: HTTP 503 of …"),
        ("a" * 200, "a" * 159 + "…"),
    ],
)
def test_a_cause_is_without_what_varies(detail: str, cause: str) -> None:
    assert cause_of(Trouble("c", "t", "run", detail)) == cause


def test_the_most_frequent_cause_comes_first() -> None:
    troubles = [Trouble(f"c{n}", "t", kind, f"{kind} {n}") for n, kind in enumerate(["due", "call", "call", "run"])]
    assert [(kind, cause, len(items)) for kind, cause, items in grouped(troubles)] == [
        ("call", "call …", 2),
        ("run", "run …", 1),
        ("due", "due …", 1),
    ]
    assert {item.kind for item in troubles} < set(KINDS)
