"""What Temporal knows of a chat's calls and its log does not tell: attempts, why they failed, what is in flight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.exceptions import FailureError
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.payloads import HistoryLimits

__all__ = ["LIMITS", "Attempted", "Health", "Pending", "read_attempts", "read_health"]

LIMITS = HistoryLimits()
"""When a chat continues as new by itself, unless it was opened with others."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """A call that was made.

    Attributes:
        need: Offset of the entry it hangs on.
        path: Whose it is.
        index: Which of several.
        started: When the last attempt began, ISO 8601 in UTC.
        attempts: How many there were.
        failure: Why the one before the last failed.
    """

    need: int
    path: str
    index: int
    started: str
    attempts: int
    failure: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A call in flight.

    Attributes:
        kind: Which activity makes it, such as `folkmoot_model`.
        attempt: The number of the present attempt.
        state: In words.
        since: When it was wanted, ISO 8601 in UTC.
        next: When it is tried again; empty: it is being tried.
        failure: Why the last attempt failed; empty: none has.
        worker: Who works on it, or did last.
    """

    kind: str
    attempt: int
    state: str
    since: str
    next: str
    failure: str
    worker: str


@dataclass(frozen=True, slots=True)
class Health:
    """A chat's history as Temporal has it.

    Attributes:
        events: How many events it has.
        size: Of its history, in bytes.
        stuck: What keeps its workflow from getting on; empty: nothing.
        pending: Calls in flight.
    """

    events: int
    size: int
    stuck: str
    pending: tuple[Pending, ...]


async def read_health(client: Client, chat_id: str) -> Health | None:
    """How a chat's history stands; None: Temporal knows no such chat any more."""
    try:
        found = await client.get_workflow_handle(chat_id).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return None
    raw = found.raw_description
    info = raw.workflow_execution_info
    pending: list[Pending] = []
    for item in raw.pending_activities:
        state = PendingActivityState.Name(item.state).removeprefix("PENDING_ACTIVITY_STATE_")
        waits = state == "SCHEDULED" and item.attempt > 1
        pending.append(
            Pending(
                kind=item.activity_type.name,
                attempt=item.attempt,
                state="waits for its next attempt" if waits else _STATES.get(state, state.lower()),
                since=_iso(item.scheduled_time),
                next=_iso(item.scheduled_time) if waits else "",
                failure=await _told(client, item.last_failure) if item.HasField("last_failure") else "",
                worker=item.last_worker_identity,
            )
        )
    task = raw.pending_workflow_task
    stuck = f"its workflow task fails, attempt {task.attempt}" if task.attempt > 1 else ""
    return Health(
        events=info.history_length,
        size=info.history_size_bytes,
        stuck=stuck,
        pending=tuple(pending),
    )


_STATES = {"SCHEDULED": "waits for a worker", "STARTED": "under way", "CANCEL_REQUESTED": "is being cancelled"}


async def read_attempts(client: Client, chat_id: str) -> list[Attempted]:
    """The calls of the present run of a chat's workflow that took more than one attempt."""
    scheduled: dict[int, Any] = {}
    found: list[Attempted] = []
    async for event in client.get_workflow_handle(chat_id).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.input
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            attributes = event.activity_task_started_event_attributes
            if attributes.attempt < 2:
                continue
            given = scheduled.get(attributes.scheduled_event_id)
            decoded: list[Any] = [] if given is None else await client.data_converter.decode(given.payloads)
            if decoded and isinstance(decoded[0], dict):
                call = cast(Mapping[str, Any], decoded[0])
                failed = attributes.HasField("last_failure")
                failure = await _told(client, attributes.last_failure) if failed else ""
                place = (int(call.get("n", 0)), str(call.get("a", "")), int(call.get("i", 0)))
                found.append(Attempted(*place, _iso(event.event_time), attributes.attempt, failure))
    return found


async def _told(client: Client, failure: Failure) -> str:
    """What a failure says; its text may be encrypted."""
    error = await client.data_converter.decode_failure(failure)
    return error.message if isinstance(error, FailureError) else str(error)


def _iso(time: Timestamp) -> str:
    return datetime.fromtimestamp(time.seconds + time.nanos / 1e9, UTC).isoformat(timespec="milliseconds")
