"""Every kind of team with any number of agents, and what the models say in it: replies of one length, for ever.

A kind is periodic: after `cycle` replies it is as it was, but for the length of its conversation.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from folkmoot import (
    AgentTool,
    AssistantAgent,
    BaseChatAgent,
    BaseChatMessage,
    CancellationToken,
    CustomAgent,
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    MaxMessageTermination,
    OpenAIChatModel,
    RoundRobinGroupChat,
    SelectorGroupChat,
    SocietyOfMindAgent,
    Swarm,
    TeamSpec,
    TeamTool,
    TextMessage,
    UserProxyAgent,
)
from folkmoot.agents import Response
from folkmoot.models import Model

from .dialogue import MODEL, REPLY

__all__ = ["KINDS", "Kind", "Prompter", "agents", "models"]

SELECTS, LEADS = "selects", "leads"
"""Models of those who choose speakers; their words are no replies."""
NEVER = MaxMessageTermination(10**9)
"""A graph with a loop must have a condition."""
AGAIN, OVER = REPLY[:8], "The moot is over."
"""Texts that a graph's edges look for: the first is in every reply, the second in none."""


@dataclass(frozen=True)
class Kind:
    """A kind of team.

    Attributes:
        name: What tables call it.
        note: Whose the replies are, beside so many agents.
        team: The team of so many agents.
        others: Replies of a cycle beside one of each of the agents.
    """

    name: str
    note: str
    team: Callable[[int], TeamSpec]
    others: int = 0

    def cycle(self, agents: int) -> int:
        """Replies until it is as it was."""
        return agents + self.others


@dataclass
class Prompter:
    """Answers the models' requests of one chat.

    Attributes:
        enough: Set once so many replies were asked for.
    """

    agents: int
    replies: int
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self._names = itertools.cycle(_names(self.agents))

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["model"] == SELECTS:
            return {"text": next(self._names)}
        if body["model"] == LEADS:
            last: Mapping[str, Any] = body["messages"][-1]
            ledger = "is_request_satisfied" in json.dumps(last)
            return {"text": json.dumps(_ledger(next(self._names))) if ledger else REPLY}
        self.replied()
        tools = [tool["function"]["name"] for tool in body.get("tools", ())]
        if not tools or body["messages"][-1]["role"] == "tool":
            return {"text": REPLY}
        arguments = {} if tools[0].startswith("transfer_to_") else {"task": "What was said of it?"}
        calls = [{"name": name, "arguments": arguments, "id": f"call_{name}"} for name in tools]
        return {"calls": calls, "thought": REPLY}

    def replied(self) -> None:
        """Count one more reply."""
        if next(self._count) >= self.replies:
            self.enough.set()


class Keeper(BaseChatAgent):
    """An agent of the application's own, whose state is all it has heard."""

    def __init__(self, name: str, description: str, replied: Callable[[], None]) -> None:
        super().__init__(name, description)
        self.heard: list[str] = []
        self._replied = replied

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(
        self,
        messages: Sequence[BaseChatMessage],
        cancellation_token: CancellationToken,  # noqa: ARG002 - AutoGen's name
    ) -> Response:
        self._replied()
        self.heard += [message.to_text() for message in messages]
        return Response(chat_message=TextMessage(source=self.name, content=REPLY))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:  # noqa: ARG002 - AutoGen's name
        self.heard.clear()

    async def save_state(self) -> Mapping[str, Any]:
        return {"heard": self.heard}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.heard = list(state["heard"])


def models(url: str) -> dict[str, Model | Callable[[], Model]]:
    """The models the teams' specs name, all at one endpoint."""
    return {name: OpenAIChatModel(name, base_url=url, api_key="none") for name in (MODEL, SELECTS, LEADS)}


@asynccontextmanager
async def agents(url: str, prompter: Callable[[], Prompter]) -> AsyncGenerator[dict[str, Any]]:
    """The custom agents the teams' specs name.

    Args:
        url: The models' endpoint.
        prompter: Gives the one of the chat that is under way.
    """

    def keeper(name: str, description: str) -> Keeper:
        return Keeper(name, description, lambda: prompter().replied())

    if AUTOGEN:
        async with _professor(url) as professor:
            yield {"keeper": keeper, "professor": professor}
    else:
        yield {"keeper": keeper}


@asynccontextmanager
async def _professor(url: str) -> AsyncGenerator[Callable[[str, str], object]]:
    """Makes AutoGen's own agent."""
    from autogen_agentchat.agents import AssistantAgent as AutoGenAssistant
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    client = OpenAIChatCompletionClient(model=MODEL, base_url=url, api_key="none")

    def make(name: str, description: str) -> object:
        return AutoGenAssistant(name, client, description=description, system_message=f"You are {name}.")

    try:
        yield make
    finally:
        await client.close()


