"""`max_turns`: the exact text, a count that restarts with each run, and conditions that outrank it."""

from __future__ import annotations

from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from tests.unit.chat.driver import Driver, Failure, task, team


def test_stops_after_that_many_turns_with_the_text() -> None:
    driver = Driver(team("a", "b", max_turns=3))
    driver.run("go", "1", "2")
    assert driver.status == "running"
    driver.answer("3")
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_count_restarts_with_each_run_and_the_order_does_not() -> None:
    driver = Driver(team("a", "b", "c", max_turns=2))
    driver.run("go", "1", "2")
    driver.run(None, "3")
    assert driver.status == "running"
    driver.answer("4")
    assert driver.spoken()[1:] == ["a: 1", "b: 2", "c: 3", "a: 4"]
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_turns_are_neither_messages_nor_tasks() -> None:
    driver = Driver(team("a", "b", max_turns=1))
    driver.run([task("1"), task("2"), task("3")])
    assert driver.speaking == ["a"]


def test_condition_outranks_max_turns_on_the_same_turn() -> None:
    driver = Driver(team("a", "b", max_turns=1, termination_condition=TextMentionTermination("DONE")))
    driver.run("go", "DONE")
    assert driver.stop_reason == "Text 'DONE' mentioned"


def test_stop_by_condition_restarts_the_count() -> None:
    driver = Driver(team("a", "b", max_turns=2, termination_condition=TextMentionTermination("DONE")))
    driver.run("go", "DONE")
    driver.run(None, "1")
    assert driver.status == "running"
    driver.answer("2")
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_failed_run_keeps_the_count() -> None:
    condition = MaxMessageTermination(100)
    driver = Driver(team("a", "b", max_turns=2, termination_condition=condition))
    driver.run("go", "1", Failure("ModelCallError", "no"))
    driver.run(None, "2")
    assert driver.stop_reason == "Maximum number of turns 2 reached."
