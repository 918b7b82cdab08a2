"""Participants with a team of their own inside: teams in teams, and societies of mind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import Call, cost_of
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Node, Seat
from folkmoot._chat.state import ChatState, Turn, call_key

from .base import Role, step_inside

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Society", "Team", "society_reminder"]


def society_reminder(source: str, context: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The message by which a society of mind tells its team what it heard in earlier turns (AutoGen).

    Args:
        source: The society's name.
        context: LLM messages.
    """
    content = "relevant previous messages"
    return {"type": "HandoffMessage", "source": source, "target": "", "content": content, "context": context}


def _inner(seat: Seat) -> Node:
    assert seat.inner is not None
    return seat.inner


class Team(Role):
    """A team in a team: its turn is a run of it, over what it heard since the last one.

    What it says enters the outer conversation as its answer. Asked twice in a row, with nothing new heard, it goes on
    (AutoGen fails there). A run that was broken off goes on, too.
    """

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        turn.phase = "begin"
        turn.notes = dict(again or {})

    def keep(self, turn: Turn) -> dict[str, Any]:
        return dict(turn.notes)

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        if entry.kind == "scope_ended" and entry.data["scope"] == _inner(seat).path:
            fold.done(state, log, seat, entry)

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        if turn.phase == "begin":
            chat.start_scope(_inner(seat), time, call=turn.need)
            return True
        return turn.phase == "inner" and step_inside(chat, _inner(seat), time)

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        return chat.calls_of_node(_inner(seat))


class Society(Team):
    """A society of mind: a run of its team, then one model call that sums it up; then the team starts afresh.

    The team is as new for every turn; what the society heard in earlier ones it is told again (AutoGen).
    """

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        super().begin(state, seat, turn, again)
        if "last" in turn.notes:
            turn.phase = "model"

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        if entry.kind == "scope_ended":
            spoke = state.scopes[_inner(seat).path].turn > turn.notes["turns"]
            turn.phase, turn.need, turn.notes["last"] = "model" if spoke else "silent", entry.offset, entry.offset
            fold.refresh(state, _inner(seat), entry)
        elif entry.data.get("role") == "answer":
            fold.done(state, log, seat, entry)

    def moved(self, again: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        return {**again, **{name: move(again[name]) for name in ("first", "last") if name in again}}

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        if turn.phase != "silent":
            return super().settle(chat, seat, turn, time)
        message = {"type": "TextMessage", "source": seat.source, "content": "No response."}
        chat.say(seat, time, "message", message, role="answer", call=turn.need)
        return True

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        if turn.phase == "model":
            key = call_key("model", turn.need, seat.path)
            return [Call(key, "model", seat.path, turn.need, turn.need + 1, index=turn.notes["first"])]
        return super().calls(chat, seat, turn) if turn.phase == "inner" else ()

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        usage = {"prompt_tokens": result["usage"][0], "completion_tokens": result["usage"][1]}
        message = {
            "type": "TextMessage",
            "source": seat.source,
            "content": result["content"],
            "models_usage": usage,
        }
        chat.say(seat, time, "message", message, role="answer", call=turn.need, **cost_of(result))
