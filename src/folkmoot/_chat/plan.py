"""A spec laid out: every team's place (a node) and every participant's (a seat), by path.

A path is the names from the outermost team's participants inwards, joined by `/`; the chat itself has the empty one.
A node is a team with a conversation of its own: the chat, a team inside a team, a society of mind's team, and whatever
agent or team an agent uses as a tool. How a node hangs on the seat above decides who hears what is said inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from folkmoot._spec import parts
from folkmoot.agents import AgentSpec, AssistantAgent, CustomAgent, MessageFilterAgent, SocietyOfMindAgent
from folkmoot.agents.filter import MessageFilterConfig
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition, TextMentionTermination
from folkmoot.teams import DiGraph, TeamSpec
from folkmoot.tools import RunnerTool
from folkmoot.workbench import StaticWorkbench

from . import termination

__all__ = ["OWNERLESS", "Link", "Node", "Plan", "Seat", "runner_tools", "streams", "watched"]


OWNERLESS = frozenset({"task", "manager", "team"})
"""Roles of messages that belong to no participant's turn."""


class Link(Enum):
    """How an inner team hangs on the seat above it."""

    TEAM = "team"
    """It takes part itself: what it says, the outer team hears."""
    SOCIETY = "society"
    """A society of mind thinks with it: readers see what it says, the outer team hears the summary only."""
    TOOL = "tool"
    """An agent's tool: what it says belongs to that agent's turn."""


@dataclass(eq=False)
class Seat:
    """A participant's place.

    Attributes:
        path: Names it in the whole chat.
        name: Names it in its team.
        spec: As the team has it.
        agent: The agent who speaks there, filters taken off; None for a team.
        filters: What of the messages it hears reaches that agent, outermost first.
        node: The team it sits in.
        inner: The team that speaks there, or that a society of mind thinks with.
        tools: Agents and teams it uses as tools, by the tool's name.
    """

    path: str
    name: str
    spec: AgentSpec | TeamSpec
    agent: AgentSpec | None
    filters: tuple[MessageFilterConfig, ...]
    node: Node
    inner: Node | None = None
    tools: dict[str, Node] = field(default_factory=dict[str, "Node"])

    @property
    def source(self) -> str:
        """The source of the messages it sends: a filtered agent keeps its own name (AutoGen)."""
        return self.spec.name if self.agent is None else self.agent.name


