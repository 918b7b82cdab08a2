"""What is asked of workers, models and people, in short: a digest of all that they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar, cast

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.calls import Call
from folkmoot._chat.condensing import Begun, Item
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import message_of
from folkmoot._chat.listener import Message
from folkmoot._chat.log import Log
from folkmoot._chat.managers.graph import function_edges
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Request
from folkmoot._chat.thread import Said, ThreadView, spoken
from folkmoot.agents import SocietyOfMindAgent
from folkmoot.messages import model_text_of
from folkmoot.teams import GraphFlow
from tests.unit.chat.driver import UUID, Driver

__all__ = ["Asked", "Asker", "bare", "number_of"]

PASSING = ("id", "created_at", "request_id", "time")
"""What may differ between two performances that are the same."""

ViewT = TypeVar("ViewT", AgentContext, ThreadView, StateView)


class Asked(NamedTuple):
    """What was asked of whom."""

    path: str
    kind: str
    question: str


def number_of(value: object) -> int:
    """A number that is the same for the same value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")


def bare(value: Any) -> Any:
    """JSON without what may differ."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        # The id of a tool call is the model's.
        passing = set(PASSING) - ({"id"} if "arguments" in value else set())
        return {name: bare(item) for name, item in items if name not in passing}
    if isinstance(value, list | tuple):
        return [bare(item) for item in cast(list[Any], value)]
    return value


class Asker:
    """Puts the questions of a chat, as activities do: out of views of its log that are kept and read on.

    Args:
        driver: Of the chat, at whatever point it is.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._plan = driver.chat.plan
        self._views: dict[tuple[type, str], Any] = {}
        self._questions: dict[tuple[str, int], str] = {}
        self._digests: dict[int, tuple[Any, int]] = {}

    @property
    def chat(self) -> Chat:
        return self.driver.chat

    @property
    def log(self) -> Log:
        """All of the log, as workers know it."""
        return self.driver.chat.log

    def view(self, kind: type[ViewT], path: str, until: int) -> ViewT:
        """A view that is kept and read on, as a worker does."""
        plan = self.chat.plan
        if plan is not self._plan and plan.root.team != self._plan.root.team:
            self._views = {}
        self._plan = plan
        view: ViewT | None = self._views.get((kind, path))
        if view is None or view.next > until:
            makers: dict[type, Callable[[], Any]] = {
                AgentContext: lambda: AgentContext(plan, UUID, plan.seats[path]),
                ThreadView: lambda: ThreadView(plan, UUID, plan.nodes[path]),
                StateView: lambda: StateView(path),
            }
            view = cast(ViewT, makers[kind]())
            self._views[kind, path] = view
        view.read(self.log, until, {})
        return view

    def asked_by(self, request: Request) -> Asked:
        """What a person is asked, with all that was said."""
        question = number_of([request.prompt, self.thread("", self.chat.log.head)])
        return Asked(request.path, f"request {request.kind}", f"{question:x}")

    def asked_in(self, call: Call) -> Asked:
        """What is asked in a call."""
        # A summary that was made in its place makes another question of the same call.
        key = call.key, call.until
        if key not in self._questions:
            self._questions[key] = f"{number_of(bare(self._question(call))):x}"
        return Asked(call.path, f"{call.kind} {call.name}".strip(), self._questions[key])

    def seen(self, call: Call) -> tuple[list[Item], Begun | None, Any]:
        """What the model of a call is shown, what of it is being summarised, and the spec of that context."""
        if call.node:
            condensed = self.view(ThreadView, call.path, call.until).condensed
            team = self.chat.plan.nodes[call.path].team
            items, begun = ([], None) if condensed is None else (condensed.items, condensed.begun)
            return items, begun, getattr(team, "model_context", None)
        view = self.view(AgentContext, call.path, call.until)
        return view.items, view.begun, getattr(self.chat.plan.seats[call.path].agent, "model_context", None)

    def new(self, call: Call) -> list[Said]:
        """What was said since functions were asked last."""
        view = self.view(ThreadView, call.path, call.until)
        return [item for item in view.thread if call.need <= item.entered]

    def edges(self, node: Node, new: list[Said]) -> list[tuple[str, Message]]:
        """The functions of a graph's edges, with the message each is shown."""
        if not isinstance(node.team, GraphFlow):
            return []
        return function_edges(node.team.graph, [(item.how, item.seat, item.message) for item in new])

    def _shown(self, message: Message) -> int:
        """A message that is shown, in short; views keep them, so each is looked at once."""
        known = self._digests.get(id(message))
        if known is None:
            known = self._digests[id(message)] = message, number_of(bare(message))
        return known[1]

    def thread(self, path: str, until: int) -> list[Any]:
        """What was said at a node, in short."""
        view = self.view(ThreadView, path, until)
        return [(item.how, item.seat, self._shown(item.message)) for item in view.thread]

    def _question(self, call: Call) -> Any:
        log = self.log
        match call.kind:
            case "model":
                return self._to_model(call)
            case "select" | "manage" | "functions":
                return self._to_manager(call)
            case "tool":
                return log.at(call.need).data["message"]["content"][call.index]
            case "undo":
                done = log.at(call.need).data
                return done["name"], done.get("content")
            case "agent":
                state = self.view(StateView, call.path, call.until).state
                return [state, [] if call.name else self._begun(call)]
            case "code":
                return self._begun(call), self._items(call)
            case "input":
                return log.at(call.need).data["prompt"], self.thread("", call.until)
            case kind:
                assert kind == "format"
                return message_of(UUID, log.at(call.need), log.at), log.at(call.index).data["message"]["content"]

    def _to_manager(self, call: Call) -> Any:
        view = self.view(ThreadView, call.path, call.until)
        if call.kind == "functions":
            node, new = self.chat.plan.nodes[call.path], self.new(call)
            shown = [self._shown(item.message) for item in new if item.how != "manager"] if node.functions else []
            return shown, [(name, self._shown(message)) for name, message in self.edges(node, new)]
        thread = self.thread(call.path, call.until)
        if call.kind == "select":
            tries = view.steps[len(view.steps) - call.index :] if call.index else []
            seen = [self._shown(item.message) for item in self.seen(call)[0]]
            return [call.name, [step.get("reply") for step in tries], thread, seen]
        surveys = [step.get("content") for step in view.steps if step["step"] == "facts"][-2:]
        planned = any(step["step"] == "planned" for step in view.steps)
        tasks = [model_text_of(message) for message in view.current_tasks]
        return [call.index, tasks, surveys, planned, thread]

    def _begun(self, call: Call) -> list[int]:
        return [self._shown(message) for message in self.view(AgentContext, call.path, call.until).new]

    def _items(self, call: Call) -> list[int]:
        return [self._shown(item.message) for item in self.view(AgentContext, call.path, call.until).items]

    def _to_model(self, call: Call) -> Any:
        chat, seat = self.chat, self.chat.plan.seats[call.path]
        if isinstance(seat.agent, SocietyOfMindAgent):
            assert seat.inner is not None
            entries = spoken(chat.plan, self.log, seat.inner, call.index, call.until)
            return [message_of(UUID, entry, self.log.at) for entry in entries]
        return [call.reflect, self._items(call)]
