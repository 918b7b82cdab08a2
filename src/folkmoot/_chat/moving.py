"""A state without the offsets of the log it came from: what is saved in one chat can go on in another."""

from __future__ import annotations

from collections.abc import Callable

from .managers import manager_of
from .plan import Plan
from .roles import role_of
from .state import ChatState

__all__ = ["moved"]


def moved(plan: Plan, state: ChatState, move: Callable[[int], int], here: int) -> ChatState:
    """A state of a chat at rest that refers to its entries by other offsets.

    Args:
        plan: The chat's spec, laid out.
        state: The state; it is left as it is.
        move: From the offset of an entry the state refers to, to the new one.
        here: The new offset for what only says since when.
    """
    state = state.model_copy(deep=True)
    # What is at work here is not waited for there: calls are made anew.
    state.waits = {}
    state.said = [said.model_copy(update={"offset": move(said.offset)}) for said in state.said]
    state.hooks = [hook.model_copy(update={"offset": here}) for hook in state.hooks]
    for path, scope in state.scopes.items():
        node = plan.nodes[path]
        scope.at, scope.checked, scope.call = here, here, here
        scope.asked = None if scope.asked is None else here
        scope.floor.arrived = {name: list(map(move, offsets)) for name, offsets in scope.floor.arrived.items()}
        scope.held, scope.said = list(map(move, scope.held)), list(map(move, scope.said))
        scope.manager = manager_of(node).moved(scope.manager, move)
        for name, notes in scope.notes.items():
            if notes.get("again") and (seat := node.seats.get(name)) is not None:
                notes["again"] = role_of(seat).moved(notes["again"], move)
    return state
