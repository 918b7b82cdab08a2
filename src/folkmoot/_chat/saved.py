"""A saved state, read by path: what `saving` writes, or AutoGen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from folkmoot._spec import to_json
from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.conditions import TerminationCondition
from folkmoot.messages import is_chat
from folkmoot.teams import GraphFlow, TeamSpec

from .condensing import Begun, Condensed, Item, Stands
from .entries import BLOB, blob_of
from .floor import How
from .log import Entry
from .plan import Link, Node, Plan, Seat

__all__ = ["BASE_STATE", "KEY", "VERSION", "Saved", "agent_state_in", "digest_of", "shape_of", "state_in"]

KEY = "folkmoot"
"""The key that AutoGen does not know."""
VERSION = "1.0.0"
"""AutoGen's version of all states."""
BASE_STATE: Mapping[str, Any] = {"type": "BaseState", "version": VERSION}
"""What AutoGen saves of an agent that keeps nothing."""

Data = Mapping[str, Any]
Message = Mapping[str, Any]


def shape_of(node: Node) -> str:
    """Digest of what a manager's state depends on: the kind of team, who takes part, and a graph's edges."""
    kind = node.team.type if isinstance(node.team, TeamSpec) else ""
    graph = to_json(node.team.graph) if isinstance(node.team, GraphFlow) else None
    return digest_of({"kind": kind, "names": node.names, "graph": graph})


def digest_of(value: object) -> str:
    """A short digest of a spec or of JSON; empty for None."""
    if value is None:
        return ""
    data = to_json(value) if isinstance(value, TerminationCondition) else value
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def state_in(entry: Entry, blobs: Mapping[str, str]) -> Data:
    """The saved state that a `loaded` entry brought."""
    state = entry.data["state"]
    reference = blob_of(state)
    return state if reference is None else json.loads(blobs[reference[BLOB]])


def agent_state_in(whole: Data, path: str) -> Data | None:
    """What an agent of a user's own saved itself; None if that is nothing.

    Args:
        whole: A saved state.
        path: The agent's seat.
    """
    nodes: Data = whole.get(KEY, {}).get("nodes", {})
    state, parts = whole, path.split("/")
    for place, part in enumerate(parts):
        inside = nodes.get("/".join(parts[:place]), {}).get("state")
        state = state if inside is None else inside
        if state.get("type") == "SocietyOfMindAgentState":
            state = state["inner_team_state"]
        # A single agent's state stands for itself, without a team around it.
        state = state["agent_states"][part].get("agent_state", BASE_STATE) if "agent_states" in state else state
    return None if dict(state) == BASE_STATE else state


