"""Speakers along the edges of a graph (AutoGen: GraphFlow)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.floor import Level
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Scope
from folkmoot.messages import model_text_of
from folkmoot.teams import DiGraph, EdgeFunction, GraphFlow

from .base import Manager, Message

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat

__all__ = ["COMPLETE", "Graph", "function_edges"]

COMPLETE = "Digraph execution is complete"


class Graph(Manager):
    """All nodes that are ready speak as one batch; what each said opens edges, in batch order.

    State, once a run has begun: `ready` (nodes), `remaining` (per node and activation group, parents still to come),
    `enqueued` (groups of the kind "any" that are ready), `triggered` (per ready node, its groups), and `spoke`: what
    was said and has not been looked at, as [node, how, per edge: open, closed, or None where a function must say].
    """

    def begin(self, node: Node, scope: Scope, tasked: bool) -> None:
        # The last run was broken off while functions were asked: they are asked again, or nobody would ever be ready.
        if _state(node, scope)["spoke"] and (node.functions or self.functions(node, scope)):
            scope.asked = scope.at

    def rest(self, node: Node, scope: Scope) -> None:
        # A run whose speakers are given up (an agent's tool was cancelled) left nobody who could go on.
        if not scope.floor.left and not scope.manager.get("graph", {}).get("ready"):
            scope.manager.pop("graph", None)

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        return list(_state(node, scope)["ready"])

    def chosen(self, node: Node, scope: Scope, batch: list[str]) -> None:
        """The groups that made these nodes ready count from the beginning again."""
        state, graph = _state(node, scope), _graph(node)
        origin = graph.get_remaining_map()
        for name in batch:
            for group in state["triggered"].pop(name, ()):
                if _is_any(graph, name, group):
                    state["enqueued"].remove([name, group])
                else:
                    state["remaining"][name][group] = origin[name][group]
        state["ready"] = []

    def heard(self, node: Node, scope: Scope, level: Level, message: Message, offset: int) -> None:
        graph, state = _graph(node), _state(node, scope)
        if level.how == "task":
            # Only the last task message may stand for a node's output (AutoGen).
            state["spoke"] = [spoken for spoken in state["spoke"] if spoken[1] != "task"]
        name = _speaks_for(graph, level.how, level.seat, message)
        if name is None:
            return
        text = model_text_of(message)
        opens = [
            None if isinstance(edge.condition, EdgeFunction) else edge.condition is None or edge.condition in text
            for edge in graph.nodes[name].edges
        ]
        state["spoke"] = [*state["spoke"], [name, level.how, opens]]

    def functions(self, node: Node, scope: Scope) -> Sequence[str]:
        graph = _graph(node)
        return [
            edge.condition.function
            for name, _, opens in _state(node, scope)["spoke"]
            for edge, is_open in zip(graph.nodes[name].edges, opens, strict=True)
            if is_open is None and isinstance(edge.condition, EdgeFunction)
        ]

    def answered(self, node: Node, scope: Scope, edges: Sequence[Any]) -> None:
        answers = iter(edges)
        for spoken in _state(node, scope)["spoke"]:
            spoken[2] = [next(answers, False) if is_open is None else is_open for is_open in spoken[2]]

    def complete(self, node: Node, scope: Scope) -> str | None:
        """Let through what was said; a graph with no node ready is complete, whatever the condition says (AutoGen).

        Here it is not while speakers are to speak again whose turn was broken off.
        """
        graph, state = _graph(node), _state(node, scope)
        spoke, state["spoke"] = state["spoke"], []
        # A new task may have left nothing to ask of what `begin` wanted to ask again.
        scope.asked = None
        for name, _, opens in spoke:
            for edge, is_open in zip(graph.nodes[name].edges, opens, strict=True):
                if is_open:
                    _open(state, graph, edge.target, edge.activation_group)
        if state["ready"] or scope.floor.left:
            return None
        scope.manager.pop("graph")
        return COMPLETE


def function_edges(graph: DiGraph, said: Sequence[tuple[str, str, Message]]) -> list[tuple[str, Message]]:
    """The functions that decide about edges, with the message each is asked about, in the order of the answers.

    Args:
        graph: The graph.
        said: What was said since the last check: what it is to the team, through which participant, the message.
    """
    spoke: list[tuple[str, str, Message]] = []
    for how, seat, message in said:
        if how == "task":
            spoke = [spoken for spoken in spoke if spoken[1] != "task"]
        name = _speaks_for(graph, how, seat, message)
        if name is not None:
            spoke.append((name, how, message))
    return [
        (edge.condition.function, message)
        for name, _, message in spoke
        for edge in graph.nodes[name].edges
        if isinstance(edge.condition, EdgeFunction)
    ]


def _speaks_for(graph: DiGraph, how: str, seat: str, message: Message) -> str | None:
    """The node whose output a message is; a task may stand for one (AutoGen)."""
    if how == "answer":
        return seat
    return message["source"] if how == "task" and message["source"] in graph.nodes else None


def _graph(node: Node) -> DiGraph:
    assert isinstance(node.team, GraphFlow)
    return node.team.graph


def _state(node: Node, scope: Scope) -> dict[str, Any]:
    """The state, at the graph's beginning if there is none."""
    graph = _graph(node)
    if "graph" not in scope.manager:
        remaining = {name: dict(groups) for name, groups in graph.get_remaining_map().items()}
        starts = [name for name in graph.nodes if name in graph.get_start_nodes()]
        fresh: dict[str, Any] = {"ready": starts, "remaining": remaining}
        fresh |= {"enqueued": [], "triggered": {}, "spoke": []}
        scope.manager["graph"] = fresh
    found: dict[str, Any] = scope.manager["graph"]
    return found


def _is_any(graph: DiGraph, target: str, group: str) -> bool:
    return any(
        edge.activation_condition == "any"
        for _, edge in graph.edges()
        if edge.target == target and edge.activation_group == group
    )


def _open(state: Mapping[str, Any], graph: DiGraph, target: str, group: str) -> None:
    """An edge to `target` is open: the node is ready once its group is satisfied."""
    if _is_any(graph, target, group):
        if [target, group] in state["enqueued"]:
            return
        state["enqueued"].append([target, group])
    else:
        state["remaining"][target][group] -= 1
        if state["remaining"][target][group] != 0:
            return
    if target not in state["ready"]:
        state["ready"].append(target)
    triggered = state["triggered"].setdefault(target, [])
    if group not in triggered:
        triggered.append(group)
