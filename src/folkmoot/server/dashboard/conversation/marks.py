"""What happens in a chat besides what is said: runs, commands, waits, failures, each as a line of the transcript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from folkmoot._chat.people import person_of

__all__ = ["Mark", "Tone", "mark_of"]

Tone = Literal["plain", "good", "warn", "bad"]


class Mark(NamedTuple):
    """A line.

    Attributes:
        text: What happened.
        tone: How it is meant.
        detail: More of it, such as an error's message.
    """

    text: str
    tone: Tone = "plain"
    detail: str = ""


def mark_of(kind: str, data: Mapping[str, Any]) -> Mark | None:
    """The line for an entry; None: it is not worth one."""
    make = _MARKS.get(kind)
    return None if make is None else make(data)


def _by(data: Mapping[str, Any]) -> str:
    person = person_of(data.get("by"))
    return "" if person is None else f" by {person.subject}"


def _error(data: Mapping[str, Any]) -> str:
    error: Mapping[str, Any] = data.get("error") or {}
    agent = error.get("agent")
    return f"{f'{agent}: ' if agent else ''}{error.get('type', 'error')}: {error.get('message', '')}"


def _run_ended(data: Mapping[str, Any]) -> Mark:
    run, status = data["run"], data["status"]
    if status == "failed":
        return Mark(f"Run {run} failed", "bad", _error(data))
    if status == "cancelled":
        return Mark(f"Run {run} was cancelled", "warn")
    return Mark(f"Run {run} ended", "good", data.get("stop_reason") or "")


def _scope_ended(data: Mapping[str, Any]) -> Mark | None:
    return Mark(f"{data['scope']} failed", "bad", _error(data)) if data.get("error") else None


def _rolled_back(data: Mapping[str, Any]) -> Mark:
    crossed = len(data.get("crossed", ()))
    detail = f"{crossed} tool calls with side effects were crossed" if crossed else ""
    return Mark(f"Rolled back to offset {data['to']}{_by(data)}", "warn", detail)


def _loaded(data: Mapping[str, Any]) -> Mark:
    origin: Mapping[str, Any] = data.get("origin") or {}
    if origin:
        detail = "What was said there is part of this chat's state, and not of its log."
        return Mark(f"Begun from chat {origin.get('chat')} at offset {origin.get('offset')}{_by(data)}", detail=detail)
    return Mark(f"The team was changed{_by(data)}" if "spec" in data else f"A state was loaded{_by(data)}", "warn")


def _said(data: Mapping[str, Any]) -> Mark | None:
    when = {"queue": "as the next task", "turn": "after this turn", "now": "at once"}[data["when"]]
    return Mark(f"A message{_by(data)} is to be heard {when}")


def _compensated(data: Mapping[str, Any]) -> Mark:
    failed = bool(data.get("is_error"))
    content = data.get("content")
    text = f"{data['name']} {'could not undo' if failed else 'undid'} the call at offset {data['offset']}"
    return Mark(text, "bad" if failed else "good", content if isinstance(content, str) else "")


def _labelled(data: Mapping[str, Any]) -> Mark:
    if "offset" in data:
        return Mark(f"Offset {data['offset']} is called “{data['label']}”{_by(data)}")
    return Mark(f"The label “{data['label']}” was taken away{_by(data)}")


def _budget(data: Mapping[str, Any]) -> Mark:
    whose = data["path"] or "the chat"
    return Mark(f"The budget of {whose} is nearly used: {data['limit']} {data['used']:g} of {data['max']:g}", "warn")


def _summarized(data: Mapping[str, Any]) -> Mark:
    content = data.get("content")
    return Mark(f"Summed up by {data['method']}", detail=content if isinstance(content, str) else "")


def _told(data: Mapping[str, Any]) -> Mark:
    asked: Mapping[str, str] = {
        "answered": "A question was answered",
        "decided": f"A request was decided: {data.get('verdict')}",
        "vote": f"A vote on a request: {data.get('verdict')}",
        "reminded": "People were reminded of a request",
        "escalated": "A request was escalated",
        "expired": "A request's deadline is over",
    }
    return Mark(f"{asked[data['kind']]}{_by(data) if data['kind'] in ('answered', 'vote') else ''}")


_MARKS: Mapping[str, Callable[[Mapping[str, Any]], Mark | None]] = {
    "opened": lambda data: Mark(f"The chat was opened with team {data['team']}"),
    "run_started": lambda data: Mark(f"Run {data['run']} began{_by(data)}"),
    "run_ended": _run_ended,
    "scope_ended": _scope_ended,
    "said": _said,
    "interrupted": lambda _: Mark("The turn under way was broken off for it", "warn"),
    "pause": lambda data: Mark(f"A pause was asked for{_by(data)}", "warn"),
    "paused": lambda _: Mark("Paused: nothing is in flight", "warn"),
    "resumed": lambda data: Mark(f"Resumed{_by(data)}", "good"),
    "stop": lambda data: Mark(f"A stop was asked for{_by(data)}", "warn"),
    "reset": lambda data: Mark(f"Reset{_by(data)}: what came before is forgotten", "warn"),
    "closed": lambda data: Mark(f"The chat was closed{_by(data)}", "warn"),
    "rolled_back": _rolled_back,
    "compensated": _compensated,
    "loaded": _loaded,
    "summarized": _summarized,
    "labelled": _labelled,
    "late": lambda data: Mark(f"A result of {data.get('agent') or 'a call'} came too late and counts for nothing"),
    "noted": lambda data: Mark(f"{data['verb']}: {data['note']}"),
    "refused": lambda data: Mark(f"Refused: {data.get('verb') or 'a command'}", "warn", _error(data)),
    "waiting": lambda data: Mark(f"{data.get('path') or 'The chat'} waits for {data['for']}", "warn"),
    "budget_warned": _budget,
    "undelivered": lambda data: Mark(f"{data['sink']} could not be told of offset {data['offset']}", "bad"),
    "summary": lambda data: Mark(f"{data['count']} earlier messages were condensed into a summary"),
    **dict.fromkeys(("answered", "vote", "decided", "reminded", "escalated", "expired"), _told),
}
