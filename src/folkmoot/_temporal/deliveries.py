"""Notices on their way to sinks: what is tried now, what waits, and what its end was. For workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import RetryPolicy

from . import names
from .calls import HEARTBEAT

__all__ = ["Deliveries", "Delivery", "NoticesInput", "NotifyInput", "Undelivered"]

ATTEMPT = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=10)
IN_FLIGHT = 20
"""Notices that are tried at once. Each sink has an equal part of it: a dead one must not block another."""
MAX_TEXT = 300
"""Characters of what an attempt met that are kept."""


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore")


class NotifyInput(_Payload):
    """Input of the activity that delivers a notice: a reference to the log, never a copy of it."""

    n: int
    """Offset of the entry it is about."""
    at: int
    """The log before this offset holds the entry, or has it sealed."""
    d: str
    """Running digest at `at`."""
    sink: str
    tenant: str = ""
    id: str = ""
    """The chat, and the run of its workflow that has the log; empty: those that started the activity."""
    run_id: str = ""


class NoticesInput(_Payload):
    """Input of the workflow `GroupChatNotices`: what notices a chat has left when it is closed."""

    id: str
    run_id: str
    at: int
    d: str
    tenant: str = ""
    notices: list[list[Any]]
    """As in `ChatInput`."""


class Delivery(NamedTuple):
    """A notice for a sink.

    Attributes:
        offset: Of the entry it is about.
        sink: Whose it is.
        until: When it is given up, ISO 8601 in UTC.
    """

    offset: int
    sink: str
    until: str


class Undelivered(NamedTuple):
    """A notice that was given up.

    Attributes:
        delivery: Which.
        error: Why: `type` and `message`.
    """

    delivery: Delivery
    error: dict[str, str]

    def dump(self) -> dict[str, Any]:
        """As it is told: `offset`, `sink`, `error`."""
        return {"offset": self.delivery.offset, "sink": self.delivery.sink, "error": self.error}


Handle = workflow.ActivityHandle[None]


class Deliveries:
    """What one workflow has to deliver.

    Args:
        waiting: As `rest` of an earlier run gave it.
    """

    def __init__(self, waiting: Iterable[Sequence[Any]]) -> None:
        self.waiting: list[Delivery] = [Delivery(*item) for item in waiting]
        self._sent: list[tuple[Delivery, Handle]] = []

    def __bool__(self) -> bool:
        return bool(self._sent or self.waiting)

    @property
    def any_done(self) -> bool:
        """Whether an activity has come back since the last look."""
        return any(handle.done() for _, handle in self._sent)

    def all_done(self) -> bool:
        """Whether every activity has."""
        return all(handle.done() for _, handle in self._sent)

    def take(self) -> list[Undelivered]:
        """Forget what was delivered since the last look; gives what was not and is not tried any more."""
        done, self._sent = _parted(self._sent)
        ended = ((delivery, _failure(handle)) for delivery, handle in done)
        return [Undelivered(delivery, error) for delivery, error in ended if error is not None]

    def start(self, reference: Callable[[Delivery], NotifyInput], sinks: int = 1) -> list[Undelivered]:
        """Start what can be; gives that for which it is too late.

        Args:
            reference: The activity's input.
            sinks: How many sinks may be told of something, those that nothing waits for included.
        """
        late: list[Undelivered] = []
        if not self.waiting:
            return late
        under_way = dict.fromkeys([*(item.sink for item, _ in self._sent), *(item.sink for item in self.waiting)], 0)
        for item, _ in self._sent:
            under_way[item.sink] += 1
        share = max(1, IN_FLIGHT // max(sinks, len(under_way)))
        waiting = self.waiting.copy()
        self.waiting.clear()
        for delivery in waiting:
            left = datetime.fromisoformat(delivery.until) - workflow.now()
            if left <= timedelta():
                late.append(Undelivered(delivery, {"type": "TimeoutError", "message": "It is too late for it."}))
            elif under_way[delivery.sink] < share:
                under_way[delivery.sink] += 1
                self._sent.append((delivery, _start(delivery, reference(delivery), left)))
            else:
                self.waiting.append(delivery)
        return late

    def rest(self) -> list[list[Any]]:
        """What is not delivered, for another run to go on with; what failed just now is tried once more there."""
        under_way = [item for item, handle in self._sent if not handle.done() or _failure(handle) is not None]
        return [list(item) for item in (*under_way, *self.waiting)]


def _parted(sent: list[tuple[Delivery, Handle]]) -> tuple[list[tuple[Delivery, Handle]], list[tuple[Delivery, Handle]]]:
    return [item for item in sent if item[1].done()], [item for item in sent if not item[1].done()]


def _start(delivery: Delivery, data: NotifyInput, left: timedelta) -> Handle:
    return workflow.start_activity(
        names.ACTIVITY_NOTIFY,
        data.model_dump(exclude_defaults=True),
        schedule_to_close_timeout=left,
        start_to_close_timeout=ATTEMPT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RetryPolicy(initial_interval=FIRST_PAUSE, maximum_interval=LONGEST_PAUSE),
        summary=f"tell {delivery.sink} of entry {delivery.offset}"[:200],
    )


def _failure(handle: Handle) -> dict[str, str] | None:
    """Why a notice was not delivered; None: it was."""
    if handle.cancelled():
        return {"type": "CancelledError", "message": "It was cancelled."}
    error = handle.exception()
    if error is None:
        return None
    # What the last attempt met lies innermost, under what the server says of it.
    while error.__cause__ is not None:
        error = error.__cause__
    kind: object = getattr(error, "type", None)
    text: object = getattr(error, "message", None)
    return {
        "type": kind if isinstance(kind, str) else type(error).__name__,
        "message": (text if isinstance(text, str) else str(error))[:MAX_TEXT],
    }
