"""Policies of approvals: what could never be decided, or means nothing, is refused when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from folkmoot.agents import AssistantAgent, CodeExecutorAgent, UserProxyAgent
from folkmoot.approvals import ApprovalPolicy, Deadlines, Escalation
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.options import ToolOptions
from tests.unit.chat.people.office import Office, office, payer, pays

CHAIN = (Escalation(after=3, approvers=("boss",)),)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"approvers": ("",)}, r"approvers are ids of people, or roles as 'role:NAME'; got ''"),
        ({"approvers": ("ann", "role: ")}, r"got 'role: '"),
        ({"approvers": "ann"}, r"approvers\n.*valid tuple"),
        ({"when": ""}, r"when must be 'always', a JSON Schema, or the name of a function; got ''"),
        ({"when": {"type": "strng"}}, r"when=\{'type': 'strng'\} is no JSON Schema: 'strng' is not valid"),
        ({"when": {"pattern": "("}}, r"is no JSON Schema: '\(' is not a 'regex'"),
        ({"when": {"maximum": float("nan")}}, "is no JSON Schema: Out of range float"),
        ({"when": {"const": object()}}, "is no JSON Schema: Object of type object"),
        ({"when": 5}, r"when\.str"),
        ({"quorum": 0}, "quorum\n.*greater than or equal to 1"),
        ({"reject_quorum": 0}, "reject_quorum\n.*greater than or equal to 1"),
        ({"quorum": 2, "approvers": ("ann", "ann")}, "quorum=2 can never be reached by 1 approvers"),
        ({"reject_quorum": 3, "approvers": ("ann", "ben")}, "reject_quorum=3 can never be reached by 2 approvers"),
        ({"on_timeout": "approve"}, "on_timeout='approve' needs a deadline"),
        ({"on_timeout": "answer", "deadline": 1}, "on_timeout\n.*'reject', 'approve', 'fail' or 'wait'"),
        ({"deadline": 0}, "deadline\n.*greater than 0"),
        ({"deadline": float("inf")}, "deadline\n.*finite number"),
        ({"remind_every": -1}, "remind_every\n.*greater than 0"),
        ({"reminders": (2, 1)}, r"reminders must be in order, each later than the one before; got \[2.0, 1.0\]"),
        ({"reminders": (1, 1)}, "reminders must be in order"),
        ({"reminders": (1, 5), "deadline": 5}, "reminders must come before the deadline of 5.0 s; got 5.0"),
        ({"escalation": CHAIN, "deadline": 2}, "escalation must come before the deadline of 2.0 s; got 3.0"),
        ({"escalation": CHAIN * 2}, "escalation must be in order"),
        ({"bogus": 1}, "bogus\n.*not permitted"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(fields: Mapping[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ApprovalPolicy(**fields)


@pytest.mark.parametrize("seconds", [1e12, 1e300])
def test_times_that_no_clock_knows_are_refused(seconds: float) -> None:
    for fields in ({"deadline": seconds}, {"remind_every": seconds}, {"reminders": (seconds,)}):
        with pytest.raises(ValueError, match="less than"):
            ApprovalPolicy(**fields)
    with pytest.raises(ValueError, match="less than"):
        Escalation(after=seconds, approvers=("ann",))


def test_two_quorums_of_a_few_people_must_leave_one_to_be_reached() -> None:
    with pytest.raises(ValueError, match="quorum=2 and reject_quorum=2"):
        ApprovalPolicy(approvers=("ann", "ben"), quorum=2, reject_quorum=2)
    ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2, reject_quorum=2)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"after": 1, "approvers": ()}, "names those who may decide from then on"),
        ({"after": 1, "approvers": ("role:",)}, "got 'role:'"),
        ({"after": 0, "approvers": ("ann",)}, "after\n.*greater than 0"),
        ({"after": 1, "approvers": ("ann",), "quorum": 0}, "quorum\n.*greater than or equal to 1"),
    ],
)
def test_a_step_of_a_chain_that_changes_nothing_is_refused(fields: Mapping[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Escalation(**fields)


def test_roles_and_chains_may_hold_enough_people() -> None:
    assert ApprovalPolicy(approvers=("role:finance",), quorum=5).quorum == 5
    assert ApprovalPolicy(approvers=("ann",), quorum=2, escalation=CHAIN).quorum == 2


def test_what_is_asked_for_always_takes_no_condition() -> None:
    picky = ApprovalPolicy({"required": ["amount"]})
    executor = LocalCommandLineCodeExecutor()
    for make in (
        lambda: AssistantAgent("a", "m", turn_approval=picky),
        lambda: CodeExecutorAgent("a", executor, approval=ApprovalPolicy(), turn_approval=picky),
    ):
        with pytest.raises(ValueError, match="The approval of a turn is asked for always; when="):
            make()
    with pytest.raises(ValueError, match="The approval of code is asked for always, or by a JSON Schema"):
        CodeExecutorAgent("a", executor, approval=ApprovalPolicy("look"))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"people": ("",)}, "people are ids of people"),
        ({"default_answer": "yes"}, "default_answer='yes' needs deadlines with a deadline"),
        ({"default_answer": "", "deadlines": Deadlines(remind_every=1)}, "default_answer='' needs deadlines"),
        ({"input_func": "ask", "people": ("ann",)}, "input_func answers by itself"),
        ({"input_func": "ask", "deadlines": Deadlines(deadline=1)}, "input_func answers by itself"),
    ],
)
def test_a_participant_whose_options_contradict_each_other_is_refused(fields: Mapping[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        UserProxyAgent("u", **fields)


def test_a_policy_survives_its_json() -> None:
    def large(name: str, arguments: Mapping[str, Any]) -> bool:
        return bool(arguments["amount"] > 10)

    policy = ApprovalPolicy(
        large,
        approvers=("ann", "role:finance"),
        quorum=2,
        deadline=10,
        on_timeout="fail",
        reminders=(1, 2.5),
        remind_every=3,
        escalation=(Escalation(after=4, approvers=("boss",), replace=True, quorum=1),),
        reason="much",
    )
    assert policy.function == "large"
    again = ApprovalPolicy.from_json(policy.to_json())
    assert again.to_json() == policy.to_json()
    assert again == policy
    options = ToolOptions(approval=policy, secrets=("token",), unknown_outcome="fail")
    assert ToolOptions.from_json(options.to_json()) == options


def test_a_condition_on_arguments_is_a_json_schema() -> None:
    policy = ApprovalPolicy({"properties": {"amount": {"minimum": 10}}, "required": ["amount"]})
    assert [policy.matches(given) for given in ({"amount": 10}, {"amount": 9}, {})] == [True, False, False]


@pytest.mark.parametrize("reference", ["#/nowhere", "http://127.0.0.1:9/schema"])
def test_a_condition_that_refers_to_nothing_asks(reference: str) -> None:
    """As a function that fails does; and nothing is fetched for it."""
    assert ApprovalPolicy({"$ref": reference}).matches({"amount": 1})


def test_everything_is_frozen_when_asked() -> None:
    driver = office(12, approvers=("ann", "role:finance"), quorum=2, deadline=60, reason="much")
    (told,) = driver.pending
    (name, request) = driver.request()
    entry = driver.chat.log.at(request.offset)
    policy = {"approvers": ["ann", "role:finance"], "quorum": 2, "deadline": 60.0, "reason": "much"}
    assert entry.data["policy"] == policy
    assert entry.data["schema"]["required"] == ["amount"]
    assert (entry.data["name"], entry.data["agent"], entry.data["arguments"]) == ("pay", "a", '{"amount": 12}')
    assert len(request.hash) == 32
    assert told == {
        "request": name,
        "kind": "approval",
        "path": "a",
        "prompt": "a wants to call pay.",
        "since": entry.time,
        "offset": entry.offset,
        "call": entry.data["call"],
        "name": "pay",
        "hash": request.hash,
        "approvers": ["ann", "role:finance"],
        "deadline": "2026-01-01T00:01:00.000Z",
        "reason": "much",
        "arguments": '{"amount": 12}',
        "quorum": 2,
        "votes": [],
        "verdicts": ["approve", "reject", "edit", "answer"],
    }


def test_only_what_needs_it_is_asked_for() -> None:
    driver = Office(payer())
    driver.run("go", pays(1, 2))
    assert [call.index for call in driver.calls] == [0, 1]
    assert driver.pending == []


def test_verdicts_that_a_policy_rules_out_are_not_offered() -> None:
    driver = office(may_edit=False, may_answer=False)
    assert driver.pending[0]["verdicts"] == ["approve", "reject"]
    assert "schema" not in driver.chat.log.at(driver.request()[1].offset).data
    text = "must be one of approve, reject; got 'edit'."
    assert driver.refused("ann", "edit", arguments={"amount": 1}).endswith(text)
    assert "got 'answer'" in driver.refused("ann", "answer", content="x")
