"""Cancel ends the run now: no call stays in flight, no tool call stays without a result, and the chat runs again."""

from __future__ import annotations

import pytest

from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Failure, agent, asks, dangling, said, team

CUT = "The call was cancelled before it finished."


def tooled(**options: object) -> Driver:
    first = agent("a", tools=[Tool("look"), Tool("count")], handoffs=["b"], **options)
    return Driver(RoundRobinGroupChat([first, agent("b")], max_turns=1))


def test_in_a_model_call() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    entry = driver.tell("cancel")
    assert (entry.kind, entry.data["status"]) == ("run_ended", "cancelled")
    assert (driver.status, driver.calls, driver.stop_reason) == ("idle", [], None)
    driver.run(None, "1")
    assert driver.heard("a") == ["U: go", "A: 1"]


@pytest.mark.parametrize("done", [0, 1])
def test_in_tools_every_call_gets_a_result(done: int) -> None:
    driver = tooled()
    driver.run("go", asks("look", "count"), *["seen"] * done)
    driver.tell("cancel")
    (execution,) = driver.messages("ToolCallExecutionEvent")
    contents = [result["content"] for result in execution["content"]]
    assert contents == ["seen", CUT] if done else [CUT, CUT]
    assert [result["is_error"] for result in execution["content"]] == [not done, True]
    assert dangling(driver.view("a")) == dangling(driver.view("b")) == []


def test_in_tools_and_run_again_takes_the_turn_anew() -> None:
    driver = tooled()
    driver.run("go", asks("look"))
    driver.tell("cancel")
    driver.run(None)
    assert [(call.kind, call.path) for call in driver.calls] == [("model", "a")]
    driver.answer("done")
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F", "A"]
    driver.run(None)
    assert driver.heard("b") == ["U: go", "U: done"]


def test_after_tools_and_before_the_next_model_call() -> None:
    driver = tooled(max_tool_iterations=3)
    driver.run("go", asks("look"), "seen")
    driver.tell("cancel")
    assert len(driver.messages("ToolCallExecutionEvent")) == 1
    assert dangling(driver.view("a")) == []


def test_while_paused_with_answered_tools_and_an_unanswered_handoff() -> None:
    driver = tooled()
    driver.run("go")
    driver.tell("pause")
    driver.answer(asks("look", "transfer_to_b"))
    driver.tell("cancel")
    assert dangling(driver.view("a")) == []
    assert driver.status == "idle"


def test_late_results_are_kept_for_the_audit_and_enter_no_view() -> None:
    driver = tooled()
    driver.run("go", asks("look", "count"))
    look, count = driver.calls
    driver.tell("cancel")
    before, views = driver.chat.state.model_copy(deep=True), driver.view("a")
    driver.finish(look, {"content": "seen"})
    driver.finish(count, Failure("ToolError", "too late"))
    late = [entry.data for entry in driver.entries("late")]
    assert [(data["call"], data["outcome"]) for data in late] == [
        (look.key, {"content": "seen"}),
        (count.key, {"error": {"type": "ToolError", "message": "too late"}}),
    ]
    assert (driver.chat.state, driver.view("a")) == (before, views)


def test_late_reply_is_not_taken_for_the_answer_to_the_retry() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    (old,) = driver.calls
    driver.tell("cancel")
    driver.run(None)
    driver.finish(old, said("old"))
    assert (driver.spoken(), driver.speaking) == (["user: go"], ["a"])
    driver.answer("new")
    assert driver.spoken() == ["user: go", "a: new"]


def test_progress_of_conditions_is_kept() -> None:
    driver = Driver(team(termination_condition=MaxMessageTermination(3)))
    driver.run("go", "1")
    driver.tell("cancel")
    driver.run(None, "2")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_condition_met_before_the_cancel_does_not_end_the_next_run() -> None:
    driver = Driver(team(termination_condition=TextMentionTermination("DONE")))
    driver.run("go")
    driver.tell("pause")
    driver.answer("DONE")
    driver.tell("cancel")
    driver.run("more", "1")
    assert (driver.status, driver.speaking) == ("running", ["a"])


def test_while_idle_is_noted() -> None:
    entry = Driver(team()).tell("cancel")
    assert (entry.kind, entry.data["note"]) == ("noted", "No run is under way.")
