"""Old messages in a graph: where it stands when somebody spoke whose turn it was not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

from folkmoot._chat.managers import manager_of
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Scope
from folkmoot.teams import DiGraphEdge, GraphFlow

__all__ = ["Way", "lead_to"]


class Way(NamedTuple):
    """How a graph came to a node.

    Attributes:
        before: Those who are taken to have spoken, in order.
        anew: It began at its beginning again.
    """

    before: list[str]
    anew: bool


def lead_to(node: Node, scope: Scope, name: str) -> Way | None:
    """Take those to have spoken without whom a participant could not: then it is ready, and who else is by that.

    From where the graph stands if a way leads on from there, else from its beginning. Of the edges with a condition
    only those are taken to have been open that are on the way.

    Args:
        node: The team, a GraphFlow.
        scope: Its state; changed if there is a way.
        name: Who speaks.

    Returns:
        The way; None: none leads there.
    """
    for anew in (False, True):
        start = {} if anew else scope.manager
        needed = _needed(node, _copy(node, scope, start), name)
        if needed is None:
            continue
        trial, on_the_way = _copy(node, scope, start), frozenset({*needed, name})
        before = _walk(node, trial, name, needed, partial(_taken, on_the_way))
        if name in _ready(trial):
            scope.manager = trial.manager
            return Way(list(before), anew)
    return None


def _taken(on_the_way: Collection[str], edge: DiGraphEdge) -> bool:
    return edge.condition is None or edge.target in on_the_way


def _needed(node: Node, trial: Scope, name: str) -> set[str] | None:
    """Who must speak before a participant does; None: it never does. All edges are open, so that every way is seen."""
    before = _walk(node, trial, name, node.names, lambda _: True)
    if name not in _ready(trial):
        return None
    before[name] = _openers(node, trial, before, name)
    needed, waiting = set[str](), list(before[name])
    while waiting:
        other = waiting.pop()
        if other not in needed:
            needed.add(other)
            waiting += before[other]
    return needed


def _walk(
    node: Node, scope: Scope, name: str, through: Collection[str], opens: Callable[[DiGraphEdge], bool]
) -> dict[str, list[str]]:
    """Let those of `through` speak who are ready, once each, until a participant is: who did, with who made it so."""
    spoke: dict[str, list[str]] = {}
    while name not in _ready(scope):
        wave = [other for other in _ready(scope) if other in through and other not in spoke]
        if not wave:
            break
        spoke |= {other: _openers(node, scope, spoke, other) for other in wave}
        _speak(node, scope, wave, opens)
    return spoke


def _openers(node: Node, scope: Scope, spoke: Collection[str], name: str) -> list[str]:
    """Who of those who spoke made a node ready; nobody, if it was at the beginning."""
    assert isinstance(node.team, GraphFlow)
    group = next(iter(scope.manager["graph"]["triggered"].get(name, ())), None)
    edges = [
        (parent, edge)
        for parent in spoke
        for edge in node.team.graph.nodes[parent].edges
        if edge.target == name and edge.activation_group == group
    ]
    one_suffices = any(edge.activation_condition == "any" for _, edge in edges)
    return [parent for parent, _ in edges][: 1 if one_suffices else None]


def _copy(node: Node, scope: Scope, manager: Mapping[str, Any]) -> Scope:
    trial = scope.model_copy(update={"manager": deepcopy(dict(manager))})
    # Whoever looks at a graph that has not begun puts it at its beginning.
    manager_of(node).functions(node, trial)
    return trial


def _ready(scope: Scope) -> list[str]:
    return list(scope.manager["graph"]["ready"]) if "graph" in scope.manager else []


def _speak(node: Node, scope: Scope, names: list[str], opens: Callable[[DiGraphEdge], bool]) -> None:
    """These speak, and the edges from them open or not."""
    assert isinstance(node.team, GraphFlow)
    state, nodes = scope.manager["graph"], node.team.graph.nodes
    rest = [name for name in state["ready"] if name not in names]
    manager_of(node).chosen(node, scope, names)
    state["ready"] = rest
    state["spoke"] += [[name, "answer", [opens(edge) for edge in nodes[name].edges]] for name in names]
    manager_of(node).complete(node, scope)
