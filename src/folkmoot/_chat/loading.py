"""Whether a saved state fits a chat, and what the engine makes of it: it fits as a whole, or it is refused.

Error texts: AutoGen's `BaseGroupChat.load_state`, with the place and the value behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter, ValidationError

from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.messages import LLMMessage, checked_log, is_chat, is_own_kind
from folkmoot.teams import GraphFlow, TeamSpec

from . import termination
from .context import AgentContext
from .floor import Floor
from .forms import FormError, check_entry, check_manager, check_ours, shortened
from .hearing import Hearing
from .log import Entry
from .manager_states import GRAPH_FIELDS, manager_from
from .managers import manager_of
from .needed import needed_offsets
from .plan import Link, Node, Plan, Seat
from .roles import role_of
from .saved import KEY, Saved, digest_of, shape_of
from .saving import FORMAT
from .scope_forms import check_scope
from .state import ChatState, Scope
from .thread import ThreadView

__all__ = ["INVALID", "Loaded", "load"]

INVALID = (
    "Invalid state format. The expected state format has changed since v0.4.9. Please read the release note on GitHub."
)
_LLM: TypeAdapter[Any] = TypeAdapter(LLMMessage)


class Loaded(NamedTuple):
    """What a chat goes on with.

    Attributes:
        state: The engine's state; it refers to `entries` by their place in that list.
        entries: What it refers to.
        turn: Turns so far.
        asks: A person was being asked something.
    """

    state: ChatState
    entries: list[dict[str, Any]]
    turn: int
    asks: bool


def load(plan: Plan, whole: object, time: str) -> Loaded:
    """Read a saved state.

    Args:
        plan: The chat's spec, laid out.
        whole: The JSON.
        time: Now, ISO 8601 in UTC: what begins anew begins now.

    Raises:
        ValueError: It is none, or not of a chat like this (AutoGen's texts).
    """
    state = _mapping(whole, "the state")
    try:
        _Check(plan).node(plan.root, state)
        return _loaded(plan, state, time)
    except FormError as error:
        raise ValueError(f"{INVALID} {error}") from None
    except (AttributeError, IndexError, KeyError, TypeError, ValidationError) as error:
        # What stands under our key is nobody's business but ours; whoever changed it by hand is told what broke.
        raise ValueError(f"{INVALID} Under {KEY!r}: {type(error).__name__}: {shortened(str(error))}") from error


def _loaded(plan: Plan, state: Mapping[str, Any], time: str) -> Loaded:
    saved = Saved(plan, state)
    for node in plan.nodes.values():
        ThreadView(plan, "", node).loaded(saved, 0)
    for seat in plan.seats.values():
        view = AgentContext(plan, "", seat)
        view.loaded(saved, 0)
        _check_context(repr(seat.path), [item.message for item in (*view.items, *view.suspended)])
    loader = _Loader(plan, saved, time)
    if KEY not in state:
        return Loaded(loader.fresh(), loader.entries, 0, False)
    more: Mapping[str, Any] = state[KEY]
    engine = loader.ours(more)
    for place in needed_offsets(plan, engine):
        if not 0 <= place < len(loader.entries):
            raise FormError(("entries",), place, f"expected a place in a list of {len(loader.entries)}")
        check_entry(plan, loader.entries[place], place)
    return Loaded(engine, loader.entries, int(more.get("turn", 0)), bool(more.get("asks")))


def _check_context(where: str, messages: Sequence[Mapping[str, Any]]) -> None:
    for message in messages:
        try:
            _LLM.validate_python({name: value for name, value in message.items() if name != "memory"})
        except ValidationError:
            raise ValueError(f"{INVALID} In the context of {where}: {shortened(message)}.") from None


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{INVALID} Expected a JSON object as {what}, got {shortened(value)}.")
    return cast(Mapping[str, Any], value)


def _list(value: object, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{INVALID} Expected a list as {what}, got {shortened(value)}.")
    return cast(list[Any], value)


class _Check:
    """Refuses what does not fit the spec."""

    def __init__(self, plan: Plan) -> None:
        self._more: Mapping[str, Any] = {}
        teams = [node.team for node in plan.nodes.values() if isinstance(node.team, TeamSpec)]
        # A single agent has no list: it may say anything.
        self._own = {kind for team in teams for kind in team.custom_message_types} if teams else None

    def node(self, node: Node, state: Mapping[str, Any]) -> None:
        """Check a team's state, and all inside."""
        if node.parent is None:
            self._ours(state)
        where = repr(node.path) if node.path else "the team"
        if isinstance(node.team, AgentSpec):
            (seat,) = node.seats.values()
            self._agent(seat, state)
            return
        members = _mapping(state.get("agent_states"), f"'agent_states' of {where}")
        for name in (*node.names, node.manager_name):
            if name not in members:
                raise ValueError(f"Agent state for {name} not found in the saved state.")
        for seat in node.seats.values():
            container = _mapping(members[seat.name], f"the state of {seat.path!r}")
            for message in _list(container.get("message_buffer", []), f"'message_buffer' of {seat.path!r}"):
                kind = self._message(message, f"the buffer of {seat.path!r}")
                if not is_chat(kind):
                    raise ValueError(f"Invalid message type in message buffer: {kind} (of {seat.path!r})")
            self._agent(seat, _mapping(container.get("agent_state", {}), f"'agent_state' of {seat.path!r}"))
        self._manager(node, _mapping(members[node.manager_name], f"the state of {node.manager_name!r}"), where)

    def _ours(self, state: Mapping[str, Any]) -> None:
        more = _mapping(state.get(KEY, {}), repr(KEY))
        if more and (not isinstance(more.get("format"), int) or more["format"] > FORMAT):
            raise ValueError(
                f"{INVALID} The format under {KEY!r} is {more.get('format')!r}; this release knows up to {FORMAT}."
            )
        check_ours(more)
        for place, entry in enumerate(more.get("entries", ())):
            if "message" in entry:
                self._message(entry["message"], f"entry {place} under {KEY!r}")
        for path, kept in chain(more.get("seats", {}).items(), more.get("nodes", {}).items()):
            for name in ("begun", "thread", "buffer", "tasks", "untold", "reminders"):
                for message in kept.get(name, ()):
                    self._message(message, f"{name!r} of {path!r}")
            _check_context(f"the manager of {path!r}", kept.get("seen", ()))
        self._more = more.get("nodes", {})

    def _manager(self, node: Node, manager: Mapping[str, Any], where: str) -> None:
        for message in _list(manager.get("message_thread", []), f"'message_thread' of {where}"):
            self._message(message, f"the thread of {where}")
        check_manager(manager, where)
        if not isinstance(manager.get("current_turn", 0), int):
            raise ValueError(f"{INVALID} 'current_turn' of {where} is {shortened(manager['current_turn'])}.")
        if isinstance(node.team, GraphFlow):
            self._graph(node, manager, where)

    def _graph(self, node: Node, manager: Mapping[str, Any], where: str) -> None:
        for name in GRAPH_FIELDS:
            if name not in manager:
                raise ValueError(f"{INVALID} {name!r} of the graph of {where} is missing.")
        for name in _list(manager["ready"], f"'ready' of the graph of {where}"):
            if name not in node.names:
                raise ValueError(f"{INVALID} {name!r} is ready in {where}, but is none of {node.names}.")
        for field, kind in (("remaining", int), ("enqueued_any", bool)):
            of = f"{field!r} of the graph of {where}"
            for name, groups in _mapping(manager[field], of).items():
                if name not in node.names:
                    raise ValueError(f"{INVALID} {name!r} in {of} is none of {node.names}.")
                for group, value in _mapping(groups, f"{name!r} in {of}").items():
                    if not isinstance(value, kind):
                        raise ValueError(
                            f"{INVALID} Expected a value of type {kind.__name__} for {group!r} of {name!r} in {of}, "
                            f"got {shortened(value)}."
                        )

    def _agent(self, seat: Seat, state: Mapping[str, Any]) -> None:
        if isinstance(seat.spec, AssistantAgent):
            context = _mapping(state.get("llm_context", {"messages": []}), f"'llm_context' of {seat.path!r}")
            for message in _list(context.get("messages", []), f"the context of {seat.path!r}"):
                _mapping(message, f"a message in the context of {seat.path!r}")
        if seat.inner is not None:
            inside = state if seat.inner.link is Link.TEAM else state.get("inner_team_state")
            self.node(seat.inner, _mapping(inside, f"the inner team's state of {seat.path!r}"))
        for node in seat.tools.values():
            if (inside := _mapping(self._more.get(node.path, {}), repr(node.path)).get("state")) is not None:
                self.node(node, _mapping(inside, f"the state of {node.path!r}"))

    def _message(self, message: object, where: str) -> str:
        data = _mapping(message, f"a message of {where}")
        try:
            kind: str = checked_log(data)["type"]
        except ValidationError:
            raise ValueError(f"{INVALID} In {where}: {shortened(data)}.") from None
        except ValueError as error:
            raise ValueError(f"{error} (in {where})") from None
        if self._own is not None and is_own_kind(kind) and kind not in self._own:
            known = f"the team's 'custom_message_types' are {sorted(self._own)}"
            raise ValueError(f"Unknown message type: {kind} (in {where}; {known})")
        return kind


class _Loader:
    """Makes the engine's state of a saved one that fits.

    Attributes:
        entries: What the state refers to, by place.
    """

    def __init__(self, plan: Plan, saved: Saved, time: str) -> None:
        self._plan = plan
        self._saved = saved
        self._time = time
        self.entries: list[dict[str, Any]] = []

    def ours(self, more: Mapping[str, Any]) -> ChatState:
        """The state as we saved it; what the spec has changed since begins anew, as from a state of AutoGen's."""
        self.entries = [dict(entry) for entry in more.get("entries", [])]
        kept = ChatState.load(more.get("state", {}))
        nodes: Mapping[str, Any] = more.get("nodes", {})
        seats: Mapping[str, Any] = more.get("seats", {})
        for path, node in self._plan.nodes.items():
            known: Mapping[str, Any] = nodes.get(path, {})
            scope = kept.scopes.get(path)
            if scope is None:
                kept.scopes[path] = self._scope(node)
                continue
            if known.get("condition") != digest_of(node.condition):
                scope.progress, scope.before = termination.fresh(node.condition, self._time), None
            if known.get("shape") != shape_of(node):
                scope.manager, scope.floor = self._manager(node), Floor()
            same = {name for name, seat in node.seats.items() if _same_kind(seats.get(seat.path), seat)}
            scope.notes = {name: notes for name, notes in scope.notes.items() if name in same}
        kept.scopes = {path: kept.scopes[path] for path in self._plan.nodes}
        for path, node in self._plan.nodes.items():
            check_scope(node, kept.scopes[path])
        kept.opened = True
        return kept

    def fresh(self) -> ChatState:
        """The state of a chat that AutoGen saved: conditions begin anew, nobody is in the middle of anything."""
        state = ChatState(opened=True)
        for path, node in self._plan.nodes.items():
            state.scopes[path] = self._scope(node)
        hearing = Hearing(self._plan, "")
        for seat in self._plan.seats.values():
            for message in self._saved.buffer(seat.path):
                self._hear(state, hearing, seat, message)
        return state

    def _scope(self, node: Node) -> Scope:
        progress = termination.fresh(node.condition, self._time)
        rounds = self._saved.manager(node.path).get("current_turn", 0)
        return Scope(progress=progress, manager=self._manager(node), rounds=rounds)

    def _manager(self, node: Node) -> dict[str, Any]:
        data = self._saved.manager(node.path)
        if not data or not isinstance(node.team, TeamSpec):
            return {}
        first = len(self.entries)
        kept, entries = manager_from(node, data, self._saved.messages(node.path))
        self.entries += entries
        return manager_of(node).moved(kept, lambda place: first + place)

    def _hear(self, state: ChatState, hearing: Hearing, seat: Seat, message: Mapping[str, Any]) -> None:
        """What a participant has not heard yet; what an inner team has not is the task of its next run."""
        if seat.inner is not None:
            entry = {"as": "message", "role": "task", "message": dict(message), "time": self._time}
            self.entries.append(entry)
            hearing.hear(state, seat, message, Entry(len(self.entries) - 1, entry, b"", ""))
        else:
            role_of(seat).hear(state.scopes[seat.node.path].notes.setdefault(seat.name, {}), message)


def _same_kind(known: Mapping[str, Any] | None, seat: Seat) -> bool:
    """Whether whoever sits there now is of the kind that was saved."""
    return seat.agent is None or (known or {}).get("agent") == seat.agent.type
