"""DiGraphBuilder: a graph made step by step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

from .graph import Activation, DiGraph, DiGraphEdge, DiGraphNode, EdgeFunction

__all__ = ["DiGraphBuilder"]


class Named(Protocol):
    """An agent: its spec, or a live one."""

    @property
    def name(self) -> str:
        """The node's name."""
        ...


class DiGraphBuilder:
    """Collects nodes and edges; every step gives the builder back, so steps can be chained.

    Attributes:
        agents: The agents, by name, in the order they were added.
    """

    def __init__(self) -> None:
        self.agents: dict[str, Any] = {}
        self._edges: dict[str, list[DiGraphEdge]] = {}
        self._activations: dict[str, Activation] = {}
        self._start: str | None = None

    @property
    def nodes(self) -> dict[str, DiGraphNode]:
        """The nodes so far, by name."""
        return {name: DiGraphNode(name, edges, self._activations[name]) for name, edges in self._edges.items()}

    def add_node(self, agent: Named, activation: Activation = "all") -> Self:
        """Add an agent; one whose name is there already is left out (AutoGen)."""
        if agent.name not in self.agents:
            self.agents[agent.name] = agent
            self._edges[agent.name] = []
            self._activations[agent.name] = activation
        return self

    def add_edge(
        self,
        source: str | Named,
        target: str | Named,
        condition: str | EdgeFunction | Callable[..., Any] | None = None,
        activation_group: str | None = None,
        activation_condition: Activation | None = None,
    ) -> Self:
        """Add a way from one agent to another.

        Args:
            source: An agent that was added, or its name.
            target: Likewise.
            condition: As of `DiGraphEdge`.
            activation_group: As of `DiGraphEdge`.
            activation_condition: As of `DiGraphEdge`; None: "all".

        Raises:
            ValueError: One of them was not added (AutoGen's texts), or the condition is refused.
        """
        source_name, target_name = _name(source), _name(target)
        if source_name not in self.agents:
            raise ValueError(f"Source node '{source_name}' must be added before adding an edge.")
        if target_name not in self.agents:
            raise ValueError(f"Target node '{target_name}' must be added before adding an edge.")
        edge = DiGraphEdge(target_name, condition, activation_group, activation_condition or "all")
        self._edges[source_name].append(edge)
        return self

    def add_conditional_edges(self, source: str | Named, condition_to_target: Mapping[str, str | Named]) -> Self:
        """Add an edge for each text to look for; deprecated in AutoGen in favour of `add_edge`."""
        warnings.warn(
            "add_conditional_edges will be changed in the future to support callable conditions. "
            "For now, please use add_edge if you need to specify custom conditions.",
            DeprecationWarning,
            stacklevel=2,
        )
        for condition, target in condition_to_target.items():
            self.add_edge(source, target, condition=condition)
        return self

    def set_entry_point(self, name: str | Named) -> Self:
        """Begin at this agent instead of at every one that no edge leads to.

        Raises:
            ValueError: It was not added (AutoGen's text).
        """
        start = _name(name)
        if start not in self.agents:
            raise ValueError(f"Start node '{start}' must be added before setting as entry point.")
        self._start = start
        return self

    def build(self) -> DiGraph:
        """The graph.

        Raises:
            ValueError: It cannot be run; see `DiGraph.graph_validate`.
        """
        graph = DiGraph(self.nodes, self._start)
        graph.graph_validate()
        return graph

    def get_participants(self) -> list[Any]:
        """The agents, in the order they were added."""
        return list(self.agents.values())


def _name(given: str | Named) -> str:
    return given if isinstance(given, str) else given.name
