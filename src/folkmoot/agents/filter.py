"""An agent that hears only some of the messages (AutoGen: `autogen_agentchat.agents.MessageFilterAgent`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field

from folkmoot._spec import AgentSpec, Frozen

from .custom import LiveAgent, as_participant

__all__ = ["MessageFilterAgent", "MessageFilterConfig", "PerSourceFilter", "filtered"]

MessageT = TypeVar("MessageT")


class PerSourceFilter(Frozen, frozen=True):
    """Which messages of one source are heard."""

    source: str
    """The name of a participant, or `user`."""
    position: Literal["first", "last"] | None = None
    """Which end is counted from; None: all are heard."""
    count: Annotated[int, Field(ge=0)] | None = None
    """How many are heard; None or 0: all (AutoGen)."""


class MessageFilterConfig(Frozen, frozen=True):
    """Who is heard, in this order; sources that are not listed are not heard."""

    per_source: tuple[PerSourceFilter, ...]

    def __init__(self, *, per_source: Sequence[PerSourceFilter]) -> None:
        self._fill(per_source=tuple(per_source))


def filtered(
    messages: Sequence[MessageT], config: MessageFilterConfig, source: Callable[[MessageT], str]
) -> list[MessageT]:
    """The messages a filter lets through: those of the first source, then those of the second, and so on.

    A source that is listed twice is heard twice (AutoGen).

    Args:
        messages: What is new to the agent, oldest first.
        config: The filter.
        source: Who said a message.
    """
    heard: list[MessageT] = []
    for rule in config.per_source:
        said = [message for message in messages if source(message) == rule.source]
        if rule.count and rule.position == "first":
            said = said[: rule.count]
        elif rule.count and rule.position == "last":
            said = said[-rule.count :]
        heard.extend(said)
    return heard


class MessageFilterAgent(AgentSpec, frozen=True):
    """An agent around another that hears only what a filter lets through; the answer bears the inner one's name.

    The filter is applied to what is new in each turn, not to the whole conversation (AutoGen). Its description is the
    inner agent's with a note.

    Args:
        name: An identifier, unique in the team.
        wrapped_agent: The agent that speaks: a spec, or a live agent.
        filter: What it hears.

    Raises:
        TypeError: `wrapped_agent` can take part in no chat.
        ValueError: It is a team, or the name is refused.
    """

    type: Literal["MessageFilterAgent"] = "MessageFilterAgent"
    wrapped_agent: AgentSpec
    filter: MessageFilterConfig

    def __init__(self, name: str, wrapped_agent: AgentSpec | LiveAgent, filter: MessageFilterConfig) -> None:
        wrapped = as_participant(wrapped_agent)
        if not isinstance(wrapped, AgentSpec):
            raise ValueError(f"A MessageFilterAgent wraps an agent, got the team {wrapped.name!r}.")
        self._fill(name=name, description=_described(wrapped), wrapped_agent=wrapped, filter=filter)

    @classmethod
    def _build(cls, fields: Mapping[str, object]) -> Self:
        wrapped = AgentSpec.from_json(fields.get("wrapped_agent"))
        return super()._build({"description": _described(wrapped), **fields, "wrapped_agent": wrapped})

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """The inner agent's."""
        return self.wrapped_agent.produced_message_types


def _described(wrapped: AgentSpec) -> str:
    return f"{wrapped.description} (with message filtering)"
