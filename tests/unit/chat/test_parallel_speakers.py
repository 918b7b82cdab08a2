"""Several speakers at once: their answers are taken in graph order, and what is broken off is spoken again, once."""

from __future__ import annotations

from itertools import permutations

import pytest

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.thread import ThreadView
from folkmoot.agents import AssistantAgent, UserProxyAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import DiGraph, DiGraphEdge, DiGraphNode, GraphFlow
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, asks, dangling, said

COMPLETE = "Digraph execution is complete"


def fan(*, person: bool = False, limit: int | None = None) -> Driver:
    """a, then b, c and d at once, then e."""
    edges = {"a": "bcd", "b": "e", "c": "e", "d": "e", "e": ""}
    graph = DiGraph({name: DiGraphNode(name, [DiGraphEdge(target) for target in to]) for name, to in edges.items()})
    members: list[AssistantAgent | UserProxyAgent] = [
        AssistantAgent(name, "scripted", tools=[Tool("look")]) for name in edges
    ]
    if person:
        members[2] = UserProxyAgent("c")
    driver = Driver(GraphFlow(members, graph, max_turns=limit))
    driver.run("go", "1")
    return driver


def call_of(driver: Driver, name: str) -> Call:
    return next(call for call in driver.calls if call.path == name)


def answer(driver: Driver, name: str, text: str) -> None:
    driver.finish(call_of(driver, name), said(text))


def thread(driver: Driver) -> list[str]:
    view = ThreadView(driver.chat.plan, UUID, driver.chat.plan.root)
    view.read(driver.chat.log, driver.chat.log.head, {})
    return [f"{message['source']}: {message['content']}" for message in view.chat_messages()]


@pytest.mark.parametrize("order", list(permutations("bcd")))
def test_answers_are_heard_in_graph_order_however_they_come(order: tuple[str, ...]) -> None:
    driver = fan()
    for name in order:
        answer(driver, name, f"by {name}")
    assert driver.speaking == ["e"]
    assert driver.heard("e") == ["U: go", "U: 1", "U: by b", "U: by c", "U: by d"]
    assert thread(driver) == ["user: go", "a: 1", "b: by b", "c: by c", "d: by d"]


def test_nothing_of_a_batch_is_in_the_conversation_before_all_have_spoken() -> None:
    driver = fan()
    answer(driver, "b", "early")
    answer(driver, "c", "early")
    assert thread(driver) == ["user: go", "a: 1"]


@pytest.mark.parametrize("how", ["failed", "cancelled"])
@pytest.mark.parametrize("given", [None, "more"])
def test_only_the_unfinished_speak_again(how: str, given: str | None) -> None:
    """AutoGen loses the failed turn, and says that the graph is complete or hangs."""
    driver = fan()
    answer(driver, "c", "by c")
    if how == "failed":
        driver.finish(call_of(driver, "d"), Failure("ModelCallError", "no"))
        assert driver.chat.state.error == {"agent": "d", "type": "ModelCallError", "message": "no"}
    else:
        driver.tell("cancel")
    assert driver.calls == []
    driver.run(given)
    assert driver.speaking == ["b", "d"]
    answer(driver, "d", "by d")
    answer(driver, "b", "by b")
    assert driver.speaking == ["e"]
    more = [] if given is None else ["U: more"]
    assert driver.heard("e") == ["U: go", "U: 1", *more, "U: by b", "U: by c", "U: by d"]
    answer(driver, "e", "end")
    assert driver.stop_reason == COMPLETE
    assert [text for text in thread(driver) if text.startswith("c")] == ["c: by c"]


def test_unfinished_of_the_unfinished_speak_a_third_time() -> None:
    driver = fan()
    answer(driver, "c", "by c")
    driver.tell("cancel")
    driver.run(None)
    answer(driver, "d", "by d")
    driver.tell("cancel")
    driver.run(None)
    assert driver.speaking == ["b"]
    answer(driver, "b", "by b")
    assert driver.heard("e") == ["U: go", "U: 1", "U: by b", "U: by c", "U: by d"]


