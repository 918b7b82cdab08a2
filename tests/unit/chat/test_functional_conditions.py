"""Functional conditions: the chat waits for their answers at each check, and hands them what is new since the last."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.entries import CHAT_KINDS
from folkmoot.conditions import FunctionalTermination, TerminationCondition, TextMentionTermination
from tests.unit.chat.driver import Driver, Failure, team

TEXT = "Functional termination condition met"


def chat(condition: TerminationCondition | None = None, **options: Any) -> Driver:
    return Driver(team(termination_condition=condition or FunctionalTermination("enough"), **options))


def replies(*given: bool) -> dict[str, list[bool]]:
    return {"answers": list(given)}


def shown(driver: Driver) -> list[str]:
    """What the call in flight hands to the functions."""
    (call,) = driver.calls
    assert call.kind == "functions"
    entries = driver.chat.log.after(call.need, call.until)
    return [entry.data["message"]["content"] for entry in entries if entry.kind in CHAT_KINDS]


def test_nobody_speaks_before_the_answer_on_the_task() -> None:
    driver = chat()
    driver.run("go")
    assert (shown(driver), driver.speaking, driver.entries("turn")) == (["go"], [], [])
    driver.answer(replies(False))
    assert driver.speaking == ["a"]


def test_true_stops_at_the_task_and_later() -> None:
    driver = chat()
    driver.run("go", replies(True))
    assert (driver.stop_reason, driver.entries("turn")) == (TEXT, [])
    driver.run("go", replies(False), "1", replies(True))
    assert driver.stop_reason == TEXT


def test_each_check_gets_only_what_is_new() -> None:
    driver = chat()
    driver.run("go", replies(False), "1")
    assert shown(driver) == ["1"]
    driver.answer(replies(False), "2")
    assert shown(driver) == ["2"]
    driver.answer(replies(True))
    driver.run("more")
    assert shown(driver) == ["more"]


def test_answers_are_matched_in_declared_order() -> None:
    first, second = FunctionalTermination("first"), FunctionalTermination("second")
    driver = chat((first & TextMentionTermination("DONE")) | second)
    driver.run("go", replies(True, False), "DONE")
    driver.answer(replies(False, False))
    assert driver.stop_reason == f"{TEXT}, Text 'DONE' mentioned"


def test_other_conditions_wait_for_the_same_check() -> None:
    driver = chat(FunctionalTermination("enough") | TextMentionTermination("DONE"))
    driver.run("go", replies(False), "DONE")
    assert driver.status == "running"
    driver.answer(replies(True))
    assert driver.stop_reason == f"{TEXT}, Text 'DONE' mentioned"


def test_raising_function_on_the_task_fails_the_run_and_is_asked_about_it_later() -> None:
    driver = chat()
    driver.run("go", Failure("ValueError", "bad day"))
    assert driver.chat.state.error == {"agent": "", "type": "ValueError", "message": "bad day"}
    driver.run(None, "1")
    assert shown(driver) == ["go", "1"]


def test_raising_function_after_a_turn_does_not_take_that_turn_back() -> None:
    driver = chat(max_turns=2)
    driver.run("go", replies(False), "1", Failure("ValueError", "bad day"))
    assert driver.chat.state.status == "failed"
    driver.run(None)
    assert driver.speaking == ["b"]
    assert driver.heard("b") == ["U: go", "U: 1"]
    driver.answer("2")
    assert shown(driver) == ["1", "2"]
    driver.answer(replies(False))
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_cancel_during_the_check_does_not_take_the_turn_back_either() -> None:
    driver = chat()
    driver.run("go", replies(False), "1")
    driver.tell("cancel")
    driver.run(None)
    assert driver.speaking == ["b"]


def test_pause_holds_the_check() -> None:
    driver = chat()
    driver.run("go", replies(False))
    driver.tell("pause")
    driver.answer("1")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert shown(driver) == ["1"]


def test_reset_forgets_what_was_not_shown() -> None:
    driver = chat()
    driver.run("go", Failure("ValueError", "bad day"))
    driver.tell("reset")
    driver.run("new")
    assert shown(driver) == ["new"]
