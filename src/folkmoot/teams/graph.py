"""GraphFlow: participants speak along the edges of a directed graph, side by side where several are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from folkmoot._spec import Carried, Frozen, function_name
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition

from .base import CustomTypes, Members, TeamSpec, refuse_teams

__all__ = ["Activation", "DiGraph", "DiGraphEdge", "DiGraphNode", "EdgeFunction", "GraphFlow"]

Activation = Literal["all", "any"]

_ROLE = "An edge's condition function"


class EdgeFunction(Frozen, frozen=True):
    """An edge's condition that a registered function decides; its JSON is `{"function": name}`.

    Args:
        function: The name of a registered function of the node's message, or the function itself (sync or async),
            known by its name. It runs on a worker.

    Raises:
        ValueError: The function has no name to be known by.
    """

    function: str

    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(self, function: str | Callable[..., object]) -> None:
        self._fill(function=function_name(function, _ROLE))
        if not isinstance(function, str):
            self._hold(_function=function)

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        function_name(self.function, _ROLE)

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None:
            into.add_function(self.function, self._function)


class DiGraphEdge(Frozen, frozen=True):
    """A way from a node to another.

    Args:
        target: The node it leads to.
        condition: When it is taken: None: always; a text: when the node's message contains it; a function of that
            message, or `EdgeFunction(name)`: when it returns a true value.
        activation_group: Edges to one node that belong together; None or empty: those without a group of their own.
        activation_condition: Whether "all" edges of the group must be taken before the node speaks, or "any".
    """

    target: str
    condition: str | EdgeFunction | None = None
    activation_group: str
    activation_condition: Activation = "all"

    def __init__(
        self,
        target: str,
        condition: str | EdgeFunction | Callable[..., Any] | None = None,
        activation_group: str | None = None,
        activation_condition: Activation = "all",
    ) -> None:
        self._fill(
            target=target,
            condition=EdgeFunction(condition) if callable(condition) else condition,
            activation_group=activation_group,
            activation_condition=activation_condition,
        )

    def _fill(self, /, **fields: object) -> None:
        # Here, so that JSON may leave it out too, as in AutoGen.
        super()._fill(**{**fields, "activation_group": fields.get("activation_group") or fields.get("target")})


class DiGraphNode(Frozen, frozen=True):
    """A participant's place in a graph.

    Args:
        name: The participant.
        edges: The ways from it.
        activation: Kept as AutoGen has it, where it has no effect either: edges say how they activate.
    """

    name: str
    edges: tuple[DiGraphEdge, ...] = ()
    activation: Activation = "all"

    def __init__(self, name: str, edges: Sequence[DiGraphEdge] = (), activation: Activation = "all") -> None:
        self._fill(name=name, edges=tuple(edges), activation=activation)


class DiGraph(Frozen, frozen=True):
    """Nodes by name, and the ways between them.

    It is checked by `graph_validate`, as a GraphFlow made of it does; what it tells is in the order of the nodes.

    Args:
        nodes: By name. Nodes that are reached together are named in this order; in a GraphFlow it is that of its
            participants.
        default_start_node: Where it begins; None: at every node that no edge leads to.
    """

    nodes: dict[str, DiGraphNode] = Field(default_factory=dict[str, DiGraphNode])
    default_start_node: str | None = None

    def __init__(self, nodes: Mapping[str, DiGraphNode], default_start_node: str | None = None) -> None:
        self._fill(nodes=dict(nodes), default_start_node=default_start_node)

    def edges(self) -> Iterator[tuple[DiGraphNode, DiGraphEdge]]:
        """Every edge with the node it comes from."""
        return ((node, edge) for node in self.nodes.values() for edge in node.edges)

    def get_parents(self) -> dict[str, list[str]]:
        """For each node, those with an edge to it; one as often as it has such edges."""
        parents: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node, edge in self.edges():
            parents[edge.target].append(node.name)
        return parents

    def get_start_nodes(self) -> KeysView[str]:
        """Where it begins."""
        if self.default_start_node:
            return {self.default_start_node: None}.keys()
        return {name: None for name, parents in self.get_parents().items() if not parents}.keys()

    def get_leaf_nodes(self) -> KeysView[str]:
        """The nodes without edges."""
        return {name: None for name, node in self.nodes.items() if not node.edges}.keys()

    def get_remaining_map(self) -> dict[str, dict[str, int]]:
        """For each node with edges to it, how many of them each activation group has."""
        counts: dict[str, dict[str, int]] = {}
        for _, edge in self.edges():
            groups = counts.setdefault(edge.target, {})
            groups[edge.activation_group] = groups.get(edge.activation_group, 0) + 1
        return counts

    def get_has_cycles(self) -> bool:
        """Whether it has a cycle.

        Raises:
            ValueError: One of them has no condition on its way, so nothing leads out of it.
        """
        return self.has_cycles_with_exit()

    def has_cycles_with_exit(self) -> bool:
        """As `get_has_cycles`: AutoGen has both."""
        found, seen = False, dict[str, None]()
        for start in self.nodes:
            if start in seen:
                continue
            seen[start] = None
            path, ways = [start], [iter(self.nodes[start].edges)]
            while ways:
                edge = next(ways[-1], None)
                if edge is None:
                    path.pop()
                    ways.pop()
                elif edge.target in path:
                    found = True
                    self._check_exit(path[path.index(edge.target) :])
                elif edge.target not in seen:
                    seen[edge.target] = None
                    path.append(edge.target)
                    ways.append(iter(self.nodes[edge.target].edges))
        return found

    def _check_exit(self, cycle: Sequence[str]) -> None:
        if all(edge.condition is None for name in cycle for edge in self.nodes[name].edges):
            raise ValueError(f"Cycle detected without exit condition: {' -> '.join([*cycle, cycle[0]])}")

    def graph_validate(self) -> None:
        """Refuse a graph that cannot be run (AutoGen's texts), or that names nodes it does not have.

        Raises:
            ValueError: As said.
        """
        if not self.nodes:
            raise ValueError("Graph has no nodes.")
        self._check_names()
        if not self.get_start_nodes():
            raise ValueError("Graph must have at least one start node")
        if not self.get_leaf_nodes():
            raise ValueError("Graph must have at least one leaf node")
        for node in self.nodes.values():
            if len({edge.condition is None for edge in node.edges}) > 1:
                raise ValueError(f"Node '{node.name}' has a mix of conditional and unconditional edges.")
        self._check_activation()
        self.has_cycles_with_exit()

    def _check_names(self) -> None:
        known = list(self.nodes)
        for name, node in self.nodes.items():
            if name != node.name:
                raise ValueError(f"Node {node.name!r} must be kept under its own name, not {name!r}.")
        for node, edge in self.edges():
            if edge.target not in self.nodes:
                raise ValueError(f"Node {node.name!r} has an edge to {edge.target!r}; expected one of: {known}.")
        if self.default_start_node and self.default_start_node not in self.nodes:
            raise ValueError(f"The default start node {self.default_start_node!r} is none of: {known}.")

    def _check_activation(self) -> None:
        first: dict[tuple[str, str], tuple[str, Activation]] = {}
        for node, edge in self.edges():
            group = (edge.target, edge.activation_group)
            source, condition = first.setdefault(group, (node.name, edge.activation_condition))
            if condition != edge.activation_condition:
                raise ValueError(
                    f"Conflicting activation conditions for target '{edge.target}' group '{edge.activation_group}': "
                    f"'{condition}' (from node '{source}') and "
                    f"'{edge.activation_condition}' (from node '{node.name}')"
                )

    def carry(self, into: Carried) -> None:
        """The functions of its edges."""
        for _, edge in self.edges():
            if isinstance(edge.condition, EdgeFunction):
                edge.condition.carry(into)


class GraphFlow(TeamSpec, frozen=True):
    """A team whose participants speak along the edges of a graph; all that are reached at once speak at once.

    Args:
        participants: Agents with different names, at least one for each node.
        graph: Who comes after whom; see `DiGraphBuilder`.
        name: None: the class name; give one to a team inside a team.
        description: For an outer team that chooses speakers.
        termination_condition: When a run ends; None: at the end of the graph, by `max_turns` or from outside.
        max_turns: Batches of speakers after which a run ends, at least 1; None: any number. A graph with a cycle
            needs this or a condition.
        custom_message_types: Users' own message classes, or their names.
        emit_team_events: Show who speaks next as events.
        budget: What may be spent in it, everything inside included; None: as much as it takes.
        notify: Names of the sinks that are told what happens in the chat, if the team is opened as one.

    Raises:
        TypeError: A participant is a team.
        ValueError: As said above, or the graph is refused (AutoGen's texts, here at construction).
    """

    type: Literal["GraphFlow"] = "GraphFlow"
    name: str = "GraphFlow"
    description: str = "A team of agents"
    graph: DiGraph

    def __init__(
        self,
        participants: Members,
        graph: DiGraph,
        *,
        name: str | None = None,
        description: str | None = None,
        termination_condition: TerminationCondition | None = None,
        max_turns: int | None = None,
        custom_message_types: CustomTypes | None = None,
        emit_team_events: bool = False,
        budget: Budget | None = None,
        notify: Sequence[str] = (),
    ) -> None:
        self._fill_team(
            participants,
            graph=graph,
            name=name,
            description=description,
            termination_condition=termination_condition,
            max_turns=max_turns,
            custom_message_types=custom_message_types,
            emit_team_events=emit_team_events,
            budget=budget,
            notify=notify,
        )

    @field_validator("graph")
    @classmethod
    def _in_team_order(cls, graph: DiGraph, info: ValidationInfo) -> DiGraph:
        # JSON objects have no order, and that of the nodes decides who is named first.
        order = [participant.name for participant in info.data.get("participants", ())]
        names = sorted(graph.nodes, key=lambda name: order.index(name) if name in order else len(order))
        return DiGraph({name: graph.nodes[name] for name in names}, graph.default_start_node)

    def check(self) -> None:
        """Refuse teams inside, a graph that cannot be run, and one with a cycle and no limit (AutoGen)."""
        refuse_teams(self.participants)
        super().check()
        self.graph.graph_validate()
        names = self.participant_names
        if strangers := [name for name in self.graph.nodes if name not in names]:
            raise ValueError(f"The graph has nodes that are no participants: {strangers}. Expected some of: {names}.")
        if self.graph.get_has_cycles() and self.termination_condition is None and self.max_turns is None:
            raise ValueError("A termination condition is required for cyclic graphs without a maximum turn limit.")

    @property
    def manager_name(self) -> str:
        """As AutoGen's."""
        return "GraphManager"
