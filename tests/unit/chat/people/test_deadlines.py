"""Time over open requests: reminders, chains and deadlines, also those that came while nobody was at work."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from folkmoot._chat.commands import handle
from folkmoot._chat.deadlines import next_step
from folkmoot._chat.votes import due, tick
from folkmoot.approvals import ApprovalPolicy, Escalation
from tests.unit.chat.driver import START, at
from tests.unit.chat.people.office import Office, again, office, pays

BOSS = (Escalation(after=20, approvers=("boss",)),)


def what(driver: Office) -> list[str]:
    """What time did, in order."""
    told = {"reminded": "number", "escalated": "step", "expired": "", "decided": "verdict"}
    found = [entry for entry in driver.chat.log if entry.kind in told]
    return [f"{entry.kind} {entry.data.get(told[entry.kind], '')}".strip() for entry in found]


def test_what_is_due_comes_in_order() -> None:
    driver = office(reminders=(5, 15), remind_every=10, escalation=BOSS, deadline=40)
    steps: list[tuple[str, str, int]] = []
    while driver.chat.state.requests:
        step = next_step(driver.request()[1])
        assert step is not None
        assert due(driver.chat.state) == step.time
        steps.append(tuple(step))
        driver.later(_seconds(step.time) - driver.seconds)
    assert steps == [
        (at(5), "reminded", 1),
        (at(15), "reminded", 2),
        (at(20), "escalated", 1),
        (at(25), "reminded", 3),
        (at(35), "reminded", 4),
        (at(40), "expired", 1),
    ]
    assert what(driver) == [
        "reminded 1",
        "reminded 2",
        "escalated 1",
        "reminded 3",
        "reminded 4",
        "expired",
        "decided reject",
    ]
    assert due(driver.chat.state) is None


def _seconds(time: str) -> float:
    return (datetime.fromisoformat(time) - START) / timedelta(seconds=1)


def test_what_is_due_in_one_instant_comes_in_the_order_of_who_has_to_know() -> None:
    driver = office(reminders=(20,), escalation=BOSS, deadline=21)
    driver.later(20)
    assert what(driver) == ["escalated 1", "reminded 1"]


def test_nothing_is_due_a_moment_too_early() -> None:
    driver = office(reminders=(5,), deadline=10)
    driver.later(4.999)
    assert what(driver) == []
    driver.later(0.001)
    driver.later(4.999)
    assert what(driver) == ["reminded 1"]


def test_a_request_without_times_waits_for_ever() -> None:
    driver = office()
    assert due(driver.chat.state) is None
    driver.later(1e9)
    assert (what(driver), driver.status) == ([], "waiting")


def test_after_a_downtime_only_the_last_reminder_is_caught_up_with() -> None:
    driver = office(reminders=(5, 10), remind_every=7, escalation=BOSS, deadline=1000)
    driver.later(100)
    # The reminder of 94 s; the step of 20 s comes before it.
    assert what(driver) == ["escalated 1", "reminded 14"]
    driver.later(1)
    assert what(driver)[2:] == ["reminded 15"]
    assert due(driver.chat.state) == at(108)


def test_a_deadline_that_passed_while_everything_was_down_still_goes_the_whole_way() -> None:
    chain = (Escalation(after=20, approvers=("boss",)), Escalation(after=30, approvers=("board",), replace=True))
    driver = office(remind_every=10, escalation=chain, deadline=35)
    driver.later(500)
    assert [item for item in what(driver) if not item.startswith("reminded")] == [
        "escalated 1",
        "escalated 2",
        "expired",
        "decided reject",
    ]


@pytest.mark.parametrize("every", [0.001, 1])
def test_years_of_missed_reminders_take_no_time(every: float) -> None:
    driver = office(remind_every=every, deadline=3_000_000, on_timeout="wait")
    request = driver.request()[1]
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1
        assert steps < 1000, "each reminder is computed by itself"

    sys.setprofile(count)
    try:
        step = next_step(request, at(2_000_000))
    finally:
        sys.setprofile(None)
    assert step is not None
    assert (step.kind, step.time, step.number) == ("reminded", at(2_000_000), round(2_000_000 / every))


@pytest.mark.parametrize("every", [0.1, 0.3, 0.7, 1 / 3, 86_400.5])
def test_reminders_are_the_same_one_by_one_or_caught_up_with(every: float) -> None:
    one, other = (office(reminders=(0.25,), remind_every=every) for _ in range(2))
    for _ in range(50):
        step = next_step(one.request()[1])
        assert step is not None
        one.later(max(0, _seconds(step.time) - one.seconds))
    other.later(one.seconds)
    assert what(other) == [what(one)[-1]]
    assert due(other.chat.state) == due(one.chat.state)


@pytest.mark.parametrize(
    ("means", "verdict", "outcome"),
    [("reject", "reject", [("Rejected: nobody decided in time.", True)]), ("approve", "approve", [])],
)
def test_what_a_deadline_means(means: str, verdict: str, outcome: list[Any]) -> None:
    driver = office(deadline=10, on_timeout=means)
    driver.later(10)
    decided = driver.decision
    assert (decided["verdict"], decided["timeout"], decided["by"]) == (verdict, True, [])
    assert driver.outcomes() == outcome
    assert [call.kind for call in driver.calls] == ["tool" if means == "approve" else "model"]
    assert again(driver).chat.state.dump() == driver.chat.state.dump()


def test_a_deadline_that_fails_ends_the_run() -> None:
    driver = office(12, 13, deadline=10, on_timeout="fail")
    name = driver.request()[0]
    driver.later(10)
    error = driver.chat.state.error
    assert error is not None
    assert (error["agent"], error["type"]) == ("a", "RequestTimeoutError")
    assert error["message"] == f"Nobody answered request {name} within its 10 seconds: a wants to call pay."
    assert (driver.status, driver.pending, driver.calls) == ("idle", [], [])
    assert driver.kinds()[-1] == "run_ended"
    assert len(driver.outcomes()) == 2, "no call is left without a result"


def test_a_deadline_that_waits_only_marks() -> None:
    driver = office(deadline=10, on_timeout="wait", remind_every=8)
    assert "expired" not in driver.pending[0]
    driver.later(16)
    assert what(driver) == ["expired", "reminded 2"]
    assert driver.pending[0]["expired"] is True
    assert due(driver.chat.state) == at(24)
    driver.vote("ann")
    assert (driver.decision["verdict"], "timeout" in driver.decision) == ("approve", False)


def test_a_decision_and_the_deadline_in_one_activation() -> None:
    """Commands are taken in first, so the decision wins, however late the worker is."""
    driver = office(deadline=10)
    name, request = driver.request()
    driver.seconds += 1000
    fields = {"request": name, "verdict": "approve", "hash": request.hash, "by": "ann"}
    handle(driver.chat, "decide", "c9", fields, driver.now)
    driver.chat.advance(driver.now, in_flight=False)
    tick(driver.chat, driver.now)
    driver.settle()
    assert (driver.decision["verdict"], driver.entries("expired")) == ("approve", [])
    assert len(driver.calls) == 1


def test_a_vote_that_does_not_decide_does_not_hold_the_deadline_up() -> None:
    driver = office(approvers=("ann", "ben"), quorum=2, deadline=10)
    driver.vote("ann")
    driver.later(10)
    assert (driver.decision["verdict"], driver.decision["by"]) == ("reject", [])
    assert driver.outcomes() == [("Rejected: nobody decided in time.", True)]


def test_a_deadline_is_no_vote_for_what_one_person_answered() -> None:
    driver = office(approvers=("ann", "ben"), quorum=2, deadline=10)
    driver.vote("ann", "answer", content="Paid in cash.")
    driver.later(10)
    assert "content" not in driver.decision
    assert driver.outcomes() == [("Rejected: nobody decided in time.", True)]


def test_a_deadline_is_no_vote_for_what_one_person_changed() -> None:
    driver = office(approvers=("ann", "ben"), quorum=2, deadline=10)
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver.later(10)
    assert "arguments" not in driver.decision
    assert driver.outcomes() == [("Rejected: nobody decided in time.", True)]


def test_a_deadline_that_approves_approves_of_what_is_asked_now() -> None:
    driver = office(approvers=("ann", "ben"), quorum=2, deadline=10, on_timeout="approve")
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver.later(10)
    assert (driver.decision["verdict"], driver.decision["arguments"]) == ("approve", '{"amount": 5}')
    driver = office(approvers=("ann", "ben"), quorum=2, deadline=10, on_timeout="approve")
    driver.vote("ann", "answer", content="Paid in cash.")
    driver.later(10)
    assert driver.decision["verdict"] == "answer"
    assert driver.outcomes() == [("Paid in cash.", False)]
    assert [call.kind for call in driver.calls] == ["model"]


def test_a_deadline_that_approves_is_not_said_to_be_the_decision_of_who_rejected() -> None:
    driver = office(approvers=("ann", "ben", "cat"), reject_quorum=2, quorum=2, deadline=10, on_timeout="approve")
    driver.vote("ann", "reject", reason="never")
    driver.later(10)
    assert (driver.decision["verdict"], driver.decision["by"]) == ("approve", [])


def test_each_request_has_its_own_time() -> None:
    driver = office(deadline=10)
    driver.later(6)
    driver.tell("cancel")
    driver.run("once more")
    driver.answer(pays(1, policy=ApprovalPolicy(deadline=10)))
    assert due(driver.chat.state) == at(16)
    driver.later(9)
    assert driver.status == "waiting"
    driver.later(1)
    assert what(driver) == ["expired", "decided reject"]


def test_of_several_requests_the_earliest_sets_the_clock() -> None:
    driver = office(1, 2, deadline=10)
    driver.later(3)
    driver.vote("ann", index=1)
    assert due(driver.chat.state) == at(10)
    driver.later(7)
    assert what(driver) == ["decided approve", "expired", "decided reject"]
