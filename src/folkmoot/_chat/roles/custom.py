"""An agent of the user's own, AutoGen's included: its whole turn is one activity on a worker that has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import Call
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Seat
from folkmoot._chat.state import ChatState, Request, Turn, call_key
from folkmoot.agents import CustomAgent

from .base import Role, policy_of

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Custom"]


class Custom(Role):
    """Its messages come back in one result, with what changed of its state, which an entry of its own keeps."""

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        turn.phase = "agent"

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        if entry.data.get("role") == "answer":
            fold.done(state, log, seat, entry)

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        assert isinstance(seat.agent, CustomAgent)
        policy = policy_of(seat.agent.options)
        key = call_key("agent", turn.need, seat.path)
        return [Call(key, "agent", seat.path, turn.need, turn.need + 1, policy=policy)]

    def decided(self, chat: Chat, seat: Seat, turn: Turn, request: Request, data: Mapping[str, Any], time: str) -> None:
        if data["verdict"] == "failed":
            super().decided(chat, seat, turn, request, data, time)
        message = {"type": "TextMessage", "source": seat.source, "content": data["content"]}
        chat.say(seat, time, "message", message, role="answer", call=turn.need)

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        need = turn.need
        if result.get("state") is not None:
            chat.append(time, "agent_state", path=seat.path, call=need, state=result["state"])
        *events, answer = result["messages"]
        for number, message in enumerate(events):
            kind = "message" if message.get("chat") else "event"
            role = {"role": "shown"} if message.get("shown") else {}
            # Each has an id of its own; the answer's is that of the streamed chunks.
            chat.say(seat, time, kind, message["message"], call=need, part=f"-{number}", **role)
        chat.say(seat, time, "message", answer["message"], role="answer", call=need)
