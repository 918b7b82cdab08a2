"""One participant's or one condition's part of a saved state (AutoGen #4100)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from folkmoot._chat.plan import Link, Node, Plan, Seat
from folkmoot._chat.saved import KEY, VERSION, digest_of
from folkmoot._spec import to_json
from folkmoot.agents import AgentSpec, AssistantAgent, CustomAgent
from folkmoot.errors import BadCommandError

__all__ = ["part_of", "with_part"]

CONDITION = "termination"
KIND = "TerminationConditionState"


def part_of(plan: Plan, saved: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The state of one part.

    Args:
        plan: The chat's spec, laid out.
        saved: The whole state.
        part: A participant's path, or `termination`, with an inner team's path before it.

    Raises:
        BadCommandError: There is no such part.
    """
    found = _find(plan, part)
    if isinstance(found, Node):
        condition = found.condition
        return {
            "type": KIND,
            "version": VERSION,
            "condition": None if condition is None else to_json(condition),
            "progress": saved[KEY]["state"]["scopes"][found.path].get("progress", {}),
        }
    own = copy.deepcopy(dict(_agent_state(plan, saved, found)))
    seats = {path: more for path, more in saved[KEY]["seats"].items() if _inside(path, found.path)}
    nodes = {path: more for path, more in saved[KEY]["nodes"].items() if _inside(path, found.path)}
    return {**own, KEY: {"path": found.path, "seats": copy.deepcopy(seats), "nodes": copy.deepcopy(nodes)}}


def with_part(plan: Plan, saved: Mapping[str, Any], part: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The whole state with one part put in.

    Raises:
        BadCommandError: There is no such part, or the state is none of it.
    """
    found = _find(plan, part)
    whole = copy.deepcopy(dict(saved))
    if isinstance(found, Node):
        _put_condition(found, whole, state)
        return whole
    own = {name: value for name, value in state.items() if name != KEY}
    now = _agent_state(plan, whole, found).get("type")
    if not isinstance(state.get("type"), str) or (not isinstance(found.agent, CustomAgent) and state["type"] != now):
        raise BadCommandError(
            f"Expected a state of type {now!r} for {found.path!r}, got {state.get('type')!r}: {str(dict(state))[:100]}."
        )
    _set_agent_state(plan, whole, found, own)
    _begin_again(plan, whole, found)
    more: Mapping[str, Any] = state.get(KEY) or {}
    before = str(more.get("path", found.path))
    for kind in ("seats", "nodes"):
        kept = {path: value for path, value in whole[KEY][kind].items() if not _inside(path, found.path)}
        given = {found.path + path[len(before) :]: value for path, value in more.get(kind, {}).items()}
        whole[KEY][kind] = {**kept, **given}
    if KEY not in state:
        agent = found.agent
        whole[KEY]["seats"][found.path] = {} if agent is None else {"agent": agent.type}
    return whole


def _begin_again(plan: Plan, whole: dict[str, Any], seat: Seat) -> None:
    """A turn that was under way begins anew: the agent it was of is another now, and has heard nothing of it."""
    notes: dict[str, Any] = whole[KEY]["state"]["scopes"].get(seat.node.path, {}).get("notes", {}).get(seat.name, {})
    notes.pop("again", None)
    begun: list[Any] = whole[KEY]["seats"].get(seat.path, {}).get("begun", [])
    holder, key = _holder(plan, whole, seat)
    if key is not None and isinstance(seat.agent, AssistantAgent):
        holder["message_buffer"] = [*begun, *holder["message_buffer"]]


def _put_condition(node: Node, whole: dict[str, Any], state: Mapping[str, Any]) -> None:
    condition = node.condition
    known = None if condition is None else to_json(condition)
    if state.get("type") != KIND or not isinstance(state.get("progress"), Mapping):
        raise BadCommandError(f"Expected a state of type {KIND!r} with 'progress', got {str(dict(state))[:100]}.")
    if digest_of(state.get("condition")) != digest_of(known):
        raise BadCommandError(
            f"The state is one of another condition: {str(state.get('condition'))[:200]}; the team's is "
            f"{str(known)[:200]}."
        )
    whole[KEY]["state"]["scopes"][node.path]["progress"] = dict(state["progress"])


def _find(plan: Plan, part: str) -> Seat | Node:
    if part in plan.seats:
        return plan.seats[part]
    path, _, name = part.rpartition("/")
    if name == CONDITION and path in plan.nodes:
        return plan.nodes[path]
    known = ", ".join([*plan.seats, CONDITION])
    raise BadCommandError(f"There is no part {part!r}; known are {known}.")


def _inside(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}/")


def _holder(plan: Plan, saved: Mapping[str, Any], seat: Seat) -> tuple[Any, str | None]:
    """Where a seat's own state stands: the mapping, and its key; no key: the mapping itself is it."""
    state = _node_state(plan, saved, seat.node)
    if isinstance(seat.node.team, AgentSpec):
        return state, None
    return state["agent_states"][seat.name], "agent_state"


def _node_state(plan: Plan, saved: Mapping[str, Any], node: Node) -> Any:
    if node.parent is None:
        return saved
    if node.link is Link.TOOL:
        return saved[KEY]["nodes"][node.path]["state"]
    holder, key = _holder(plan, saved, node.parent)
    own = holder if key is None else holder[key]
    return own if node.link is Link.TEAM else own["inner_team_state"]


def _agent_state(plan: Plan, saved: Mapping[str, Any], seat: Seat) -> Mapping[str, Any]:
    holder, key = _holder(plan, saved, seat)
    return {name: value for name, value in holder.items() if name != KEY} if key is None else holder[key]


def _set_agent_state(plan: Plan, whole: dict[str, Any], seat: Seat, own: dict[str, Any]) -> None:
    holder, key = _holder(plan, whole, seat)
    if key is None:
        for name in [name for name in holder if name != KEY]:
            del holder[name]
        holder.update(own)
    else:
        holder[key] = own
