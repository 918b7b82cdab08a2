"""Random teams of every kind that selects, and random stories of what happens to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.engine import Chat
from folkmoot._chat.managers import manager_of
from folkmoot._chat.managers.graph import function_edges
from folkmoot._chat.managers.selector import candidates_of
from folkmoot._chat.plan import Node
from folkmoot._chat.thread import ThreadView
from folkmoot.agents import AssistantAgent, UserProxyAgent
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination, TextMentionTermination
from folkmoot.teams import (
    DiGraph,
    DiGraphEdge,
    DiGraphNode,
    EdgeFunction,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, Json, agent, asks, said, task

NAMES = ("a", "b", "c", "d")
DONE = TextMentionTermination("DONE") | MaxMessageTermination(12, include_agent_event=True)


def members(person: bool = False) -> list[AssistantAgent | UserProxyAgent]:
    """Four participants: two that hand over and use tools, one that only talks, one more or a person."""
    tools = [Tool("look"), Tool("count")]
    return [
        agent("a", tools=tools, handoffs=["b", "c"], max_tool_iterations=2),
        agent("b", tools=tools, handoffs=["a", "d"], reflect_on_tool_use=True),
        agent("c"),
        UserProxyAgent("d") if person else agent("d"),
    ]


def graph(start: str | None = None, /, **edges: Sequence[DiGraphEdge]) -> DiGraph:
    return DiGraph({name: DiGraphNode(name, out) for name, out in edges.items()}, start)


def edge(target: str, condition: Any = None, group: str | None = None, any_of: bool = False) -> DiGraphEdge:
    return DiGraphEdge(target, condition, group, "any" if any_of else "all")


ASK = EdgeFunction("ask")
GRAPHS: list[DiGraph] = [
    graph(a=[edge("b"), edge("c")], b=[edge("d")], c=[edge("d")], d=[]),
    graph(a=[edge("b"), edge("c")], b=[edge("d", any_of=True)], c=[edge("d", any_of=True)], d=[]),
    graph("a", a=[edge("b")], b=[edge("a", "yes"), edge("c", "no")], c=[edge("d")], d=[]),
    graph(a=[edge("c", ASK), edge("b", ASK)], b=[edge("d", ASK)], c=[edge("d", "yes")], d=[]),
    graph("a", a=[edge("b"), edge("c")], b=[edge("b", "yes"), edge("d", ASK)], c=[edge("d", None, "other")], d=[]),
    graph(a=[], b=[edge("d")], c=[edge("d")], d=[]),
]
TABLE = {"a": ["b", "c"], "b": ["a", "c", "d"], "c": ["c", "a"]}

conditions = st.sampled_from([None, DONE, DONE | FunctionalTermination("enough")])
limits = st.sampled_from([None, 3])
tables = st.sampled_from(
    [{}, {"allowed_or_disallowed_speaker_transitions": TABLE, "speaker_transitions_type": "allowed"}]
)
people = st.booleans()
selectors = st.builds(
    lambda person, condition, limit, table, method, functions: SelectorGroupChat(
        members(person),
        "scripted",
        termination_condition=condition,
        max_turns=limit,
        speaker_selection_method=method,
        **functions,
        **table,
    ),
    people,
    conditions,
    limits,
    tables,
    st.sampled_from(["auto", "auto", "random", "round_robin", "manual"]),
    st.sampled_from([{}, {}, {"selector_func": "pick"}, {"candidate_func": "narrow"}]),
)
swarms = st.builds(
    lambda person, condition, limit, table: Swarm(
        members(person), termination_condition=condition, max_turns=limit, emit_team_events=True, **table
    ),
    people,
    conditions,
    limits,
    tables,
)
graphs = st.builds(
    lambda person, condition, limit, given: GraphFlow(
        members(person), given, termination_condition=condition or DONE, max_turns=limit
    ),
    people,
    conditions,
    limits,
    st.sampled_from(GRAPHS),
)
magentics = st.builds(
    lambda person, condition, limit, table: MagenticOneGroupChat(
        members(person), "scripted", termination_condition=condition, max_turns=limit, max_stalls=2, **table
    ),
    people,
    conditions,
    limits,
    tables,
)


def nested(inner: TeamSpec, condition: Any) -> TeamSpec:
    return RoundRobinGroupChat([inner, agent("z")], termination_condition=condition)


plain = st.one_of(selectors, swarms, graphs, magentics)
KINDS: dict[str, st.SearchStrategy[TeamSpec]] = {
    "selector": selectors,
    "swarm": swarms,
    "graph": graphs,
    "magentic": magentics,
    "nested": st.builds(nested, plain, conditions),
}

TASKS: list[list[Json]] = [
    [],
    [task("go")],
    [task("one"), task("yes", source="a")],
    [task("over", source="user", kind="HandoffMessage", target="c", context=[])],
]
numbers = st.integers(0, 1000)
results = st.tuples(st.just("result"), numbers, numbers)
disturbances = st.one_of(
    st.tuples(st.just("run"), st.integers(0, len(TASKS) - 1), st.just(0)),
    st.tuples(st.sampled_from(["resume", "stop", "cancel"]), st.just(0), st.just(0)),
    st.tuples(st.sampled_from(["pause", "reset"]), st.integers(0, 1), st.just(0)),
    st.tuples(st.sampled_from(["fails", "late", "waits"]), numbers, numbers),
)
stories = st.lists(st.integers(0, 9).flatmap(lambda n: disturbances if n > 7 else results), max_size=45)
Step = tuple[str, int, int]


class Story:
    """A driver that answers as the workers would, by numbers, and looks at every step whether something hangs."""

    def __init__(self, team: TeamSpec, steps: Sequence[Step]) -> None:
        self.driver = Driver(team)
        self.old: list[Call] = []
        self.texts = 0
        self.heads: list[int] = []
        self.driver.tell("run", task=[task("start")])
        self.look()
        for step in steps:
            self.tell(*step)
            self.look()

    @property
    def chat(self) -> Chat:
        return self.driver.chat

    def look(self) -> None:
        state, wanted = self.chat.state, self.chat.wanted()
        self.heads.append(self.chat.log.head)
        self.old += [call for call in self.driver.calls if call not in self.old]
        keys = [call.key for call in wanted]
        assert len(set(keys)) == len(keys)
        if not state.pause:
            assert sorted(self.driver.flying) == sorted(keys)
            assert bool(wanted or state.requests) == state.running, "a chat that runs waits for something"
        elif state.pause == "paused":
            assert self.driver.calls == []
        if not state.pause:
            assert set(state.waits) <= set(keys), "what came is not waited for any more"

    def tell(self, verb: str, first: int, second: int) -> None:
        driver = self.driver
        driver.seconds += 1
        match verb:
            case "run":
                driver.tell("run", task=TASKS[first])
            case "pause":
                driver.tell("pause", now=bool(first))
            case "reset":
                driver.tell("reset", force=bool(first))
            case "resume" | "stop" | "cancel":
                driver.tell(verb)
            case _:
                self._result(verb, first, second)

    def _result(self, verb: str, which: int, number: int) -> None:
        driver = self.driver
        requests = self.chat.state.requests
        calls = self.old if verb == "late" else driver.calls
        if not calls and requests:
            name = list(requests)[which % len(requests)]
            text = NAMES[number % 4] if requests[name].kind == "speaker" else self._text(number)
            driver.tell("answer", request=name, content=text)
        elif not calls:
            driver.tell("resume" if self.chat.state.pause else "run", task=TASKS[number % len(TASKS)])
        else:
            call = calls[which % len(calls)]
            if verb == "fails":
                driver.finish(call, Failure("ModelCallError", "no"))
            elif verb == "waits":
                driver.chat.wait(call, "worker:tool:x", driver.now, "unknown", driver.now)
                driver.settle()
            else:
                driver.finish(call, self._outcome(call, number))

    def _text(self, number: int) -> str:
        self.texts += 1
        return f"<{self.texts}> " + ("", "DONE", "yes", "no", "yes no", "no")[number % 6]

    def _outcome(self, call: Call, number: int) -> Json:
        match call.kind:
            case "tool":
                return {"content": self._text(number)}
            case "functions":
                return self._functions(call, number)
            case "select":
                return self._select(call, number)
            case "manage":
                return self._manage(call, number)
            case _:
                asked = (
                    ("look",),
                    ("look", "count"),
                    ("transfer_to_b",),
                    ("transfer_to_a", "look"),
                    ("transfer_to_d",),
                )
                if number % 3 == 0 and not call.reflect:
                    return asks(*asked[number % 5])
                return said(self._text(number))

    def _view(self, node: Node, until: int) -> ThreadView:
        view = ThreadView(self.chat.plan, UUID, node)
        view.read(self.chat.log, until, {})
        return view

    def _functions(self, call: Call, number: int) -> Json:
        """As the worker answers: about what entered the thread since the last check."""
        node = self.chat.plan.nodes[call.path]
        view = self._view(node, call.until)
        new = [item for item in view.thread if call.need <= item.entered]
        edges: list[bool] = []
        if isinstance(node.team, GraphFlow):
            asked = function_edges(node.team.graph, [(item.how, item.seat, item.message) for item in new])
            edges = [bool((number >> place) & 1) for place in range(len(asked))]
            if self.chat.needs(call):
                expected = manager_of(node).functions(node, self.chat.state.scopes[node.path])
                assert [name for name, _ in asked] == list(expected), "workers and engine ask about the same edges"
        return {"answers": [number % 7 == 0 for _ in node.functions], **({"edges": edges} if edges else {})}

    def _select(self, call: Call, number: int) -> Json:
        node = self.chat.plan.nodes[call.path]
        spec = node.team
        assert isinstance(spec, SelectorGroupChat)
        view = self._view(node, call.until)
        if not call.index and spec.selector_func is not None and number % 2:
            return {"speaker": NAMES[number % 4], "by": "function"}
        found: Json = {}
        if not call.index and spec.candidate_func is not None and spec.selector_func is None:
            found = {"candidates": list(NAMES[number % 4 :])}
        tries = view.steps[len(view.steps) - call.index :] if call.index else []
        last = next((item.seat for item in reversed(view.thread) if item.how != "inner"), None)
        given = found.get("candidates") or (tries[0].get("candidates") if tries else None)
        candidates = candidates_of(node, {"previous": call.name or None, "last": last or None, "candidates": given})
        if self.chat.needs(call):
            kept = dict(self.chat.state.scopes[node.path].manager)
            assert candidates == candidates_of(node, {**kept, **found}), "workers and engine see the same candidates"
        if spec.speaker_selection_method != "auto" or len(candidates) < 2:
            return {"candidates": candidates}
        verdict: Json = {"problem": ("none", "several", "repeated")[number % 3]}
        if number % 4:
            verdict = {"speaker": candidates[number % len(candidates)], "by": "model"}
        return {**found, "reply": "who", "usage": [1, 1], **verdict}

    def _manage(self, call: Call, number: int) -> Json:
        if call.name != "ledger":
            return {"content": self._text(0), "usage": [1, 1]}
        if number % 6 == 5:
            return {"problem": "not JSON", "usage": [1, 1]}
        answers = {"satisfied": number % 8 == 7, "reason": "because", "stalled": number % 4 == 2}
        return {**answers, "speaker": NAMES[number % 4], "instruction": self._text(0), "usage": [1, 1]}
