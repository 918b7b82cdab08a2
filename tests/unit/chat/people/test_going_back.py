"""Rollback, forks and saved states: what people were asked they are asked again, under new ids; old ones are void."""

from __future__ import annotations

import json

import pytest

from folkmoot._chat.snapshots import snapshots
from folkmoot.agents import CodeExecutorAgent, CustomAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import Driver, Json, agent, said, task
from tests.unit.chat.people.office import SCHEMA, Office, only_once, payer, pays, waiting
from tests.unit.chat.time.copies import loading, saved

CODE = "```python\nprint(1)\n```"
OTHER = {"code_blocks": [{"code": "print(2)\n", "language": "python"}]}


def asked(**policy: object) -> Office:
    """A run that Ann asked for, in which a call has to be approved of."""
    driver = Office(payer())
    driver.tell("run", task=[task()], by="ann")
    driver.answer(pays(12, policy=ApprovalPolicy(**policy)))
    return driver


def last_wait(driver: Driver) -> int:
    return [item.offset for item in snapshots(driver.chat) if item.reason == "wait"][-1]


def back(driver: Office, offset: int | None = None) -> Office:
    entry = driver.tell("rollback", offset=last_wait(driver) if offset is None else offset, force=True)
    assert entry.kind != "refused", entry.data
    return driver


def elsewhere(driver: Driver, offset: int | None = None) -> Office:
    """A fresh chat that goes on from there."""
    new = Office(driver.spec)
    new.chat.uuid = "f" * 32
    new.chat.fold.uuid = "f" * 32
    entry = new.tell("load_state", **loading(new.chat.plan, saved(driver.chat, offset), new.now))
    assert entry.kind != "refused", entry.data
    return new


WAYS = {"rollback": back, "fork": elsewhere}
every_way = pytest.mark.parametrize("way", WAYS)


@every_way
def test_an_open_request_is_asked_again_under_a_new_id(way: str) -> None:
    driver = asked(approvers=("ben",), deadline=10)
    old, request = driver.request()
    driver.later(5)
    driver = WAYS[way](driver)
    (new, again) = driver.request()
    assert new != old
    (told,) = driver.pending
    assert (told["arguments"], told["approvers"], again.policy) == ('{"amount": 12}', ["ben"], request.policy)
    assert again.since == driver.now, "its time begins anew"
    late = driver.tell("decide", request=old, verdict="approve", hash=request.hash, by="ben")
    assert late.kind == "refused"
    assert driver.calls == []
    driver.vote("ben")
    assert len(driver.calls) == 1


@every_way
def test_votes_before_do_not_count_after(way: str) -> None:
    driver = asked(quorum=2)
    offset = last_wait(driver)
    driver.vote("ben", "edit", arguments={"amount": 5})
    driver = WAYS[way](driver, offset)
    (told,) = driver.pending
    assert (told["votes"], told.get("revision", 0), told["arguments"]) == ([], 0, '{"amount": 12}')
    driver.vote("ben")
    assert driver.calls == []
    driver.vote("cat")
    assert len(driver.calls) == 1


@every_way
def test_who_asked_for_the_run_is_still_the_one_who_may_not_decide(way: str) -> None:
    driver = WAYS[way](asked(exclude_requester=True))
    assert "'ann' asked for this run" in driver.refused("ann")
    driver.vote("ben")
    assert len(driver.calls) == 1


@every_way
def test_what_was_decided_is_asked_again(way: str) -> None:
    driver = asked()
    offset = last_wait(driver)
    driver.vote("ben")
    driver.answer("paid", "done")
    driver = WAYS[way](driver, offset)
    assert (driver.calls, len(driver.pending)) == ([], 1)
    driver.vote("ben", "reject")
    assert driver.outcomes()[-1] == ("Rejected by ben", True)


@every_way
def test_a_call_that_was_approved_of_but_not_made_is_asked_for_again(way: str) -> None:
    driver = asked()
    driver.vote("ben", "edit", arguments={"amount": 5})
    (call,) = driver.calls
    driver.chat.wait(call, "worker:tool:pay", driver.now, "unknown", driver.now)
    driver.settle()
    driver = WAYS[way](driver, last_wait(driver))
    if driver.status == "idle":
        driver.run(None)
    assert driver.calls == []
    assert driver.pending[0]["arguments"] == '{"amount": 12}'


@every_way
def test_an_unknown_outcome_stays_unknown(way: str) -> None:
    driver = waiting()
    old, request = driver.request()
    driver = WAYS[way](driver)
    assert driver.calls == [], "it is not run by itself"
    new, again = driver.request()
    assert (again.kind, new != old, again.name) == ("outcome", True, "pay")
    late = driver.tell("decide", request=old, verdict="retry", hash=request.hash, by="ann")
    assert late.kind == "refused"
    driver.vote("ann", "succeeded", content="It was paid.")
    assert driver.outcomes()[-1] == ("It was paid.", False)


