"""What all teams share (AutoGen: BaseGroupChat)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from folkmoot._spec import Participant
from folkmoot.agents import LiveAgent, as_participant
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition
from folkmoot.messages import BaseAgentEvent, BaseChatMessage

__all__ = ["CustomTypes", "Members", "NotAnAgentError", "TeamSpec", "refuse_teams"]

Members = Sequence[Participant | LiveAgent]
"""Whom a team's constructor takes."""
CustomTypes = Sequence[type[BaseChatMessage] | type[BaseAgentEvent] | str]


class NotAnAgentError(TypeError, ValueError):
    """A team takes part where only agents may.

    AutoGen raises a TypeError; a ValueError too, as every refusal of a spec's JSON is.
    """


class TeamSpec(Participant, frozen=True):
    """The base of all teams; what they share (AutoGen: BaseGroupChat)."""

    description: str = "A team of agents."
    participants: tuple[Participant, ...]
    """Agents, or teams, which then take part as one speaker each."""
    termination_condition: TerminationCondition | None = None
    """When a run ends; None: never by itself."""
    max_turns: int | None = None
    """Turns after which a run ends; None: any number."""
    custom_message_types: tuple[str, ...] = ()
    """Names of users' own message classes. `StructuredMessage` needs no entry."""
    emit_team_events: bool = False
    """Show who was chosen to speak as events."""
    notify: tuple[str, ...] = ()
    """Sinks, by the names workers know them by, that are told of requests to people and ends of runs. Only those of the
    team that is opened as a chat are told, not those of teams inside."""
    budget: Budget | None = None
    """What may be spent in it; None: as much as it takes."""

    def _fill_team(
        self,
        participants: Members,
        *,
        name: str | None,
        description: str | None,
        custom_message_types: CustomTypes | None,
        **fields: object,
    ) -> None:
        """`_fill` for the arguments all teams take: None is the class's own name and description."""
        texts = {"name": name, "description": description}
        self._fill(
            participants=tuple(_member(participant) for participant in participants),
            custom_message_types=type_names(custom_message_types),
            **{key: text for key, text in texts.items() if text is not None},
            **fields,
        )

    def check(self) -> None:
        """Refuse what AutoGen refuses, in its words; `max_turns` already here, not at the first run."""
        super().check()
        if "/" in self.name:
            raise ValueError(
                f"The name of a team must not contain '/', which parts the names in a path: {self.name!r}."
            )
        if not self.participants:
            raise ValueError("At least one participant is required.")
        names = self.participant_names
        if len(names) != len(set(names)):
            raise ValueError("The participant names must be unique.")
        if self.max_turns is not None and self.max_turns <= 0:
            raise ValueError("The maximum number of turns must be greater than 0.")
        if len(self.notify) != len(set(self.notify)) or "" in self.notify:
            raise ValueError(f"notify must be different names of sinks, none of them empty; got {list(self.notify)}.")

    @property
    def manager_name(self) -> str:
        """What AutoGen calls the team's manager: the source of team events, and its key in a saved state."""
        return f"{type(self).__name__}Manager"

    @property
    def participant_names(self) -> list[str]:
        """The participants' names, in order."""
        return [participant.name for participant in self.participants]


def refuse_teams(participants: Sequence[Participant]) -> None:
    """Refuse teams as participants, for kinds of teams that take agents only (AutoGen).

    Raises:
        NotAnAgentError: One is a team.
    """
    for participant in participants:
        if isinstance(participant, TeamSpec):
            raise NotAnAgentError(f"Participant {participant.name} must be a ChatAgent.")


def type_names(given: CustomTypes | None) -> tuple[str, ...]:
    """The names of message classes, for a spec's JSON."""
    return tuple(item if isinstance(item, str) else item.__name__ for item in given or ())


def _member(given: object) -> object:
    """A participant as its spec: live agents stay in this process, the spec holds their name."""
    if isinstance(given, (Participant, Mapping, str)):
        return cast(Any, given)  # What is no spec's JSON is refused by the field.
    return as_participant(given)
