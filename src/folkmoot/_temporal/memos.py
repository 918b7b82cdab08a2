"""What a chat's memos tell without a worker: who it is of, and what people are asked."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.deadlines import approvers, deadline
from folkmoot._chat.people import audience
from folkmoot._chat.plan import streams
from folkmoot._chat.specs import Team
from folkmoot._chat.state import ChatState
from folkmoot._spec import spec_digest

from .payloads import size_of

__all__ = ["asked_of", "memo_of"]

MOST = 1000
"""Bytes: a memo is part of every list."""


def memo_of(team: Team) -> dict[str, Any]:
    """Spec digest, name and kind of the team, and whether anybody in it shows words while saying them."""
    return {"spec": spec_digest(team), "team": team.name, "type": team.type, "stream": streams(team)}


def asked_of(state: ChatState) -> dict[str, Any]:
    """What people are asked: `requests`, oldest first, and how many `more` there are. Nothing of what was said."""
    found: list[dict[str, Any]] = []
    size = 40
    for name, request in state.requests.items():
        end = deadline(request)
        item: dict[str, Any] = {"request": name, "kind": request.kind, "path": request.path, "since": request.since}
        item |= {"name": request.name} if request.name else {}
        item |= {"due": end} if end is not None else {}
        item |= {"overdue": True} if request.expired else {}
        who = audience(approvers(request))
        item["who"] = who[:5]
        if not found and size + size_of(item) > MOST:
            # The oldest is always told; of names that long none is.
            item["who"] = []
        if len(who) > len(item["who"]):
            item["cut"] = True
        size += size_of(item) + 1
        if found and size > MOST:
            break
        found.append(item)
    more = len(state.requests) - len(found)
    return {"requests": found, **({"more": more} if more else {})}
