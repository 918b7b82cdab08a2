"""Pause: calls in flight finish and are kept, no new step starts until resume; `now` cancels and redoes them."""

from __future__ import annotations

import pytest

from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, agent, asks, team


def tooled() -> Driver:
    return Driver(RoundRobinGroupChat([agent("a", tools=[Tool("look"), Tool("count")])], max_turns=1))


def test_during_a_model_call() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go")
    driver.tell("pause")
    assert driver.status == "pausing"
    driver.answer("1")
    assert (driver.status, driver.calls, driver.spoken()) == ("paused", [], ["user: go", "a: 1"])
    driver.tell("resume")
    assert (driver.status, driver.speaking) == ("running", ["b"])
    driver.answer("2")
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_while_idle_the_next_run_starts_paused() -> None:
    driver = Driver(team(max_turns=1))
    driver.tell("pause")
    assert driver.status == "paused"
    driver.run("go")
    assert (driver.status, driver.calls, driver.spoken()) == ("paused", [], ["user: go"])
    driver.tell("resume")
    assert (driver.status, driver.speaking) == ("running", ["a"])


def test_between_two_tools_nothing_is_lost_and_nothing_new_begins() -> None:
    driver = tooled()
    driver.run("go", asks("look", "count"), "one")
    driver.tell("pause")
    assert driver.status == "pausing"
    driver.answer("two")
    assert (driver.status, driver.messages("ToolCallExecutionEvent")) == ("paused", [])
    driver.tell("resume")
    assert driver.messages()[-1]["content"] == "one\ntwo"


def test_pause_keeps_a_call_asked_for_by_a_reply_for_later() -> None:
    driver = tooled()
    driver.run("go")
    driver.tell("pause")
    driver.answer(asks("look"))
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert [call.name for call in driver.calls] == ["look"]


def test_now_cancels_calls_and_resume_makes_the_same_ones_again() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    (before,) = driver.calls
    driver.tell("pause", now=True)
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert driver.calls == [before]
    driver.answer("1")
    assert driver.spoken() == ["user: go", "a: 1"]


def test_now_keeps_finished_tools() -> None:
    driver = tooled()
    driver.run("go", asks("look", "count"), "one")
    driver.tell("pause", now=True)
    driver.tell("resume")
    assert [call.name for call in driver.calls] == ["count"]
    driver.answer("two")
    assert driver.messages()[-1]["content"] == "one\ntwo"


def test_now_sharpens_a_pause_that_still_waits() -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("pause")
    assert driver.tell("pause", now=True).kind == "pause"
    assert (driver.status, driver.calls) == ("paused", [])


@pytest.mark.parametrize(
    ("answered", "note"), [(False, "The chat is already pausing."), (True, "The chat is already paused.")]
)
def test_second_pause_is_noted(answered: bool, note: str) -> None:
    driver = Driver(team())
    driver.run("go")
    driver.tell("pause")
    if answered:
        driver.answer("1")
    entry = driver.tell("pause", now=answered)
    assert (entry.kind, entry.data["note"]) == ("noted", note)


def test_resume_without_a_pause_is_noted() -> None:
    entry = Driver(team()).tell("resume")
    assert (entry.kind, entry.data["verb"], entry.data["note"]) == ("noted", "resume", "The chat is not paused.")


def test_resume_before_the_pause_took_hold_goes_on_with_the_same_call() -> None:
    driver = Driver(team())
    driver.run("go")
    (before,) = driver.calls
    driver.tell("pause")
    driver.tell("resume")
    assert (driver.status, driver.calls) == ("running", [before])
    assert driver.entries("paused") == []


def test_run_does_not_end_while_paused_even_if_its_condition_was_met() -> None:
    driver = Driver(team(termination_condition=TextMentionTermination("DONE")))
    driver.run("go")
    driver.tell("pause")
    driver.answer("DONE")
    assert (driver.status, driver.entries("run_ended")) == ("paused", [])
    driver.tell("resume")
    assert (driver.status, driver.stop_reason) == ("idle", "Text 'DONE' mentioned")


def test_end_of_a_run_ends_the_pause() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    driver.tell("pause")
    driver.tell("cancel")
    assert driver.status == "idle"
    driver.run(None)
    assert driver.speaking == ["a"]