@every_way
def test_a_custom_agents_unknown_outcome_stays_unknown(way: str) -> None:
    driver = Office(RoundRobinGroupChat([CustomAgent("own", options=only_once()), agent("b")], max_turns=1))
    driver.run("go")
    driver.lose()
    driver = WAYS[way](driver)
    assert (driver.calls, [item["kind"] for item in driver.pending]) == ([], ["outcome"])
    driver.vote("ann", "succeeded", content="I have done it.")
    assert driver.spoken()[-1] == "own: I have done it."


def test_an_unknown_outcome_stays_so_over_two_rollbacks_and_two_losses() -> None:
    driver = back(waiting())
    driver = back(driver)
    assert driver.calls == []
    driver.vote("ann", "retry")
    driver.lose()
    driver = back(driver)
    assert driver.calls == []
    assert driver.request()[1].kind == "outcome"


def test_an_unknown_outcome_of_an_approved_call() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, policy=ApprovalPolicy(approvers=("ann",)), options=only_once()))
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver.lose()
    assert driver.pending[0]["kind"] == "outcome"
    driver = back(driver)
    assert driver.calls == []
    while driver.pending:
        kind = driver.pending[0]["kind"]
        driver.vote("ann", "retry" if kind == "outcome" else "approve")
    asked_for = [entry.data["for"] for entry in driver.entries("request")]
    assert asked_for.count("outcome") == 2, "nobody runs it again without knowing"
    assert len(driver.calls) == 1


def coder(**options: object) -> Office:
    """A coder whose code was changed by Ann before it ran, once."""
    runner = CodeExecutorAgent(
        "run", LocalCommandLineCodeExecutor(), model_client="scripted", approval=ApprovalPolicy(), **options
    )
    driver = Office(RoundRobinGroupChat([runner, agent("b")], max_turns=1))
    driver.run("go", said(CODE))
    driver.vote("ann", "edit", arguments=OTHER)
    assert [call.name for call in driver.calls] == ["run"]
    return driver


def what_runs(driver: Office) -> list[Json]:
    """The code of the call in flight, as its activity finds it."""
    (call,) = driver.calls
    assert call.name == "run"
    changed = driver.chat.log.at(call.let).data.get("arguments") if call.let else None
    assert changed is not None, "the code that the model wrote"
    return json.loads(changed)["code_blocks"]


@every_way
def test_code_that_was_changed_is_never_run_as_it_was(way: str) -> None:
    driver = coder()
    assert what_runs(driver) == OTHER["code_blocks"]
    (call,) = driver.calls
    driver.chat.wait(call, "worker:code:run", driver.now, "unknown", driver.now)
    driver.settle()
    driver = WAYS[way](driver, last_wait(driver))
    if driver.status == "idle":
        driver.run(None)
    while driver.pending:
        driver.vote("ann", "edit", arguments=OTHER)
    assert what_runs(driver) == OTHER["code_blocks"]


@every_way
def test_code_whose_outcome_is_unknown_is_not_run_by_itself(way: str) -> None:
    driver = coder(options=only_once())
    driver.lose()
    driver = WAYS[way](driver)
    assert driver.calls == []
    asked_for = driver.pending[0]["kind"]
    if asked_for == "code":
        driver.vote("ann", "edit", arguments=OTHER)
    assert (driver.calls, driver.pending[0]["kind"]) == ([], "outcome")
    driver.vote("ann", "retry")
    assert what_runs(driver) == OTHER["code_blocks"]


@every_way
def test_code_that_was_heard_is_asked_about_again(way: str) -> None:
    runner = CodeExecutorAgent("run", LocalCommandLineCodeExecutor(), approval=ApprovalPolicy())
    driver = Office(RoundRobinGroupChat([runner, agent("b")], max_turns=1))
    driver.run(CODE)
    driver.finish(driver.calls[0], {"code_blocks": [{"code": "print(1)\n", "language": "python"}]})
    old = driver.pending[0]["arguments"]
    driver = WAYS[way](driver)
    assert driver.pending[0]["arguments"] == old
    driver.vote("ann")
    assert [call.name for call in driver.calls] == ["run"]


def test_the_schema_is_asked_along_again() -> None:
    driver = back(asked())
    data = driver.chat.log.at(driver.request()[1].offset).data
    assert data["schema"] == SCHEMA
    assert "not of type 'integer'" in driver.refused("ann", "edit", arguments={"amount": "x"})
