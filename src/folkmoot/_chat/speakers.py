"""Who speaks next, one class per kind of team. State lives in `Scope.manager`; nothing here keeps any.

A further team kind is a further class in `SPEAKERS`; the engine does not change.
"""

from __future__ import annotations

from typing import Protocol

from folkmoot.agents import AgentSpec
from folkmoot.teams import RoundRobinGroupChat, TeamSpec

from .state import Scope

__all__ = ["Speakers", "participants_of", "speakers_for"]


class Speakers(Protocol):
    """How a kind of team chooses its speakers."""

    def choose(self, names: list[str], scope: Scope) -> list[str]:
        """The next batch of speakers."""
        ...

    def chosen(self, names: list[str], scope: Scope, batch: list[str]) -> None:
        """The batch begins: note it in `scope.manager`."""
        ...

    def abandoned(self, names: list[str], scope: Scope, batch: list[str]) -> None:
        """The batch ended in an error or was cancelled: the next run takes this turn again."""
        ...


class RoundRobin:
    """List order, wrapping; the index goes on over runs and restarts at a reset (AutoGen: RoundRobinGroupChat)."""

    def choose(self, names: list[str], scope: Scope) -> list[str]:
        return [names[scope.manager.get("next", 0)]]

    def chosen(self, names: list[str], scope: Scope, batch: list[str]) -> None:
        scope.manager["next"] = (names.index(batch[0]) + 1) % len(names)

    def abandoned(self, names: list[str], scope: Scope, batch: list[str]) -> None:
        scope.manager["next"] = names.index(batch[0])


SPEAKERS: dict[str, Speakers] = {RoundRobinGroupChat.__name__: RoundRobin()}


def speakers_for(team: TeamSpec | AgentSpec) -> Speakers:
    """The strategy of a team; a single agent opened as a chat is a team of one that takes one turn a run."""
    return SPEAKERS.get(type(team).__name__) or SPEAKERS[RoundRobinGroupChat.__name__]


def participants_of(team: TeamSpec | AgentSpec) -> list[str]:
    """The names that can be chosen, in the team's order."""
    return [member.name for member in team.participants] if isinstance(team, TeamSpec) else [team.name]
