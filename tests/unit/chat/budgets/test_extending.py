"""People are asked for more: what they see, what they may add, and what follows from a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot._chat.snapshots import snapshots
from folkmoot.approvals import ApprovalPolicy, Escalation
from folkmoot.budgets import Budget
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import agent, asks, said, team
from tests.unit.chat.people.office import Office, again


def spent(limits: dict[str, Any] | None = None, **policy: Any) -> Office:
    """A chat of two that has used up its tokens, after the first word."""
    driver = Office(team(max_turns=3, budget=Budget(**(limits or {"tokens": 100}), extend=ApprovalPolicy(**policy))))
    driver.run("go", said("1", (100, 20), cost=2_000_000))
    return driver


def test_people_are_asked_and_nothing_new_begins() -> None:
    driver = spent(approvers=("ann",), reason="House rules.")
    assert (driver.status, driver.calls, driver.chat.wanted()) == ("waiting", [], [])
    (pending,) = driver.pending
    assert (pending["kind"], pending["path"], pending["verdicts"]) == ("budget", "", ["approve", "reject"])
    assert pending["prompt"] == "The chat has used up its budget: tokens 120 of 100. May it go on?"
    assert json.loads(pending["arguments"]) == {"used": {"tokens": 120}, "limits": {"tokens": 100}}
    assert (pending["approvers"], pending["reason"]) == (["ann"], "House rules.")
    assert driver.chat.state.waiting_for == ["budget"]
    assert snapshots(driver.chat)[-1].reason == "wait"


def test_approved_it_goes_on_with_as_much_again() -> None:
    driver = spent()
    driver.vote("ann")
    assert [call.path for call in driver.calls] == ["b"]
    driver.answer(said("2", (79, 0)))
    assert [call.path for call in driver.calls] == ["a"]
    driver.answer(said("3", (1, 0)))
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_each_limit_is_extended_by_what_it_was_at_first() -> None:
    driver = spent({"tokens": 100, "cost": 50, "model_calls": 7})
    driver.vote("ann")
    assert driver.chat.state.budgets[""].granted == {"tokens": 100, "cost": 50_000_000, "model_calls": 7}


def test_amounts_can_be_named() -> None:
    driver = spent({"tokens": 100, "cost": 2})
    driver.vote("ann", arguments={"tokens": 25, "cost": 0.5})
    assert driver.chat.state.budgets[""].granted == {"tokens": 25, "cost": 500_000}
    assert json.loads(driver.decision["arguments"]) == {"tokens": 25, "cost": 0.5}
    driver.answer(said("2", (1, 4)))
    assert driver.pending[0]["prompt"].startswith("The chat has used up its budget: tokens 125 of 125. ")


def test_what_is_added_is_added_to_what_was_added_before() -> None:
    driver = spent()
    driver.vote("ann", arguments={"tokens": 20})
    driver.vote("ben", arguments={"tokens": 30})
    assert driver.chat.state.budgets[""].granted == {"tokens": 50}


def test_too_little_is_asked_for_again_under_another_id() -> None:
    driver = spent()
    first, _ = driver.request()
    driver.vote("ann", arguments={"tokens": 20})
    second, request = driver.request()
    assert (second != first, request.votes, driver.calls) == (True, [], [])
    assert driver.entries("request")[1].data["prompt"].endswith("tokens 120 of 120. May it go on?")


def test_each_size_of_a_limit_is_warned_about_once() -> None:
    driver = spent()
    driver.vote("ann")
    driver.answer(said("2", (40, 0)))
    assert [(entry.data["used"], entry.data["max"]) for entry in driver.entries("budget_warned")] == [
        (120, 100),
        (160, 200),
    ]


def test_of_what_several_people_name_the_least_is_added() -> None:
    driver = spent({"tokens": 100, "cost": 2, "model_calls": 9}, quorum=3)
    driver.vote("ann", arguments={"tokens": 5_000_000, "cost": 3})
    driver.vote("ben", arguments={"cost": 1.5, "tokens": 60})
    assert driver.calls == []
    driver.vote("cat")
    assert driver.chat.state.budgets[""].granted == {"tokens": 60, "cost": 1_500_000}


def test_people_who_agree_on_nothing_add_nothing() -> None:
    driver = spent({"tokens": 100, "cost": 2}, quorum=2)
    driver.vote("ann", arguments={"tokens": 60})
    driver.vote("ben", arguments={"cost": 60})
    assert driver.chat.state.budgets[""].granted == {}
    assert (driver.status, driver.calls) == ("waiting", [])


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ({"tokens": 0}, "'tokens' can be extended by a whole number above 0 and up to 1000000000000000, got 0."),
        ({"tokens": 1.5}, "'tokens' can be extended by a whole number above 0 and up to 1000000000000000, got 1.5."),
        ({"tokens": True}, "'tokens' can be extended by a whole number above 0 and up to 1000000000000000, got True."),
        ({"cost": "2"}, "'cost' can be extended by a number above 0 and up to 1000000000000000, got '2'."),
        ({"cost": float("nan")}, "'cost' can be extended by a number above 0 and up to 1000000000000000, got nan."),
        ({"cost": 10**400}, "'cost' can be extended by a number above 0 and up to 1000000000000000, got 1000"),
        ({"seconds": 1}, "The budget has no limit 'seconds' that could be extended; it has tokens, cost."),
        ([5], "What a budget is extended by is a JSON object of tokens, cost; got [5]."),
    ],
    ids=str,
)
def test_amounts_that_are_none_are_refused(amounts: object, told: str) -> None:
    driver = spent({"tokens": 100, "cost": 1})
    assert driver.refused("ann", arguments=amounts).startswith(told)


def test_a_budget_is_not_edited_and_not_answered() -> None:
    driver = spent()
    assert driver.refused("ann", "edit").startswith("The verdict on request")
    assert driver.refused("ann", "answer", content="x").startswith("The verdict on request")


def test_refused_the_run_is_stopped_and_the_next_one_asks_again() -> None:
    driver = spent()
    driver.vote("ann", "reject", reason="enough")
    assert (driver.status, driver.stop_reason) == ("idle", "Budget of the chat exceeded: tokens 120 of 100")
    assert driver.decision["reason"] == "ann: enough"
    driver.run(None)
    assert (driver.status, len(driver.pending)) == ("waiting", 1)
    driver.vote("ann")
    assert [call.path for call in driver.calls] == ["b"]


@pytest.mark.parametrize(
    ("means", "status"), [("reject", "stopped"), ("fail", "failed"), ("approve", ""), ("wait", "")]
)
def test_what_a_deadline_means(means: str, status: str) -> None:
    driver = spent(deadline=60, on_timeout=means)
    driver.later(59)
    assert driver.status == "waiting"
    driver.later(1)
    assert driver.chat.state.status == status
    assert bool(driver.calls) == (means == "approve")


def test_what_nobody_agreed_to_is_not_added_when_the_time_is_over() -> None:
    driver = spent(deadline=60, on_timeout="approve", quorum=2)
    driver.vote("ann", arguments={"tokens": 30})
    driver.later(60)
    assert driver.chat.state.budgets[""].granted == {"tokens": 30}


def test_who_was_against_it_names_no_amount() -> None:
    driver = spent(deadline=60, on_timeout="approve", quorum=2, reject_quorum=2)
    driver.vote("ann", "reject")
    driver.vote("ben", arguments={"tokens": 500})
    driver.later(60)
    assert driver.chat.state.budgets[""].granted == {"tokens": 500}


def test_reminders_and_escalation_are_those_of_any_request() -> None:
    chain = (Escalation(after=20, approvers=("ben",), replace=True),)
    driver = spent(approvers=("ann",), reminders=(10,), escalation=chain)
    driver.later(25)
    assert driver.kinds()[-2:] == ["reminded", "escalated"]
    assert driver.refused("ann").startswith("'ann' may not decide this")
    driver.vote("ben")
    assert driver.calls


def test_a_stop_while_people_are_asked_takes_effect_at_once() -> None:
    driver = spent()
    driver.tell("stop")
    assert (driver.stop_reason, driver.pending) == ("External termination requested", [])


def test_paused_a_stop_while_people_are_asked_takes_effect_at_once() -> None:
    driver = spent()
    driver.tell("pause")
    driver.tell("stop")
    assert (driver.status, driver.stop_reason) == ("idle", "External termination requested")


def test_a_stop_waits_for_calls_in_flight() -> None:
    driver = Office(RoundRobinGroupChat([agent("a", tools=["look"])], budget=Budget(tool_calls=1)))
    driver.run("go", asks("look", "look"))
    driver.tell("stop")
    assert [call.index for call in driver.calls] == [0]
    driver.answer("looked")
    assert driver.stop_reason == "External termination requested"
    assert driver.entries("tool")[0].data["content"] == "looked"


def test_a_chat_that_is_to_stop_asks_nobody() -> None:
    driver = Office(RoundRobinGroupChat([agent("a", tools=["look"])], budget=Budget(tokens=9, extend=ApprovalPolicy())))
    driver.run("go")
    driver.tell("stop")
    driver.answer(asks("look", usage=(9, 0)))
    assert (driver.stop_reason, driver.entries("request")) == ("External termination requested", [])


def test_a_paused_chat_asks_when_it_goes_on() -> None:
    looking = agent("a", tools=["look"])
    driver = Office(RoundRobinGroupChat([looking], budget=Budget(tokens=9, extend=ApprovalPolicy())))
    driver.run("go")
    driver.tell("pause")
    driver.answer(asks("look", usage=(9, 0)))
    assert (driver.status, driver.pending) == ("paused", [])
    driver.tell("resume")
    assert (driver.status, len(driver.pending)) == ("waiting", 1)
    driver.tell("pause")
    driver.vote("ann")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert [call.kind for call in driver.calls] == ["tool"]


@pytest.mark.parametrize("verb", ["cancel", "reset", "close"])
def test_whoever_ends_the_run_asks_for_nothing_more(verb: str) -> None:
    driver = spent()
    driver.tell(verb, force=True)
    assert driver.pending == []


def test_a_word_in_between_leaves_people_asked() -> None:
    driver = spent()
    driver.tell("say", task=[{"type": "TextMessage", "source": "user", "content": "well"}], when="now")
    assert len(driver.pending) == 1
    assert driver.calls == []
    driver.vote("ann")
    assert [call.path for call in driver.calls] == ["b"]
    assert "U: well" in driver.heard("b")


def test_the_log_alone_tells_all_of_it() -> None:
    driver = spent({"tokens": 100, "cost": 9})
    driver.vote("ann", arguments={"tokens": 70})
    driver.answer(said("2", (80, 0)))
    driver.vote("ben", "reject")
    assert again(driver).chat.state == driver.chat.state
