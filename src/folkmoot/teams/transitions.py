"""Who may follow whom: the state machine of AutoGen 0.2's group chats, for every team with one speaker a turn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from .base import Members, TeamSpec

__all__ = ["TransitionTeam", "Transitions", "TransitionsType", "allowed_next"]

Transitions = Mapping[Any, Sequence[Any]]
"""By participant (its name or itself), participants: those who may, or may not, speak after it."""
TransitionsType = Literal["allowed", "disallowed"]

_TYPES = ["allowed", "disallowed", None]


class TransitionTeam(TeamSpec, frozen=True):
    """The base of teams that can hold their speakers to an order (AutoGen 0.2: GroupChat)."""

    allowed_or_disallowed_speaker_transitions: dict[str, tuple[str, ...]] | None = None
    """By the name of who spoke, who may or may not speak next; None: anyone may follow anyone."""
    speaker_transitions_type: TransitionsType | None = None
    """Which of the two the table tells."""

    def _fill_transitions(
        self,
        participants: Members,
        transitions: Transitions | None,
        kind: str | None,
        **fields: Any,
    ) -> None:
        """`_fill_team` with the transitions as users write them; warns of tables that are hardly meant.

        Only here and not in `check`: a spec is read from its JSON many times, and written once.
        """
        self._fill_team(
            participants,
            allowed_or_disallowed_speaker_transitions=_by_name(transitions),
            speaker_transitions_type=_checked_type(kind),
            **fields,
        )
        for text in _doubts(self):
            # Up over this method and the constructor, to the line that makes the team.
            warnings.warn(text, UserWarning, stacklevel=3)

    def check(self) -> None:
        """Refuse a table without its type, and one that names others than the participants (AutoGen 0.2)."""
        super().check()
        table = self.allowed_or_disallowed_speaker_transitions
        if table is None:
            return
        if self.speaker_transitions_type is None:
            raise ValueError(
                "allowed_or_disallowed_speaker_transitions is not None, but speaker_transitions_type is None. "
                "Please set speaker_transitions_type to either 'allowed' or 'disallowed'."
            )
        members = self.participant_names
        if strangers := [name for name in table if name not in members]:
            raise ValueError(
                f"allowed_or_disallowed_speaker_transitions has keys not in agents: {strangers}. "
                f"Expected some of: {members}."
            )
        for name, others in table.items():
            if strangers := [other for other in others if other not in members]:
                raise ValueError(
                    f"allowed_or_disallowed_speaker_transitions has values that are not lists of agents: "
                    f"{name!r} has {strangers}. Expected some of: {members}."
                )


def allowed_next(team: TeamSpec, last: str | None, candidates: Sequence[str]) -> list[str]:
    """Who of the candidates may speak after `last` (AutoGen 0.2's rules).

    Args:
        team: Any team; one without transitions allows everybody.
        last: The last speaker; None, or a name that is no participant's (a user), leaves everybody.
        candidates: Names, in the order they are to be kept.

    Returns:
        The names, a part of `candidates`. Empty only if `last` has no entry in a table of allowed transitions: it is
        a final state, the chat ends there. Where an entry fits no candidate all of them are left, as in 0.2.
    """
    table = _allowed(team)
    if table is None or last not in team.participant_names:
        return list(candidates)
    if last not in table:
        return []
    return [name for name in candidates if name in table[last]] or list(candidates)


def _allowed(team: TeamSpec) -> Mapping[str, Sequence[str]] | None:
    """The table of allowed transitions: a table of disallowed ones is turned over."""
    if not isinstance(team, TransitionTeam) or team.allowed_or_disallowed_speaker_transitions is None:
        return None
    table = team.allowed_or_disallowed_speaker_transitions
    if team.speaker_transitions_type == "allowed":
        return table
    names = team.participant_names
    return {name: [other for other in names if other not in table.get(name, ())] for name in names}


def _doubts(team: TransitionTeam) -> list[str]:
    """What 0.2 warns of."""
    table, found = _allowed(team), list[str]()
    if table is None:
        return found
    followed = [name for name, others in table.items() if others]
    following = [other for others in table.values() for other in others]
    if alone := [name for name in team.participant_names if name not in (*followed, *following)]:
        found.append(
            f"Isolated agents: {alone}. No transition leads to or from them, so the set of agents in the transitions "
            "does not match the participants."
        )
    for name, others in (team.allowed_or_disallowed_speaker_transitions or {}).items():
        if twice := [other for other in dict.fromkeys(others) if others.count(other) > 1]:
            found.append(f"Agent {name!r} has duplicate elements: {twice}. Please remove duplicates manually.")
    return found


def _by_name(given: Transitions | None) -> dict[str, tuple[str, ...]] | None:
    if given is None:
        return None
    if not isinstance(cast(object, given), Mapping):
        raise ValueError(f"allowed_or_disallowed_speaker_transitions must be a dictionary, got {given!r}.")
    table: dict[str, tuple[str, ...]] = {}
    for key, others in given.items():
        # A text is a sequence too: of names of one letter.
        if isinstance(others, str) or not isinstance(cast(object, others), Sequence):
            raise ValueError(
                f"allowed_or_disallowed_speaker_transitions must be a dictionary with lists as values, got {others!r}."
            )
        name = _name(key)
        if name in table:
            raise ValueError(f"allowed_or_disallowed_speaker_transitions has two entries for {name!r}.")
        table[name] = tuple(_name(other) for other in others)
    return table


def _name(given: object) -> str:
    name = given if isinstance(given, str) else getattr(given, "name", None)
    if not isinstance(name, str):
        raise ValueError(f"Transitions are between participants or their names, got {given!r}.")
    return name


def _checked_type(given: str | None) -> str | None:
    kind = given.lower() if isinstance(given, str) else given
    if kind not in _TYPES:
        raise ValueError(
            f"speaker_transitions_type is set to {given!r}. It should be one of {_TYPES} (case insensitive)."
        )
    return kind
