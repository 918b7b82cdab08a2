"""How the entries of requests to people change the state: asked, voted on, due, answered, decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .log import Entry, Log
from .requests import hash_of
from .roles import role_of
from .spending import fold_decided
from .state import ChatState, Request, Vote

if TYPE_CHECKING:
    from .fold import Fold

__all__ = ["decided", "due", "request", "settled", "vote"]

_KEPT = ("call", "index", "name", "key", "hash", "policy")


def request(fold: Fold, state: ChatState, log: Log, entry: Entry) -> None:
    """People are asked something."""
    data = entry.data
    seat = None if data.get("manager") else fold.plan.seat_of(data)
    state.requests[data["request"]] = Request(
        kind=data["for"],
        path=data.get("path", data.get("scope", "")) if seat is None else seat.path,
        prompt=data["prompt"],
        since=entry.time,
        offset=entry.offset,
        **{name: data[name] for name in _KEPT if name in data},
    )
    state.parent = entry.offset
    if seat is None or (turn := fold.turn_of(state, seat)) is None:
        return
    if data["for"] == "turn":
        turn.gate = "asked"
    elif data["for"] == "outcome":
        turn.unknown = [*(index for index in turn.unknown if index != data["index"]), data["index"]]
    role_of(seat).fold(fold, state, log, seat, turn, entry)


def vote(state: ChatState, entry: Entry) -> None:
    """Somebody has voted; one who changed what is asked votes for that."""
    data = entry.data
    asked = state.requests.get(data["request"])
    if asked is None:
        return
    if "revision" in data:
        # What was said before was said about something else.
        asked.revision, asked.revised, asked.votes = data["revision"], entry.offset, []
        # An answer is no arguments, even if it reads like them.
        kind = asked.kind if "arguments" in data else f"{asked.kind}-answer"
        asked.hash = hash_of(kind, asked.name, data["arguments"] if "arguments" in data else data["content"])
    cast = Vote(subject=data["by"]["subject"], verdict=data["verdict"], offset=entry.offset)
    asked.votes = [*asked.votes, cast]


def due(state: ChatState, entry: Entry) -> None:
    """Time has passed over a request."""
    asked = state.requests.get(entry.data["request"])
    if asked is None:
        return
    match entry.kind:
        case "reminded":
            asked.reminded = entry.data["number"]
        case "escalated":
            asked.escalated = entry.data["step"]
        case _:
            asked.expired = True


def settled(state: ChatState, entry: Entry) -> None:
    """Nobody is asked any more."""
    state.requests.pop(entry.data["request"], None)


def decided(fold: Fold, state: ChatState, log: Log, entry: Entry) -> None:
    """A request was decided."""
    data = entry.data
    settled(state, entry)
    if data["for"] == "budget":
        fold_decided(fold.plan, state, data)
        return
    seat = fold.plan.seats.get(data["path"])
    if seat is None or (turn := fold.turn_of(state, seat)) is None:
        return
    if data["for"] == "turn" and data["verdict"] == "approve":
        turn.gate = "open"
    elif data["for"] == "outcome":
        turn.unknown = [index for index in turn.unknown if index != data["index"]]
    else:
        role_of(seat).fold(fold, state, log, seat, turn, entry)
