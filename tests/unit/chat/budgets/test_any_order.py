"""Any order of replies, tools and people's words: no more is spent than was in flight when a limit was reached."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import Log
from folkmoot._chat.spending import covers, lines_of
from folkmoot._chat.state import ChatState
from folkmoot.agents import CodeExecutorAgent, CustomAgent, SocietyOfMindAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.teams import GraphFlow, SelectorGroupChat, TeamSpec
from folkmoot.tools import AgentTool, Tool
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Json, agent, asks, said, task
from tests.unit.chat.people.office import Office
from tests.unit.chat.test_graph import flow
from tests.unit.chat.test_nested_any_order import coder, rounds

LOOK: Json = {"tools": [Tool("look")], "max_tool_iterations": 4}
COUNTED = {"tool_calls": ("tool",), "model_calls": ("model", "select", "agent")}
LARGEST = {"tokens": 9, "cost": 9, "tool_calls": 1, "model_calls": 1}
"""What one call can spend."""

amounts = st.integers(1, 25)
extending = st.sampled_from([None, ApprovalPolicy(), ApprovalPolicy(deadline=5)])


@st.composite
def budgets(draw: st.DrawFn) -> Budget | None:
    names = draw(st.lists(st.sampled_from(["tokens", "cost", "seconds", "tool_calls", "model_calls"]), max_size=3))
    if not names:
        return None
    limits: dict[str, Any] = {name: draw(amounts) for name in names}
    if "cost" in limits:
        limits["cost"] /= 1_000_000
    return Budget(**limits, extend=draw(extending), warn_at=draw(st.sampled_from([0.5, 1.0])))


@st.composite
def teams(draw: st.DrawFn) -> TeamSpec:
    """A batch of four at the same time: agents, a society with a selection, an agent with an agent as a tool."""

    def own() -> Json:
        return {"budget": draw(budgets())}

    two = SelectorGroupChat([agent("x"), agent("y", **LOOK), agent("z")], "scripted", name="two", max_turns=2, **own())
    mind = SocietyOfMindAgent("b", two, "scripted", **own())
    helper = AgentTool(agent("helper", **LOOK, **own()))
    user = agent("c", tools=[helper, Tool("look")], max_tool_iterations=3, **own())
    members = [agent("s"), agent("a", **LOOK, **own()), mind, user, CustomAgent("own", **own()), agent("e")]
    graph: Any = flow(s=["a", "b", "c", "own"], a=["e"], b=["e"], c=["e"], own=["e"], e=[]).spec
    whole = GraphFlow(members, graph.graph, max_turns=6, **own())
    if draw(st.booleans()):
        return whole
    return rounds("outer", agent("f", **own()), agent("g", **LOOK), max_turns=5, **own())


steps = st.tuples(
    st.sampled_from(["result"] * 12 + ["vote"] * 5 + ["wait", "pause", "resume", "stop", "cancel", "run", "move"]),
    st.integers(0, 9),
    st.integers(0, 999),
)


def is_hook(call: Call) -> bool:
    """Custom agents are told of pauses whatever is left."""
    return call.kind == "agent" and bool(call.name)


class Told:
    """A chat that is told a story and looked at after each step."""

    def __init__(self, team: TeamSpec) -> None:
        self.driver = Office(team)
        self.driver.run("go")
        self.look()

    def step(self, verb: str, which: int, number: int) -> None:
        driver = self.driver
        driver.seconds += number % 3
        if verb == "result" and driver.calls:
            call = driver.calls[which % len(driver.calls)]
            driver.finish(call, self.result(call, number))
        elif verb == "vote" and driver.pending:
            self.vote(which % len(driver.pending), number)
        elif verb == "wait":
            driver.later(number % 7)
        elif verb in ("pause", "resume", "stop", "cancel"):
            driver.tell(verb)
        elif verb == "run":
            driver.tell("run", task=[task("more")])
        elif verb == "move":
            self.driver = driver.move_house()
            self.driver.settle()
        self.look()

    def vote(self, index: int, number: int) -> None:
        name, request = self.driver.request(index)
        limits = self.driver.chat.plan.budgets[request.path].limits
        verdict = "approve" if number % 5 else "reject"
        given = {"arguments": {next(iter(limits)): 1 + number % 9}} if number % 2 and verdict == "approve" else {}
        entry = self.driver.vote("ann", verdict, index, **given)
        assert entry.kind == "vote", (name, entry.data)

    def result(self, call: Call, number: int) -> Json | Failure:
        if is_hook(call):
            return {}
        if number % 29 == 0:
            return Failure("ModelCallError", "no")
        paid: Json = {"usage": [number % 7, number % 3], "cost": number % 10}
        if call.kind == "tool":
            return {"content": "looked"}
        if call.kind == "agent":
            usage = {"prompt_tokens": paid["usage"][0], "completion_tokens": paid["usage"][1]}
            message = {"type": "TextMessage", "source": call.path, "content": "own", "models_usage": usage}
            return {"messages": [{"message": message, "chat": True}]}
        if call.kind == "select":
            return {"reply": "x", "speaker": "xyz"[number % 3], "by": "model", **paid}
        tools = {"f": 0, "c": 2, "s": 0, "e": 0, "b": 0}.get(call.path, 1)
        if not call.reflect and number % 2 and tools and call.path.rpartition("/")[2] not in ("x", "z"):
            return {**asks(*["look"] * (1 + number % 4)), **paid} if tools == 1 or number % 4 > 1 else self.uses(paid)
        return {**said("x"), **paid}

    def uses(self, paid: Json) -> Json:
        call = {"id": "h", "name": "helper", "arguments": json.dumps({"task": "t"})}
        return {**said([call, {**call, "id": "l", "name": "look"}]), **paid}

    def look(self) -> None:
        driver, chat = self.driver, self.driver.chat
        flying = [call for call in driver.calls if not is_hook(call)]
        for whose, budget in chat.plan.budgets.items():
            for line in lines_of(chat.plan, chat.state, whose, driver.now):
                inside = [call for call in flying if covers(whose, call.path, call.node)]
                if line.limit in COUNTED:
                    inside = [call for call in inside if call.kind in COUNTED[line.limit]]
                    # Those in flight have their places: not one too many begins.
                    assert line.used + len(inside) <= line.max, (whose, line)
                elif line.limit != "seconds":
                    assert line.used < line.max + LARGEST[line.limit] * 8, (whose, line)
            asked = [item for item in chat.state.requests.values() if item.path == whose and item.kind == "budget"]
            assert len(asked) <= (1 if budget.extend else 0)
        self.nothing_begins_where_nothing_is_left()
        self.somebody_goes_on()
        self.the_log_tells_all()

    def nothing_begins_where_nothing_is_left(self) -> None:
        chat = self.driver.chat
        for call in chat.wanted():
            if call.key in self.driver.flying or is_hook(call):
                continue
            for whose in (whose for whose in chat.plan.budgets if covers(whose, call.path, call.node)):
                lines = lines_of(chat.plan, chat.state, whose, self.driver.now)
                full = [line.limit for line in lines if line.reached]
                kinds = [limit for limit in full if call.kind in COUNTED.get(limit, (call.kind,))]
                assert not kinds, (call, whose, kinds)

    def somebody_goes_on(self) -> None:
        chat = self.driver.chat
        assert not chat.state.running or self.driver.calls or chat.state.requests or chat.state.pause

    def the_log_tells_all(self) -> None:
        chat = self.driver.chat
        log = Log.restore(chat.log.base, chat.log.base_digest, [entry.encoded for entry in chat.log], {
            offset: entry.encoded for offset, entry in chat.log.pinned.items()
        })  # fmt: skip
        again = Chat(chat.team, UUID, log, ChatState.load(chat.base.dump()))
        assert again.state == chat.state


@settings(max_examples=examples(150), deadline=None)
@given(teams(), st.lists(steps, max_size=60))
def test_no_more_is_spent_than_was_in_flight(team: TeamSpec, story: list[tuple[str, int, int]]) -> None:
    told = Told(team)
    for verb, which, number in story:
        told.step(verb, which, number)


def test_the_story_reaches_limits() -> None:
    """The stories above are about something: a plain one is stopped, extended and stopped again."""
    budget = Budget(tool_calls=2, extend=ApprovalPolicy())
    told = Told(rounds("outer", agent("f", **LOOK), max_turns=5, budget=budget))
    driver = told.driver
    driver.finish(driver.calls[0], asks("look", "look", "look"))
    told.look()
    for _ in range(2):
        told.step("result", 0, 1)
    assert [item["path"] for item in driver.pending] == [""]
    told.step("vote", 0, 5)
    assert driver.stop_reason == "Budget of the chat exceeded: tool calls 2 of 2"
    assert isinstance(coder("code", budget=Budget(tokens=1)), CodeExecutorAgent)
