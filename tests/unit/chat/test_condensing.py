"""Chats with condensed contexts: nothing is lost or told twice, and requests stay bounded."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.condensing import Begun, Item
from folkmoot._chat.context import AgentContext
from folkmoot._chat.snapshots import snapshots
from folkmoot._chat.thread import ThreadView
from folkmoot._temporal.condensing import summing
from folkmoot._temporal.log_cache import LogCache
from folkmoot._temporal.reader import LogReader
from folkmoot._temporal.registry import Registry
from folkmoot._temporal.side import Side
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.models import ModelRegistry
from folkmoot.teams import RoundRobinGroupChat, SelectorGroupChat
from folkmoot.testing import ScriptedModel
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Driver, agent, asks, said, task

LIMIT = 1_000


def context(**options: Any) -> SummarizedChatCompletionContext:
    return SummarizedChatCompletionContext("scripted", **{"token_limit": LIMIT, "keep_last": 2, **options})


# --- A whole chat ----------------------------------------------------------------------------------------------------

WORD = re.compile(r"<(m\d+\.\d+)>")


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read from a workflow's history")


class World:
    """Answers a driver's calls as the activities would: first the summaries that are due.

    Args:
        driver: The driver.
        long: Tokens of a message.
        names: A summary names every word it tells, so that what was said can be read back from what is shown.
    """

    def __init__(self, driver: Driver, long: int = 100, names: bool = True) -> None:
        self.driver = driver
        self.long = long
        self.names = names
        self.number = 0
        self.side = Side(Registry(ModelRegistry({"scripted": ScriptedModel([])})), LogReader(LogCache(), None, _never))
        self.views: dict[str, AgentContext] = {}
        self.threads: dict[str, ThreadView] = {}
        self.told = Counter[str]()
        self.largest = 0
        self.largest_summary = 0

    def text(self) -> str:
        """The next message: words of 25 tokens."""
        self.number += 1
        return " ".join(f"<m{self.number}.{word}>".ljust(99, ".") for word in range(self.long // 25))

    def answer(self, call: Call, reply: Any = None) -> bool:
        """Answer a call; False if only a summary was made."""
        if call.kind == "tool":
            self.driver.finish(call, {"content": self.text() if reply is None else reply})
            return True
        items, begun, spec = self.seen(call)
        due = summing(spec, items, begun, self.side)
        if due is None:
            self.largest = max(self.largest, sum(item.tokens or 0 for item in items))
            self.driver.finish(call, said(self.text()) if reply is None else reply)
            return True
        request = json.loads(due.messages[-1])["content"]
        self.largest_summary = max(self.largest_summary, len(request) // 4)
        self.told.update(WORD.findall(request))
        known = dict.fromkeys(re.findall(r"m\d+\.\d+", request))
        content = ",".join(known) if self.names else "in short"
        self.driver.finish(call, {"condense": {**due.told, "content": content}, "usage": [1, 1]})
        return False

    def seen(self, call: Call) -> tuple[list[Item], Begun | None, Any]:
        """What the model of a call is shown, what of it is being summarised, and the spec of that."""
        chat = self.driver.chat
        if call.node:
            thread = self.threads.setdefault(call.path, ThreadView(chat.plan, UUID, chat.plan.nodes[call.path]))
            thread.read(chat.log, call.until, {})
            assert thread.condensed is not None
            team: Any = chat.plan.nodes[call.path].team
            return thread.condensed.items, thread.condensed.begun, team.model_context
        view = self.views.setdefault(call.path, AgentContext(chat.plan, UUID, chat.plan.seats[call.path]))
        view.read(chat.log, call.until, {})
        speaker: Any = chat.plan.seats[call.path].agent
        return view.items, view.begun, speaker.model_context

    def go_on(self, count: int = 1) -> None:
        """Answer calls until so many were answered, not counting summaries, or none is left."""
        while count and self.driver.calls:
            count -= self.answer(self.driver.calls[0])

    def shown(self, name: str) -> list[str]:
        """The words that an agent's context has, told in summaries or shown."""
        return [word for item in self.driver.view(name) for word in re.findall(r"m\d+\.\d+", str(item["content"]))]


