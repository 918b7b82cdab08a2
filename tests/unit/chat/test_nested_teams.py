"""Teams in teams: who hears what, what counts, and runs that are broken off and taken up again."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.entries import message_of
from folkmoot._chat.thread import ThreadView
from folkmoot.conditions import HandoffTermination, MaxMessageTermination, TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat, SelectorGroupChat, Swarm
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, Failure, agent, asks, dangling, task

BROKEN = Failure("ModelCallError", "the model is gone")


def rounds(name: str, *members: Any, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, **options)


def deep(turns: int = 2) -> Driver:
    """Three levels: outer(middle(inner(a, b), c), d)."""
    inner = rounds("inner", agent("a"), agent("b"), max_turns=2)
    middle = rounds("middle", inner, agent("c"), max_turns=2)
    return Driver(rounds("outer", middle, agent("d"), max_turns=turns))


def pair(outer_turns: int = 3, **inner: Any) -> Driver:
    """Two levels: outer(inner(a, b), c)."""
    inner.setdefault("max_turns", 2)
    return Driver(rounds("outer", rounds("inner", agent("a"), agent("b"), **inner), agent("c"), max_turns=outer_turns))


def thread(driver: Driver, path: str) -> list[tuple[str, str]]:
    view = ThreadView(driver.chat.plan, UUID, driver.chat.plan.nodes[path])
    view.read(driver.chat.log, driver.chat.log.head, {})
    return [(item.how, item.message["content"]) for item in view.thread]


def test_three_levels_take_their_turns_and_hear_each_other() -> None:
    driver = deep()
    driver.run("go", "a1", "b1", "c1")
    assert driver.speaking == ["d"]
    driver.answer("d1")
    assert driver.stop_reason == "Maximum number of turns 2 reached."
    assert driver.spoken() == ["user: go", "a: a1", "b: b1", "c: c1", "d: d1"]
    assert driver.heard("d") == ["U: go", "U: a1", "U: b1", "U: c1", "A: d1"]
    assert driver.heard("middle/c") == ["U: go", "U: a1", "U: b1", "A: c1"]
    assert driver.heard("middle/inner/b") == ["U: go", "U: a1", "A: b1"]


def test_a_second_round_brings_what_was_said_outside_meanwhile_once() -> None:
    driver = deep(turns=3)
    driver.run("go", "a1", "b1", "c1", "d1", "a2", "b2", "c2")
    assert driver.heard("middle/inner/a") == ["U: go", "A: a1", "U: b1", "U: c1", "U: d1", "A: a2"]
    assert driver.heard("middle/inner/b") == ["U: go", "U: a1", "A: b1", "U: c1", "U: d1", "U: a2", "A: b2"]
    assert driver.heard("middle/c") == ["U: go", "U: a1", "U: b1", "A: c1", "U: d1", "U: a2", "U: b2", "A: c2"]


def test_the_thread_of_each_level() -> None:
    driver = deep()
    driver.run("go", "a1", "b1", "c1", "d1")
    assert thread(driver, "") == [("task", "go"), *[("said", text) for text in ("a1", "b1", "c1")], ("answer", "d1")]
    assert thread(driver, "middle") == [("task", "go"), ("said", "a1"), ("said", "b1"), ("answer", "c1")]
    assert thread(driver, "middle/inner") == [("task", "go"), ("answer", "a1"), ("answer", "b1")]


def test_a_run_inside_is_one_turn_outside() -> None:
    driver = deep(turns=1)
    driver.run("go", "a1", "b1", "c1")
    assert driver.stop_reason == "Maximum number of turns 1 reached."
    ended = [(entry.data["scope"], entry.data["stop_reason"]) for entry in driver.entries("scope_ended")]
    limit = "Maximum number of turns 2 reached."
    assert ended == [("middle/inner", limit), ("middle", limit)]


def test_an_inner_condition_counts_what_comes_in_and_begins_anew_with_each_run() -> None:
    driver = pair(max_turns=None, termination_condition=MaxMessageTermination(3))
    driver.run("go", "a1", "b1")
    assert driver.speaking == ["c"]
    driver.answer("c1", "a2")
    assert driver.speaking == ["inner", "inner/b"]
    driver.answer("b2")
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_an_outer_condition_counts_the_words_inside_when_the_inner_run_is_over() -> None:
    inner = rounds("inner", agent("a"), agent("b"), max_turns=2)
    team = rounds("outer", inner, agent("c"), termination_condition=MaxMessageTermination(2))
    driver = Driver(team)
    driver.run("go", "a1")
    assert driver.speaking == ["inner", "inner/b"]
    driver.answer("b1")
    assert driver.stop_reason == "Maximum number of messages 2 reached, current message count: 3"


def test_events_inside_reach_the_outer_condition_but_no_context() -> None:
    first = agent("a", tools=[Tool("look")])
    counting = MaxMessageTermination(5, include_agent_event=True)
    inner = rounds("inner", first, max_turns=1)
    driver = Driver(rounds("outer", inner, agent("c"), termination_condition=counting))
    driver.run("go", asks("look"), "seen")
    assert driver.speaking == ["c"]
    assert driver.heard("c") == ["U: go", "U: seen"]
    driver.answer("c1")
    assert driver.stop_reason == "Maximum number of messages 5 reached, current message count: 5"


def test_a_condition_inside_that_fires_on_what_comes_in_ends_the_run_with_nobody_speaking() -> None:
    driver = pair(2, max_turns=None, termination_condition=TextMentionTermination("go"))
    driver.run("go")
    assert driver.speaking == ["c"]
    (ended,) = driver.entries("scope_ended")
    assert ended.data["stop_reason"] == "Text 'go' mentioned"
    driver.answer("c1")
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_an_inner_team_twice_in_a_row_goes_on_with_nothing_new() -> None:
    driver = Driver(rounds("outer", rounds("inner", agent("a"), agent("b"), max_turns=1), max_turns=3))
    driver.run("go", "a1", "b1", "a2")
    assert driver.spoken() == ["user: go", "a: a1", "b: b1", "a: a2"]
    assert driver.heard("inner/a") == ["U: go", "A: a1", "U: b1", "A: a2"]


def test_a_first_run_without_a_task() -> None:
    driver = deep()
    driver.run(None, "a1", "b1", "c1", "d1")
    assert driver.spoken() == ["a: a1", "b: b1", "c: c1", "d: d1"]
    assert driver.heard("middle/inner/a") == ["A: a1"]


def test_order_and_context_inside_go_on_over_runs() -> None:
    driver = Driver(rounds("outer", rounds("inner", agent("a"), agent("b"), max_turns=1), max_turns=1))
    driver.run("one", "a1")
    driver.run("two", "b1")
    driver.run("three", "a2")
    assert driver.heard("inner/a") == ["U: one", "A: a1", "U: two", "U: b1", "U: three", "A: a2"]
    assert driver.heard("inner/b") == ["U: one", "U: a1", "U: two", "A: b1"]


def test_one_name_on_two_levels_is_two_agents() -> None:
    inner = rounds("inner", agent("a"), max_turns=1)
    driver = Driver(rounds("outer", inner, agent("a"), max_turns=4))
    driver.run("go", "in1", "out1", "in2", "out2")
    assert driver.heard("a") == ["U: go", "U: in1", "A: out1", "U: in2", "A: out2"]
    assert driver.heard("inner/a") == ["U: go", "A: in1", "U: out1", "A: in2"]
    assert set(driver.chat.state.usage) == {"a", "inner/a"}


def test_a_failure_inside_names_the_place_and_the_next_run_takes_that_turn_again() -> None:
    driver = deep()
    driver.run("go", "a1", BROKEN)
    (ended,) = driver.entries("run_ended")
    assert ended.data["error"]["agent"] == "middle/inner/b"
    driver.run(None, BROKEN)
    driver.run(None)
    assert driver.speaking == ["middle", "middle/inner", "middle/inner/b"]
    driver.answer("b1", "c1", "d1")
    assert driver.heard("middle/inner/b") == ["U: go", "U: a1", "A: b1"]
    assert driver.heard("d") == ["U: go", "U: a1", "U: b1", "U: c1", "A: d1"]
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_a_condition_inside_keeps_its_count_over_a_failure() -> None:
    driver = pair(1, max_turns=None, termination_condition=MaxMessageTermination(4))
    driver.run("go", "a1", BROKEN)
    driver.run(None, "b1")
    assert driver.speaking == ["inner", "inner/a"]
    driver.answer("a2")
    (ended,) = driver.entries("scope_ended")
    assert ended.data["stop_reason"] == "Maximum number of messages 4 reached, current message count: 4"


def test_an_outer_condition_counts_what_was_said_inside_before_a_failure() -> None:
    inner = rounds("inner", agent("a"), agent("b"), max_turns=2)
    driver = Driver(rounds("outer", inner, agent("c"), termination_condition=MaxMessageTermination(4)))
    driver.run("go", "a1", BROKEN)
    driver.run(None, "b1")
    assert driver.speaking == ["c"]
    driver.answer("c1")
    assert driver.stop_reason == "Maximum number of messages 4 reached, current message count: 4"


def test_a_task_after_a_cancel_is_heard_by_everyone_inside_before_the_turn_is_taken_again() -> None:
    driver = deep()
    driver.run("go", "a1")
    driver.tell("cancel")
    assert (driver.status, driver.calls) == ("idle", [])
    driver.run("more")
    assert driver.speaking == ["middle", "middle/inner", "middle/inner/b"]
    assert driver.heard("middle/inner/b") == ["U: go", "U: a1", "U: more"]
    driver.answer("b1", "c1", "d1")
    assert driver.heard("middle/c") == ["U: go", "U: a1", "U: more", "U: b1", "A: c1"]
    assert driver.heard("d") == ["U: go", "U: a1", "U: more", "U: b1", "U: c1", "A: d1"]


def test_a_cancel_leaves_no_tool_call_open_inside() -> None:
    first = agent("a", tools=[Tool("look")], max_tool_iterations=2)
    driver = Driver(rounds("outer", rounds("inner", first, max_turns=1), max_turns=1))
    driver.run("go", asks("look"))
    driver.tell("cancel")
    assert dangling(driver.view("inner/a")) == []
    driver.run(None, "done")
    assert [item["type"][0] for item in driver.view("inner/a")] == ["U", "A", "F", "A"]


def test_a_late_answer_of_an_inner_agent_changes_nothing() -> None:
    driver = deep()
    driver.run("go")
    (call,) = driver.calls
    driver.tell("cancel")
    driver.finish(call, {"content": "late", "usage": [3, 4]})
    assert driver.kinds()[-1] == "late"
    assert driver.spoken() == ["user: go"]
    assert driver.chat.state.usage["middle/inner/a"].prompt_tokens == 3


@pytest.mark.parametrize("now", [False, True])
def test_a_pause_inside_starts_nothing_until_it_is_resumed(now: bool) -> None:
    driver = deep()
    driver.run("go", "a1")
    driver.tell("pause", now=now)
    if not now:
        driver.answer("b1")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert driver.speaking[-1] == ("middle/inner/b" if now else "middle/c")
    driver.answer(*(["b1"] if now else []), "c1", "d1")
    assert driver.spoken() == ["user: go", "a: a1", "b: b1", "c: c1", "d: d1"]


def test_a_stop_ends_every_level_after_the_turn_that_is_under_way() -> None:
    driver = deep()
    driver.run("go", "a1")
    driver.tell("stop")
    assert driver.speaking[-1] == "middle/inner/b"
    driver.answer("b1")
    assert driver.stop_reason == "External termination requested"
    assert driver.spoken() == ["user: go", "a: a1", "b: b1"]


def test_a_reset_makes_every_level_as_new() -> None:
    driver = deep(turns=1)
    driver.run("go", "a1", "b1")
    driver.tell("reset", force=True)
    driver.run("anew")
    assert driver.speaking[-1] == "middle/inner/a"
    assert driver.heard("middle/inner/a") == ["U: anew"]
    driver.answer("a1", "b1", "c1")
    assert driver.heard("middle/c") == ["U: anew", "U: a1", "U: b1", "A: c1"]
    assert thread(driver, "middle/inner")[0] == ("task", "anew")


def test_an_inner_swarm_begins_with_whom_the_task_hands_over_to() -> None:
    swarm = Swarm([agent("a", handoffs=["b"]), agent("b")], name="swarm", max_turns=1)
    driver = Driver(rounds("outer", swarm, max_turns=1))
    driver.run([task("yours", kind="HandoffMessage", target="b")], "b1")
    assert driver.spoken() == ["b: b1"]


def test_a_handoff_inside_ends_the_inner_swarm_and_is_heard_outside() -> None:
    leaving = HandoffTermination("c")
    swarm = Swarm([agent("a", handoffs=["c"]), agent("b")], name="swarm", termination_condition=leaving)
    driver = Driver(rounds("outer", swarm, agent("c"), max_turns=2))
    driver.run("go", asks("transfer_to_c"))
    assert driver.speaking == ["c"]
    assert driver.heard("c") == ["U: go", "U: Transferred to c, adopting the role of c immediately."]


def test_a_choice_nobody_can_make_inside_ends_the_run_with_the_inner_teams_name() -> None:
    swarm = Swarm([agent("a", handoffs=["nobody"]), agent("b")], name="swarm")
    driver = Driver(rounds("outer", swarm, agent("c"), max_turns=2))
    driver.run("go", asks("transfer_to_nobody"))
    error = driver.chat.state.error
    assert error is not None
    assert (error["type"], error["agent"]) == ("ValueError", "swarm/SwarmGroupChatManager")
    assert "'nobody' is not one of the participants ['a', 'b']" in error["message"]


def test_an_inner_selector_asks_its_model_as_its_own_manager() -> None:
    selector = SelectorGroupChat([agent("a"), agent("b")], model_client="scripted", name="choice", max_turns=1)
    driver = Driver(rounds("outer", selector, agent("c"), max_turns=2))
    driver.run("go")
    (call,) = driver.calls
    assert (call.kind, call.path, call.node) == ("select", "choice", True)
    driver.finish(call, {"reply": "b", "speaker": "b", "by": "model", "usage": [2, 1]})
    driver.answer("b1", "c1")
    assert driver.spoken() == ["user: go", "b: b1", "c: c1"]
    assert driver.chat.state.usage["choice/SelectorGroupChatManager"].model_calls == 1


def test_team_events_inside_are_for_readers_only() -> None:
    inner = rounds("inner", agent("a"), max_turns=1, emit_team_events=True)
    driver = Driver(rounds("outer", inner, agent("c"), max_turns=2))
    driver.run("go", "a1", "c1")
    (event,) = driver.messages("SelectSpeakerEvent")
    assert event["content"] == ["a"]
    assert driver.heard("c") == ["U: go", "U: a1", "A: c1"]


def test_ids_and_paths_of_entries_inside() -> None:
    driver = deep()
    driver.run("go", "a1", "b1", "c1")
    scopes = [entry.data.get("scope", "") for entry in driver.entries("message")]
    assert scopes == ["", "middle/inner", "middle/inner", "middle"]
    ids = [message_of(UUID, entry, driver.chat.log.at)["id"] for entry in driver.entries("message")]
    assert len(set(ids)) == 4