class Saved:
    """A saved state of a chat of this spec.

    Args:
        plan: The spec, laid out.
        whole: The state, known to fit (see `loading`).
    """

    def __init__(self, plan: Plan, whole: Data) -> None:
        more: Data = whole.get(KEY, {})
        self._plan = plan
        self._seats: Data = more.get("seats", {})
        self._nodes: Data = more.get("nodes", {})
        self._states: dict[str, Data] = {}
        self._containers: dict[str, Data] = {}
        self._lay_out(plan.root, whole)

    def _lay_out(self, node: Node, state: Data) -> None:
        self._states[node.path] = state
        for seat in node.seats.values():
            if isinstance(node.team, AgentSpec):
                container: Data = {"agent_state": state, "message_buffer": self._node(node.path, "buffer", [])}
            else:
                # AutoGen takes both for empty where they are missing.
                container = {"agent_state": {}, "message_buffer": [], **state["agent_states"][seat.name]}
            self._containers[seat.path] = container
            self._lay_out_inside(seat, container["agent_state"])

    def _lay_out_inside(self, seat: Seat, state: Data) -> None:
        if seat.inner is not None:
            self._lay_out(seat.inner, state if seat.inner.link is Link.TEAM else state["inner_team_state"])
        for node in seat.tools.values():
            # AutoGen saves nothing of tools; they begin anew.
            if (inside := self._node(node.path, "state", None)) is not None:
                self._lay_out(node, inside)

    def _node(self, path: str, name: str, default: Any) -> Any:
        return self._nodes.get(path, {}).get(name, default)

    def _seat(self, path: str, name: str, default: Any) -> Any:
        return self._seats.get(path, {}).get(name, default)

    # --- Nodes -------------------------------------------------------------------------------------------------------

    def manager(self, path: str) -> Data:
        """What AutoGen saved of a team's manager."""
        node, state = self._plan.nodes[path], self._states.get(path, {})
        return {} if "agent_states" not in state else state["agent_states"][node.manager_name]

    def messages(self, path: str) -> Sequence[Message]:
        """A node's conversation."""
        return self.manager(path).get("message_thread") or self._node(path, "thread", [])

    def thread(self, path: str) -> list[tuple[How, str, Message]]:
        """A node's conversation: what each message is to it, through whom it came, and the message."""
        node, places, said = self._plan.nodes[path], self._node(path, "places", None), self.messages(path)
        # Whoever took messages out, or put some in, left AutoGen's part only.
        if places is not None and len(places) == len(said):
            return [(how, seat, message) for (how, seat), message in zip(places, said, strict=True)]
        return [(*place_of(node, message), message) for message in said]

    def unchecked(self, path: str) -> int:
        """How many of the last messages of a node's conversation functions were not asked about yet."""
        return self._node(path, "unchecked", 0)

    def relays(self, path: str) -> bool:
        """Whether a team's participants hear its tasks."""
        return self._node(path, "relays", True)

    def reminders(self, path: str) -> list[Message]:
        """What a society of mind heard in earlier turns."""
        return list(self._node(path, "reminders", []))

    def tasks(self, path: str) -> list[Message]:
        """The tasks a team works on, of those that keep them."""
        task = self.manager(path).get("task")
        given = [{"type": "TextMessage", "source": "user", "content": task}] if task else []
        return list(self._node(path, "tasks", given))

    def untold(self, path: str) -> list[Message]:
        """Those that came since."""
        return list(self._node(path, "untold", []))

    def finished(self, path: str) -> bool:
        """Whether what a team worked on is done."""
        return self._node(path, "finished", "task" in self.manager(path))

    def steps(self, path: str) -> list[Data]:
        """What a manager wrote itself, as far as later steps look at it."""
        manager = self.manager(path)
        given = [{"step": "facts", "content": manager["facts"]}, {"step": "planned"}] if manager.get("facts") else []
        return list(self._node(path, "steps", given))

    def seen(self, path: str) -> Condensed | None:
        """What the selection of speakers sees in place of the conversation; None: the conversation."""
        data: Data = self._nodes.get(path, {})
        if "seen" not in data:
            return None
        stands, begun = _summaries(data)
        return Condensed([Item(message, stands=stands.get(n, "")) for n, message in enumerate(data["seen"])], begun)

    # --- Seats -------------------------------------------------------------------------------------------------------

    def buffer(self, path: str) -> list[Message]:
        """What a participant has not heard yet, as AutoGen keeps it."""
        container = self._containers.get(path)
        return [] if container is None else list(container["message_buffer"])

    def agent(self, path: str) -> Data:
        """What was saved of a participant itself."""
        return self._containers[path]["agent_state"]

    def begun(self, path: str) -> list[Message]:
        """What the turn began with that was under way."""
        return list(self._seat(path, "begun", []))

    def unread(self, path: str) -> list[Message]:
        """What a participant has not heard yet."""
        seat = self._plan.seats[path]
        # AutoGen clears a buffer when the turn is over, but an assistant has told its model what was in it.
        told = 0 if isinstance(seat.agent, AssistantAgent) else len(self.begun(path))
        return self.buffer(path)[told:]

    def context(self, path: str) -> list[Message]:
        """What a participant's model has seen and said."""
        container, spec = self._containers.get(path), self._plan.seats[path].spec
        # What a custom agent calls by that name is its own affair.
        state: Data = container["agent_state"] if container is not None and isinstance(spec, AssistantAgent) else {}
        return list(self._seat(path, "context", state.get("llm_context", {}).get("messages", [])))

    def suspended(self, path: str) -> list[Message]:
        """The request for tools that a turn under way had made."""
        return list(self._seat(path, "suspended", []))

    def summaries(self, path: str) -> tuple[dict[int, Stands], Begun | None]:
        """Which items of the context are summaries, and what is summarised in pieces."""
        return _summaries(self._seats.get(path, {}))

    def memory_places(self, path: str) -> dict[int, str]:
        """Which items of the context memories gave, and which memory."""
        return dict(cast(list[tuple[int, str]], self._seat(path, "memory", [])))

    def memories(self, path: str) -> dict[str, tuple[Any, list[Any]]]:
        """What each memory said last: results, and how the model was shown them."""
        found: Mapping[str, Any] = self._seat(path, "memories", {})
        return {part: (results, context) for part, (results, context) in found.items()}


def _summaries(data: Data) -> tuple[dict[int, Stands], Begun | None]:
    begun = data.get("summarising")
    return dict(cast(list[tuple[int, Stands]], data.get("summaries", []))), None if begun is None else Begun(*begun)


def place_of(node: Node, message: Message) -> tuple[How, str]:
    """What a message of a conversation that AutoGen saved is to the team, and through whom it came."""
    source: str = message["source"]
    if source in node.seats:
        return ("answer" if is_chat(message["type"]) else "inner"), source
    if source == node.manager_name:
        return "manager", ""
    for seat in node.seats.values():
        if seat.source == source:
            return "answer", seat.name
        if seat.inner is not None and _takes_part(seat.inner, source):
            return "said", seat.name
    return "task", ""


def _takes_part(node: Node, source: str) -> bool:
    inside = (seat.inner for seat in node.seats.values() if seat.inner is not None)
    sits_there = any(seat.source == source for seat in node.seats.values())
    return sits_there or any(_takes_part(item, source) for item in inside)
