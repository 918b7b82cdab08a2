"""A chat's state as AutoGen's JSON (`TeamState`), with one key more for what AutoGen forgets.

What a model is to see next, what participants have not heard yet, and each team's conversation stand where AutoGen has
them. Under `folkmoot` stand the engine's state (conditions' progress, who is to go on, what was not taken in yet) with
the entries it refers to, and of each seat and node what AutoGen has no place for. A state says nothing of offsets of
the log it was made of: `state` refers to `entries` by their place in that list.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from folkmoot.agents import AgentSpec, AssistantAgent, CodeExecutorAgent, CustomAgent
from folkmoot.teams import MagenticOneGroupChat

from . import runs
from .agent_state import StateView
from .condensing import summaries_of
from .context import AgentContext
from .entries import content_of, message_of, result_of
from .log import Entry, Log
from .manager_states import manager_fields, manager_type, text_in
from .moving import moved
from .needed import needed_offsets
from .plan import Link, Node, Plan, Seat
from .saved import BASE_STATE, KEY, VERSION, digest_of, shape_of
from .state import LASTING, ChatState
from .thread import ThreadView, spoken

__all__ = ["FORMAT", "Views", "save"]

FORMAT = 1
"""Of what stands under our key."""

_NOT_SAVED = {*LASTING, "parent", "jumps", "branch", "spoke", "command", "reply", "first", "epoch"}


class Views(Protocol):
    """The views of a chat's log, read up to the place that is saved."""

    def context(self, path: str) -> AgentContext:
        """A seat's."""
        ...

    def thread(self, path: str) -> ThreadView:
        """A node's."""
        ...

    def agent_state(self, path: str) -> StateView:
        """A custom agent's."""
        ...


def save(
    plan: Plan, uuid: str, log: Log, offset: int, state: ChatState, views: Views, blobs: Mapping[str, str]
) -> dict[str, Any]:
    """The state right after the entry at `offset`.

    Args:
        plan: The chat's spec, laid out.
        uuid: The chat's uuid.
        log: The whole log, as far as the present branch needs it.
        offset: Where.
        state: The engine's state there; it is used up.
        views: Read up to there.
        blobs: Contents that lie in the store.
    """
    # With the entry that loads a state nobody is asked yet; the run that begins by itself comes after it.
    asks = bool(state.requests) or bool(log.at(offset).data.get("asks"))
    if state.running:
        runs.suspend(plan, state, log.at(offset))
    offsets, entries = _entries(plan, uuid, log, offset, state, blobs)
    saver = _Saver(state, views, dict(zip(offsets, map(text_in, entries), strict=True)), blobs)
    whole = saver.node(plan.root)
    kept = moved(plan, state, lambda at: bisect_left(offsets, at), here=0).dump()
    whole[KEY] = {
        "format": FORMAT,
        "state": {name: value for name, value in kept.items() if name not in _NOT_SAVED},
        "turn": state.turn,
        "asks": asks,
        "entries": entries,
        "seats": saver.seats,
        "nodes": saver.nodes,
    }
    return whole


def _entries(
    plan: Plan, uuid: str, log: Log, offset: int, state: ChatState, blobs: Mapping[str, str]
) -> tuple[list[int], list[dict[str, Any]]]:
    """What the engine will look at again, each entry for itself: offsets, and the entries."""
    found = {place: log.at(place) for place in needed_offsets(plan, state)}
    for node in plan.nodes.values():
        seat = node.parent
        if seat is None or node.link is not Link.SOCIETY:
            continue
        again: Mapping[str, Any] = state.scopes[seat.node.path].notes.get(seat.name, {}).get("again") or {}
        if "first" in again:
            said = spoken(plan, log, node, again["first"], offset + 1)
            found |= {entry.offset: entry for entry in said}
    offsets = sorted(found)
    return offsets, [_alone(uuid, found[place], log.at, blobs) for place in offsets]


def _alone(uuid: str, entry: Entry, lookup: Callable[[int], Entry], blobs: Mapping[str, str]) -> dict[str, Any]:
    """An entry that refers to no other one."""
    data = entry.data
    # What a loaded state referred to is saved again as what it was.
    kind = data.get("as", entry.kind)
    names = ("scope", "agent", "role", "policies", "approvals", "step", "code_blocks", "arguments", "secrets")
    kept = {"as": kind, **{name: data[name] for name in names if name in data}}
    if "message" in data:
        return {**kept, "message": message_of(uuid, entry, lookup, blobs)}
    if kind == "tool":
        result = result_of(uuid, entry, lookup, blobs)
        return {**kept, "index": data["index"], "id": data["id"], "name": data["name"], **_outcome(result)}
    return {**kept, "content": content_of(data.get("content"), blobs)}


