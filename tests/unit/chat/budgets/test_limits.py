"""Limits of a chat's own budget: what is counted, what is held back, when the run is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.calls import Failure
from folkmoot._chat.spending import told
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import Driver, agent, asks, said, team
from tests.unit.chat.people.office import Office, only_once, payer, pays
from tests.unit.chat.test_nested_any_order import rounds


def limited(*names: str, **limits: Any) -> Driver:
    return Driver(team(*names or ("a", "b"), budget=Budget(**limits)))


def used(driver: Driver, path: str = "") -> dict[str, float]:
    return {item["limit"]: item["used"] for item in told(driver.chat.plan, driver.chat.state) if item["path"] == path}


def warnings(driver: Driver) -> list[tuple[str, str, float, float]]:
    names = ("path", "limit", "used", "max")
    return [tuple(entry.data[name] for name in names) for entry in driver.entries("budget_warned")]


def test_a_run_is_stopped_before_the_call_that_would_be_one_too_many() -> None:
    driver = limited(tokens=100)
    driver.run("go", said("1", (30, 10)), said("2", (50, 11)))
    assert (driver.status, driver.calls) == ("idle", [])
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 101 of 100"
    ended = driver.entries("run_ended")[0].data
    assert (ended["status"], ended["budget"]) == ("stopped", "")
    assert driver.spoken() == ["user: go", "a: 1", "b: 2"]


def test_what_comes_up_to_the_limit_has_reached_it() -> None:
    driver = limited(tokens=100)
    driver.run("go", said("1", (90, 10)))
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 100 of 100"


def test_below_the_limit_nothing_is_held_back() -> None:
    driver = limited(tokens=100)
    driver.run("go", said("1", (90, 9)))
    assert driver.speaking == ["b"]


def test_all_runs_count() -> None:
    driver = Driver(team("a", max_turns=1, budget=Budget(tokens=100)))
    for number in range(3):
        driver.run(f"task {number}", said("done", (30, 4)))
        assert driver.stop_reason == "Maximum number of turns 1 reached."
    driver.run("one more")
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 102 of 100"
    assert driver.spoken()[-1] == "user: one more"


def test_a_run_whose_last_word_spends_the_rest_ends_as_it_would_have() -> None:
    driver = Driver(team(termination_condition=MaxMessageTermination(3), budget=Budget(tokens=100)))
    driver.run("go", said("1", (40, 1)), said("2", (400, 1)))
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_a_warning_for_each_limit_once() -> None:
    driver = limited(tokens=100, model_calls=5)
    driver.run("go", said("1", (40, 0)), said("2", (35, 4)))
    assert warnings(driver) == []
    driver.answer(said("3", (1, 0)))
    assert warnings(driver) == [("", "tokens", 80, 100)]
    driver.answer(said("4", (1, 0)))
    assert warnings(driver) == [("", "tokens", 80, 100), ("", "model_calls", 4, 5)]
    driver.answer(said("5", (1, 0)))
    assert len(warnings(driver)) == 2
    assert driver.stop_reason == "Budget of the chat exceeded: model calls 5 of 5"


def test_where_it_is_warned_can_be_told() -> None:
    driver = limited(tokens=100, warn_at=0.5)
    driver.run("go", said("1", (49, 0)))
    assert warnings(driver) == []
    driver.answer(said("2", (1, 0)))
    assert warnings(driver) == [("", "tokens", 50, 100)]


def test_only_as_many_tools_are_called_as_are_left() -> None:
    look = agent("a", tools=["look"], max_tool_iterations=5)
    driver = Driver(RoundRobinGroupChat([look], budget=Budget(tool_calls=3)))
    driver.run("go", asks("look", "look", "look", "look", "look"))
    assert [call.index for call in driver.calls] == [0, 1, 2]
    driver.answer("x")
    assert [call.index for call in driver.calls] == [1, 2]
    driver.answer("y", "z")
    assert driver.stop_reason == "Budget of the chat exceeded: tool calls 3 of 3"
    assert used(driver) == {"tool_calls": 3}
    assert driver.chat.state.usage["a"].tool_calls == 5
    outcomes = [(entry.data["content"], "unmade" in entry.data) for entry in driver.entries("tool")]
    cancelled = "The call was cancelled before it finished."
    assert outcomes == [("x", False), ("y", False), ("z", False), (cancelled, True), (cancelled, True)]


def test_models_may_speak_when_no_tool_call_is_left() -> None:
    look = agent("a", tools=["look"], max_tool_iterations=5)
    driver = Driver(RoundRobinGroupChat([look], max_turns=1, budget=Budget(tool_calls=2)))
    driver.run("go", asks("look", "look"), "x", "y", "that is it")
    assert driver.stop_reason == "Maximum number of turns 1 reached."
    assert used(driver) == {"tool_calls": 2}


def test_tools_run_when_no_model_call_is_left() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look"])], max_turns=1, budget=Budget(model_calls=1)))
    driver.run("go", asks("look"), "x")
    assert driver.stop_reason == "Maximum number of turns 1 reached."


def test_tools_do_not_run_when_no_token_is_left() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look"])], max_turns=1, budget=Budget(tokens=10)))
    driver.run("go", asks("look", usage=(10, 1)))
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 11 of 10"
    assert [entry.data["is_error"] for entry in driver.entries("tool")] == [True]


def test_functions_that_end_a_run_are_called_all_the_same() -> None:
    driver = Driver(team(termination_condition=FunctionalTermination("enough"), budget=Budget(tokens=10)))
    driver.run("go", {"answers": [False]}, said("1", (10, 0)), {"answers": [True]})
    assert driver.stop_reason == "Functional termination condition met"


def test_functions_that_end_a_turn_are_called_all_the_same() -> None:
    teller = agent("a", tools=["look"], tool_call_summary_formatter="words")
    driver = Driver(RoundRobinGroupChat([teller], max_turns=1, budget=Budget(seconds=10)))
    driver.run("go", asks("look"))
    driver.seconds += 10
    driver.answer("x")
    (call,) = driver.calls
    assert call.kind == "format"
    driver.finish(call, {"content": "looked"})
    assert driver.stop_reason == "Maximum number of turns 1 reached."


def test_handoffs_are_no_tool_calls() -> None:
    hands = agent("a", handoffs=["b"], tools=["look"])
    driver = Driver(RoundRobinGroupChat([hands, agent("b")], max_turns=2, budget=Budget(tool_calls=1)))
    driver.run("go", asks("transfer_to_b"), "hello")
    assert driver.stop_reason == "Maximum number of turns 2 reached."
    assert used(driver) == {"tool_calls": 0}


def test_several_limits_at_once_are_all_named() -> None:
    driver = limited(tokens=10, model_calls=1, cost=9.5)
    driver.run("go", said("1", (10, 2), cost=9_500_000))
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 12 of 10, cost 9.5 of 9.5, model calls 1 of 1"


def test_a_failed_call_is_none_of_the_budgets() -> None:
    driver = limited(model_calls=1)
    driver.run("go", Failure("ModelCallError", "no"))
    assert driver.chat.state.status == "failed"
    driver.run(None, "1")
    assert driver.stop_reason == "Budget of the chat exceeded: model calls 1 of 1"


def test_a_tool_call_that_was_cancelled_under_way_may_have_been_made() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look"])], budget=Budget(tool_calls=2)))
    driver.run("go", asks("look", "look", "look"))
    driver.tell("cancel")
    assert used(driver) == {"tool_calls": 2}


def test_a_tool_call_that_people_rejected_was_not_made() -> None:
    driver = Office(rounds("outer", payer(), budget=Budget(tool_calls=1)))
    driver.run("go", pays(1, 2, policy=ApprovalPolicy()))
    driver.vote("ann", "reject")
    driver.vote("ann")
    driver.answer("paid", said("well"))
    assert used(driver) == {"tool_calls": 1}
    assert driver.speaking == ["a"]


def test_a_tool_call_with_an_unknown_outcome_counts() -> None:
    driver = Office(rounds("outer", payer(), budget=Budget(tool_calls=9)))
    driver.run("go", pays(1, options=only_once()))
    driver.lose()
    driver.vote("ann", "failed", reason="no")
    assert used(driver) == {"tool_calls": 1}


def test_late_replies_count() -> None:
    driver = limited(tokens=100)
    driver.run("go")
    (call,) = driver.calls
    driver.tell("cancel")
    driver.finish(call, said("late", (90, 20), cost=5))
    assert used(driver) == {"tokens": 110}
    driver.run("again")
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 110 of 100"
    assert driver.chat.state.usage["a"].cost == 5


def test_without_budgets_nothing_of_them_is_written() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look"], handoffs=["b"]), agent("b")], max_turns=2))
    driver.run("go", asks("look", "transfer_to_b"), "x", said("1"))
    assert not driver.chat.state.budgets
    assert "unmade" not in str([dict(entry.data) for entry in driver.chat.log])
    assert {"clock", "budget_warned"}.isdisjoint(driver.kinds())


@pytest.mark.parametrize("verb", ["cancel", "reset"])
def test_money_and_tokens_do_not_come_back(verb: str) -> None:
    driver = limited(tokens=100)
    driver.run("go", said("1", (60, 0)))
    driver.tell(verb, force=True)
    driver.run("go", said("1", (60, 0)))
    assert driver.stop_reason == "Budget of the chat exceeded: tokens 120 of 100"


def test_what_is_said_to_a_chat_without_money_waits() -> None:
    driver = limited(tokens=10)
    driver.run("go")
    driver.tell("say", task=[{"type": "TextMessage", "source": "user", "content": "more"}])
    driver.answer(said("1", (10, 0)))
    assert (driver.status, len(driver.entries("run_ended"))) == ("idle", 1)
    assert [said.when for said in driver.chat.state.said] == ["queue"]
