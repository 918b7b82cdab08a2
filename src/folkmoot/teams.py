"""Teams (AutoGen: `autogen_agentchat.teams`): who speaks after whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ._spec import Participant
from .conditions import TerminationCondition
from .messages import BaseAgentEvent, BaseChatMessage

__all__ = ["RoundRobinGroupChat", "TeamSpec"]

_DESCRIPTION = "A team of agents."

CustomTypes = Sequence[type[BaseChatMessage] | type[BaseAgentEvent] | str]


class TeamSpec(Participant, frozen=True):
    """The base of all teams; what they share (AutoGen: BaseGroupChat)."""

    description: str = _DESCRIPTION
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

    def check(self) -> None:
        """Refuse what AutoGen refuses, in its words; `max_turns` already here, not at the first run."""
        super().check()
        if not self.participants:
            raise ValueError("At least one participant is required.")
        names = [participant.name for participant in self.participants]
        if len(names) != len(set(names)):
            raise ValueError("The participant names must be unique.")
        if self.max_turns is not None and self.max_turns <= 0:
            raise ValueError("The maximum number of turns must be greater than 0.")

    @property
    def manager_name(self) -> str:
        """What AutoGen calls the team's manager: the source of team events, and its key in a saved state."""
        return f"{type(self).__name__}Manager"


class RoundRobinGroupChat(TeamSpec, frozen=True):
    """A team whose participants speak in turn, in their order.

    Args:
        participants: At least one, with different names.
        name: None: the class name; give one to a team inside a team.
        description: For an outer team that chooses speakers.
        termination_condition: When a run ends; None: only by `max_turns` or from outside.
        max_turns: Turns after which a run ends, at least 1; None: any number.
        custom_message_types: Users' own message classes, or their names.
        emit_team_events: Show who was chosen to speak as events.

    Raises:
        ValueError: As said above (AutoGen's texts).
    """

    type: Literal["RoundRobinGroupChat"] = "RoundRobinGroupChat"
    name: str = "RoundRobinGroupChat"

    def __init__(
        self,
        participants: Sequence[Participant],
        *,
        name: str | None = None,
        description: str = _DESCRIPTION,
        termination_condition: TerminationCondition | None = None,
        max_turns: int | None = None,
        custom_message_types: CustomTypes | None = None,
        emit_team_events: bool = False,
    ) -> None:
        self._fill(
            participants=tuple(participants),
            name="RoundRobinGroupChat" if name is None else name,
            description=description,
            termination_condition=termination_condition,
            max_turns=max_turns,
            custom_message_types=type_names(custom_message_types),
            emit_team_events=emit_team_events,
        )


def type_names(given: CustomTypes | None) -> tuple[str, ...]:
    """The names of message classes, for a spec's JSON."""
    return tuple(item if isinstance(item, str) else item.__name__ for item in given or ())
