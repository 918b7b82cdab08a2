"""A graceful stop: after the current turn, at once between turns, and after the next task while idle."""

from __future__ import annotations

from folkmoot.conditions import TextMentionTermination
from tests.unit.chat.driver import Driver, Failure, team

REASON = "External termination requested"


def test_running_it_ends_after_the_turn() -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("stop")
    assert driver.speaking == ["a"]
    driver.answer("1")
    assert (driver.status, driver.stop_reason, driver.spoken()) == ("idle", REASON, ["user: go", "a: 1"])


def test_idle_it_ends_the_next_run_after_its_task() -> None:
    driver = Driver(team())
    driver.tell("stop")
    driver.run("go")
    assert (driver.stop_reason, driver.spoken(), driver.entries("turn")) == (REASON, ["user: go"], [])
    driver.run("again")
    assert driver.speaking == ["a"]


def test_idle_before_a_run_without_task_it_ends_after_the_first_turn() -> None:
    driver = Driver(team())
    driver.tell("stop")
    driver.run(None)
    assert driver.speaking == ["a"]
    driver.answer("1")
    assert driver.stop_reason == REASON


def test_idle_after_a_failure_the_same_holds() -> None:
    driver = Driver(team())
    driver.run("go", "1", Failure("ModelCallError", "no"))
    driver.tell("stop")
    driver.run(None)
    assert driver.speaking == ["b"]
    driver.answer("2")
    assert driver.stop_reason == REASON


def test_paused_between_turns_it_ends_at_once() -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("pause")
    driver.answer("1")
    driver.tell("stop")
    assert (driver.status, driver.stop_reason) == ("idle", REASON)


def test_paused_before_the_first_turn_it_ends_at_once() -> None:
    driver = Driver(team())
    driver.tell("pause")
    driver.run("go")
    driver.tell("stop")
    assert (driver.status, driver.stop_reason, driver.entries("turn")) == ("idle", REASON, [])


def test_paused_in_a_turn_it_waits_for_the_turn() -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("pause", now=True)
    driver.tell("stop")
    assert driver.status == "paused"
    driver.tell("resume")
    driver.answer("1")
    assert driver.stop_reason == REASON


def test_condition_that_fires_in_the_same_turn_gives_the_reason() -> None:
    driver = Driver(team(termination_condition=TextMentionTermination("DONE")))
    driver.run("go")
    driver.tell("stop")
    driver.answer("DONE")
    assert driver.stop_reason == "Text 'DONE' mentioned"
    driver.run(None, "1")
    assert driver.status == "running"


def test_second_stop_is_noted() -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("stop")
    entry = driver.tell("stop")
    assert (entry.kind, entry.data["note"]) == ("noted", "A stop was already asked for.")


def test_reset_forgets_a_stop_asked_for_while_idle() -> None:
    driver = Driver(team())
    driver.tell("stop")
    driver.tell("reset")
    driver.run("go")
    assert driver.speaking == ["a"]
