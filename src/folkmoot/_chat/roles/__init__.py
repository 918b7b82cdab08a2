"""What each kind of agent does in its turn. A further kind is a further class here; engine and fold do not change."""

from folkmoot._chat.plan import Seat
from folkmoot.agents import (
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    SocietyOfMindAgent,
    UserProxyAgent,
)

from .assistant import Assistant
from .base import Role
from .code import Code
from .custom import Custom
from .inner import Society, Team, society_reminder
from .user import User

__all__ = ["Role", "hooked", "role_of", "society_reminder"]

_TEAM = Team()
_ROLES: dict[type, Role] = {
    AssistantAgent: Assistant(),
    CodeExecutorAgent: Code(),
    CustomAgent: Custom(),
    SocietyOfMindAgent: Society(),
    UserProxyAgent: User(),
}


def role_of(seat: Seat) -> Role:
    """How the participant of a seat takes its turns.

    Raises:
        ValueError: There are no rules for that kind of agent.
    """
    if seat.agent is None:
        return _TEAM
    role = _ROLES.get(type(seat.agent))
    if role is None:
        raise ValueError(
            f"Participant {seat.path!r} is a {seat.agent.type}, which cannot take part in a chat; "
            f"known are {', '.join(sorted(kind.__name__ for kind in _ROLES))}."
        )
    return role


def hooked(seat: Seat) -> bool:
    """Whether the agent of a seat has `on_pause`, `on_resume` and `on_reset` to be called."""
    return isinstance(seat.agent, CustomAgent)
