"""A chat whose workers, models and people answer by what they are asked, and by nothing else.

What is said holds a digest of the question, so whoever is shown one word more, less or other than in another
performance says something else, and so does everybody after. Two performances in which the same was asked are the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from itertools import cycle, islice
from typing import Any, NamedTuple, TypeVar, cast

from folkmoot._chat.agent_state import StateView, change_of
from folkmoot._chat.calls import Call
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import message_of
from folkmoot._chat.listener import Message
from folkmoot._chat.loading import load
from folkmoot._chat.log import Log
from folkmoot._chat.managers.graph import function_edges
from folkmoot._chat.managers.selector import candidates_of
from folkmoot._chat.plan import Node
from folkmoot._chat.state import Request
from folkmoot._chat.thread import Said, ThreadView, spoken
from folkmoot._client.whole import Whole
from folkmoot.agents import CodeExecutorAgent, SocietyOfMindAgent
from folkmoot.messages import model_text_of
from folkmoot.teams import GraphFlow, SelectorGroupChat
from tests.unit.chat.driver import UUID, Driver, Json, said, task

__all__ = ["Asked", "End", "Performer", "again", "essence", "fork", "loading", "saved"]

TASKS: list[list[Json]] = [[task("first")], [task("second"), task("yes", source="a")], [], [task("third")]]
"""What the runs of a performance are about, over and over again."""
CODE = "```python\nprint({!r})\n```"
PASSING = ("id", "created_at", "request_id", "time")
"""What may differ between two performances that are the same."""

ViewT = TypeVar("ViewT", AgentContext, ThreadView, StateView)


class Asked(NamedTuple):
    """What was asked of whom."""

    path: str
    kind: str
    question: str


class End(NamedTuple):
    """How a run ended."""

    status: str
    reason: str | None
    error: str | None


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


class Performer:
    """A driver that answers by itself.

    Args:
        driver: Of the chat, at whatever point it is.
        waits: Each call first waits for a worker that can make it, so that there is a snapshot before it.

    Attributes:
        asked: What was asked and answered.
        heads: Where the log ended before each of these answers.
        tries: Which try of a choice each of these was: a choice that is interrupted is made anew.
        ends: How each run ended.
    """

    def __init__(self, driver: Driver, waits: bool = False) -> None:
        self.driver = driver
        self.waits = waits
        self.asked: list[Asked] = []
        self.heads: list[int] = []
        self.tries: list[int] = []
        self.ends: list[End] = []
        self._views: dict[tuple[type, str], Any] = {}
        self._questions: dict[str, str] = {}
        self._digests: dict[int, tuple[Any, int]] = {}

    @property
    def chat(self) -> Chat:
        return self.driver.chat

    @property
    def log(self) -> Log:
        """All of the log, as workers know it."""
        return self.driver.chat.log

    # --- Runs --------------------------------------------------------------------------------------------------------

    def run(self, tasks: list[Json]) -> None:
        """A run, to its end."""
        entry = self.driver.tell("run", task=tasks)
        assert entry.kind == "run_started", entry.data
        self.drain()

    def drain(self) -> None:
        """Answer until the run is over."""
        for _ in range(500):
            if not self.chat.state.running:
                break
            self.step()
        state = self.chat.state
        assert not state.running, "a run does not end"
        error = None if state.error is None else str(state.error["message"])
        self.ends.append(End(state.status, state.stop_reason, error))

    def step(self) -> None:
        """Answer one of the open questions: which, is told by what they are."""
        state = self.chat.state
        open_now: list[tuple[Asked, Call | str]] = [(self.asked_in(call), call) for call in self.driver.calls]
        open_now += [(self.asked_by(request), name) for name, request in state.requests.items()]
        assert open_now, "a chat that runs waits for something"
        open_now.sort(key=lambda item: item[0])
        asked, which = open_now[number_of([item for item, _ in open_now]) % len(open_now)]
        self.driver.seconds += 1
        if isinstance(which, Call):
            if self.waits:
                self.chat.wait(which, f"worker:{which.kind}:x", self.driver.now, "unknown", self.driver.now)
                self.driver.settle()
            self._note(asked, which.index if which.kind in ("select", "manage") else 0)
            self.driver.finish(which, self._answer(which, asked))
        else:
            self._note(asked)
            request = state.requests[which]
            text = self.text(asked)
            if request.kind == "speaker":
                names = candidates_of(self.chat.plan.nodes[request.path], state.scopes[request.path].manager)
                text = names[number_of(asked) % len(names)]
            assert self.driver.tell("answer", request=which, content=text).kind != "refused"

    def _note(self, asked: Asked, attempt: int = 0) -> None:
        self.asked.append(asked)
        self.tries.append(attempt)
        self.heads.append(self.chat.log.head)

    # --- Questions ---------------------------------------------------------------------------------------------------

    def view(self, kind: type[ViewT], path: str, until: int) -> ViewT:
        """A view that is kept and read on, as a worker does."""
        view: ViewT | None = self._views.get((kind, path))
        if view is None or view.next > until:
            plan = self.chat.plan
            makers: dict[type, Callable[[], Any]] = {
                AgentContext: lambda: AgentContext(plan, UUID, plan.seats[path]),
                ThreadView: lambda: ThreadView(plan, UUID, plan.nodes[path]),
                StateView: lambda: StateView(path),
            }
            view = cast(ViewT, makers[kind]())
            self._views[kind, path] = view
        view.read(self.log, until, {})
        return view

    def _shown(self, message: Message) -> int:
        """A message that is shown, in short; views keep them, so each is looked at once."""
        known = self._digests.get(id(message))
        if known is None:
            known = self._digests[id(message)] = message, number_of(bare(message))
        return known[1]

    def _thread(self, path: str, until: int) -> list[Any]:
        view = self.view(ThreadView, path, until)
        return [(item.how, item.seat, self._shown(item.message)) for item in view.thread]

    def asked_by(self, request: Request) -> Asked:
        """What a person is asked, with all that was said."""
        question = number_of([request.prompt, self._thread("", self.chat.log.head)])
        return Asked(request.path, f"request {request.kind}", f"{question:x}")

    def asked_in(self, call: Call) -> Asked:
        """What is asked in a call."""
        if call.key not in self._questions:
            self._questions[call.key] = f"{number_of(bare(self._question(call))):x}"
        return Asked(call.path, f"{call.kind} {call.name}".strip(), self._questions[call.key])

    def _question(self, call: Call) -> Any:
        log = self.log
        match call.kind:
            case "model":
                return self._to_model(call)
            case "select" | "manage" | "functions":
                return self._to_manager(call)
            case "tool":
                return log.at(call.need).data["message"]["content"][call.index]
            case "agent":
                state = self.view(StateView, call.path, call.until).state
                return [state, [] if call.name else self._begun(call)]
            case "code":
                return self._begun(call), self._items(call)
            case "input":
                return log.at(call.need).data["prompt"], self._thread("", call.until)
            case kind:
                assert kind == "format"
                return message_of(UUID, log.at(call.need), log.at), log.at(call.index).data["message"]["content"]

    def _to_manager(self, call: Call) -> Any:
        view = self.view(ThreadView, call.path, call.until)
        if call.kind == "functions":
            node, new = self.chat.plan.nodes[call.path], self._new(call)
            shown = [self._shown(item.message) for item in new if item.how != "manager"] if node.functions else []
            return shown, [(name, self._shown(message)) for name, message in self._edges(node, new)]
        thread = self._thread(call.path, call.until)
        if call.kind == "select":
            tries = view.steps[len(view.steps) - call.index :] if call.index else []
            return [call.name, [step.get("reply") for step in tries], thread]
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

    def _new(self, call: Call) -> list[Said]:
        """What was said since functions were asked last."""
        view = self.view(ThreadView, call.path, call.until)
        return [item for item in view.thread if call.need <= item.entered]

    def _edges(self, node: Node, new: list[Said]) -> list[tuple[str, Message]]:
        """The functions of a graph's edges, with the message each is shown."""
        if not isinstance(node.team, GraphFlow):
            return []
        return function_edges(node.team.graph, [(item.how, item.seat, item.message) for item in new])

    # --- Answers -----------------------------------------------------------------------------------------------------

    def text(self, asked: Asked) -> str:
        """What is said to a question."""
        number = number_of(asked)
        return f"<{asked.question}> " + ("", "yes", "no", "yes no", "", "so", "DONE")[number % 7]

    def _answer(self, call: Call, asked: Asked) -> Json:
        number, text = number_of(asked), self.text(asked)
        match call.kind:
            case "model":
                return self._reply(call, number, text)
            case "functions":
                return self._functions(call, number)
            case "select":
                return self._selected(call, number, text)
            case "manage":
                return self._managed(call, number, text)
            case "agent":
                return self._own(call, number, text)
            case "code":
                if call.name == "approve":
                    return {"approved": number % 5 > 0, "reason": text}
                return {"exit_code": number % 2, "output": text}
            case _:
                return {"content": text, "is_error": number % 9 == 0} if call.kind == "tool" else {"content": text}

    def _reply(self, call: Call, number: int, text: str) -> Json:
        spec: Any = self.chat.plan.seats[call.path].agent
        if call.name == "retry":
            return said(json.dumps({"retry": bool(number % 2), "reason": text}))
        if isinstance(spec, CodeExecutorAgent):
            return said(CODE.format(text) if number % 3 and not call.name else text)
        names = [tool.name for tool in getattr(spec, "tools", ())]
        names += [handoff.name for handoff in getattr(spec, "resolved_handoffs", ())]
        thought: Json = {"thought": f"hm {text}"} if number % 4 == 0 else {}
        if call.reflect or not names or number % 2:
            return said(text, **thought)
        wanted = list(islice(cycle(names), number % len(names), number % len(names) + 1 + number // 8 % 2))
        calls = [
            {"id": f"c{number:x}-{place}", "name": name, "arguments": json.dumps({"task": f"{text} {place}"})}
            for place, name in enumerate(wanted)
        ]
        return said(calls, **thought)

    def _functions(self, call: Call, number: int) -> Json:
        node = self.chat.plan.nodes[call.path]
        edges = self._edges(node, self._new(call))
        answers = [number % 7 == 0 for _ in node.functions]
        return {"answers": answers, "edges": [bool((number >> place) & 1) for place in range(len(edges))]}

    def _selected(self, call: Call, number: int, text: str) -> Json:
        node = self.chat.plan.nodes[call.path]
        spec = node.team
        assert isinstance(spec, SelectorGroupChat)
        if not call.index and spec.selector_func is not None and number % 2:
            return {"speaker": node.names[number % len(node.names)], "by": "function"}
        found: Json = {}
        if not call.index and spec.candidate_func is not None and spec.selector_func is None:
            found = {"candidates": node.names[number % len(node.names) :]}
        candidates = candidates_of(node, {**self.chat.state.scopes[node.path].manager, **found})
        if spec.speaker_selection_method != "auto" or len(candidates) < 2:
            return {"candidates": candidates}
        verdict: Json = {"problem": ("none", "several", "repeated")[number % 3]}
        if number % 5 > 1:
            verdict = {"speaker": candidates[number % len(candidates)], "by": "model"}
        return {**found, "reply": text, "usage": [1, 1], **verdict}

    def _managed(self, call: Call, number: int, text: str) -> Json:
        if call.name != "ledger":
            return {"content": text, "usage": [1, 1]}
        if number % 6 == 5:
            return {"problem": "not JSON", "usage": [1, 1]}
        names = self.chat.plan.nodes[call.path].names
        answers = {"satisfied": number % 9 == 7, "reason": text, "stalled": number % 3 == 0}
        return {**answers, "speaker": names[number % len(names)], "instruction": text, "usage": [1, 1]}

    def _own(self, call: Call, number: int, text: str) -> Json:
        before = self.view(StateView, call.path, call.until).state
        heard = [*(before or {"heard": []})["heard"], call.name or text][-5:]
        change, _ = change_of(before, {"heard": heard})
        if call.name:
            return {"state": change}
        own = {"type": "TextMessage", "source": call.path.rpartition("/")[2], "content": text}
        inner = {"message": {**own, "content": f"hm {text}"}, "chat": True, "shown": bool(number % 2)}
        return {"messages": [inner, {"message": own}], "state": change}


def saved(chat: Chat, offset: int | None = None) -> Json:
    """The chat's state as AutoGen's JSON with our key, at an offset or now; as it comes out of a file."""
    last = chat.log.head - 1 if offset is None else offset
    return json.loads(json.dumps(Whole(chat.team, chat.uuid, chat.log, last, {}).saved()))


def essence(chat: Chat) -> Json:
    """All that decides how a chat at rest goes on, without what only says since when or where."""
    whole = saved(chat)
    more = whole.pop("folkmoot")
    for node in more["nodes"].values():
        # Whether the tasks of the last run were handed on: said anew with each run.
        node.pop("relays", None)
    return {**bare(whole), "seats": bare(more["seats"]), "nodes": bare(more["nodes"])}


def again(source: Chat) -> Driver:
    """A driver of a chat that is as another one at rest, much later."""
    driver = Driver(source.team)
    driver.chat.log = log = Log()
    for entry in source.log:
        log.extend(entry)
    driver.chat.state = source.state.model_copy(deep=True)
    driver.commands, driver.seconds = 10_000, 10_000.0
    return driver


def fork(source: Chat, offset: int) -> Driver:
    """A fresh chat that goes on from a snapshot, as a client opens it."""
    driver = Driver(source.team)
    fields = loading(driver.chat, saved(source, offset), driver.now)
    assert driver.tell("load_state", **fields).kind != "refused"
    return driver


def loading(chat: Chat, whole: Json, time: str) -> Json:
    """The fields of the command that loads a saved state, as a worker prepares it."""
    found = load(chat.plan, whole, time)
    prepared = {
        "state": json.loads(json.dumps(found.state.dump())),
        "entries": json.loads(json.dumps(found.entries)),
        "turn": found.turn,
        "asks": found.asks,
        "stored": whole,
    }
    return {"state": whole, "prepared": prepared}
