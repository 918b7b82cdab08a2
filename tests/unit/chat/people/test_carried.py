"""Continue-as-new with requests open: what is sealed away is not missed when people decide."""

from __future__ import annotations

import pytest

from folkmoot.agents import CodeExecutorAgent, UserProxyAgent
from folkmoot.approvals import ApprovalPolicy, Deadlines, Escalation
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import agent, said, task
from tests.unit.chat.people.office import Office, office, only_once, payer, pays, waiting

SIX = ("ann", "ben", "cat", "dan", "eve", "fay")


def test_votes_of_several_lives_add_up() -> None:
    driver = office(12, approvers=SIX, quorum=3)
    driver.vote("ann")
    driver = driver.move_house()
    assert "'ann' has voted already" in driver.refused("ann")
    driver.vote("ben", "edit", arguments={"amount": 5})
    driver = driver.move_house()
    (told,) = driver.pending
    assert (told["arguments"], told["revision"], [vote["subject"] for vote in told["votes"]]) == (
        '{"amount": 5}',
        1,
        ["ben"],
    )
    driver.vote("ann")
    driver = driver.move_house()
    driver.vote("cat", comment="at last")
    assert (driver.decision["by"], driver.decision["arguments"]) == (["ben", "ann", "cat"], '{"amount": 5}')
    driver = driver.move_house()
    (call,) = driver.calls
    assert driver.chat.log.at(call.let).data["arguments"] == '{"amount": 5}'
    driver.answer("paid", "done")
    assert driver.status == "idle"
    (result,) = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert result["content"].endswith('changed to {"amount": 5}\npaid')


def test_reasons_of_earlier_lives_are_told() -> None:
    driver = office(12, approvers=SIX, quorum=3, reject_quorum=2)
    driver.vote("ann", "reject", reason="too much")
    driver = driver.move_house()
    driver.vote("ben", "reject", reason="no money")
    assert driver.outcomes() == [("Rejected by ann: too much; ben: no money", True)]


def test_an_answer_of_an_earlier_life_is_the_result() -> None:
    driver = office(12, approvers=SIX, quorum=2)
    driver.vote("ann", "answer", content="Paid in cash.")
    driver = driver.move_house()
    driver.vote("ben")
    assert driver.outcomes() == [("Paid in cash.", False)]


def test_time_goes_on_where_it_was() -> None:
    chain = (Escalation(after=20, approvers=("boss",), quorum=1),)
    driver = office(
        12, approvers=("ann", "ben"), quorum=2, reminders=(5,), remind_every=10, escalation=chain, deadline=60
    )
    driver.later(6)
    driver = driver.move_house()
    driver.later(16)
    assert [entry.data.get("number", 0) for entry in driver.chat.log] == [2, 0]
    driver = driver.move_house()
    assert (driver.pending[0]["approvers"], driver.pending[0]["quorum"]) == (["ann", "ben", "boss"], 1)
    driver.later(38)
    assert driver.decision["timeout"] is True


def test_a_time_limit_that_only_marks_marks_once() -> None:
    driver = office(12, deadline=5, on_timeout="wait")
    driver.later(5)
    driver = driver.move_house()
    driver.later(5)
    assert driver.entries("expired") == []
    driver.vote("ann")
    assert len(driver.calls) == 1


def test_several_requests_of_one_reply() -> None:
    driver = office(1, 2, 3)
    driver.vote("ann", "reject", index=1)
    driver = driver.move_house()
    driver.vote("ann", "answer", content="three", index=1)
    driver = driver.move_house()
    driver.vote("ann")
    driver = driver.move_house()
    driver.answer("one")
    results = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert [result["content"] for result in results] == ["one", "Rejected by ann", "three"]


@pytest.mark.parametrize("verdict", ["retry", "succeeded", "failed"])
def test_an_unknown_outcome(verdict: str) -> None:
    driver = waiting().move_house()
    driver.vote("ann", verdict, content="it was paid" if verdict == "succeeded" else None, reason="no")
    expected = {"retry": [], "succeeded": [("it was paid", False)], "failed": [("ann: no", True)]}
    assert driver.outcomes() == expected[verdict]
    assert [call.kind for call in driver.calls] == ["tool" if verdict == "retry" else "model"]


def test_an_unknown_outcome_of_changed_arguments() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, policy=ApprovalPolicy(), options=only_once()))
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver = driver.move_house()
    driver.lose()
    driver = driver.move_house()
    driver.vote("ann", "retry")
    driver = driver.move_house()
    driver.answer("paid")
    (result,) = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert result["content"].endswith('changed to {"amount": 5}\npaid')


def test_a_turn_under_approval() -> None:
    driver = Office(RoundRobinGroupChat([agent("a", turn_approval=ApprovalPolicy(quorum=2)), agent("b")], max_turns=2))
    driver.run("go")
    driver = driver.move_house()
    driver.vote("ann")
    driver = driver.move_house()
    driver.vote("ben")
    driver = driver.move_house()
    driver.answer("1", "2")
    assert driver.status == "idle"


@pytest.mark.parametrize("model", [False, True])
def test_code_under_approval(model: bool) -> None:
    options = {"model_client": "scripted"} if model else {}
    runner = CodeExecutorAgent("run", LocalCommandLineCodeExecutor(), approval=ApprovalPolicy(quorum=2), **options)
    driver = Office(RoundRobinGroupChat([runner, agent("b")], max_turns=1))
    blocks = [{"code": "print(1)\n", "language": "python"}]
    if model:
        driver.run("go", said("```python\nprint(1)\n```"))
    else:
        driver.run("go", {"code_blocks": blocks})
    driver = driver.move_house()
    driver.vote("ann", "edit", arguments={"code_blocks": blocks * 2})
    driver = driver.move_house()
    driver.vote("ben")
    driver = driver.move_house()
    (call,) = driver.calls
    assert call.name == "run"
    assert '"print(1)' in driver.chat.log.at(call.let).data["arguments"]
    assert driver.chat.log.at(call.index).offset < driver.chat.log.base, "its code is at hand"


def test_a_participants_deadline_and_default() -> None:
    person = UserProxyAgent("p", people=("ann",), deadlines=Deadlines(deadline=10, reminders=(5,)), default_answer="no")
    driver = Office(RoundRobinGroupChat([person], max_turns=1))
    driver.run("go")
    driver.later(6)
    driver = driver.move_house()
    driver.later(4)
    assert driver.spoken() == ["p: no"]
    assert driver.status == "idle"


def test_the_requester_is_remembered() -> None:
    driver = Office(payer())
    driver.tell("run", task=[task()], by="ann")
    driver.answer(pays(12, policy=ApprovalPolicy(exclude_requester=True)))
    driver = driver.move_house()
    assert "'ann' asked for this run" in driver.refused("ann")
