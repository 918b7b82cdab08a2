"""Selections: who may be chosen, by whom, how often a model is asked, and what is remembered (AutoGen: Selector)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.managers.selector import candidates_of
from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import SelectorGroupChat
from tests.unit.chat.driver import Driver, Json, agent, task


def chat(*names: str, **options: Any) -> Driver:
    return Driver(SelectorGroupChat([agent(name) for name in names or ("a", "b", "c")], "scripted", **options))


def picked(name: str, by: str = "model", **more: Any) -> Json:
    """What a worker says that has found a speaker."""
    told = {"reply": name, "usage": [2, 1]} if by == "model" else {}
    return {**told, "speaker": name, "by": by, **more}


def problem(kind: str = "none", reply: str = "hm") -> Json:
    return {"reply": reply, "usage": [2, 1], "problem": kind}


def speakers(driver: Driver) -> list[str]:
    return [name for entry in driver.entries("turn") for name in entry.data["speakers"]]


def candidates(driver: Driver) -> list[str]:
    return candidates_of(driver.chat.plan.root, driver.chat.state.root.manager)


def selection(driver: Driver) -> Call:
    (call,) = driver.calls
    assert (call.kind, call.path, call.node) == ("select", "", True)
    return call


def test_model_chooses_each_speaker() -> None:
    driver = chat(max_turns=3)
    driver.run("go", picked("b"), "1", picked("a"), "2", picked("c"), "3")
    assert driver.spoken() == ["user: go", "b: 1", "a: 2", "c: 3"]
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_a_selection_is_one_call_that_is_told_who_spoke_last() -> None:
    driver = chat()
    driver.run("go")
    first = selection(driver)
    assert (first.name, first.index) == ("", 0)
    driver.answer(picked("b"), "1")
    assert (selection(driver).name, selection(driver).index) == ("b", 0)
    assert selection(driver).until == driver.chat.log.head


def test_previous_speaker_is_no_candidate_unless_allowed() -> None:
    driver = chat()
    driver.run("go", picked("b"), "1")
    assert candidates(driver) == ["a", "c"]
    again = chat(allow_repeated_speaker=True)
    again.run("go", picked("b"), "1")
    assert candidates(again) == ["a", "b", "c"]


def test_model_that_names_one_who_is_no_candidate_is_followed() -> None:
    """AutoGen looks for all names; whether it may be is the worker's verdict."""
    driver = chat(candidate_func="narrow")
    driver.run("go", picked("c", candidates=["a", "b"]))
    assert driver.speaking == ["c"]


def test_two_participants_cost_one_selection() -> None:
    driver = chat("a", "b", max_turns=4)
    driver.run("go", picked("b"), "1", "2", "3", "4")
    assert speakers(driver) == ["b", "a", "b", "a"]
    assert len(driver.entries("manager")) == 1


def test_answers_that_name_nobody_are_asked_again() -> None:
    driver = chat()
    driver.run("go", problem("none"))
    assert selection(driver).index == 1
    driver.answer(problem("several"))
    assert selection(driver).index == 2
    driver.answer(picked("c"))
    assert driver.speaking == ["c"]
    assert driver.chat.state.usage["SelectorGroupChatManager"].model_calls == 3


def test_the_next_selection_counts_its_attempts_anew() -> None:
    driver = chat()
    driver.run("go", problem(), problem(), picked("c"), "1")
    assert selection(driver).index == 0


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_attempts_used_up_take_the_first_candidate_or_who_spoke_last(attempts: int) -> None:
    driver = chat(max_selector_attempts=attempts, max_turns=3)
    driver.run("go", *[problem("repeated") for _ in range(attempts)], "1")
    driver.answer(*[problem("repeated") for _ in range(attempts)], "2")
    assert speakers(driver)[:2] == ["a", "a"]


def test_function_chooses_and_is_not_the_previous_speaker() -> None:
    driver = chat(selector_func="pick")
    driver.run("go", picked("b", "function"), "1")
    assert candidates(driver) == ["a", "b", "c"]
    driver.answer(picked("b", "function"), "2", picked("c"), "3")
    assert speakers(driver) == ["b", "b", "c"]
    assert candidates(driver) == ["a", "b"]
    driver.answer(picked("c", "function"), "4")
    assert (speakers(driver)[-1], candidates(driver)) == ("c", ["a", "b"])


