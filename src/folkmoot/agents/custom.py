"""Agents of the application's own: a class with `on_messages`, registered on the worker; a whole turn is one activity.

An agent object of `autogen_agentchat` fits as it is: only the names of the methods count.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar, cast

from pydantic import PrivateAttr

from folkmoot._spec import AgentSpec, Carried, Participant
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, Response
from folkmoot.options import ToolOptions

if TYPE_CHECKING:
    from folkmoot.tools import CancellationToken

__all__ = ["BaseChatAgent", "CustomAgent", "LiveAgent", "as_opened", "as_participant"]

_DESCRIPTION = "An agent of the application's own."
_METHODS = ("on_messages_stream", "on_reset", "save_state")


SpecT = TypeVar("SpecT", bound=AgentSpec | Participant)


class LiveAgent(Protocol):
    """A live agent, of whatever library."""

    @property
    def name(self) -> str:
        """An identifier, unique in the team."""
        ...

    @property
    def description(self) -> str:
        """What it can do, for teams that choose speakers."""
        ...

    @property
    def on_messages_stream(self) -> Callable[..., Any]:
        """Takes a turn, see `BaseChatAgent`."""
        ...

    @property
    def on_reset(self) -> Callable[..., Any]:
        """Forgets everything."""
        ...

    @property
    def save_state(self) -> Callable[..., Any]:
        """What it needs to go on elsewhere."""
        ...


class BaseChatAgent(ABC):
    """The base of custom agents (AutoGen: `autogen_agentchat.agents.BaseChatAgent`).

    An instance keeps what it has heard: each turn gives it only what is new. What must outlive the worker process
    belongs into `save_state`.

    Args:
        name: An identifier, unique in the team.
        description: For teams that choose speakers.

    Raises:
        ValueError: The name is no identifier.
    """

    def __init__(self, name: str, description: str) -> None:
        if not name.isidentifier():
            raise ValueError("The agent name must be a valid Python identifier.")
        self._name = name
        self._description = description

    @property
    def name(self) -> str:
        """Unique within the team."""
        return self._name

    @property
    def description(self) -> str:
        """What it can do, for teams that choose speakers."""
        return self._description

    @property
    @abstractmethod
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The classes of messages it may answer with."""

    @abstractmethod
    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        """Take a turn.

        Args:
            messages: What is new since the last turn.
            cancellation_token: Cancelled when the turn is no longer wanted.
        """

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response]:
        """Take a turn and show what happens in it; the `Response` comes last. By default `on_messages` does it all."""
        response = await self.on_messages(messages, cancellation_token)
        for message in response.inner_messages or ():
            yield message
        yield response

    @abstractmethod
    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Forget everything: the chat starts over."""

    async def on_pause(self, cancellation_token: CancellationToken) -> None:  # noqa: B027
        """The chat was paused while this agent had its turn. Does nothing by default."""

    async def on_resume(self, cancellation_token: CancellationToken) -> None:  # noqa: B027
        """The chat goes on after such a pause. Does nothing by default."""

    async def save_state(self) -> Mapping[str, Any]:
        """What `load_state` needs to go on elsewhere, as JSON. By default nothing: the agent keeps no state."""
        return {"type": "BaseState", "version": "1.0.0"}

    async def load_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Go on from what `save_state` gave. By default there is nothing to take up."""

    async def close(self) -> None:  # noqa: B027
        """Let go of connections and the like. Does nothing by default."""


class CustomAgent(AgentSpec, frozen=True):
    """A custom agent, by the name under which the worker has it registered.

    Args:
        name: An identifier, unique in the team.
        agent: The registered name; None: `name`.
        description: For teams that choose speakers.
        produced: The names of the message types it may answer with; a Swarm's first speaker needs `HandoffMessage`.
        turn_approval: People have to approve before its turn begins; None: nobody is asked.
        budget: What it may spend, everything it uses as a tool included; None: as much as it takes.
        options: How its turns are run; None: each may take an hour, and is taken again if its worker was lost.

    Raises:
        ValueError: A name is refused.
    """

    type: Literal["CustomAgent"] = "CustomAgent"
    agent: str
    """The registered name."""
    description: str = _DESCRIPTION
    produced: tuple[str, ...] = ()
    options: ToolOptions | None = None
    turn_approval: ApprovalPolicy | None = None
    budget: Budget | None = None

    _live: object | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        agent: str | None = None,
        *,
        description: str = _DESCRIPTION,
        produced: Sequence[str] = (),
        options: ToolOptions | None = None,
        turn_approval: ApprovalPolicy | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._fill(
            name=name,
            agent=name if agent is None else agent,
            description=description,
            produced=produced,
            options=options,
            turn_approval=turn_approval,
            budget=budget,
        )

    @classmethod
    def _build(cls, fields: Mapping[str, object]) -> Self:
        return super()._build({"agent": fields.get("name"), **fields})

    @classmethod
    def of(cls, live: object) -> Self:
        """The spec of a live agent, which it carries; see `as_participant`."""
        types = cast(Sequence[type], getattr(live, "produced_message_types", ()))
        self = cls(
            cast(str, getattr(live, "name", "")),
            description=cast(str, getattr(live, "description", "")),
            produced=[kind.__name__ for kind in types],
        )
        self._hold(_live=live)
        return self

    def check(self) -> None:
        """Refuse an empty registered name."""
        super().check()
        if self.turn_approval is not None:
            self.turn_approval.check_always("The approval of a turn")
        if self.options is not None and self.options.approval is not None:
            raise ValueError("The options' approval is one of tools; use turn_approval.")
        if not self.agent:
            raise ValueError(f"The registered name of custom agent {self.name!r} must not be empty.")

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """What was said of it."""
        return self.produced

    def carry(self, into: Carried) -> None:
        """The agent, if it was passed itself."""
        if self._live is not None:
            into.add_agent(self.agent, self._live)


def as_participant(given: object) -> Participant:
    """The participant that something passed to a team stands for.

    Args:
        given: A spec; or a live agent, of `BaseChatAgent` or of `autogen_agentchat`.

    Returns:
        The spec itself, or a `CustomAgent` that carries the live agent.

    Raises:
        TypeError: It can take part in no chat; the text says what can be passed instead.
        ValueError: The live agent's name is no identifier.
    """
    if isinstance(given, Participant):
        return given
    if isinstance(given, type):
        raise TypeError(f"A participant is a spec or an agent object, got the class {given.__name__}; make one of it.")
    if _is_agent(given):
        return CustomAgent.of(given)
    if callable(getattr(given, "run_stream", None)) and not hasattr(given, "on_messages_stream"):
        raise TypeError(
            f"A live team ({type(given).__name__}) cannot take part in a chat, whose turns it would hide; "
            "load the JSON of its dump_component() instead."
        )
    raise TypeError(f"A participant is a spec or an agent object, got {reprlib.repr(given)}.")


def as_opened(given: SpecT | LiveAgent) -> SpecT | CustomAgent:
    """What a chat is opened with: a live agent's spec, which carries it; anything else as it is."""
    if isinstance(given, Participant | type) or not _is_agent(given):
        return cast(SpecT, given)
    return CustomAgent.of(given)


def _is_agent(given: object) -> bool:
    named = all(isinstance(getattr(given, name, None), str) for name in ("name", "description"))
    return named and all(callable(getattr(given, method, None)) for method in _METHODS)
