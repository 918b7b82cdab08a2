"""A saved state of one team as a state of another: participants come, go and are replaced, options change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.messages import is_chat
from folkmoot.teams import GraphFlow, RoundRobinGroupChat

from .floor import Level, level_at
from .manager_states import manager_fields, manager_type
from .plan import Link, Node, Plan, Seat
from .saved import BASE_STATE, KEY, VERSION, Saved, shape_of
from .state import Scope

__all__ = ["adapted"]

Message = Mapping[str, Any]
_Arrived = tuple[Level, Message]
"""What was said, and what it is to the node."""


def adapted(old: Plan, new: Plan, whole: Mapping[str, Any], hears: bool) -> dict[str, Any]:
    """The state for the new team.

    Who was there and is still of the same kind keeps context and undelivered messages; whoever else is there begins
    with nothing said. A team's conversation stays its own, whatever kind it becomes.

    Args:
        old: The spec the state is of, laid out.
        new: The spec it is to be of.
        whole: The state, with what stands under our key.
        hears: Newcomers hear what was said so far.
    """
    adapter = _Adapter(old, new, whole, hears)
    state = adapter.node(new.root)
    return {**state, KEY: {**whole[KEY], "seats": adapter.seats, "nodes": adapter.nodes}}


class _Adapter:
    def __init__(self, old: Plan, new: Plan, whole: Mapping[str, Any], hears: bool) -> None:
        self._old = old
        self._saved = Saved(old, whole)
        self._hears = hears
        more: Mapping[str, Any] = whole[KEY]
        self._more: Mapping[str, Any] = more["nodes"]
        self._scopes: Mapping[str, Any] = more["state"]["scopes"]
        self._entries: Sequence[Mapping[str, Any]] = more["entries"]
        self._seats: Mapping[str, Any] = more["seats"]
        self.nodes: dict[str, Any] = {}
        self.seats: dict[str, Any] = {}
        self._new = new

    def node(self, node: Node) -> dict[str, Any]:
        before = self._old.nodes.get(node.path)
        known = before is not None and before.link is node.link
        said = list(self._saved.messages(node.path)) if known else []
        arrived: Sequence[_Arrived] = ()
        if before is not None and known and node.path in self._more:
            kept = {name: value for name, value in self._more[node.path].items() if name != "state"}
            arrived = [] if kept["shape"] == shape_of(node) else self._arrived(before)
            self.nodes[node.path] = _with(kept, arrived)
            said += [message for _, message in arrived]
        members = {
            seat.name: self._container(seat, before if known else None, said, arrived) for seat in node.seats.values()
        }
        if isinstance(node.team, AgentSpec):
            (container,) = members.values()
            more = {"thread": said, "buffer": container["message_buffer"]}
            self.nodes[node.path] = {**self.nodes.get(node.path, {}), **more}
            return dict(container["agent_state"])
        kind = manager_type(node)
        manager: dict[str, Any] = {} if kind is None else {"type": kind, "version": VERSION}
        manager |= manager_fields(node, Scope(), {})
        was: Mapping[str, Any] = self._saved.manager(node.path) if known else {}
        if before is not None and isinstance(node.team, GraphFlow):
            was = _graph_state(before, node, was)
        manager |= {name: value for name, value in was.items() if name in manager and name not in ("type", "version")}
        if before is not None and "next_speaker_index" in was and isinstance(node.team, RoundRobinGroupChat):
            manager["next_speaker_index"] = _next(before.names, node.names, was["next_speaker_index"])
        manager |= {"message_thread": said, "current_turn": was.get("current_turn", 0)}
        return {"type": "TeamState", "version": VERSION, "agent_states": {**members, node.manager_name: manager}}

    def _arrived(self, node: Node) -> list[_Arrived]:
        """What speakers of a batch that was half done have said: nobody else of it will speak, so it is taken in."""
        floor = self._scopes.get(node.path, {}).get("floor", {})
        of_speaker: Mapping[str, Sequence[int]] = floor.get("arrived", {})
        entries = [self._entries[place] for name in floor.get("batch", ()) for place in of_speaker.get(name, ())]
        levels = ((level_at(self._old, entry, node), entry["message"]) for entry in entries)
        return [(level, message) for level, message in levels if level is not None and level.in_thread]

    def _container(
        self, seat: Seat, before: Node | None, said: Sequence[Message], arrived: Sequence[_Arrived]
    ) -> dict[str, Any]:
        was = before.seats.get(seat.name) if before is not None else None
        same = was is not None and _kind(was) == _kind(seat)
        if same and seat.path in self._seats:
            self.seats[seat.path] = self._seats[seat.path]
        if same:
            heard = (item for level, item in arrived if level.heard and level.seat != seat.name)
            buffer = [*self._saved.buffer(seat.path), *(item for item in heard if is_chat(item["type"]))]
        else:
            heard = (item for item in said if is_chat(item["type"]) and item["source"] != seat.source)
            buffer = list(heard) if self._hears else []
        return {
            "type": "ChatAgentContainerState",
            "version": VERSION,
            "agent_state": self._agent(seat, same),
            "message_buffer": buffer,
        }

    def _agent(self, seat: Seat, same: bool) -> dict[str, Any]:
        for node in seat.tools.values():
            inside = self.node(node)
            if node.path in self._more and "state" in self._more[node.path]:
                self.nodes[node.path] = {**self.nodes.get(node.path, {}), "state": inside}
            else:
                self.nodes.pop(node.path, None)
        if seat.inner is not None:
            inside = self.node(seat.inner)
            if seat.inner.link is Link.TEAM:
                return inside
            return {"type": "SocietyOfMindAgentState", "version": VERSION, "inner_team_state": inside}
        if same:
            return dict(self._saved.agent(seat.path))
        if isinstance(seat.spec, AssistantAgent):
            return {"type": "AssistantAgentState", "version": VERSION, "llm_context": {"messages": []}}
        return dict(BASE_STATE)


def _with(kept: Mapping[str, Any], arrived: Sequence[_Arrived]) -> dict[str, Any]:
    """What is kept of a node, with what was still to be taken in."""
    if not arrived:
        return dict(kept)
    more: dict[str, Any] = {
        "places": [*kept["places"], *([level.how, level.seat] for level, _ in arrived)],
        "unchecked": kept.get("unchecked", 0) + len(arrived),
    }
    if "seen" in kept:
        more["seen"] = [*kept["seen"], *(message for _, message in arrived if is_chat(message["type"]))]
    return {**kept, **more}


def _kind(seat: Seat) -> tuple[object, ...]:
    """What has to be the same for a state to be one's own."""
    return (None if seat.agent is None else seat.agent.type, type(seat.spec), seat.inner is not None)