def test_functions_are_asked_with_only_one_candidate_too() -> None:
    driver = chat("a", "b", selector_func="pick")
    driver.run("go", picked("a"), "1")
    selection(driver)
    driver.answer(picked("a", "function"))
    assert driver.speaking == ["a"]


def test_function_that_says_nothing_leaves_it_to_the_candidates() -> None:
    driver = chat("a", "b", selector_func="pick")
    driver.run("go", picked("a"), "1", {"candidates": ["b"]})
    assert driver.speaking == ["b"]


def test_candidates_of_a_function_hold_for_one_selection() -> None:
    driver = chat(candidate_func="narrow")
    driver.run("go", {"candidates": ["b"]})
    assert driver.speaking == ["b"]
    driver.answer("1")
    assert (selection(driver).index, candidates(driver)) == (0, ["a", "c"])


def test_candidates_of_a_function_hold_for_all_attempts_of_a_selection() -> None:
    driver = chat(candidate_func="narrow", max_selector_attempts=2)
    driver.run("go", problem() | {"candidates": ["b", "c"]}, problem())
    assert driver.speaking == ["b"]


def test_failing_function_fails_the_run_and_is_asked_again_in_the_next() -> None:
    driver = chat(selector_func="pick")
    driver.run("go", Failure("ValueError", "Selector function returned an invalid speaker name: x."))
    assert driver.chat.state.error == {
        "agent": "SelectorGroupChatManager",
        "type": "ValueError",
        "message": "Selector function returned an invalid speaker name: x.",
    }
    driver.run(None)
    assert selection(driver).index == 0


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_selection_that_is_broken_off_is_made_anew(how: str) -> None:
    driver = chat(candidate_func="narrow")
    driver.run("go", picked("a"), "1", problem() | {"candidates": ["b", "c"]})
    late = selection(driver)
    if how == "cancel":
        driver.tell("cancel")
        driver.finish(late, picked("c"))
    else:
        driver.answer(Failure("ModelCallError", "no"))
    driver.run(None)
    call = selection(driver)
    assert (call.index, call.name, candidates(driver)) == (0, "a", ["b", "c"])
    driver.answer(picked("b"))
    assert driver.speaking == ["b"]


def test_choice_that_comes_while_paused_holds_until_resumed() -> None:
    driver = chat()
    driver.run("go")
    driver.tell("pause")
    driver.answer(picked("b"))
    assert (driver.status, driver.speaking) == ("paused", [])
    driver.tell("resume")
    assert driver.speaking == ["b"]


def test_previous_speaker_is_remembered_over_runs_and_forgotten_by_a_reset() -> None:
    driver = chat(max_turns=1)
    driver.run("go", picked("b"), "1")
    driver.run("more")
    assert (selection(driver).name, candidates(driver)) == ("b", ["a", "c"])
    driver.tell("reset", force=True)
    driver.run("new")
    assert (selection(driver).name, candidates(driver)) == ("", ["a", "b", "c"])


def test_condition_ends_the_run_before_anyone_is_selected() -> None:
    driver = chat(termination_condition=TextMentionTermination("go"))
    driver.run("go")
    assert (driver.stop_reason, driver.calls) == ("Text 'go' mentioned", [])


def test_wait_of_a_selection_is_over_with_its_answer() -> None:
    driver = chat()
    driver.run("go")
    driver.chat.wait(selection(driver), "worker:model:scripted", driver.now, "unknown", driver.now)
    assert driver.status == "waiting"
    driver.answer(problem())
    assert driver.status == "running"
    driver.chat.wait(selection(driver), "worker:model:scripted", driver.now, "unknown", driver.now)
    driver.answer(picked("b"))
    assert (driver.status, driver.speaking) == ("running", ["b"])


def drawn(seed: int, turns: int = 12) -> list[str]:
    driver = chat(speaker_selection_method="random", seed=seed, max_turns=turns)
    driver.run("go", *map(str, range(turns)))
    assert driver.entries("manager") == []
    return speakers(driver)


def test_random_selection_is_the_same_for_the_same_seed() -> None:
    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(5)}) == 5
    assert set(drawn(1)) == {"a", "b", "c"}
    assert all(first != then for first, then in pairwise(drawn(1)))


