"""Calls that are of no turn: what custom agents are told of pauses and resets, and the undoing of tool calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .calls import Call, Failure
from .state import ChatState, call_key

if TYPE_CHECKING:
    from .engine import Chat

__all__ = ["aside", "give_up", "needs", "take", "wanted"]


def aside(call: Call) -> bool:
    """Whether a call is one of these."""
    return call.kind == "undo" or (call.kind == "agent" and bool(call.name))


def wanted(state: ChatState) -> list[Call]:
    """The next of them, one after another and before all others; a paused chat undoes nothing."""
    if state.hooks:
        hook = state.hooks[0]
        key = call_key("hook", hook.offset, hook.path)
        return [Call(key, "agent", hook.path, hook.offset, hook.offset + 1, name=hook.name)]
    if state.undo and not state.pause:
        undo = state.undo[0]
        key = call_key("undo", undo.since, undo.offset)
        return [Call(key, "undo", undo.path, undo.offset, undo.since + 1, name=undo.name)]
    return []


def needs(state: ChatState, call: Call) -> bool:
    """Whether its outcome is still of use."""
    if call.kind == "undo":
        return any(call.key == call_key("undo", undo.since, undo.offset) for undo in state.undo)
    return any((hook.path, hook.offset) == (call.path, call.need) for hook in state.hooks)


def take(chat: Chat, call: Call, result: Mapping[str, Any] | Failure, time: str) -> None:
    """Note what it brought: a failure must not keep the chat from being paused, resumed, reset, or from going on."""
    if call.kind == "undo":
        told = {"content": result.message, "is_error": True} if isinstance(result, Failure) else dict(result)
        chat.append(time, "compensated", since=call.until - 1, offset=call.need, name=call.name, **told)
        return
    fields: dict[str, Any] = {"path": call.path, "hook": call.need, "name": call.name}
    if isinstance(result, Failure):
        fields["error"] = {"type": result.error_type, "message": result.message}
    elif result.get("state") is not None:
        fields["state"] = result["state"]
    chat.append(time, "agent_state", **fields)


def give_up(chat: Chat, time: str) -> None:
    """Note of all that was still to be undone that it was not."""
    for undo in list(chat.state.undo):
        told = {"content": "It was cancelled before it was done.", "is_error": True}
        chat.append(time, "compensated", since=undo.since, offset=undo.offset, name=undo.name, **told)
