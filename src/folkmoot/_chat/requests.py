"""What people are asked: frozen when asked, with everything they need to know, and what becomes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .calls import Call
from .deadlines import approvers, deadline, quorum
from .log import Entry, Log, derive_id
from .plan import Seat
from .state import ChatState, Request

if TYPE_CHECKING:
    from .engine import Chat

__all__ = [
    "CHANGES",
    "VERDICTS",
    "ask",
    "ask_outcome",
    "hash_of",
    "open_request",
    "request_id",
    "shown",
    "subject_of",
    "verdict_text",
]

VERDICTS: Mapping[str, tuple[str, ...]] = {
    "approval": ("approve", "reject", "edit", "answer"),
    "turn": ("approve", "reject", "answer"),
    "code": ("approve", "reject", "edit", "answer"),
    "outcome": ("succeeded", "failed", "retry"),
    "budget": ("approve", "reject"),
}
"""What can be said to each kind of request that is decided; `input` and `speaker` are answered."""
CHANGES = {"edit": "may_edit", "answer": "may_answer"}
"""Verdicts that change what is to be decided, and the option that allows them."""
_KEPT = ("approvers", "exclude_requester", "reminders", "remind_every", "require_signed_decisions")
"""Of the policy by which a call was approved: who says what became of it."""
Fields = Mapping[str, Any]


def request_id(chat: Chat, *parts: object) -> str:
    """The id of what is asked in a step: the same on every replay, another one after a rollback or in a fork."""
    return derive_id(chat.uuid, "-".join(("request", *map(str, parts))))


def hash_of(kind: str, name: str, content: str) -> str:
    """What a vote binds to: 32 hex digits over what is to be decided."""
    return hashlib.sha256("\0".join((kind, name, content)).encode()).hexdigest()[:32]


def ask(
    chat: Chat,
    seat: Seat | None,
    time: str,
    kind: str,
    request: str,
    prompt: str,
    *,
    arguments: str = "",
    **fields: Any,
) -> Entry:
    """Ask people, with everything they need to know frozen in the entry.

    Args:
        chat: The chat.
        seat: Who asks; None: the chat itself.
        time: ISO 8601, UTC.
        kind: See `Request.kind`.
        request: Its id.
        prompt: The question.
        arguments: JSON text of what is to be decided.
        fields: `policy`, `call`, `index`, `name`, `key`, `schema` (of the arguments), `secrets` (their names).
    """
    told = {name: value for name, value in fields.items() if value not in (None, "", {}, ())}
    if kind in VERDICTS:
        told["hash"] = hash_of(kind, fields.get("name", ""), arguments)
    if arguments:
        told["arguments"] = arguments
    place = {} if seat is None else chat.place(seat)
    return chat.append(
        time, "request", **place, **{"for": kind}, request=request, prompt=prompt, run=chat.state.run, **told
    )


def verdict_text(data: Mapping[str, Any]) -> str:
    """What a decision comes to for whoever asked: an answer as it is, else who said no, and why."""
    if "content" in data:
        return data["content"]
    if data["verdict"] == "failed":
        return data.get("reason") or "The call failed."
    if data.get("timeout"):
        return "Rejected: nobody decided in time."
    return f"Rejected by {data['reason'] if 'reason' in data else ', '.join(data['by'])}"


def open_request(state: ChatState, seat: Seat, kind: str, call: int, index: int = 0) -> Request | None:
    """What is asked of people for a step of a seat's, if it is still open."""
    for request in state.requests.values():
        if (request.path, request.kind, request.call, request.index) == (seat.path, kind, call, index):
            return request
    return None


def subject_of(log: Log, request: Request) -> dict[str, Any]:
    """What is to be decided, as it stands now: `arguments` (JSON text) or `content`."""
    found: dict[str, Any] = {}
    for offset in (request.offset, request.revised):
        if offset is not None:
            data = log.at(offset).data
            if "content" in data:
                found = {"content": data["content"]}
            elif "arguments" in data:
                found = {"arguments": data["arguments"]}
    return found


def shown(chat: Chat, name: str, request: Request) -> dict[str, Any]:
    """A request as the query `pending` tells it."""
    asked = chat.log.at(request.offset).data
    decided = request.kind in VERDICTS
    told: dict[str, Any] = {
        "request": name,
        **request.model_dump(exclude={"policy", "votes", "revised"}, exclude_defaults=True),
        "approvers": approvers(request),
        "deadline": deadline(request),
        "reason": request.policy.get("reason") or "",
        **subject_of(chat.log, request),
    }
    if decided:
        votes = [vote.model_dump() for vote in request.votes]
        known = [item for item in VERDICTS[request.kind] if request.policy.get(CHANGES.get(item, ""), True)]
        told |= {"quorum": quorum(request), "votes": votes, "verdicts": known}
    if secrets := asked.get("secrets"):
        told["secrets"] = secrets
    return told


def ask_outcome(chat: Chat, seat: Seat, call: Call, why: str, time: str) -> None:
    """Ask people what became of a call that must not be made twice."""
    what = f"the call of {call.name!r}" if call.kind == "tool" else f"the {call.kind} of {call.path!r}"
    asked = chat.log.at(call.need).data
    options = call.policy or {}
    policy = cast(Fields, options.get("approval") or {})
    kept = {name: policy[name] for name in _KEPT if name in policy}
    arguments = asked["message"]["content"][call.index]["arguments"] if call.kind == "tool" else ""
    if call.let:
        # What people changed it to is what it was called with.
        arguments = chat.log.at(call.let).data.get("arguments", arguments)
    ask(
        chat,
        seat,
        time,
        "outcome",
        request_id(chat, call.key, chat.log.head),
        f"The outcome of {what} is unknown: {why} Did it succeed, did it fail, or is it to be run again?",
        arguments=arguments,
        policy=kept,
        call=call.need,
        index=call.index,
        name=call.name,
        key=call.key,
        secrets=options.get("secrets"),
    )
