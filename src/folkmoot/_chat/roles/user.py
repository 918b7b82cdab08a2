"""A person as a participant: the turn is a request that waits for an answer, for months if need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import AgentFailure, Call
from folkmoot._chat.log import Entry, Log, derive_id
from folkmoot._chat.plan import Seat
from folkmoot._chat.requests import ask
from folkmoot._chat.state import ChatState, Turn, call_key
from folkmoot.agents import UserProxyAgent

from .base import Role

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["User"]


class User(Role):
    """AutoGen's UserProxyAgent; the request is durable, and holds no memory while it waits.

    Phases: `begin`, then `answer` waits for the command of that name, or, with an `input_func`, for that function.
    """

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        turn.phase = "begin"
        notes = state.scopes[seat.node.path].notes.setdefault(seat.name, {})
        # What it heard last says whom an answer goes back to; a broken off turn heard it already.
        turn.notes = {**(again or {}), "last": notes.pop("last", None) or (again or {}).get("last")}

    def keep(self, turn: Turn) -> dict[str, Any]:
        return {"last": turn.notes["last"]}

    def suspend(self, turn: Turn) -> dict[str, Any]:
        asked = turn.phase != "begin" or turn.notes.get("asked", False)
        return {**self.keep(turn), **({"asked": True} if asked else {})}

    def hear(self, notes: dict[str, Any], message: Mapping[str, Any]) -> None:
        handoff = message["type"] == "HandoffMessage"
        notes["last"] = {"source": message["source"], "target": message["target"] if handoff else None}

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        if entry.kind == "step":
            turn.phase, turn.need = "function", entry.offset
        elif entry.kind == "request":
            turn.phase, turn.need, turn.notes["request"] = "answer", entry.offset, entry.data["request"]
        elif entry.data.get("role") == "answer":
            state.requests.pop(turn.notes.get("request", ""), None)
            fold.done(state, log, seat, entry)

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        if turn.phase != "begin":
            return False
        handoff = _handoff(seat, turn)
        request = derive_id(chat.uuid, f"request-{turn.need}-{seat.path}")
        prompt = f"Handoff received from {handoff}. Enter your response: " if handoff else "Enter your response: "
        event = {"type": "UserInputRequestedEvent", "source": seat.source, "request_id": request, "content": ""}
        role = "again" if turn.notes.get("asked") else "shown"
        chat.say(seat, time, "event", event, role=role, call=turn.need, part="-ask")
        if isinstance(seat.agent, UserProxyAgent) and seat.agent.input_func is not None:
            chat.append(time, "step", **chat.place(seat), step="ask", prompt=prompt)
        else:
            policy = seat.agent.policy if isinstance(seat.agent, UserProxyAgent) else {}
            ask(chat, seat, time, "input", request, prompt, policy=policy)
        return True

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        if turn.phase != "function":
            return ()
        return [Call(call_key("input", turn.need, seat.path), "input", seat.path, turn.need, turn.need + 1)]

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        self.answer(chat, seat, turn, result["content"], time)

    def answer(self, chat: Chat, seat: Seat, turn: Turn, text: str, time: str) -> None:
        """The person's words: a text, or a handoff back to whoever handed over (AutoGen)."""
        handoff = _handoff(seat, turn)
        message: dict[str, Any] = {"type": "TextMessage", "source": seat.source, "content": text}
        if handoff:
            message |= {"type": "HandoffMessage", "target": handoff, "context": []}
        chat.say(seat, time, "message", message, role="answer", call=turn.need)


def _handoff(seat: Seat, turn: Turn) -> str | None:
    """Who handed over to this person, if the last message was a handoff.

    Raises:
        AgentFailure: It was one to somebody else.
    """
    last = turn.notes["last"]
    if last is None or last["target"] is None:
        return None
    if last["target"] != seat.source:
        text = f"Handoff message target does not match agent name: {last['source']}"
        raise AgentFailure("RuntimeError", f"Failed to get user input: {text}")
    return last["source"]
