"""Pause, stop, cancel and reset while people are asked."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot.approvals import ApprovalPolicy
from tests.unit.chat.driver import task
from tests.unit.chat.people.office import Office, office, payer, pays, waiting


def test_a_decision_while_paused_counts_and_nothing_starts_until_resume() -> None:
    driver = office(12)
    driver.tell("pause")
    assert driver.status == "paused"
    driver.vote("ann")
    assert (driver.decision["verdict"], driver.calls) == ("approve", [])
    driver.tell("resume")
    assert [call.name for call in driver.calls] == ["pay"]


def test_a_rejection_while_paused_is_the_result_and_nothing_starts_until_resume() -> None:
    driver = office(12)
    driver.tell("pause")
    driver.vote("ann", "reject")
    assert (driver.outcomes(), driver.calls, driver.messages("ToolCallExecutionEvent")) == (
        [("Rejected by ann", True)],
        [],
        [],
    )
    driver.tell("resume")
    assert [call.kind for call in driver.calls] == ["model"]


@pytest.mark.parametrize("means", ["reject", "approve"])
def test_the_deadline_keeps_running_while_paused(means: str) -> None:
    driver = office(12, deadline=10, reminders=(5,), on_timeout=means)
    driver.tell("pause", now=True)
    driver.later(5)
    driver.later(5)
    assert [entry.kind for entry in driver.chat.log if entry.kind in ("reminded", "expired")] == ["reminded", "expired"]
    assert (driver.decision["verdict"], driver.calls, driver.status) == (means, [], "paused")
    driver.tell("resume")
    assert [call.kind for call in driver.calls] == ["tool" if means == "approve" else "model"]


def test_a_deadline_that_fails_ends_a_paused_run() -> None:
    driver = office(12, deadline=10, on_timeout="fail")
    driver.tell("pause")
    driver.later(10)
    assert (driver.status, driver.chat.state.status, driver.pending) == ("idle", "failed", [])


def test_what_is_asked_for_while_pausing_is_asked_after_resume() -> None:
    driver = Office(payer())
    driver.run("go")
    driver.tell("pause")
    driver.answer(pays(12, policy=ApprovalPolicy(deadline=10)))
    assert (driver.status, driver.pending) == ("paused", [])
    driver.later(100)
    driver.tell("resume")
    assert [item["deadline"] for item in driver.pending] == ["2026-01-01T00:01:50.000Z"]


def test_a_stop_takes_effect_at_once_where_only_people_are_waited_for() -> None:
    driver = office(12)
    name, request = driver.request()
    driver.tell("stop")
    assert (driver.stop_reason, driver.pending, driver.status) == ("External termination requested", [], "idle")
    assert driver.outcomes() == [("The call was cancelled before it finished.", True)]
    late = driver.tell("decide", request=name, verdict="approve", hash=request.hash, by="ann")
    (end,) = driver.entries("run_ended")
    assert late.data["error"]["message"] == (
        f"There is no open request {name!r}: the run ended (stopped) at {end.time}, offset {end.offset}, and it was "
        "withdrawn; open are: none."
    )


@pytest.mark.parametrize(
    ("verb", "fields", "kind", "said"),
    [
        ("cancel", {}, "run_ended", "the run ended (cancelled)"),
        ("say", {"when": "now", "task": [task("wait")]}, "interrupted", "something was said that broke its turn off"),
        ("reset", {"force": True}, "run_ended", "the run ended (cancelled)"),
    ],
)
def test_a_vote_on_what_was_withdrawn_is_told_by_what(verb: str, fields: dict[str, Any], kind: str, said: str) -> None:
    driver = office(12)
    name, request = driver.request()
    driver.tell(verb, **fields)
    end = driver.entries(kind)[0]
    late = driver.tell("decide", request=name, verdict="approve", hash=request.hash, by="ann")
    assert late.data["error"]["message"].startswith(
        f"There is no open request {name!r}: {said} at {end.time}, offset {end.offset}, and it was withdrawn; "
    )


def test_a_stop_waits_for_a_call_that_is_under_way() -> None:
    driver = Office(payer())
    reply = pays(12, 13, policy=ApprovalPolicy())
    del reply["approvals"]["1"]
    driver.run("go", reply)
    driver.tell("stop")
    assert (len(driver.pending), len(driver.calls)) == (1, 1)
    driver.answer("paid")
    assert (driver.pending, driver.status) == ([], "idle")


@pytest.mark.parametrize("how", ["cancel", "reset", "close"])
def test_whoever_ends_the_run_ends_the_question(how: str) -> None:
    driver = office(12, deadline=10)
    name, request = driver.request()
    driver.tell(how, force=True)
    assert (driver.pending, driver.calls) == ([], [])
    driver.later(100)
    assert driver.entries("expired") == []
    late = driver.tell("decide", request=name, verdict="approve", hash=request.hash, by="ann")
    assert late.kind == "refused"
    assert driver.outcomes() == [("The call was cancelled before it finished.", True)]


def test_what_is_asked_again_after_a_reset_is_asked_under_another_id() -> None:
    driver = office(12)
    old = driver.request()[0]
    driver.tell("reset", force=True)
    driver.run("go", pays(12, policy=ApprovalPolicy()))
    name, request = driver.request()
    assert name != old
    late = driver.tell("decide", request=old, verdict="approve", hash=request.hash, by="ann")
    assert late.kind == "refused"
    assert driver.calls == []


@pytest.mark.parametrize("how", ["cancel", "stop"])
def test_ending_a_run_answers_a_call_of_unknown_outcome(how: str) -> None:
    driver = waiting()
    driver.tell(how)
    assert (driver.pending, driver.status) == ([], "idle")
    assert driver.outcomes() == [("The call was cancelled before it finished.", True)]
    driver.run(None)
    assert [call.kind for call in driver.calls] == ["model"], "it is not made again by itself"


def test_what_is_said_now_breaks_off_the_turn_that_waits() -> None:
    driver = office(12)
    old = driver.request()[0]
    driver.tell("say", task=[task("Wait a moment.")], when="now")
    assert old not in driver.chat.state.requests
    assert driver.outcomes() == [("The call was cancelled before it finished.", True)]
    assert [call.kind for call in driver.calls] == ["model"]
