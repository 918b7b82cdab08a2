"""How requests are called on pages, and how what they are about is shown: exactly, with nothing hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from folkmoot._client.visible import visible
from folkmoot.chat import PendingRequest

__all__ = [
    "EVERYBODY",
    "KINDS",
    "asker_words",
    "audience_words",
    "code_in",
    "due_words",
    "exact",
    "past",
    "plain_json",
    "subject_of",
    "title_of",
    "visible",
]

KINDS: Mapping[str, str] = {
    "approval": "Tool call",
    "turn": "Turn",
    "code": "Code",
    "outcome": "Unknown outcome",
    "budget": "Budget",
    "input": "Question",
    "speaker": "Next speaker",
}
"""What is asked, by kind."""
_TITLES: Mapping[str, str] = {
    "approval": "Approve {name}?",
    "turn": "Let {path} speak?",
    "code": "Run the code of {path}?",
    "outcome": "What became of {name}?",
    "budget": "Extend a budget?",
    "input": "{path} is asked",
    "speaker": "Who speaks next?",
}
_PAST: Mapping[str, str] = {
    "approve": "approved",
    "reject": "rejected",
    "edit": "approved with other arguments",
    "answer": "answered in its place",
    "succeeded": "it succeeded",
    "failed": "it failed",
    "retry": "it is called again",
}
EVERYBODY = "anyone with the role 'approver'"
"""Who may decide what names nobody."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def title_of(kind: str, name: str, path: str) -> str:
    """A request as a question."""
    return _TITLES.get(kind, "{name}").format(name=name or "a call", path=path or "the chat")


def subject_of(kind: str, name: str, path: str) -> str:
    """What a request is about, in a word or two."""
    return name or f"{KINDS.get(kind, kind)}{f' of {path}' if path else ''}"


def past(verdict: str) -> str:
    """What somebody decided."""
    return _PAST.get(verdict, verdict)


def exact(request: PendingRequest) -> str:
    """What is to be decided, as it is but for secrets; empty: there is nothing to show."""
    if request.content is not None:
        return visible(request.content)
    given = request.arguments
    if given is None:
        return ""
    return visible(given) if isinstance(given, str) else plain_json(given)


def plain_json(value: object) -> str:
    """JSON to be read and edited: what would not be seen in it is escaped as JSON does that."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def code_in(request: PendingRequest) -> list[str]:
    """The blocks of code that are to be approved, to be read as they are written; none for other requests."""
    given: object = request.arguments
    if request.kind != "code" or not isinstance(given, dict):
        return []
    blocks = cast(dict[str, list[dict[str, str]]], given)["code_blocks"]
    return [visible(f"# {block['language']}\n{block['code']}") for block in blocks]


def due_words(due: str | None, now: datetime | None = None) -> str:
    """How long there is until a deadline, or since when it is over; empty: there is none."""
    if due is None:
        return ""
    seconds = (datetime.fromisoformat(due) - (now or datetime.now(UTC))).total_seconds()
    words = _length(abs(seconds))
    return f"in {words}" if seconds > 0 else f"overdue by {words}"


def _length(seconds: float) -> str:
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * size or (size == _MINUTE and seconds >= size):
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def asker_words(kind: str, path: str) -> str:
    """Whose turn a request is part of: who asks for it, or, with a question, who is asked."""
    return f"{path or 'the chat'} is asked" if kind == "input" else f"asked by {path or 'the chat'}"


def audience_words(people: tuple[str, ...] | list[str]) -> str:
    """Who may decide."""
    return ", ".join(people) or EVERYBODY