def _graph_state(before: Node, node: Node, was: Mapping[str, Any]) -> Mapping[str, Any]:
    """A graph's state for another graph: one that nobody is in the middle of begins anew.

    Raises:
        ValueError: Somebody is, and the other graph has no place for them.
    """
    if not isinstance(before.team, GraphFlow) or shape_of(before) == shape_of(node):
        return was
    fresh = manager_fields(before, Scope(), {})
    others = {name: value for name, value in was.items() if name not in fresh}
    if all(was.get(name) == value for name, value in fresh.items()):
        return others
    wanted = manager_fields(node, Scope(), {})["remaining"]
    for name, groups in was["remaining"].items():
        if name not in wanted or not set(groups) <= set(wanted[name]):
            raise ValueError(
                f"The chat is in the middle of its graph, and {name!r} or an edge to it is not in the new one. Let the "
                "graph end first, or go back to where it began."
            )
    return was


def _next(before: Sequence[str], now: Sequence[str], index: int) -> int:
    """Whose turn it was it still is; else that of who took the place, or of the next one who is still there."""
    if before[index % len(before)] not in now and now[index % len(now)] not in before:
        return index % len(now)
    order = [*before[index % len(before) :], *before[: index % len(before)]]
    return next((now.index(name) for name in order if name in now), 0)
