"""Budgets of time: when a clock runs, when it stands, and what its end leads to."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat import votes
from folkmoot._chat.budgets import due
from folkmoot._chat.spending import told
from folkmoot.agents import UserProxyAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.options import ToolOptions
from folkmoot.teams import GraphFlow
from tests.unit.chat.driver import agent, asks, at, said, team
from tests.unit.chat.people.office import Office, again, payer, pays
from tests.unit.chat.test_graph import flow
from tests.unit.chat.test_nested_any_order import rounds


def timed(seconds: float = 10, **more: Any) -> Office:
    driver = Office(team(budget=Budget(seconds=seconds, **more)))
    driver.run("go")
    return driver


def spent(driver: Office, path: str = "") -> float:
    """What was counted so far; a clock that runs is looked at by pausing it."""
    return next(item["used"] for item in told(driver.chat.plan, driver.chat.state) if item["path"] == path)


def clocks(driver: Office) -> list[tuple[str, list[str]]]:
    return [(entry.time, list(entry.data["on"])) for entry in driver.entries("clock")]


def test_it_runs_while_calls_are_made_and_stands_while_the_chat_is_idle() -> None:
    driver = Office(team("a", max_turns=1, budget=Budget(seconds=10)))
    for wait in (3, 2.5):
        driver.seconds += 1000
        driver.run("go")
        driver.seconds += wait
        driver.answer("done")
    assert spent(driver) == 5.5
    assert clocks(driver) == [(at(1000), [""]), (at(1003), []), (at(2003), [""]), (at(2005.5), [])]
    assert due(driver.chat) is None


def test_one_turn_after_another_moves_no_clock() -> None:
    driver = timed()
    for _ in range(4):
        driver.seconds += 1
        driver.answer("x")
    assert len(clocks(driver)) == 1


def test_its_end_wakes_the_chat_and_the_call_in_flight_finishes() -> None:
    driver = timed(warn_at=0.5)
    assert due(driver.chat) == at(5)
    driver.later(5)
    assert driver.entries("budget_warned")[0].data["used"] == 5.0
    assert due(driver.chat) == at(10)
    driver.later(5)
    assert (due(driver.chat), [call.path for call in driver.calls], driver.status) == (None, ["a"], "running")
    driver.later(2)
    driver.answer("late")
    assert driver.stop_reason == "Budget of the chat exceeded: seconds 12 of 10"
    assert driver.spoken() == ["user: go", "a: late"]
    assert spent(driver) == 12


def test_a_chat_that_waits_for_people_only_spends_no_time() -> None:
    driver = Office(rounds("outer", agent("a"), UserProxyAgent("p"), max_turns=3, budget=Budget(seconds=10)))
    driver.run("go")
    driver.seconds += 2
    driver.answer("1")
    name, _ = driver.request()
    driver.later(100_000)
    driver.tell("answer", request=name, content="2")
    driver.seconds += 3
    driver.answer("3")
    assert spent(driver) == 5
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_while_others_work_it_runs_although_somebody_is_asked() -> None:
    driver = Office(rounds("outer", payer(), budget=Budget(seconds=100)))
    driver.run("go", pays({"amount": 1}, policy=ApprovalPolicy(), options=ToolOptions()))
    assert clocks(driver)[-1][1] == []
    driver = Office(rounds("outer", payer(), budget=Budget(seconds=100)))
    reply = pays(1, 2, policy=ApprovalPolicy())
    del reply["approvals"]["1"]
    driver.run("go", reply)
    driver.seconds += 4
    assert clocks(driver)[-1][1] == [""]
    driver.answer("paid")
    assert (clocks(driver)[-1], spent(driver)) == ((at(4), []), 4)


def test_paused_it_stands_once_nothing_is_in_flight() -> None:
    driver = timed()
    driver.seconds += 1
    driver.tell("pause")
    driver.seconds += 2
    driver.answer("1")
    assert (driver.status, spent(driver)) == ("paused", 3)
    driver.seconds += 500
    driver.tell("resume")
    driver.seconds += 1
    driver.answer("2")
    driver.tell("pause")
    driver.answer("3")
    assert spent(driver) == 4


def test_what_waits_for_a_worker_spends_time() -> None:
    driver = timed()
    (call,) = driver.calls
    driver.chat.wait(call, "worker:model:x", driver.now, "unknown", driver.now)
    driver.settle()
    driver.later(10)
    assert driver.entries("budget_warned")
    assert due(driver.chat) is None


def test_a_function_that_asks_a_person_spends_none() -> None:
    asked = UserProxyAgent("p", input_func="ask")
    driver = Office(rounds("outer", asked, agent("b"), max_turns=2, budget=Budget(seconds=1)))
    driver.run("go")
    driver.seconds += 100
    driver.finish(driver.calls[0], {"content": "hello"})
    driver.answer("done")
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_people_add_time_and_it_goes_on() -> None:
    driver = timed(extend=ApprovalPolicy())
    driver.later(11)
    assert driver.pending == []
    driver.answer("1")
    assert driver.pending[0]["prompt"] == "The chat has used up its budget: seconds 11 of 10. May it go on?"
    driver.later(1000)
    driver.vote("ann", arguments={"seconds": 4.5})
    assert due(driver.chat) == at(1011 + 0.6)
    driver.later(1)
    assert due(driver.chat) == at(1011 + 3.5)
    driver.later(2.5)
    driver.answer("2")
    assert driver.pending[0]["prompt"].endswith("seconds 14.5 of 14.5. May it go on?")


def test_what_people_are_asked_and_clocks_have_one_timer_each_of_its_own() -> None:
    driver = Office(rounds("outer", payer(), budget=Budget(seconds=100)))
    reply = pays(1, 2, policy=ApprovalPolicy(deadline=30))
    del reply["approvals"]["1"]
    driver.run("go", reply)
    assert (votes.due(driver.chat.state), due(driver.chat)) == (at(30), at(80))


def test_each_agent_has_a_clock_of_its_own() -> None:
    spec = flow(s=["a", "b"], a=["e"], b=["e"], e=[]).spec
    budgets = {name: Budget(seconds=100) for name in "ab"}
    assert isinstance(spec, GraphFlow)
    members = [agent(name, budget=budgets.get(name)) for name in "sabe"]
    driver = Office(GraphFlow(members, spec.graph))
    driver.run("go")
    driver.seconds += 5
    assert clocks(driver) == []
    driver.answer("s")
    driver.seconds += 2
    driver.answer("a")
    driver.seconds += 3
    driver.answer("b")
    assert (spent(driver, "a"), spent(driver, "b")) == (2, 5)
    assert [on for _, on in clocks(driver)] == [["a", "b"], ["b"], []]


def test_a_team_inside_counts_while_it_is_at_work() -> None:
    inner = rounds("inner", agent("x"), max_turns=1, budget=Budget(seconds=100))
    driver = Office(rounds("outer", agent("a"), inner, max_turns=3))
    driver.run("go")
    for _ in range(3):
        driver.seconds += 4
        driver.answer("x")
    assert spent(driver, "inner") == 4


@pytest.mark.parametrize("verb", ["cancel", "stop", "reset", "close"])
def test_whoever_ends_the_run_stops_the_clock(verb: str) -> None:
    driver = timed()
    driver.seconds += 2
    driver.tell(verb, force=True)
    if verb == "stop":
        driver.answer("1")
    driver.seconds += 50
    if verb != "close":
        assert spent(driver) == 2
    assert driver.chat.wanted() == []


def test_a_model_that_calls_tools_is_stopped_between_the_two() -> None:
    driver = Office(rounds("outer", agent("a", tools=["look"]), budget=Budget(seconds=1)))
    driver.run("go")
    driver.seconds += 1
    driver.answer(asks("look"))
    assert driver.stop_reason == "Budget of the chat exceeded: seconds 1 of 1"


def test_it_goes_on_where_the_chat_moves() -> None:
    driver = timed(warn_at=1.0)
    driver.later(4)
    moved = driver.move_house()
    assert due(moved.chat) == at(10)
    moved.later(6)
    moved.answer(said("1"))
    assert moved.stop_reason == "Budget of the chat exceeded: seconds 10 of 10"


def test_the_log_alone_tells_all_of_it() -> None:
    driver = timed(extend=ApprovalPolicy())
    driver.later(11)
    driver.answer("1")
    driver.vote("ann")
    driver.later(3)
    assert again(driver).chat.state == driver.chat.state