def test_speaker_that_speaks_again_does_not_hear_its_batch() -> None:
    driver = fan()
    answer(driver, "c", "by c")
    driver.tell("cancel")
    driver.run(None)
    answer(driver, "b", "by b")
    assert driver.heard("d") == ["U: go", "U: 1"]


def test_tool_calls_of_the_others_do_not_dangle_when_one_fails() -> None:
    driver = fan()
    driver.finish(call_of(driver, "b"), asks("look"))
    driver.finish(call_of(driver, "c"), Failure("ModelCallError", "no"))
    assert all(dangling(driver.view(name)) == [] for name in "abcde")
    driver.run(None)
    assert driver.speaking == ["b", "c", "d"]
    for name in "bcd":
        answer(driver, name, f"by {name}")
    assert thread(driver) == ["user: go", "a: 1", "b: by b", "c: by c", "d: by d"]


def test_events_of_a_broken_off_turn_reach_no_condition() -> None:
    driver = Driver(
        GraphFlow(
            [AssistantAgent(name, "scripted", tools=[Tool("look")]) for name in "ab"],
            DiGraph({"a": DiGraphNode("a"), "b": DiGraphNode("b")}),
            termination_condition=MaxMessageTermination(4, include_agent_event=True),
        )
    )
    driver.run("go")
    driver.finish(call_of(driver, "b"), asks("look"))
    driver.tell("cancel")
    driver.run(None)
    answer(driver, "a", "1")
    answer(driver, "b", "2")
    # The task and two answers: three, not five.
    assert driver.stop_reason == COMPLETE


def test_pause_holds_a_batch_and_resume_goes_on_with_those_who_have_not_spoken() -> None:
    driver = fan()
    answer(driver, "c", "by c")
    driver.tell("pause", now=True)
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert [call.path for call in driver.calls] == ["b", "d"]
    answer(driver, "d", "by d")
    answer(driver, "b", "by b")
    assert driver.heard("e") == ["U: go", "U: 1", "U: by b", "U: by c", "U: by d"]


def test_late_answer_of_a_cancelled_batch_is_not_heard() -> None:
    driver = fan()
    late = call_of(driver, "b")
    driver.tell("cancel")
    driver.finish(late, said("late"))
    driver.run(None)
    assert driver.speaking == ["b", "c", "d"]
    for name in "bcd":
        answer(driver, name, f"by {name}")
    assert "b: late" not in thread(driver)
    assert len(driver.entries("late")) == 1


def test_reset_forgets_a_batch() -> None:
    driver = fan()
    answer(driver, "c", "by c")
    driver.tell("reset", force=True)
    driver.run("new")
    assert driver.speaking == ["a"]
    answer(driver, "a", "1")
    for name in "bcd":
        answer(driver, name, f"new {name}")
    assert driver.heard("e") == ["U: new", "U: 1", "U: new b", "U: new c", "U: new d"]


def test_person_in_a_batch_answers_while_the_others_speak() -> None:
    driver = fan(person=True)
    (request,) = driver.chat.state.requests
    answer(driver, "b", "by b")
    driver.tell("answer", request=request, content="by c")
    assert driver.speaking == ["d"]
    answer(driver, "d", "by d")
    assert driver.heard("e") == ["U: go", "U: 1", "U: by b", "U: by c", "U: by d"]


def test_stop_while_a_batch_waits_for_a_person_only_keeps_what_the_others_said() -> None:
    driver = fan(person=True)
    answer(driver, "b", "by b")
    answer(driver, "d", "by d")
    driver.tell("stop")
    assert (driver.status, driver.stop_reason) == ("idle", "External termination requested")
    driver.run(None)
    assert driver.speaking == ["c"]
    (request,) = driver.chat.state.requests
    driver.tell("answer", request=request, content="by c")
    assert driver.heard("e") == ["U: go", "U: 1", "U: by b", "U: by c", "U: by d"]


def test_a_batch_that_is_taken_up_again_counts_once_for_the_turn_limit() -> None:
    driver = fan(limit=2)
    answer(driver, "b", "by b")
    driver.tell("cancel")
    driver.run(None)
    answer(driver, "c", "by c")
    answer(driver, "d", "by d")
    assert driver.stop_reason == "Maximum number of turns 2 reached."
