"""Swarm: whoever has the floor hands it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from folkmoot._spec import AgentSpec
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition

from .base import CustomTypes, Members, refuse_teams
from .transitions import Transitions, TransitionsType, TransitionTeam

__all__ = ["Swarm"]


class Swarm(TransitionTeam, frozen=True):
    """A team whose first participant begins, and where only a handoff gives the floor to another.

    Args:
        participants: Agents with different names, at least one; the first must be able to hand off.
        name: None: the class name; give one to a team inside a team.
        description: For an outer team that chooses speakers.
        termination_condition: When a run ends; None: only by `max_turns` or from outside.
        max_turns: Turns after which a run ends, at least 1; None: any number.
        custom_message_types: Users' own message classes, or their names.
        emit_team_events: Show who was chosen to speak as events.
        budget: What may be spent in it, everything inside included; None: as much as it takes.
        allowed_or_disallowed_speaker_transitions: By participant or its name, to whom it may or may not hand off.
        speaker_transitions_type: "allowed" or "disallowed": what the table tells.
        notify: Names of the sinks that are told what happens in the chat, if the team is opened as one.

    Raises:
        TypeError: A participant is a team.
        ValueError: As said above (AutoGen's texts).
    """

    type: Literal["Swarm"] = "Swarm"
    name: str = "Swarm"

    def __init__(
        self,
        participants: Members,
        *,
        name: str | None = None,
        description: str | None = None,
        termination_condition: TerminationCondition | None = None,
        max_turns: int | None = None,
        custom_message_types: CustomTypes | None = None,
        emit_team_events: bool = False,
        budget: Budget | None = None,
        allowed_or_disallowed_speaker_transitions: Transitions | None = None,
        speaker_transitions_type: TransitionsType | None = None,
        notify: Sequence[str] = (),
    ) -> None:
        self._fill_transitions(
            participants,
            allowed_or_disallowed_speaker_transitions,
            speaker_transitions_type,
            name=name,
            description=description,
            termination_condition=termination_condition,
            max_turns=max_turns,
            custom_message_types=custom_message_types,
            emit_team_events=emit_team_events,
            budget=budget,
            notify=notify,
        )

    def check(self) -> None:
        """Refuse teams inside, and a first participant that never hands off (AutoGen)."""
        refuse_teams(self.participants)
        super().check()
        first = self.participants[0]
        if not isinstance(first, AgentSpec) or "HandoffMessage" not in first.produced_message_types:
            raise ValueError("The first participant must be able to produce a handoff messages.")

    @property
    def manager_name(self) -> str:
        """As AutoGen's."""
        return "SwarmGroupChatManager"
