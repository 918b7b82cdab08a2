"""Tool calls that changed the world and are crossed by a rollback: whoever goes back is told of them."""

from __future__ import annotations

from typing import Any

from .log import Entry, Log
from .plan import Plan

__all__ = ["MOST", "crossed"]

MOST = 200
"""So many calls are named, the latest; a reply has to stay small."""


def crossed(plan: Plan, log: Log, to: int, until: int) -> list[dict[str, Any]]:
    """The calls of tools with side effects that the present branch has and the one that ends at `to` has not.

    Args:
        plan: The chat's spec, laid out.
        log: Its log; sealed parts are looked at only if it holds them.
        to: Offset of the snapshot gone back to.
        until: The head.

    Returns:
        Oldest first, at most `MOST`: `offset` of the outcome, `agent` (path), `name`, `arguments`, `is_error`, and
        `compensate` if the tool names one that undoes it.
    """
    kept = log.branch(to + 1, tree=True)
    found: list[dict[str, Any]] = []
    for first, end in log.branch(until, tree=True):
        for entry in log.after(first, end):
            if entry.kind == "tool" and not any(start <= entry.offset < stop for start, stop in kept):
                call = _effects(plan, log, entry)
                found += [] if call is None else [call]
    return found[-MOST:]


def _effects(plan: Plan, log: Log, entry: Entry) -> dict[str, Any] | None:
    """What is told of a call, if its tool has side effects."""
    data = entry.data
    request = log.at(data["call"]).data
    options = request.get("policies", {}).get(str(data["index"]), {})
    if not options.get("side_effects"):
        return None
    seat = plan.seat_of(data)
    call = request["message"]["content"][data["index"]]
    told = {
        "offset": entry.offset,
        "agent": data["agent"] if seat is None else seat.path,
        "name": data["name"],
        "arguments": call["arguments"],
        "is_error": bool(data.get("is_error")),
    }
    return {**told, "compensate": options["compensate"]} if options.get("compensate") else told