def _outcome(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": result["content"], **({"is_error": True} if result["is_error"] else {})}


class _Saver:
    """Lays a chat's parts out as AutoGen does.

    Attributes:
        seats: What AutoGen has no place for, of each seat, by path.
        nodes: Likewise of each node.
    """

    def __init__(self, state: ChatState, views: Views, texts: Mapping[int, str], blobs: Mapping[str, str]) -> None:
        self._blobs = blobs
        self._state = state
        self._views = views
        self._texts = texts
        self.seats: dict[str, dict[str, Any]] = {}
        self.nodes: dict[str, dict[str, Any]] = {}

    def node(self, node: Node) -> dict[str, Any]:
        """A team's state; of a single agent that is run for itself, the agent's."""
        scope, view = self._state.scopes[node.path], self._views.thread(node.path)
        said = [item.message for item in view.thread]
        more: dict[str, Any] = {
            "places": [[item.how, item.seat] for item in view.thread],
            "shape": shape_of(node),
            "condition": digest_of(node.condition),
        }
        if unchecked := sum(item.entered >= scope.checked for item in view.thread):
            more["unchecked"] = unchecked
        if not view.relays(node.path):
            more["relays"] = False
        seen = view.condensed
        if seen is not None and (told := summaries_of(seen.items, seen.begun)):
            more |= {"seen": [item.message for item in seen.items], **told}
        if isinstance(node.team, MagenticOneGroupChat):
            steps = [step for step in view.steps if step["step"] in ("facts", "planned")]
            more |= {"tasks": view.tasks, "untold": view.untold, "finished": view.finished}
            more["steps"] = [self._step(step) for step in steps[-4:]]
        self.nodes[node.path] = more
        members = {seat.name: self._container(seat) for seat in node.seats.values()}
        if isinstance(node.team, AgentSpec):
            (container,) = members.values()
            self.nodes[node.path] |= {"thread": said, "buffer": container["message_buffer"]}
            return dict(container["agent_state"])
        kind = manager_type(node)
        spoke = next((item.seat for item in reversed(view.thread) if item.how == "answer"), None)
        fields = manager_fields(node, scope, self._texts, spoke)
        manager = {
            **({} if kind is None else {"type": kind, "version": VERSION}),
            "message_thread": said,
            "current_turn": scope.rounds,
            **fields,
        }
        return {"type": "TeamState", "version": VERSION, "agent_states": {**members, node.manager_name: manager}}

    def _step(self, step: Mapping[str, Any]) -> dict[str, Any]:
        content = {"content": content_of(step["content"], self._blobs)} if "content" in step else {}
        return {"step": step["step"], **content}

    def _container(self, seat: Seat) -> dict[str, Any]:
        agent_state, buffer = self._seat(seat)
        return {
            "type": "ChatAgentContainerState",
            "version": VERSION,
            "agent_state": agent_state,
            "message_buffer": buffer,
        }

    def _seat(self, seat: Seat) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]]:
        """A participant's state, and what it has not heard yet."""
        for node in seat.tools.values():
            inside = self.node(node)
            self.nodes[node.path]["state"] = inside
        if seat.inner is not None:
            view = self._views.thread(seat.inner.path)
            inside = self.node(seat.inner)
            if seat.inner.link is Link.TEAM:
                return inside, view.queue(seat.inner.path)
            assert seat.agent is not None
            self.seats[seat.path] = {"agent": seat.agent.type}
            self.nodes[seat.inner.path]["reminders"] = view.reminders(seat.inner.path)
            return _state("SocietyOfMindAgentState", inner_team_state=inside), view.queue(seat.inner.path)
        view = self._views.context(seat.path)
        agent = seat.agent
        items, suspended = view.items, view.suspended
        if items and items[-1].calls_tools:
            # The turn under way will make the request again; no call is saved without its result.
            items, suspended = items[:-1], items[-1:]
        messages = [{name: value for name, value in item.message.items() if name != "memory"} for item in items]
        assert agent is not None
        more: dict[str, Any] = {"agent": agent.type, "begun": view.new if view.unanswered else []}
        more["suspended"] = [item.message for item in suspended]
        more |= summaries_of(items, view.begun)
        more["memory"] = [
            [place, item.message["memory"]] for place, item in enumerate(items) if "memory" in item.message
        ]
        more["memories"] = {part: [kept.results, kept.context] for part, kept in view.memories.items()}
        if isinstance(agent, CodeExecutorAgent) or (isinstance(agent, AssistantAgent) and seat.spec is not agent):
            more["context"] = messages
        self.seats[seat.path] = {name: value for name, value in more.items() if value}
        buffer = view.unread
        if view.unanswered and not isinstance(agent, AssistantAgent):
            # AutoGen clears a buffer when the turn is over.
            buffer = [*view.new, *buffer]
        if isinstance(seat.spec, AssistantAgent):
            return _state("AssistantAgentState", llm_context={"messages": messages}), buffer
        if isinstance(agent, CustomAgent):
            return dict(self._views.agent_state(seat.path).state or BASE_STATE), buffer
        return dict(BASE_STATE), buffer


def _state(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "version": VERSION, **fields}
