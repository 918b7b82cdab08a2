"""Whose turn it was when an old message was said: batches of speakers, and what the kinds of teams make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import message_of
from folkmoot._chat.floor import level_at
from folkmoot._chat.managers import manager_of
from folkmoot._chat.managers.base import eligible
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Scope
from folkmoot.teams import EdgeFunction, GraphFlow, MagenticOneGroupChat, Swarm

from .cast import Part, direct
from .graph_ways import lead_to

__all__ = ["Managers", "Speakers"]

Managers = dict[str, dict[str, Any]]
"""By path, what the manager of a team keeps."""


class Speakers:
    """Begins turns as a run would have, as far as the messages tell.

    Args:
        chat: The scratch chat.
        parts: All old messages.
        time: ISO 8601, UTC.
        warnings: What does not fit the team is added here.
    """

    def __init__(self, chat: Chat, parts: Sequence[Part], time: str, warnings: list[str]) -> None:
        self.chat = chat
        self.parts = parts
        self.time = time
        self.warnings = warnings

    def begin(self, node: Node, name: str, place: int) -> None:
        """A batch begins, in which a participant says the message at `place` of the parts."""
        scope = self.chat.state.scopes[node.path]
        ready = self._ready(node, scope)
        if isinstance(node.team, GraphFlow) and name not in ready:
            ready = self._led_to(node, scope, name, place)
        batch, rest = [name], list[str]()
        if name in ready:
            batch = self._batch(node, ready, place)
            rest = [other for other in ready if other not in batch]
        elif name not in eligible(node, scope.manager, node.names):
            where, last = self.parts[place].old.where, scope.manager["last"]
            self.warnings.append(f"{where}: {name!r} spoke after {last!r}, which the team's transitions do not allow.")
        where = {"scope": node.path} if node.path else {}
        turn, run = self.chat.state.turn + 1, self.chat.state.run
        self.chat.append(self.time, "turn", run=run, turn=turn, speakers=batch, **where)
        if isinstance(node.team, GraphFlow) and "graph" in scope.manager:
            scope.manager["graph"]["ready"] += rest
        elif isinstance(node.team, Swarm):
            self._give_floor(node, scope, name, place)

    def _ready(self, node: Node, scope: Scope) -> list[str]:
        """Who speaks together with whom, where the team lets several speak at once."""
        if scope.floor.left:
            return list(scope.floor.left)
        return manager_of(node).choose(self.chat, node, scope, self.time) if isinstance(node.team, GraphFlow) else []

    def _led_to(self, node: Node, scope: Scope, name: str, place: int) -> list[str]:
        """Who is ready in a graph that has gone another way than this one does, to somebody whose turn it was not."""
        way, told = lead_to(node, scope, name), f"{self.parts[place].old.where}: {name!r} was not next in the graph"
        if way is None:
            scope.manager.pop("graph", None)
            self.warnings.append(f"{told}, and no way leads there; the graph begins anew after it.")
            return []
        before = f"what comes before, of {', '.join(map(repr, way.before))}, is taken to have been said"
        told += ", which is taken to have begun anew" if way.anew else ""
        self.warnings.append(f"{told}; {before}." if way.before else f"{told} there.")
        return self._ready(node, scope)

    def _batch(self, node: Node, ready: Sequence[str], place: int) -> list[str]:
        """Those of `ready` who said something before others did, or again; all of them if that is still to come."""
        seen, finished = set[str](), set[str]()
        for name, answered in self._following(node, place):
            if name is None or name not in ready or name in finished:
                return [name for name in ready if name in seen]
            seen.add(name)
            if answered:
                finished.add(name)
        return list(ready)

    def _following(self, node: Node, place: int) -> Iterator[tuple[str | None, bool]]:
        """Through whom the following messages came to a team (None: not through it), and whether each is an answer."""
        for part in self.parts[place:]:
            if part.is_task and part.old.kind == "message":
                yield None, True
            elif part.seat is not None:
                yield direct(part, node), part.old.kind == "message"

    def _give_floor(self, node: Node, scope: Scope, name: str, place: int) -> None:
        """In a swarm somebody speaks to whom nothing was handed: other kinds of teams, and 0.2's, have no handoffs."""
        target = scope.manager.get("target", node.names[0])
        if target != name:
            scope.manager["target"] = name
            where = self.parts[place].old.where
            self.warnings.append(
                f"{where}: {name!r} speaks, though {target!r} had the floor; it is taken to have been handed over."
            )

    def check(self, place: int | None) -> None:
        """Answer what is asked of registered functions: conditions ended nothing, edges led to whoever spoke then.

        Args:
            place: Of the next part; None: there is none, and what decides about edges is asked by the next run.
        """
        for path, node in self.chat.plan.nodes.items():
            scope = self.chat.state.scopes[path]
            targets = list(_undecided(node, scope))
            if scope.asked is None or (place is None and targets):
                continue
            spoke = self._next_speakers(node, scope, place) if place is not None else set[str | None]()
            edges = {"edges": [target in spoke for target in targets]} if targets else {}
            where = {"scope": path} if path else {}
            results = [False] * len(node.functions)
            self.chat.append(self.time, "checked", run=self.chat.state.run, results=results, **edges, **where)

    def _next_speakers(self, node: Node, scope: Scope, place: int) -> set[str | None]:
        """Who spoke until one of those who were just heard did again."""
        heard = {name for name, _, _ in scope.manager["graph"]["spoke"]} if "graph" in scope.manager else set[str]()
        found: set[str | None] = set()
        for name, _ in self._following(node, place):
            found.add(name)
            if name is None or name in heard:
                break
        return found

    @property
    def undecided(self) -> bool:
        """Whether an edge waits for its function."""
        scopes = self.chat.state.scopes
        return any(scopes[path].asked is not None for path in self.chat.plan.nodes)

    def managers(self) -> Managers:
        """What the managers keep now, to be given to another chat by `set_managers`."""
        kept: Managers = {}
        for path, node in self.chat.plan.nodes.items():
            scope = self.chat.state.scopes[path]
            if isinstance(node.team, GraphFlow):
                kept[path] = self._graph(node, scope)
            elif scope.manager and not isinstance(node.team, MagenticOneGroupChat):
                # An orchestrator's holds offsets, which mean nothing in another log.
                kept[path] = deepcopy(scope.manager)
        return kept

    def _graph(self, node: Node, scope: Scope) -> dict[str, Any]:
        """A graph's state with half a batch counted: what some have said is known, the others are to speak."""
        scope, chat = scope.model_copy(deep=True), self.chat
        for name in scope.floor.batch:
            for offset in scope.floor.arrived.get(name, ()):
                entry = chat.log.at(offset)
                level = level_at(chat.plan, entry.data, node)
                assert level is not None
                message = message_of(chat.uuid, entry, chat.log.at, None)
                manager_of(node).heard(node, scope, level, message, offset)
        if waiting := [*scope.floor.waiting, *scope.floor.left]:
            ready = scope.manager["graph"]["ready"]
            ready[:] = [*waiting, *(name for name in ready if name not in waiting)]
        return scope.manager

    def set_managers(self, kept: Managers) -> None:
        """Go on as if what came before had been said in this chat."""
        for path, manager in kept.items():
            self.chat.state.scopes[path].manager = deepcopy(manager)


def _undecided(node: Node, scope: Scope) -> Iterator[str]:
    """Where the edges lead whose functions have not answered, in the order of the answers."""
    if not isinstance(node.team, GraphFlow):
        return
    nodes = node.team.graph.nodes
    for name, _, opens in scope.manager.get("graph", {}).get("spoke", ()):
        for edge, is_open in zip(nodes[name].edges, opens, strict=True):
            if is_open is None and isinstance(edge.condition, EdgeFunction):
                yield edge.target