def _names(agents: int) -> list[str]:
    return [f"agent{number}" for number in range(1, agents + 1)]


def _agent(name: str, **options: Any) -> AssistantAgent:
    return AssistantAgent(name, MODEL, description=f"Is {name}.", system_message=f"You are {name}.", **options)


def _members(agents: int) -> list[Any]:
    return [_agent(name) for name in _names(agents)]


def _in_turn(*members: Any, turns: int | None = None, name: str | None = None) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], max_turns=turns, name=name)


def _swarm(agents: int) -> Swarm:
    names = _names(agents)
    followers = [*names[1:], names[0]]
    return Swarm([_agent(name, handoffs=[follower]) for name, follower in zip(names, followers, strict=True)])


def _line(agents: int) -> GraphFlow:
    """One after the other; the last leads back to the first."""
    members, end = _members(agents), _agent("end")
    builder = DiGraphBuilder()
    for member in (*members, end):
        builder.add_node(member)
    for member, follower in itertools.pairwise(members):
        builder.add_edge(member, follower)
    builder.add_edge(members[-1], members[0], condition=AGAIN).add_edge(members[-1], end, condition=OVER)
    builder.set_entry_point(members[0])
    return GraphFlow(builder.get_participants(), builder.build(), termination_condition=NEVER)


def _fan(agents: int) -> GraphFlow:
    """All at the same time, then one who has them begin again."""
    members, first, end = _members(agents), _agent("first"), _agent("end")
    builder = DiGraphBuilder()
    for member in (first, *members, end):
        builder.add_node(member)
    for member in members:
        builder.add_edge(first, member, condition=AGAIN)
        builder.add_edge(member, first, condition=AGAIN)
    builder.add_edge(first, end, condition=OVER)
    builder.set_entry_point(first)
    return GraphFlow(builder.get_participants(), builder.build(), termination_condition=NEVER)


def _nested(agents: int) -> TeamSpec:
    deep = _in_turn(*_members(agents), turns=agents, name="deep")
    return _in_turn(_agent("first"), _in_turn(_agent("second"), deep, turns=2, name="middle"))


def _society(agents: int) -> TeamSpec:
    mind = SocietyOfMindAgent("mind", _in_turn(*_members(agents), turns=agents), MODEL)
    return _in_turn(mind, _agent("critic"))


def _tools(agents: int) -> TeamSpec:
    crew = TeamTool(_in_turn(*_members(agents - 1), turns=agents - 1), "crew", "Ask the crew.")
    return _in_turn(_agent("boss", tools=[AgentTool(_agent("helper")), crew], reflect_on_tool_use=True))


def _beside(member: Callable[[], Any]) -> Callable[[int], TeamSpec]:
    return lambda agents: _in_turn(member(), *_members(agents - 1))


def _ledger(speaker: str) -> dict[str, Any]:
    answers = {
        "is_request_satisfied": False,
        "is_in_loop": False,
        "is_progress_being_made": True,
        "next_speaker": speaker,
        "instruction_or_question": f"It is your turn, {speaker}: go on from there.",
    }
    return {name: {"reason": "So it is.", "answer": answer} for name, answer in answers.items()}


AUTOGEN = find_spec("autogen_agentchat") is not None and find_spec("autogen_ext") is not None
"""Whether AutoGen's own agents can take part here."""

KINDS: Sequence[Kind] = (
    Kind("RoundRobinGroupChat", "", lambda agents: _in_turn(*_members(agents))),
    Kind(
        "SelectorGroupChat",
        "a selection each",
        # Else two agents take turns, and no model is asked.
        lambda agents: SelectorGroupChat(_members(agents), SELECTS, allow_repeated_speaker=True),
    ),
    Kind("Swarm", "a handoff each", _swarm),
    Kind("GraphFlow, a line that loops", "", _line),
    Kind("GraphFlow, a fan that loops", "all at once, one between", _fan, 1),
    Kind(
        "MagenticOneGroupChat",
        "a ledger each",
        lambda agents: MagenticOneGroupChat(_members(agents), LEADS, max_turns=None),
    ),
    Kind("team in a team in a team", "two outside", _nested, 2),
    Kind("SocietyOfMindAgent", "its summary, a critic", _society, 2),
    Kind("AgentTool, TeamTool", "who calls them, and reflects", _tools, 2),
    Kind("custom agent that keeps all", "one of them", _beside(lambda: CustomAgent("keeper"))),
    *([Kind("AutoGen's AssistantAgent", "one of them", _beside(lambda: CustomAgent("professor")))] if AUTOGEN else ()),
    Kind("UserProxyAgent, answered", "one of them", _beside(lambda: UserProxyAgent("person"))),
)
