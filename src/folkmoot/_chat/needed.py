"""Which entries the engine will look at again: they stay at hand when the log before them is sealed."""

from __future__ import annotations

from .managers import manager_of
from .plan import Plan
from .roles import role_of
from .state import ChatState

__all__ = ["needed_offsets"]


def needed_offsets(plan: Plan, state: ChatState) -> list[int]:
    """The offsets that requests, turns in progress, unfinished batches, runs of tools and managers hold on to."""
    found = {said.offset for said in state.said}
    for request in state.requests.values():
        asked = (request.offset, request.revised, *(vote.offset for vote in request.votes))
        found.update(offset for offset in asked if offset is not None)
    for path, scope in state.scopes.items():
        found.update(offset for offsets in scope.floor.arrived.values() for offset in offsets)
        found.update(scope.said if scope.open else ())
        found.update(scope.held)
        found.update(manager_of(plan.nodes[path]).needs(scope))
        for name, notes in scope.notes.items():
            if "again" in notes and (seat := plan.nodes[path].seats.get(name)) is not None:
                found.update(role_of(seat).refers(notes["again"]))
        for name, turn in scope.turns.items():
            role = role_of(plan.nodes[path].seats[name])
            found.update([turn.started, turn.need, *turn.let.values(), *role.refers(role.suspend(turn))])
    return sorted(found)