@dataclass(eq=False)
class Node:
    """A team, or a single agent that is run for itself: a conversation.

    Attributes:
        path: Names it in the whole chat.
        team: Its spec.
        parent: The seat it hangs on; None for the chat itself.
        link: How it hangs there.
        seats: Its participants by name, in order.
    """

    path: str
    team: TeamSpec | AgentSpec
    parent: Seat | None = None
    link: Link | None = None
    seats: dict[str, Seat] = field(default_factory=dict[str, Seat])

    @cached_property
    def names(self) -> list[str]:
        """The participants' names, in order."""
        return list(self.seats)

    @property
    def condition(self) -> TerminationCondition | None:
        """When a run of it ends."""
        return self.team.termination_condition if isinstance(self.team, TeamSpec) else None

    @property
    def max_turns(self) -> int | None:
        """Batches of speakers after which a run of it ends."""
        return self.team.max_turns if isinstance(self.team, TeamSpec) else None

    @property
    def manager_name(self) -> str:
        """The source of what the team itself says."""
        return self.team.manager_name if isinstance(self.team, TeamSpec) else self.team.name

    @property
    def manager_path(self) -> str:
        """Whose use of models the manager's is."""
        return f"{self.path}/{self.manager_name}" if self.path else self.manager_name

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Names of the functional conditions, in declaration order."""
        return termination.functions_of(self.condition)


def runner_tools(agent: AssistantAgent) -> Iterator[tuple[str, RunnerTool]]:
    """The agents and teams that an agent uses as tools, by the names its model knows."""
    for tool in agent.tools:
        if isinstance(tool, RunnerTool):
            yield tool.name, tool
    for bench in agent.workbench:
        if isinstance(bench, StaticWorkbench):
            for tool in bench.tools:
                if isinstance(tool, RunnerTool):
                    yield bench.shown(tool.schema)["name"], tool


def watched(team: TeamSpec | AgentSpec) -> tuple[str, ...]:
    """Texts that decide something where they are mentioned: whoever puts a content into the store looks for them."""
    found: dict[str, None] = {}
    for part in parts(team):
        if isinstance(part, TextMentionTermination):
            found[part.text] = None
        elif isinstance(part, DiGraph):
            found |= {edge.condition: None for _, edge in part.edges() if isinstance(edge.condition, str)}
    return tuple(found)


def streams(team: TeamSpec | AgentSpec) -> bool:
    """Whether anybody in a team shows words while they are being said."""
    return any(
        isinstance(part, CustomAgent)
        or getattr(part, "model_client_stream", False)
        or getattr(part, "model_client_streaming", False)
        for part in parts(team)
    )


class Plan:
    """The nodes and seats of a spec.

    Args:
        team: The chat's team or single agent.

    Attributes:
        root: The chat's own node.
        nodes: By path, outer ones first.
        seats: By path.
    """

    def __init__(self, team: TeamSpec | AgentSpec) -> None:
        self.nodes: dict[str, Node] = {}
        self.seats: dict[str, Seat] = {}
        self.root = self._node("", team, None, None)

    def _node(self, path: str, team: TeamSpec | AgentSpec, parent: Seat | None, link: Link | None) -> Node:
        node = self.nodes[path] = Node(path, team, parent, link)
        for member in team.participants if isinstance(team, TeamSpec) else (team,):
            assert isinstance(member, TeamSpec | AgentSpec)
            node.seats[member.name] = self._seat(node, member)
        return node

    def _seat(self, node: Node, member: TeamSpec | AgentSpec) -> Seat:
        path = f"{node.path}/{member.name}" if node.path else member.name
        agent, filters = member, list[MessageFilterConfig]()
        while isinstance(agent, MessageFilterAgent):
            filters.append(agent.filter)
            agent = agent.wrapped_agent
        seat = Seat(path, member.name, member, None, tuple(filters), node)
        self.seats[path] = seat
        if isinstance(agent, TeamSpec):
            seat.inner = self._node(path, agent, seat, Link.TEAM)
            return seat
        seat.agent = agent
        if isinstance(agent, SocietyOfMindAgent):
            assert isinstance(agent.team, TeamSpec | AgentSpec)
            seat.inner = self._node(path, agent.team, seat, Link.SOCIETY)
        elif isinstance(agent, AssistantAgent):
            for name, tool in runner_tools(agent):
                runnable = tool.runnable
                assert isinstance(runnable, TeamSpec | AgentSpec)
                seat.tools[name] = self._node(f"{path}/{name}", runnable, seat, Link.TOOL)
        return seat

    @cached_property
    def budgets(self) -> dict[str, Budget]:
        """Budgets by whose they are, outer ones first: a path, empty for the chat's own.

        A society of mind and its team have one path: the team's ends in `/` here.
        """
        found: dict[str, Budget | None] = {}
        for path, node in self.nodes.items():
            if isinstance(node.team, TeamSpec):
                found[f"{path}/" if node.link is Link.SOCIETY else path] = node.team.budget
            for seat in node.seats.values():
                if seat.agent is not None:
                    found[seat.path] = getattr(seat.agent, "budget", None)
        return {path: budget for path, budget in found.items() if budget is not None}

    def chain(self, node: Node) -> list[Node]:
        """The nodes from the outermost to `node`."""
        found = [node]
        while found[-1].parent is not None:
            found.append(found[-1].parent.node)
        return found[::-1]

    def in_tool(self, node: Node) -> bool:
        """Whether a node is an agent's tool, or inside one."""
        return any(outer.link is Link.TOOL for outer in self.chain(node))

    def within(self, path: str) -> list[str]:
        """The paths of `path`'s node and all nodes inside it."""
        prefix = f"{path}/" if path else ""
        return [name for name in self.nodes if name == path or name.startswith(prefix)]

    def seat_of(self, data: Mapping[str, Any]) -> Seat | None:
        """Whose turn an entry belongs to; None for the manager's own and for tasks."""
        if data.get("role") in OWNERLESS:
            return None
        node = self.nodes.get(str(data.get("scope", "")))
        name = data.get("agent")
        if name is None:
            message: Any = data.get("message") or {}
            name = message.get("source")
        return node.seats.get(str(name)) if node is not None else None
