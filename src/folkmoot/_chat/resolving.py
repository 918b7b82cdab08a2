"""What follows from an answer or a decision."""

from __future__ import annotations

from typing import Any

from .calls import AgentFailure, Failure
from .engine import Chat
from .log import Entry
from .managers import manager_of
from .managers.selector import Selector
from .requests import verdict_text
from .roles import role_of
from .roles.user import User
from .state import Request

__all__ = ["answer", "resolve"]


def resolve(chat: Chat, request: Request, entry: Entry, time: str) -> None:
    """Let a decision have its effect, where it is more than that the turn goes on.

    Args:
        chat: The chat.
        request: What was asked.
        entry: The `decided` entry.
        time: ISO 8601, UTC.
    """
    data = entry.data
    if request.kind == "budget":
        return
    seat = chat.plan.seats[request.path]
    turn = chat.fold.turn_of(chat.state, seat)
    if turn is None or data["verdict"] in ("approve", "retry"):
        return
    if request.kind == "turn":
        said = data["content"] if "content" in data else f"{seat.source} did not speak. {verdict_text(data)}"
        message = {"type": "TextMessage", "source": seat.source, "content": said}
        chat.say(seat, time, "message", message, role="answer", call=turn.need)
        return
    try:
        role_of(seat).decided(chat, seat, turn, request, data, time)
    except AgentFailure as error:
        chat.fail(seat.path, Failure(error.error_type, str(error)), time)


def answer(chat: Chat, name: str, text: str, time: str, **fields: Any) -> None:
    """Take in what somebody, or nobody in time, answered to an open request."""
    request = chat.state.requests[name]
    chat.append(time, "answered", request=name, content=text, **fields)
    if request.kind == "speaker":
        node = chat.plan.nodes[request.path]
        manager = manager_of(node)
        assert isinstance(manager, Selector)
        manager.answer(chat, node, text, time)
        return
    seat = chat.plan.seats[request.path]
    turn, role = chat.fold.turn_of(chat.state, seat), role_of(seat)
    assert turn is not None
    assert isinstance(role, User)
    role.answer(chat, seat, turn, text, time)
