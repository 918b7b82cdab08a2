"""An agent's failure ends the run, not the chat: everything stays, and `run(None)` takes the same turn again."""

from __future__ import annotations

from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Failure, agent, asks, dangling, said, team

BROKEN = Failure("ModelCallError", "the model is gone")


def test_error_names_agent_type_and_message_and_keeps_what_was_said() -> None:
    driver = Driver(team())
    driver.run("go", "1", BROKEN)
    (ended,) = driver.entries("run_ended")
    assert ended.data["status"] == "failed"
    assert ended.data["error"] == {"agent": "b", "type": "ModelCallError", "message": "the model is gone"}
    assert (driver.status, driver.chat.state.status) == ("idle", "failed")
    assert driver.spoken() == ["user: go", "a: 1"]


def test_run_without_task_retries_the_same_speaker_and_nothing_is_heard_twice() -> None:
    driver = Driver(team(max_turns=3))
    driver.run("go", "1", BROKEN)
    driver.run(None, BROKEN)
    driver.run(None)
    assert driver.speaking == ["b"]
    assert driver.heard("b") == ["U: go", "U: 1"]
    driver.answer("2")
    assert driver.heard("a") == ["U: go", "A: 1", "U: 2"]
    driver.answer("3")
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_first_turn_failing_is_retried_too() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", BROKEN)
    driver.run(None, "1")
    assert driver.spoken() == ["user: go", "a: 1"]


def test_new_task_after_a_failure_goes_to_the_same_speaker() -> None:
    driver = Driver(team())
    driver.run("go", "1", BROKEN)
    driver.run("please")
    assert driver.speaking == ["b"]
    assert driver.heard("b") == ["U: go", "U: 1", "U: please"]


def test_conditions_keep_their_progress() -> None:
    driver = Driver(team(termination_condition=MaxMessageTermination(3)))
    driver.run("go", "1", BROKEN)
    driver.run(None, "2")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_failed_tool_leaves_no_call_without_a_result() -> None:
    first = agent("a", tools=[Tool("look"), Tool("count")])
    driver = Driver(RoundRobinGroupChat([first, agent("b")], max_turns=1))
    driver.run("go", asks("look", "count"), "seen", Failure("UnknownOutcomeError", "who knows"))
    assert driver.chat.state.error == {"agent": "a", "type": "UnknownOutcomeError", "message": "who knows"}
    assert dangling(driver.view("a")) == []
    (execution,) = driver.messages("ToolCallExecutionEvent")
    assert [result["is_error"] for result in execution["content"]] == [False, True]


def test_failure_after_tools_keeps_them_for_the_retry() -> None:
    first = agent("a", tools=[Tool("look")], max_tool_iterations=2)
    driver = Driver(RoundRobinGroupChat([first, agent("b")], max_turns=1))
    driver.run("go", asks("look"), "seen", BROKEN)
    driver.run(None)
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F"]
    driver.answer("done")
    driver.run(None)
    assert driver.heard("b") == ["U: go", "U: done"]


def test_tokens_of_failed_turns_count() -> None:
    first = agent("a", tools=[Tool("look")], max_tool_iterations=2)
    driver = Driver(RoundRobinGroupChat([first], max_turns=1))
    driver.run("go", asks("look", usage=(5, 5)), "seen", BROKEN)
    driver.run(None, said("done", usage=(1, 1)))
    assert driver.chat.state.tokens == 12
