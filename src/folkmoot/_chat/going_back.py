"""The entries by which a chat becomes what it was, or what another one is: how each changes the state."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from . import runs
from .log import NOTHING, Entry
from .plan import Plan
from .state import ChatState, Undo, call_key

__all__ = ["compensated", "labelled", "loaded", "rolled_back"]


def rolled_back(plan: Plan, state: ChatState, entry: Entry) -> None:
    """The state of an earlier time; what was under way then is taken up again by the next run."""
    state.put_back(_state_in(entry.data["state"]), entry.offset)
    state.jumps = [*state.jumps, (entry.offset, entry.data["to"])]
    state.undo = [*state.undo, *(Undo(since=entry.offset, **call) for call in entry.data.get("undo", ()))]
    if state.running:
        runs.suspend(plan, state, entry)


def loaded(state: ChatState, entry: Entry) -> None:
    """The state of another chat, of this one at another time, or of this one with another team."""
    turn = max(state.turn, entry.data["turn"])
    # A change of the team leaves the conversation what it is.
    jumps = state.jumps if "spec" in entry.data else [(entry.offset, NOTHING)]
    state.put_back(_state_in(entry.data["engine"]), entry.offset)
    state.jumps = jumps
    state.turn, state.epoch, state.parent = turn, entry.offset, entry.offset


def compensated(state: ChatState, entry: Entry) -> None:
    """A call that was gone back behind has been undone, or could not be."""
    since, offset = entry.data["since"], entry.data["offset"]
    state.waits.pop(call_key("undo", since, offset), None)
    state.undo = [item for item in state.undo if (item.since, item.offset) != (since, offset)]


def labelled(state: ChatState, entry: Entry) -> None:
    """A snapshot has a name, or has lost it."""
    name, offset = entry.data["label"], entry.data.get("offset")
    state.labels = {known: place for known, place in state.labels.items() if known != name}
    if offset is not None:
        state.labels[name] = offset


def _state_in(data: Any) -> ChatState:
    """The state that an entry holds; folding on changes the state, and must not change the entry."""
    return ChatState.load(deepcopy(data))
