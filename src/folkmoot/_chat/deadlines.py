"""Time in requests to people: when reminders, escalations and deadlines are due. Times come in as ISO 8601, UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .state import Request

__all__ = ["Step", "approvers", "deadline", "next_step", "quorum"]


class Step(NamedTuple):
    """What is due next.

    Attributes:
        time: When.
        kind: `reminded`, `escalated` or `expired`.
        number: Which reminder or step of the chain, from 1.
    """

    time: str
    kind: str
    number: int = 1


def next_step(request: Request, now: str = "") -> Step | None:
    """What is due next for a request, None if nothing will be.

    Args:
        request: The request.
        now: Of several reminders that are due by then, only the last is meant.
    """
    # Of what is due in one instant, who is to decide comes first, and the deadline last.
    order = {"escalated": 0, "reminded": 1, "expired": 2}
    found = sorted(_steps(request, now), key=lambda step: (step.time, order[step.kind]))
    return found[0] if found else None


def _steps(request: Request, now: str) -> Iterator[Step]:
    policy = request.policy
    chain = policy.get("escalation", ())
    if request.escalated < len(chain):
        yield Step(after(request.since, chain[request.escalated]["after"]), "escalated", request.escalated + 1)
    if not request.expired and (end := deadline(request)) is not None:
        yield Step(end, "expired")
    number = max(request.reminded + 1, _reminders_until(policy, request.since, now) if now else 0)
    if (time := _reminder(policy, request.since, number)) is not None:
        yield Step(time, "reminded", number)


def _reminders_until(policy: Mapping[str, Any], since: str, now: str) -> int:
    """How many reminders are due by then: computed, as there may be millions of them after a long downtime."""
    times, every = policy.get("reminders", ()), policy.get("remind_every")
    listed = sum(after(since, time) <= now for time in times)
    if every is None or listed < len(times):
        return listed
    passed = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    # One too many, as times are rounded to milliseconds.
    number = len(times) + max(0, int((passed - (times[-1] if times else 0)) / every) + 1)
    while number > len(times) and after(since, _seconds(times, every, number)) > now:
        number -= 1
    return number


def _reminder(policy: Mapping[str, Any], since: str, number: int) -> str | None:
    times = policy.get("reminders", ())
    if number <= len(times):
        return after(since, times[number - 1])
    every = policy.get("remind_every")
    if every is None:
        return None
    return after(since, _seconds(times, every, number))


def _seconds(times: Sequence[float], every: float, number: int) -> float:
    return (times[-1] if times else 0) + every * (number - len(times))


def deadline(request: Request) -> str | None:
    """When it is too late for a request, None if never."""
    seconds = request.policy.get("deadline")
    return None if seconds is None else after(request.since, seconds)


def after(time: str, seconds: float) -> str:
    """A time so many seconds later."""
    later = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def approvers(request: Request) -> list[str]:
    """Who may decide now, steps of the chain that were taken included; empty: everybody."""
    people: list[str] = list(request.policy.get("approvers", ()))
    everybody = not people
    for step in request.policy.get("escalation", ())[: request.escalated]:
        if step.get("replace"):
            people, everybody = list(step["approvers"]), False
        elif not everybody:
            people += [name for name in step["approvers"] if name not in people]
    return people


def quorum(request: Request) -> int:
    """How many must approve now."""
    needed: int = request.policy.get("quorum", 1)
    for step in request.policy.get("escalation", ())[: request.escalated]:
        needed = step.get("quorum") or needed
    return needed
