"""What AutoGen saves of a team's manager, made of ours and read back; the conversation and the turns are not its part.

Keys and classes: AutoGen's `state` module and `GraphFlowManager.save_state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot.messages import is_chat, text_of
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm

from .plan import Node
from .state import Scope

__all__ = ["GRAPH_FIELDS", "manager_fields", "manager_from", "manager_type", "text_in"]

Data = Mapping[str, Any]
Thread = Sequence[Mapping[str, Any]]

GRAPH_FIELDS = ("remaining", "enqueued_any", "ready")
"""What AutoGen demands of a graph's saved state, besides the thread and the count of turns."""
_TYPES: dict[type, str] = {
    RoundRobinGroupChat: "RoundRobinManagerState",
    SelectorGroupChat: "SelectorManagerState",
    Swarm: "SwarmManagerState",
    MagenticOneGroupChat: "MagenticOneOrchestratorState",
}


def manager_type(node: Node) -> str | None:
    """The name of AutoGen's class; a graph's state has none."""
    return _TYPES.get(type(node.team))


def manager_fields(node: Node, scope: Scope, texts: Mapping[int, str], spoke: str | None = None) -> dict[str, Any]:
    """AutoGen's fields of a manager, but for `message_thread` and `current_turn`.

    Args:
        node: The team.
        scope: Its state, nobody speaking.
        texts: The texts of the entries that the manager refers to, by offset.
        spoke: Who spoke last; None: nobody yet.
    """
    kept, left = scope.manager, scope.floor.left
    match node.team:
        case RoundRobinGroupChat():
            # Who was interrupted is next.
            return {"next_speaker_index": node.names.index(left[0]) if left else kept.get("next", 0)}
        case SelectorGroupChat():
            return {"previous_speaker": kept.get("previous")}
        case Swarm():
            # Not whom it was handed to since: that is in the thread.
            return {"current_speaker": left[0] if left else spoke or node.names[0]}
        case MagenticOneGroupChat():
            return {
                "task": " ".join(texts[offset] for offset in [*kept.get("tasks", ()), *kept.get("heard", ())]),
                "facts": texts.get(kept.get("facts", -1), ""),
                "plan": texts.get(kept.get("plan", -1), ""),
                "n_rounds": kept.get("rounds", 0),
                "n_stalls": kept.get("stalls", 0),
            }
        case GraphFlow():
            return _graph_fields(node.team, kept.get("graph"), left)
        case _:
            return {}


def _graph_fields(team: GraphFlow, kept: Data | None, left: Sequence[str]) -> dict[str, Any]:
    graph = team.graph
    remaining = {name: dict(groups) for name, groups in graph.get_remaining_map().items()}
    enqueued = {name: dict.fromkeys(groups, False) for name, groups in remaining.items()}
    ready = [name for name in graph.nodes if name in graph.get_start_nodes()]
    if kept is not None:
        remaining, ready = kept["remaining"], [*left, *kept["ready"]]
        for name, group in kept["enqueued"]:
            enqueued[name][group] = True
    return {"remaining": remaining, "enqueued_any": enqueued, "ready": ready}


def manager_from(node: Node, data: Data, thread: Thread) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Our state of a manager, from AutoGen's.

    Args:
        node: The team.
        data: What was saved of its manager.
        thread: The conversation, in AutoGen's full form.

    Returns:
        The state, and entries it refers to by their place in that list.
    """
    kept: dict[str, Any] = {}
    entries: list[dict[str, Any]] = []
    match node.team:
        case RoundRobinGroupChat():
            kept["next"] = int(data.get("next_speaker_index", 0)) % len(node.names)
        case SelectorGroupChat():
            if data.get("previous_speaker") in node.seats:
                kept["previous"] = data["previous_speaker"]
        case Swarm():
            handoffs = [item["target"] for item in thread if item["type"] == "HandoffMessage" and item["target"]]
            target = handoffs[-1] if handoffs else data.get("current_speaker")
            kept |= {"target": target} if target else {}
        case GraphFlow():
            kept = _graph_from(node.team, data)
        case MagenticOneGroupChat():
            kept, entries = _magentic_from(node, data)
        case _:
            pass
    last = next((item["source"] for item in reversed(thread) if is_chat(item["type"])), None)
    if getattr(node.team, "allowed_or_disallowed_speaker_transitions", None) is not None and last is not None:
        kept["last"] = last if last in node.seats else ""
    return kept, entries


def _graph_from(team: GraphFlow, data: Data) -> dict[str, Any]:
    graph, ready = team.graph, list(data["ready"])
    if not ready:
        # Either it is complete, or whoever spoke when it was saved was forgotten: nobody could go on.
        return {}
    # Groups that the graph does not have, any more or yet, are nobody's.
    origin = graph.get_remaining_map()
    remaining = {
        name: {group: data["remaining"].get(name, {}).get(group, count) for group, count in groups.items()}
        for name, groups in origin.items()
    }
    enqueued = [
        [name, group]
        for name, groups in data["enqueued_any"].items()
        for group, is_in in groups.items()
        if is_in and group in remaining.get(name, {})
    ]
    triggered: dict[str, list[str]] = {}
    for name in ready:
        done = [group for group, count in remaining.get(name, {}).items() if count <= 0]
        groups = [*done, *(group for node, group in enqueued if node == name and group not in done)]
        if groups:
            triggered[name] = groups
    state = {"ready": ready, "remaining": remaining, "enqueued": enqueued, "triggered": triggered, "spoke": []}
    return {"graph": state}


def _magentic_from(node: Node, data: Data) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """AutoGen plans anew with every run; what was planned is what the next plan begins with."""
    if not data.get("task"):
        return {}, []
    where = {"scope": node.path} if node.path else {}
    message = {"type": "TextMessage", "source": "user", "content": data["task"]}
    entries: list[dict[str, Any]] = [
        {"as": "message", "role": "task", "message": message, **where},
        {"as": "manager", "step": "facts", "content": data.get("facts", ""), **where},
        {"as": "manager", "step": "plan", "content": data.get("plan", ""), **where},
    ]
    counts = {"rounds": data.get("n_rounds", 0), "stalls": data.get("n_stalls", 0)}
    return {"phase": "ledger", "done": True, "tasks": [0], "facts": 1, "plan": 2, **counts}, entries


def text_in(data: Data) -> str:
    """The text of an entry in the form that is copied."""
    return text_of(data["message"]) if "message" in data else str(data.get("content", ""))
