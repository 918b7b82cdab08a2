"""Any story of teams in teams, societies, tools that are agents, people, code and custom agents: one log, one truth."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import CHAT_KINDS, all_references, message_id
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import state_at
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView
from folkmoot.agents import (
    CodeExecutorAgent,
    CustomAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    PerSourceFilter,
    SocietyOfMindAgent,
    UserProxyAgent,
)
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, Swarm, TeamSpec
from folkmoot.tools import AgentTool, TeamTool, Tool
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Driver, agent, asks, dangling, said, task

MARK = re.compile(r"#\d+(?: DONE)?")
CODE = "```python\nprint({})\n```"


def coder(name: str, **options: Any) -> CodeExecutorAgent:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return CodeExecutorAgent(name, LocalCommandLineCodeExecutor(), **options)


def rounds(name: str, *members: Any, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, **options)


def _teams_in_teams() -> TeamSpec:
    inner = rounds("inner", agent("a", tools=[Tool("look")]), agent("b"), max_turns=2)
    middle = rounds("middle", inner, agent("c"), termination_condition=MaxMessageTermination(4))
    return rounds("outer", middle, agent("a"), max_turns=3)


def _societies() -> TeamSpec:
    inner = rounds("inner", agent("a"), UserProxyAgent("person"), termination_condition=TextMentionTermination("DONE"))
    deep = SocietyOfMindAgent("deep", rounds("below", agent("x"), max_turns=1), "scripted")
    mind = SocietyOfMindAgent("mind", rounds("two", inner, deep, max_turns=2), "scripted")
    return rounds("outer", mind, agent("c"), max_turns=4)


def _tools() -> TeamSpec:
    helper = agent("helper", tools=[Tool("look")], max_tool_iterations=2)
    crew = rounds("crew", agent("x"), UserProxyAgent("person"), CustomAgent("own"), max_turns=3)
    tools = [AgentTool(helper), TeamTool(crew, "crew", "Ask them."), Tool("look")]
    first = agent("a", tools=tools, max_tool_iterations=3, handoffs=["b"])
    return rounds("outer", first, agent("b"), termination_condition=MaxMessageTermination(6))


def _graph() -> TeamSpec:
    mind = SocietyOfMindAgent("mind", rounds("left", agent("a"), agent("b"), max_turns=2), "scripted")
    members: list[Any] = [agent("s"), mind, UserProxyAgent("person")]
    members += [coder("code", model_client="scripted", max_retries_on_error=1), CustomAgent("own"), agent("end")]
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for member in members[1:-1]:
        builder.add_edge("s", member).add_edge(member, "end")
    return GraphFlow([*members], graph=builder.build())


def _others() -> TeamSpec:
    only = MessageFilterConfig(per_source=[PerSourceFilter(source="a", position="last", count=1)])
    swarm = Swarm([agent("a", handoffs=["person"]), UserProxyAgent("person")], name="swarm", max_turns=3)
    listening = MessageFilterAgent("narrow", agent("n"), only)
    return rounds("outer", swarm, listening, coder("run"), CustomAgent("own"), max_turns=5)


KINDS = {make.__name__.strip("_"): make() for make in (_teams_in_teams, _societies, _tools, _graph, _others)}
teams = st.sampled_from(list(KINDS)).map(lambda name: KINDS[name])

commands = st.one_of(
    st.tuples(st.just("run"), st.booleans().map(lambda tasked: {"tasked": tasked})),
    st.tuples(st.sampled_from(["resume", "stop", "cancel"]), st.just({})),
    st.tuples(st.just("pause"), st.fixed_dictionaries({"now": st.booleans()})),
    st.tuples(st.just("reset"), st.fixed_dictionaries({"force": st.booleans()})),
)
results = st.tuples(
    st.just("result"),
    st.fixed_dictionaries(
        {
            "which": st.integers(0, 5),
            "tools": st.integers(0, 15),
            "done": st.integers(0, 9).map(lambda number: number == 0),
            "fate": st.sampled_from(["fine"] * 12 + ["fails", "waits", "late"]),
        }
    ),
)
stories = st.lists(st.integers(0, 11).flatmap(lambda number: commands if number > 10 else results), max_size=60)


class Watched:
    """A driver that is told a story. Whatever is said in it is said once: its words are numbered."""

    def __init__(self, team: TeamSpec, story: list[tuple[str, dict[str, Any]]]) -> None:
        self.driver = Driver(team)
        self.numbers = count(1)
        self.driver.tell("run", task=[task(self.word())])
        self.lived: dict[int, ChatState] = {}
        self.old = self.driver.calls
        for verb, fields in story:
            self.driver.seconds += 1
            self.step(verb, fields)
            self.old += self.driver.calls
            self.lived[self.driver.chat.log.head - 1] = self.driver.chat.state.model_copy(deep=True)

    def word(self, done: bool = False) -> str:
        return f"#{next(self.numbers)}" + (" DONE" if done else "")

    def step(self, verb: str, fields: dict[str, Any]) -> None:
        driver = self.driver
        if verb == "run":
            driver.tell("run", task=[task(self.word())] if fields["tasked"] else [])
        elif verb != "result":
            driver.tell(verb, **fields)
        else:
            self.result(fields)

    def result(self, fields: dict[str, Any]) -> None:
        driver, fate, which = self.driver, fields["fate"], fields["which"]
        calls = self.old if fate == "late" else driver.calls
        requests = list(driver.chat.state.requests)
        if fate == "fine" and requests and (not calls or which == 0):
            driver.tell("answer", request=requests[which % len(requests)], content=self.word(fields["done"]))
        elif not calls:
            driver.tell("resume" if driver.chat.state.pause else "run", task=[task(self.word())])
        elif fate == "waits":
            driver.chat.wait(calls[which % len(calls)], "worker:tool:x", driver.now, "unknown", driver.now)
            driver.settle()
        elif fate == "fails":
            driver.finish(calls[which % len(calls)], Failure("ModelCallError", "no"))
        else:
            call = calls[which % len(calls)]
            driver.finish(call, self.answer(call, fields))

    def answer(self, call: Call, fields: dict[str, Any]) -> dict[str, Any]:
        word = self.word(fields["done"])
        match call.kind, call.name:
            case "model", "retry":
                return said(json.dumps({"retry": bool(fields["tools"] % 2), "reason": "so"}))
            case "model", "reflect":
                return said(word)
            case "model", _:
                return self.reply(call, word, fields["tools"])
            case "tool", _:
                return {"content": word}
            case "code", _:
                return {"exit_code": fields["tools"] % 2, "output": word}
            case "agent", "":
                own = {"type": "TextMessage", "source": "own", "content": word}
                inner = {"message": {**own, "content": self.word()}, "chat": True, "shown": bool(fields["tools"] % 2)}
                return {"messages": [inner, {"message": own}], "state": [{"heard": word}]}
            case _:
                return {"state": [{"hook": call.name}]}

    def reply(self, call: Call, word: str, choice: int) -> dict[str, Any]:
        spec: Any = self.driver.chat.plan.seats[call.path].agent
        if isinstance(spec, CodeExecutorAgent):
            return said(CODE.format(word) if choice % 2 else word)
        names = [tool.name for tool in getattr(spec, "tools", ())]
        names += [handoff.name for handoff in getattr(spec, "resolved_handoffs", ())]
        if call.reflect or not names or choice < 8:
            return said(word)
        wanted = [names[choice % len(names)], names[(choice // 2) % len(names)]]
        reply = asks(*wanted[: 1 + choice % 2])
        for made in reply["content"]:
            made["arguments"] = json.dumps({"task": self.word()})
        return reply


def carried(chat: Chat, base: int) -> Chat:
    """The chat that goes on from `base` when this one continues as new, as the carrier makes it."""
    held = list(chat.log.after(base))
    offsets = needed_offsets(chat.plan, chat.state)
    if base == chat.log.base:
        # What is carried is folded again from the old base, which holds on to entries before it.
        offsets = [*offsets, *needed_offsets(chat.base_plan, chat.base)]
    needed = {offset: chat.log.at(offset) for offset in offsets}
    found = {**needed, **all_references([*needed.values(), *held], chat.log.at)}
    pins = {offset: entry.encoded for offset, entry in found.items() if offset < base}
    state = chat.base if base == chat.log.base else state_at(chat, base - 1)
    digest = chat.log.digest_at(base)
    assert digest is not None
    log = Log.restore(base, digest, [entry.encoded for entry in held], pins)
    team = chat.base_team if base == chat.log.base else chat.team
    return Chat(team, chat.uuid, log, ChatState.load(state.dump()))


@settings(max_examples=examples(200), deadline=None)
@given(team=teams, story=stories)
def test_state_is_a_fold_of_the_log(team: TeamSpec, story: list[Any]) -> None:
    watched = Watched(team, story)
    chat = watched.driver.chat
    again = Chat(team, UUID, Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in chat.log]))
    assert again.state == chat.state
    assert again.wanted() == chat.wanted()
    assert ChatState.load(chat.state.dump()) == chat.state
    for offset, state in watched.lived.items():
        assert state_at(chat, offset) == state


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories, rest=stories)
def test_a_chat_that_continues_as_new_goes_on_as_it_would_have(
    team: TeamSpec, story: list[Any], rest: list[Any]
) -> None:
    watched = Watched(team, story)
    driver = watched.driver
    plain, numbers = driver.chat, next(watched.numbers)
    ends: list[Chat] = []
    flying = dict(driver.flying)
    for chat in (carried(plain, plain.log.head), plain):
        driver.chat, driver.flying, watched.numbers = chat, dict(flying), count(numbers)
        driver.commands, driver.seconds, watched.old = 1000, 1000.0, driver.calls
        for verb, fields in rest:
            watched.step(verb, fields)
        ends.append(chat)
    short, long = ends
    assert [entry.data for entry in short.log] == [entry.data for entry in long.log.after(short.log.base)]
    assert (short.state, short.log.digest, short.wanted()) == (long.state, long.log.digest, long.wanted())
    again = carried(short, short.log.base)
    assert (again.state, again.log.digest, again.wanted()) == (short.state, short.log.digest, short.wanted())


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories, data=st.data())
def test_views_read_in_steps_are_those_read_at_once(team: TeamSpec, story: list[Any], data: st.DataObject) -> None:
    log = Watched(team, story).driver.chat.log
    stops = sorted(data.draw(st.lists(st.integers(0, log.head), max_size=4)))
    plan = Plan(team)

    def context(name: str, *ends: int) -> list[Any]:
        view = AgentContext(plan, UUID, plan.seats[name])
        for end in (*ends, log.head):
            view.read(log, end, {})
        return [item.message for item in view.items]

    def thread(path: str, *ends: int) -> list[Any]:
        view = ThreadView(plan, UUID, plan.nodes[path])
        for end in (*ends, log.head):
            view.read(log, end, {})
        return view.thread

    for name in plan.seats:
        assert context(name, *stops) == context(name)
    for path in plan.nodes:
        assert thread(path, *stops) == thread(path)


@settings(max_examples=examples(200), deadline=None)
@given(team=teams, story=stories)
def test_nothing_is_heard_twice_and_ids_are_unique(team: TeamSpec, story: list[Any]) -> None:
    driver = Watched(team, story).driver
    for name in driver.chat.plan.seats:
        heard = Counter(_words(driver, name))
        assert [word for word, times in heard.items() if times > 1] == []
    ids = [message_id(UUID, entry) for entry in driver.chat.log if entry.kind in CHAT_KINDS]
    assert len(ids) == len(set(ids))


def _words(driver: Driver, name: str) -> Iterator[str]:
    """The numbered words that others said to a seat."""
    for item in driver.view(name):
        if item["type"] == "UserMessage" and isinstance(item["content"], str) and MARK.fullmatch(item["content"]):
            yield item["content"]


@settings(max_examples=examples(200), deadline=None)
@given(team=teams, story=stories)
def test_a_chat_never_hangs_and_leaves_no_tool_call_open(team: TeamSpec, story: list[Any]) -> None:
    driver = Watched(team, story).driver
    state = driver.chat.state
    if state.running and not state.pause:
        assert driver.calls or state.requests
    while driver.chat.state.hooks:
        driver.finish(next(call for call in driver.calls if call.kind == "agent" and call.name), {})
    if driver.chat.state.pause:
        driver.tell("resume")
    if driver.chat.state.running:
        driver.tell("cancel")
    assert not driver.chat.state.running
    assert (driver.chat.state.requests, driver.chat.state.waits) == ({}, {})
    assert [name for name in driver.chat.plan.seats if dangling(driver.view(name))] == []
    assert driver.tell("run", task=[task("again")]).kind in ("run_started", "refused")
