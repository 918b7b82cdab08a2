"""Bodies of the business processes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .base import JsonObject, Told

__all__ = ["ProcessKind", "ProcessKinds", "ProcessStarted", "ProcessState", "ProcessStatus"]


class ProcessState(StrEnum):
    """Whether a process is under way."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"


class ProcessKind(Told):
    """A kind of process that can be started."""

    name: str
    description: str
    number: str
    """The field of the request that tells one process from others."""
    by: list[str]
    """Fields that say who asks. They are filled in."""
    request: JsonObject
    """The JSON schema of what it is started with."""
    signals: dict[str, JsonObject]
    """The JSON schemas of what its signals take."""


class ProcessKinds(Told):
    """All of them."""

    processes: list[ProcessKind]


class ProcessStarted(Told):
    """A process that was started, or that there was."""

    process: str
    number: str
    workflow_id: str
    """The id of its workflow."""
    created: bool
    """Whether it was not there before."""


class ProcessStatus(Told):
    """Where a process stands, and what came of it."""

    process: str
    number: str
    workflow_id: str
    tenant: str
    status: ProcessState
    started: datetime
    ended: datetime | None
    state: JsonObject | None
    """What it tells of itself while it runs; null: it has ended, or no worker is there to ask."""
    outcome: JsonObject | None
    """What it came to; null: nothing yet."""
    error: str | None
    """Why it failed."""
