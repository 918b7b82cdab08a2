"""What there is to know of a request: what is asked, who may decide it and when that changes, what was said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from folkmoot._chat.deadlines import after
from folkmoot._chat.people import person_of
from folkmoot.chat import ChatEvent, PendingRequest
from folkmoot.server.dashboard.conversation.transcript import Item, Transcript
from folkmoot.server.handles import RequestChat

__all__ = ["Sight", "Step", "find", "see"]

BEFORE = 60
"""Entries before a request of which the excerpt is made."""
SINCE = 400
"""Entries after it that are looked through for what became of it."""
SAID = 4
"""Blocks of the transcript that are shown."""
_NOTHING: Mapping[str, Any] = {}
_TOLD = ("message", "event", "turn", "tool", "said", "request")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an escalation chain.

    Attributes:
        due: When it is taken, ISO 8601 in UTC.
        people: Who may decide from then on.
        alone: Instead of those before.
        quorum: How many must approve from then on; None: as many as before.
        taken: It was.
    """

    due: str
    people: tuple[str, ...]
    alone: bool
    quorum: int | None
    taken: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """A request and what is around it.

    Attributes:
        request: As it stands now.
        chain: Its escalation, in order.
        policy: Its policy, as the log has it.
        asker: Who asked for the run; empty: nobody in particular, or it is not known.
        said: The last that was said before.
        head: The last offset that was read.
    """

    request: PendingRequest
    chain: tuple[Step, ...]
    policy: Mapping[str, Any]
    asker: str
    said: tuple[Item, ...]
    head: int


async def find(chat: RequestChat, request: str) -> PendingRequest | None:
    """What is asked under an id; None: it is not open."""
    return next((item for item in await chat.pending() if item.request == request), None)


async def see(chat: RequestChat, request: PendingRequest) -> Sight:
    """All there is to know of an open request."""
    first = max(-1, request.offset - 1 - BEFORE)
    events, _ = await chat.page(first, BEFORE + SINCE)
    asked: Mapping[str, Any] = next((event.data for event in events if event.offset == request.offset), _NOTHING)
    policy: Mapping[str, Any] = asked.get("policy") or {}
    later = [
        event for event in events if event.offset > request.offset and event.data.get("request") == request.request
    ]
    taken = sum(event.kind == "escalated" for event in later)
    chain = tuple(
        _step(request.since, step, number < taken) for number, step in enumerate(policy.get("escalation", ()))
    )
    begun = [event.data for event in events if event.kind == "run_started" and event.offset < request.offset]
    person = person_of(begun[-1].get("by")) if begun else None
    head = max((event.offset for event in events), default=request.offset)
    # A call is shown as one that waits for people, not as one under way; a question is not shown twice.
    last = request.offset if request.kind in ("approval", "outcome") else request.offset - 1
    said = _excerpt([event for event in events if event.offset <= last])
    return Sight(request, chain, policy, "" if person is None else person.subject, said, head)


def _step(since: str, step: Mapping[str, Any], taken: bool) -> Step:
    return Step(
        after(since, step["after"]), tuple(step["approvers"]), bool(step.get("replace")), step.get("quorum"), taken
    )


def _excerpt(events: Sequence[ChatEvent]) -> tuple[Item, ...]:
    made = Transcript()
    for event in events:
        if event.kind in _TOLD:
            made.add(event)
    return tuple([item for item in made.items if item.kind != "mark" and item.parts][-SAID:])
