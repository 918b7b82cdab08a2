"""The newest of many old messages: as many as a limit of tokens lets through, exchanges with tools whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .cast import Part

__all__ = ["Count", "first_kept"]

Count = Callable[[Mapping[str, Any]], int]
"""Tokens of one message or event, of whose fields `content` is always there; always 1 counts messages instead."""


def first_kept(parts: Sequence[Part], max_tokens: int, count: Count) -> tuple[int, bool]:
    """From where on the messages are kept, and whether the first one, a task, is kept besides.

    Raises:
        ValueError: Not even the last message, with the calls it answers, goes into `max_tokens`.
    """
    sizes = [count(part.old.countable) for part in parts]
    units = _units(parts)
    left, first = max_tokens, len(parts)
    # The task is what all the rest is about: it is left out only where it takes the place of the last message.
    task = sizes[0] if parts[0].is_task and parts[0].old.kind == "message" and len(units) > 1 else 0
    if task + sum(sizes[units[-1] :]) <= max_tokens:
        left -= task
    else:
        task = 0
    for start in reversed(units):
        size = sum(sizes[start:first])
        if start == 0 and task:
            size -= task
        if size > left:
            break
        left, first = left - size, start
    if first == len(parts):
        raise ValueError(
            f"max_tokens is {max_tokens}, but the last message alone, with what belongs to it, has "
            f"{sum(sizes[units[-1] :])} tokens."
        )
    return first, bool(task) and first > 0


def _units(parts: Sequence[Part]) -> list[int]:
    """Where a list may be cut: before each message or exchange; calls, results and the answer made of them are one."""
    starts: list[int] = []
    results = [result for part in parts if part.old.kind == "results" for result in part.old.message["content"]]
    answered = {str(result["call_id"]) for result in results}
    open_calls: set[str] = set()
    speaker: object = None
    for place, part in enumerate(parts):
        old = part.old
        if old.kind == "results":
            open_calls -= {str(result["call_id"]) for result in old.message["content"]}
            joined = bool(starts)
        else:
            # Events are on the way to what their speaker says next.
            joined = bool(open_calls) or (speaker is not None and speaker == (part.seat and part.seat.path))
        if not joined:
            starts.append(place)
        if old.kind == "calls":
            open_calls |= answered.intersection(str(call["id"]) for call in old.message["content"])
        if old.kind in ("calls", "event"):
            speaker = part.seat and part.seat.path
        elif old.kind == "message":
            speaker = None
    return starts
