"""Round robin: list order with wrap-around, an index that goes on over runs, and what each speaker hears."""

from __future__ import annotations

import pytest

from tests.unit.chat.driver import Driver, agent, task, team


def test_speakers_follow_the_list_and_wrap() -> None:
    driver = Driver(team("a", "b", "c", max_turns=4))
    driver.run("go", "1", "2", "3", "4")
    assert driver.spoken() == ["user: go", "a: 1", "b: 2", "c: 3", "a: 4"]
    assert driver.status == "idle"


def test_run_without_task_goes_on_with_the_next_in_line() -> None:
    driver = Driver(team("a", "b", "c", max_turns=1))
    driver.run("go", "1")
    driver.run(None, "2")
    assert driver.spoken() == ["user: go", "a: 1", "b: 2"]


def test_new_task_does_not_restart_the_order() -> None:
    driver = Driver(team("a", "b", max_turns=1))
    driver.run("one", "1")
    driver.run("two", "2")
    driver.run("three", "3")
    assert driver.spoken() == ["user: one", "a: 1", "user: two", "b: 2", "user: three", "a: 3"]


def test_first_run_without_task_lets_the_first_agent_speak_with_no_input() -> None:
    driver = Driver(team("a", "b", max_turns=1))
    driver.run(None)
    assert driver.speaking == ["a"]
    assert driver.view("a") == []
    driver.answer("hello")
    assert driver.spoken() == ["a: hello"]


def test_single_participant_speaks_every_turn() -> None:
    driver = Driver(team("a", max_turns=3))
    driver.run("go", "1", "2", "3")
    assert driver.heard("a") == ["U: go", "A: 1", "A: 2", "A: 3"]


def test_speaker_hears_only_what_others_said_since_its_last_turn() -> None:
    driver = Driver(team("a", "b", max_turns=4))
    driver.run("go", "1", "2")
    assert driver.heard("a") == ["U: go", "A: 1", "U: 2"]
    driver.answer("3")
    assert driver.heard("b") == ["U: go", "U: 1", "A: 2", "U: 3"]
    assert [item["source"] for item in driver.view("b")] == ["user", "a", "b", "a"]


def test_all_messages_of_a_task_are_heard_by_everybody() -> None:
    driver = Driver(team("a", "b", max_turns=2))
    driver.run([task("one"), task("two", source="boss")], "1", "2")
    assert driver.heard("a") == ["U: one", "U: two", "A: 1"]
    assert driver.heard("b") == ["U: one", "U: two", "U: 1", "A: 2"]


def test_task_in_the_name_of_an_agent_is_heard_by_that_agent() -> None:
    driver = Driver(team("a", "b", max_turns=1))
    driver.run([task("I am you", source="a")])
    assert driver.heard("a") == ["U: I am you"]


def test_single_agent_as_a_chat_takes_one_turn_and_gives_no_stop_reason() -> None:
    driver = Driver(agent("solo"))
    driver.run("go", "1")
    assert (driver.status, driver.chat.state.status, driver.stop_reason) == ("idle", "stopped", None)
    driver.run("more", "2")
    assert driver.heard("solo") == ["U: go", "A: 1", "U: more", "A: 2"]


@pytest.mark.parametrize("emit", [True, False])
def test_team_events_name_the_speaker_only_if_asked_for(emit: bool) -> None:
    driver = Driver(team("a", "b", max_turns=2, emit_team_events=emit))
    driver.run("go", "1", "2")
    events = driver.messages("SelectSpeakerEvent")
    assert [event["content"] for event in events] == ([["a"], ["b"]] if emit else [])
    assert {event["source"] for event in events} <= {"RoundRobinGroupChatManager"}
    assert driver.heard("b") == ["U: go", "U: 1", "A: 2"]


def test_turns_are_counted_over_the_whole_chat() -> None:
    driver = Driver(team("a", "b", max_turns=2))
    driver.run("go", "1", "2")
    driver.run(None, "3", "4")
    assert [entry.data["turn"] for entry in driver.entries("turn")] == [1, 2, 3, 4]
    assert [entry.data["run"] for entry in driver.entries("turn")] == [1, 1, 2, 2]
