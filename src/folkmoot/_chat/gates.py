"""Where a turn waits for people: before it begins, and where nobody knows what became of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan import Seat
from .requests import ask, ask_outcome, open_request, request_id
from .state import Turn

if TYPE_CHECKING:
    from .engine import Chat

__all__ = ["ask_people", "shut"]


def shut(seat: Seat, turn: Turn) -> bool:
    """Whether people have still to let the turn begin."""
    return turn.gate != "open" and getattr(seat.agent, "turn_approval", None) is not None


def ask_people(chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
    """Ask what has to be asked before the turn goes on; False if there is nothing."""
    if shut(seat, turn):
        if turn.gate == "asked":
            return False
        policy: Any = getattr(seat.agent, "turn_approval", None)
        name = request_id(chat, "turn", turn.started, seat.path)
        prompt = f"{seat.source} wants to speak."
        ask(chat, seat, time, "turn", name, prompt, policy=policy.to_json(), call=turn.started)
        return True
    # After a rollback, or in a fork, nobody knows any more than before.
    again = [call for call in chat.calls_of_seat(seat, turn) if turn.unknown and call.once]
    for call in again:
        if call.index in turn.unknown and open_request(chat.state, seat, "outcome", call.need, call.index) is None:
            ask_outcome(chat, seat, call, "it was so when the chat was here before.", time)
            return True
    return False