def pair(max_turns: int | None = None, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([agent(name, model_context=context(**options)) for name in "ab"], max_turns=max_turns)


def test_a_chat_of_three_million_tokens_with_a_view_of_8000() -> None:
    view = SummarizedChatCompletionContext("scripted", 8_000)
    driver = Driver(RoundRobinGroupChat([agent("a", model_context=view)]))
    world = World(driver, names=False)
    driver.tell("run", task=[task("go")])
    while world.number < 1_200:
        world.long = 200_000 if world.number % 100 == 50 else 500
        world.go_on()
    assert sum(len(entry.encoded) for entry in driver.chat.log) // 4 > 3_000_000
    assert world.largest <= 8_000
    assert world.largest_summary <= 8_000
    assert set(world.told.values()) == {1}
    shown = world.shown("a")
    assert not world.told.keys() & set(shown)
    assert len(world.told) + len(shown) == len(
        re.findall(rb"<m\d+\.\d+>", b"".join(e.encoded for e in driver.chat.log))
    )
    # What the view has given up it does not hold.
    assert len(world.views["a"].items) < 20


def test_nothing_is_lost_and_the_order_stays() -> None:
    driver = Driver(pair(20))
    world = World(driver)
    driver.tell("run", task=[task("go")])
    world.go_on(20)
    words = [f"m{number}.{word}" for number in range(1, 21) for word in range(4)]
    assert world.shown("a") == words[: 19 * 4]
    assert world.shown("b") == words
    assert set(world.told.values()) == {2}


def test_the_originals_stay_in_thread_and_log() -> None:
    driver = Driver(pair(20))
    world = World(driver)
    driver.tell("run", task=[task("go")])
    world.go_on(20)
    assert len(driver.spoken()) == 21
    summaries = driver.entries("summary")
    usage = driver.chat.state.usage
    assert sum(use.model_calls for use in usage.values()) == 20 + len(summaries)
    assert {entry.data["agent"] for entry in summaries} == {"a", "b"}


def test_the_step_that_waits_keeps_its_identity() -> None:
    driver = Driver(pair(2))
    world = World(driver, long=1_100)
    driver.tell("run", task=[task(world.text())])
    (call,) = driver.calls
    assert not world.answer(call)
    (again,) = driver.calls
    assert (again.key, again.need, again.until) == (call.key, call.need, driver.entries("summary")[0].offset + 1)


def test_a_summary_that_nobody_waits_for_any_more_is_kept_for_the_audit() -> None:
    driver = Driver(pair(2))
    world = World(driver, long=1_100)
    driver.tell("run", task=[task(world.text())])
    (call,) = driver.calls
    driver.tell("cancel")
    driver.finish(call, {"condense": {"count": 1, "place": 0, "content": "late"}, "usage": [5, 1]})
    assert driver.kinds()[-1] == "late"
    assert driver.chat.state.usage["a"].prompt_tokens == 5
    assert driver.view("a")[0]["content"].startswith("<m1.0>")


def test_a_reset_forgets_what_was_half_summarised() -> None:
    driver = Driver(pair(2))
    world = World(driver, long=1_100)
    driver.tell("run", task=[task(world.text())])
    assert not world.answer(driver.calls[0])
    driver.tell("reset", force=True)
    world.long = 100
    driver.tell("run", task=[task("afresh")])
    assert world.seen(driver.calls[0])[1] is None
    world.go_on()
    assert driver.view("a")[0]["content"] == "afresh"


def test_a_selection_sees_summaries_and_functions_the_thread() -> None:
    names = [agent(name) for name in "abc"]
    spec = SelectorGroupChat(names, "scripted", model_context=context(), candidate_func="who", max_turns=20)
    driver = Driver(spec)
    world = World(driver)
    driver.tell("run", task=[task("go")])
    made = 0
    while driver.calls:
        (call,) = driver.calls
        if not call.node:
            driver.finish(call, said(world.text()))
        elif (
            "candidates" not in driver.chat.state.root.manager
            and call.index == 0
            and summing(context(), *world.seen(call)[:2], world.side)
        ):
            # The function was asked before it turned out that a summary is due; what it said is not lost.
            due = summing(context(), *world.seen(call)[:2], world.side)
            assert due is not None
            made += 1
            result = {"condense": {**due.told, "content": "so far"}, "usage": [1, 1], "candidates": ["a", "b"]}
            driver.finish(call, result)
            assert driver.chat.state.root.manager["candidates"] == ["a", "b"]
            assert driver.chat.log.at(driver.calls[0].need).kind == "summary"
        else:
            speaker = "ab"[world.number % 2]
            driver.finish(call, said("x") | {"reply": speaker, "speaker": speaker, "by": "model"})
    thread = world.threads[""]
    assert made >= 2
    assert len(thread.chat_messages()) == 20
    assert len(thread.condensed.items if thread.condensed else []) < 12
    assert driver.chat.state.usage[spec.manager_name].model_calls == 20 + made


# --- Whatever happens ------------------------------------------------------------------------------------------------

Op = tuple[str, int]
OPS = st.lists(
    st.tuples(
        st.sampled_from(["turn", "turn", "turn", "tool", "fail", "cancel", "rollback", "reset"]), st.integers(0, 30)
    ),
    min_size=4,
    max_size=25,
)


class Both:
    """The same chat twice: with condensed contexts, and with whole ones."""

    def __init__(self) -> None:
        options: dict[str, Any] = {"tools": ["look"], "reflect_on_tool_use": True}
        self.world = World(Driver(_with(options, context(each=True, message_tokens=150))))
        self.plain = Driver(_with(options, None))

    def tell(self, verb: str, **fields: Any) -> None:
        for driver in (self.world.driver, self.plain):
            driver.tell(verb, **fields)

    def answer(self, reply: Any) -> None:
        self.world.long = 25 * (1 + self.world.number % 13)
        text = self.world.text()
        given: Any = said(text) if reply is None else text if reply == "tool" else reply
        while not self.world.answer(self.world.driver.calls[0], given):
            pass
        call = self.plain.calls[0]
        self.plain.finish(call, {"content": given} if call.kind == "tool" else given)

    def perform(self, op: Op) -> None:
        kind, number = op
        driver = self.world.driver
        if kind in ("turn", "tool", "fail"):
            if not driver.chat.state.running:
                self.tell("run", task=[task("go")] if number % 2 else None)
            while driver.calls and driver.calls[0].kind == "tool":
                self.answer("tool")
            replies: dict[str, Any] = {"tool": asks("look"), "fail": Failure("ModelCallError", "no"), "turn": None}
            self.answer(replies[kind])
        elif kind == "rollback":
            mine, other = snapshots(driver.chat), snapshots(self.plain.chat)
            assert [item.turn for item in mine] == [item.turn for item in other]
            if mine:
                place = number % len(mine)
                driver.tell("rollback", offset=mine[place].offset, force=True)
                self.plain.tell("rollback", offset=other[place].offset, force=True)
        else:
            self.tell(kind, **({"force": True} if kind == "reset" else {}))

    def check(self) -> None:
        for name in "ab":
            whole = [word for item in self.plain.view(name) for word in re.findall(r"m\d+\.\d+", str(item["content"]))]
            assert self.world.shown(name) == whole


def _with(options: dict[str, Any], view: SummarizedChatCompletionContext | None) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([agent(name, model_context=view, **options) for name in "ab"], max_turns=4)


@settings(max_examples=examples(60), deadline=None)
@given(OPS)
def test_what_is_shown_is_what_was_said(ops: list[Op]) -> None:
    both = Both()
    for op in ops:
        both.perform(op)
        both.check()
