"""Tool calls that changed the world and are crossed by a rollback: whoever goes back is told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
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
        `compensate` if the tool names one that undoes it, and `undone` if that has been done, or is about to be.
    """
    found: deque[dict[str, Any]] = deque(maxlen=MOST)
    for first, end in _without(log.branch(until, tree=True), log.branch(to + 1, tree=True)):
        for entry in log.each(first, end):
            if entry.kind == "tool" and (call := _effects(plan, log, entry)) is not None and _may_be_made(log, entry):
                found.append(call)
    undone = _undone(log, [call["offset"] for call in found if "compensate" in call], until)
    return [{**call, "undone": True} if call["offset"] in undone else call for call in found]


def _undone(log: Log, calls: Sequence[int], until: int) -> dict[int, None]:
    """Which of these calls were undone, or are about to be: going on where they were made does not make them again."""
    found: dict[int, None] = {}
    for entry in log.each(min(calls, default=until), until):
        if entry.kind == "rolled_back":
            found.update((call["offset"], None) for call in entry.data.get("undo", ()))
        elif entry.kind == "compensated" and entry.data.get("is_error"):
            found.pop(entry.data["offset"], None)
    return found


def _without(ways: Iterable[tuple[int, int]], kept: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of some stretches lies in none of others; all are in order."""
    for first, end in ways:
        for start, stop in kept:
            if first < end and start < end and stop > first:
                if start > first:
                    yield first, start
                first = max(first, stop)
        if first < end:
            yield first, end


def _may_be_made(log: Log, outcome: Entry) -> bool:
    """Whether a call may have been made: one that people were asked about is, once they have let it be."""
    call, index, asked = outcome.data["call"], outcome.data["index"], False
    for entry in log.each(call + 1, outcome.offset):
        data = entry.data
        if (data.get("for"), data.get("call"), data.get("index")) != ("approval", call, index):
            continue
        if entry.kind == "request":
            asked = True
        elif entry.kind == "decided":
            asked = data["verdict"] != "approve"
    return not asked


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
    more = {name: options[name] for name in ("compensate", "secrets") if options.get(name)}
    return {**told, **more}
