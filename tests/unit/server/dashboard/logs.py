"""Stretches of a log, written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from folkmoot.chat import ChatEvent
from folkmoot.messages import from_log

__all__ = ["CALLS", "log"]


def log(*entries: dict[str, Any], first: int = 0) -> list[ChatEvent]:
    """Entries at consecutive offsets, a second apart unless they say `time` (seconds)."""
    return list(_events(entries, first))


def _events(entries: Iterable[dict[str, Any]], first: int) -> Iterable[ChatEvent]:
    for offset, given in enumerate(entries, first):
        data = dict(given)
        seconds = data.pop("time", offset)
        time = f"2026-11-21T10:{seconds // 60:02d}:{seconds % 60:02d}.000Z"
        full = data.pop("full", None) or data.get("message")
        message = None if full is None else from_log({"id": f"m{offset}", "created_at": time, "metadata": {}, **full})
        yield ChatEvent(offset, data["kind"], time, {**data, "time": time}, message)


def _call(number: int) -> dict[str, str]:
    return {"id": f"c{number}", "name": "book", "arguments": f'{{"seat": "4{"AB"[number]}"}}'}


_REQUEST = {
    "type": "ToolCallRequestEvent",
    "source": "writer",
    "content": [_call(0), _call(1)],
    "models_usage": {"prompt_tokens": 10, "completion_tokens": 5},
}
_RESULTS = [
    {"call_id": "c0", "name": "book", "content": "4A is booked", "is_error": False},
    {"call_id": "c1", "name": "book", "content": "no such seat", "is_error": True},
]
CALLS: tuple[dict[str, Any], ...] = (
    {"kind": "opened", "team": "notes", "uuid": "u"},
    {"kind": "run_started", "run": 1, "tasks": 1},
    {
        "kind": "message",
        "run": 1,
        "role": "task",
        "message": {"type": "TextMessage", "source": "user", "content": "go"},
    },
    {"kind": "turn", "run": 1, "turn": 1, "speakers": ["writer"]},
    {"kind": "event", "run": 1, "turn": 1, "call": 3, "message": _REQUEST},
    {"kind": "tool", "agent": "writer", "turn": 1, "call": 4, "index": 0, "name": "book", "content": "4A is booked"},
    {
        "kind": "tool",
        "agent": "writer",
        "turn": 1,
        "call": 4,
        "index": 1,
        "name": "book",
        "content": {"$blob": "0" * 64, "size": 70_000},
        "is_error": True,
    },
    {
        "kind": "event",
        "run": 1,
        "turn": 1,
        "call": 4,
        "results": [5, 6],
        "message": {"type": "ToolCallExecutionEvent", "source": "writer"},
        "full": {"type": "ToolCallExecutionEvent", "source": "writer", "content": _RESULTS},
    },
    {
        "kind": "message",
        "run": 1,
        "turn": 1,
        "role": "answer",
        "call": 7,
        "message": {
            "type": "TextMessage",
            "source": "writer",
            "content": "One of two.",
            "models_usage": {"prompt_tokens": 20, "completion_tokens": 3},
        },
    },
    {"kind": "run_ended", "run": 1, "status": "stopped", "stop_reason": "Maximum number of turns 1 reached."},
)
"""A run of one turn, in which one of two calls of a tool fails; the outcome of that one lies in the store."""