def test_random_selection_of_one_turn_is_the_same_however_often_it_is_made() -> None:
    driver = chat(speaker_selection_method="random", seed=3, max_turns=2)
    driver.run("go", "1")
    (second,) = driver.speaking
    driver.tell("pause", now=True)
    driver.tell("resume")
    assert driver.speaking == [second]
    assert drawn(3, 2) == speakers(driver)


def test_round_robin_goes_on_after_who_spoke_last() -> None:
    driver = chat(speaker_selection_method="round_robin", max_turns=4)
    driver.run("go", "1", "2", "3", "4")
    assert speakers(driver) == ["a", "b", "c", "a"]
    driver.run(None, "5")
    assert speakers(driver)[-2:] == ["b", "c"]


def test_person_selects_by_answering() -> None:
    driver = chat(speaker_selection_method="manual")
    driver.run("go")
    ((name, request),) = driver.chat.state.requests.items()
    assert (request.kind, request.prompt) == ("speaker", "Who speaks next? One of: a, b, c")
    assert (driver.status, driver.calls) == ("waiting", [])
    driver.tell("answer", request=name, content="c", by="ann")
    assert (driver.speaking, driver.chat.state.requests) == (["c"], {})
    assert driver.entries("answered")[0].data["by"] == "ann"
    driver.answer("1")
    (other,) = driver.chat.state.requests
    assert other != name
    assert driver.chat.state.requests[other].prompt == "Who speaks next? One of: a, b"


@pytest.mark.parametrize("given", ["x", "", "b "])
def test_person_who_names_nobody_is_told_the_names(given: str) -> None:
    driver = chat(speaker_selection_method="manual")
    driver.run("go")
    (name,) = driver.chat.state.requests
    refused = driver.tell("answer", request=name, content=given)
    text = f"The next speaker must be one of ['a', 'b', 'c'], got {given!r}."
    assert refused.data["error"] == {"type": "BadCommandError", "message": text}
    assert list(driver.chat.state.requests) == [name]


def test_person_who_was_asked_in_a_run_that_ended_is_asked_anew() -> None:
    driver = chat(speaker_selection_method="manual")
    driver.run("go")
    (old,) = driver.chat.state.requests
    driver.tell("cancel")
    assert driver.chat.state.requests == {}
    assert driver.tell("answer", request=old, content="a").kind == "refused"
    driver.run(None)
    (new,) = driver.chat.state.requests
    assert new != old


def test_stop_while_a_person_is_to_select_ends_the_run() -> None:
    driver = chat(speaker_selection_method="manual")
    driver.run("go")
    driver.tell("stop")
    assert (driver.status, driver.stop_reason) == ("idle", "External termination requested")


def test_person_who_answers_while_paused_is_heard_after() -> None:
    driver = chat(speaker_selection_method="manual")
    driver.run("go")
    (name,) = driver.chat.state.requests
    driver.tell("pause")
    driver.tell("answer", request=name, content="b")
    assert driver.speaking == []
    driver.tell("resume")
    assert driver.speaking == ["b"]


def test_functions_come_before_a_person() -> None:
    driver = chat(speaker_selection_method="manual", selector_func="pick")
    driver.run("go")
    assert driver.chat.state.requests == {}
    driver.answer(picked("c", "function"))
    assert driver.speaking == ["c"]
    driver.answer("1", {"candidates": ["a", "b", "c"]})
    assert [request.kind for request in driver.chat.state.requests.values()] == ["speaker"]


def test_introductions_are_heard_before_the_task_and_said_to_nobody_else() -> None:
    driver = chat("a", "b", send_introductions=True, max_turns=2)
    driver.run("go", picked("b"), "1", "2")
    first, second, *_ = driver.heard("b")
    assert first.startswith("U: ")
    assert "a" in first
    assert second == "U: go"
    assert driver.spoken() == ["user: go", "b: 1", "a: 2"]
    driver.tell("reset")
    driver.run("new", picked("b"), "3")
    assert [text for text in driver.heard("b") if text == first] == [first]


def test_streamed_selections_are_shown_if_team_events_are() -> None:
    driver = chat(model_client_streaming=True, emit_team_events=True)
    driver.run([task("go")], picked("b"))
    assert [message["content"] for message in driver.messages("SelectorEvent")] == ["b"]
    assert driver.messages("SelectSpeakerEvent")[0]["content"] == ["b"]
    assert driver.heard("b") == ["U: go"]
