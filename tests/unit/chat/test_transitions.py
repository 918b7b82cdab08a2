"""Transitions: who may follow whom holds in every kind of team that selects (AutoGen 0.2: GroupChat)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from folkmoot._chat.managers.selector import candidates_of
from folkmoot.teams import MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm
from tests.unit.chat.driver import Driver, Json, agent, asks

Table = dict[str, list[str]]


def table(given: Table, kind: str = "allowed") -> dict[str, Any]:
    return {"allowed_or_disallowed_speaker_transitions": given, "speaker_transitions_type": kind}


def selector(given: Table, kind: str = "allowed", **options: Any) -> Driver:
    members = [agent(name) for name in "abc"]
    return Driver(SelectorGroupChat(members, "scripted", **table(given, kind), **options))


def picked(name: str) -> Json:
    return {"reply": name, "usage": [1, 1], "speaker": name, "by": "model"}


def speakers(driver: Driver) -> list[str]:
    return [name for entry in driver.entries("turn") for name in entry.data["speakers"]]


def ledger(speaker: str, *, stalled: bool = False) -> Json:
    told = {"satisfied": False, "reason": "", "stalled": stalled, "speaker": speaker, "instruction": f"you, {speaker}"}
    return {**told, "usage": [1, 1]}


WAYS: Table = {"a": ["b"], "b": ["c", "b"], "c": ["a"]}


def test_only_who_is_allowed_is_a_candidate() -> None:
    driver = selector(WAYS)
    driver.run("go", picked("b"), "1")
    assert candidates_of(driver.chat.plan.root, driver.chat.state.root.manager) == ["b", "c"]
    driver.answer(picked("c"), "2", "3", "4")
    # After c only a may speak, after a only b: the model is not asked.
    assert speakers(driver)[:4] == ["b", "c", "a", "b"]


def test_table_of_the_disallowed_is_turned_over() -> None:
    driver = selector({"a": ["b"], "b": []}, "disallowed")
    driver.run("go", picked("a"), "1")
    assert candidates_of(driver.chat.plan.root, driver.chat.state.root.manager) == ["a", "c"]


def test_who_may_follow_itself_is_told_by_the_table_alone() -> None:
    driver = selector({"a": ["a"], "b": ["a"], "c": ["a"]}, max_turns=3)
    driver.run("go", picked("a"), "1", "2", "3")
    assert speakers(driver) == ["a", "a", "a"]


def test_final_state_ends_the_run() -> None:
    driver = selector({"a": ["b", "c"]})
    driver.run("go", picked("a"), "1", picked("b"), "2")
    assert (driver.status, driver.stop_reason) == ("idle", "No participant may speak after 'b'.")
    driver.run("more")
    assert [call.kind for call in driver.calls] == ["select"], "after the user anybody may speak"


def test_final_state_ends_a_run_without_task_at_once() -> None:
    driver = selector({"a": ["b", "c"]})
    driver.run("go", picked("b"), "1")
    driver.run(None)
    assert (driver.calls, driver.stop_reason) == ([], "No participant may speak after 'b'.")


def test_attempts_used_up_never_take_one_who_may_not_speak() -> None:
    driver = selector({"a": ["b", "c"], "b": ["c", "a"], "c": ["a", "b"]}, max_selector_attempts=1, max_turns=2)
    hm: Json = {"reply": "hm", "usage": [1, 1], "problem": "none"}
    driver.run("go", picked("a"), "1", hm)
    assert driver.speaking == ["b"]


def test_attempts_used_up_take_who_spoke_last_where_it_may() -> None:
    driver = selector({"a": ["c", "a"], "b": ["a"], "c": ["a"]}, max_selector_attempts=1)
    hm: Json = {"reply": "hm", "usage": [1, 1], "problem": "none"}
    driver.run("go", picked("a"), "1", hm)
    assert driver.speaking == ["a"]


@pytest.mark.parametrize("method", ["random", "round_robin"])
def test_other_methods_keep_to_the_table(method: str) -> None:
    driver = selector(WAYS, speaker_selection_method=method, max_turns=12)
    driver.run("go", *map(str, range(12)))
    said = speakers(driver)
    assert len(said) == 12
    assert all(then in WAYS[first] for first, then in pairwise(said))


def test_person_is_asked_for_those_who_may_speak() -> None:
    driver = selector(WAYS, speaker_selection_method="manual")
    driver.run("go")
    (name,) = driver.chat.state.requests
    driver.tell("answer", request=name, content="b")
    driver.answer("1")
    ((name, request),) = driver.chat.state.requests.items()
    assert request.prompt == "Who speaks next? One of: b, c"
    assert driver.tell("answer", request=name, content="a").kind == "refused"


def test_round_robin_team_skips_those_who_may_not_speak() -> None:
    members = [agent(name) for name in "abc"]
    driver = Driver(RoundRobinGroupChat(members, max_turns=4, **table({"a": ["c"], "c": ["a", "b"], "b": ["b"]})))
    driver.run("go", "1", "2", "3", "4")
    assert speakers(driver) == ["a", "c", "a", "c"]


def test_swarm_refuses_a_handoff_that_the_table_forbids() -> None:
    members = [agent("a", handoffs=["b", "c"]), agent("b", handoffs=["c"]), agent("c")]
    driver = Driver(Swarm(members, max_turns=3, **table({"a": ["b"], "b": ["c"], "c": ["a"]})))
    driver.run("go", asks("transfer_to_b"), asks("transfer_to_c"), "end")
    assert speakers(driver) == ["a", "b", "c"]
    driver.tell("reset")
    driver.run("go", asks("transfer_to_c"))
    assert driver.chat.state.error == {
        "agent": "SwarmGroupChatManager",
        "type": "ValueError",
        "message": "'a' may not hand over to 'c'.",
    }


def test_swarm_without_a_handoff_goes_on_whatever_the_table_says() -> None:
    members = [agent("a", handoffs=["b"]), agent("b")]
    driver = Driver(Swarm(members, max_turns=2, **table({"a": ["b"], "b": ["a"]})))
    driver.run("go", "1", "2")
    assert speakers(driver) == ["a", "a"]


def orchestra(given: Table) -> Driver:
    driver = Driver(MagenticOneGroupChat([agent(name) for name in "abc"], "scripted", **table(given)))
    driver.run("go", {"content": "facts", "usage": [1, 1]}, {"content": "plan", "usage": [1, 1]})
    return driver


def test_orchestrator_is_asked_again_for_one_who_may_speak() -> None:
    driver = orchestra(WAYS)
    driver.answer(ledger("b"), "1", ledger("a"))
    (call,) = driver.calls
    assert (call.name, call.index) == ("ledger", 1)
    assert driver.entries("manager")[-1].data["problem"] == "next_speaker 'a' may not speak after 'b'"
    driver.answer(ledger("c"))
    assert driver.speaking == ["c"]


def test_orchestrator_in_a_final_state_ends_the_run() -> None:
    driver = orchestra({"a": ["b", "c"]})
    driver.answer(ledger("a"), "1", ledger("b"), "2", ledger("c"))
    assert (driver.status, driver.stop_reason) == ("idle", "No participant may speak after 'b'.")
