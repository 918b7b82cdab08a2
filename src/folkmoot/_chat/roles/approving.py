"""Approvals of an assistant's tool calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import Call
from folkmoot._chat.masking import masked
from folkmoot._chat.plan import Seat
from folkmoot._chat.requests import ask, open_request, request_id
from folkmoot._chat.state import Turn

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat

__all__ = ["ask_approval", "ask_approvals", "asked_about", "note_of"]


def ask_approvals(chat: Chat, seat: Seat, turn: Turn, calls: Sequence[Mapping[str, Any]], time: str) -> bool:
    """Ask people for the calls that need it; each is answered on its own."""
    assert turn.request is not None
    wrote, data = False, chat.log.at(turn.request).data
    for index in range(len(calls)):
        given = data.get("approvals", {}).get(str(index))
        if given is None or index in turn.outcomes or index in turn.let or asked_about(chat, seat, turn, index):
            continue
        ask_approval(chat, seat, turn, index, given, time)
        wrote = True
    return wrote


def asked_about(chat: Chat, seat: Seat, turn: Turn, index: int) -> bool:
    """Whether people are being asked for a call."""
    assert turn.request is not None
    return open_request(chat.state, seat, "approval", turn.request, index) is not None


def ask_approval(chat: Chat, seat: Seat, turn: Turn, index: int, given: Mapping[str, Any], time: str) -> None:
    """Ask people for a call.

    Args:
        chat: The chat.
        seat: Whose call it is.
        turn: The seat's.
        index: Which of the turn's calls.
        given: What a worker found: `policy`, `schema` of the arguments if they may be changed, `secrets`.
        time: ISO 8601, UTC.
    """
    assert turn.request is not None
    call = chat.log.at(turn.request).data["message"]["content"][index]
    name = request_id(chat, turn.request, seat.path, index)
    prompt = f"{seat.source} wants to call {call['name']}."
    fields: dict[str, Any] = {"policy": given["policy"], "schema": given.get("schema"), "call": turn.request}
    fields |= {"index": index, "name": call["name"], "secrets": given.get("secrets")}
    ask(chat, seat, time, "approval", name, prompt, arguments=call["arguments"] or "{}", **fields)


def note_of(chat: Chat, call: Call) -> dict[str, Any]:
    """What the model is told besides the result, if people changed what it asked for."""
    changed = chat.log.at(call.let).data.get("arguments") if call.let else None
    if changed is None:
        return {}
    secrets = chat.log.at(call.let).data.get("secrets", ())
    return {"note": f"Before it was called, the arguments were changed to {masked(changed, secrets)}"}
