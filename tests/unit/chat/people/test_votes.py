"""Votes: who may, on what exactly, how often, and what they come to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from folkmoot.approvals import ApprovalPolicy, Escalation
from folkmoot.options import ToolOptions
from tests.unit.chat.driver import Json, task
from tests.unit.chat.people.office import Office, again, office, pays

THREE = ("ann", "ben", "cat")


def person(subject: str, *roles: str) -> Json:
    return {"subject": subject, "roles": list(roles), "channel": "http"}


def test_one_vote_decides_and_the_call_is_made() -> None:
    driver = office(12)
    assert (driver.status, driver.calls, driver.chat.state.waiting_for) == ("waiting", [], ["approval:a"])
    vote = driver.vote(person("ann", "finance"), comment="go ahead")
    assert vote.kind == "vote"
    assert vote.data["by"] == person("ann", "finance")
    assert (vote.data["verdict"], vote.data["comment"], len(vote.data["hash"])) == ("approve", "go ahead", 32)
    decided = driver.decision
    assert (decided["for"], decided["verdict"], decided["by"]) == ("approval", "approve", ["ann"])
    assert decided["hash"] == vote.data["hash"]
    assert [(call.name, call.let) for call in driver.calls] == [("pay", driver.entries("decided")[0].offset)]
    driver.answer("paid", "done")
    assert driver.outcomes() == [("paid", False)]
    assert again(driver).chat.state.dump() == driver.chat.state.dump()


def test_a_rejection_with_its_reason_is_the_tools_result() -> None:
    driver = office(12)
    driver.vote("ann", "reject", reason="too much")
    assert driver.outcomes() == [("Rejected by ann: too much", True)]
    assert [call.kind for call in driver.calls] == ["model"]


def test_a_quorum_counts_different_people() -> None:
    driver = office(12, approvers=(*THREE, "role:boss"), quorum=3)
    driver.vote("ann")
    assert driver.refused(person("ann", "boss")) == (
        f"'ann' has voted already: approve, at offset {driver.entries('vote')[0].offset}."
    )
    driver.vote("cat")
    assert (driver.calls, driver.pending[0]["votes"]) == (
        [],
        [
            {"subject": entry.data["by"]["subject"], "verdict": "approve", "offset": entry.offset}
            for entry in driver.entries("vote")
        ],
    )
    driver.vote(person("dan", "boss"))
    assert driver.decision["by"] == ["ann", "cat", "dan"]
    assert len(driver.calls) == 1


def test_one_rejection_decides_unless_more_are_needed() -> None:
    driver = office(12, approvers=THREE, quorum=2)
    driver.vote("ann")
    driver.vote("ben", "reject", reason="no")
    assert (driver.decision["verdict"], driver.decision["by"]) == ("reject", ["ben"])
    driver = office(12, approvers=THREE, quorum=2, reject_quorum=2)
    driver.vote("ben", "reject", reason="no")
    driver.vote("ann")
    assert driver.calls == []
    driver.vote("cat", "reject", reason="no, no")
    assert driver.decision["by"] == ["ben", "cat"]
    assert driver.outcomes() == [("Rejected by ben: no; cat: no, no", True)]


def test_a_quorum_is_reached_over_a_rejection_that_does_not_suffice() -> None:
    driver = office(12, approvers=THREE, quorum=2, reject_quorum=2)
    driver.vote("ben", "reject")
    driver.vote("ann")
    driver.vote("cat")
    assert (driver.decision["verdict"], driver.decision["by"]) == ("approve", ["ann", "cat"])


def test_changed_arguments_make_a_revision_and_void_the_votes_before() -> None:
    driver = office(12, approvers=THREE, quorum=2)
    old = driver.request()[1].hash
    driver.vote("ann")
    edit = driver.vote("ben", "edit", arguments={"amount": 5})
    assert (edit.data["revision"], edit.data["hash"], edit.data["arguments"]) == (1, old, '{"amount": 5}')
    (told,) = driver.pending
    assert (told["revision"], told["arguments"]) == (1, '{"amount": 5}')
    assert [vote["subject"] for vote in told["votes"]] == ["ben"]
    new = driver.request()[1].hash
    assert new != old
    assert driver.refused("cat", hash=old) == (
        f"The decision is about other arguments: it has hash {old!r}, the request (revision 1) has {new!r}."
    )
    driver.vote("ann")
    decided = driver.decision
    assert (decided["verdict"], decided["by"], decided["arguments"]) == ("approve", ["ben", "ann"], '{"amount": 5}')
    assert decided["hash"] == new
    (call,) = driver.calls
    assert call.let == driver.entries("decided")[0].offset
    driver.answer("paid", "done")
    assert driver.messages("ToolCallExecutionEvent")[0]["content"][0]["content"] == (
        'Before it was called, the arguments were changed to {"amount": 5}\npaid'
    )


def test_changing_back_asks_everybody_again() -> None:
    driver = office(12, approvers=THREE, quorum=3)
    driver.vote("ann", "edit", arguments={"amount": 5})
    driver.vote("ben", "edit", arguments={"amount": 12})
    assert driver.request()[1].revision == 2
    driver.vote("ann")
    driver.vote("cat", "edit", arguments={"amount": 7})
    assert [vote.subject for vote in driver.request()[1].votes] == ["cat"]
    assert "'cat' has voted already: edit" in driver.refused("cat", "edit", arguments={"amount": 8})


def test_one_persons_change_is_a_decision_where_one_suffices() -> None:
    driver = office(12)
    driver.vote("ann", "edit", arguments={"amount": 5})
    assert (driver.decision["verdict"], driver.decision["arguments"]) == ("approve", '{"amount": 5}')


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (None, "needs 'arguments', a JSON object; got None"),
        ([1], r"needs 'arguments', a JSON object; got \[1\]"),
        ({}, r"at \$: 'amount' is a required property"),
        ({"amount": "5"}, r"at \$.amount: '5' is not of type 'integer'"),
        ({"amount": 5, "more": 1}, r"at \$: Additional properties are not allowed \('more' was unexpected\)"),
    ],
)
def test_changed_arguments_must_fit_the_tool(arguments: Any, text: str) -> None:
    driver = office(12)
    assert re.search(text, driver.refused("ann", "edit", arguments=arguments))
    driver.vote("ann", "edit", arguments={"amount": 5})
    assert driver.decision["verdict"] == "approve"


@pytest.mark.parametrize("schema", [{"$ref": "#/nowhere"}, {"type": "strng"}, {"$ref": "http://127.0.0.1:9/x"}])
def test_a_schema_that_is_none_refuses_the_change_and_nothing_else(schema: Json) -> None:
    """Schemas of other people's tools are what they are: a vote must not end a run over one."""
    driver = office(12)
    data = driver.chat.log.at(driver.request()[1].offset).data
    assert isinstance(data, dict)
    data["schema"] = schema
    assert "cannot be checked" in driver.refused("ann", "edit", arguments={"amount": 5})
    driver.vote("ann")
    assert len(driver.calls) == 1


def test_an_answer_in_the_tools_place_needs_the_quorum_too() -> None:
    driver = office(12, approvers=THREE, quorum=2)
    driver.vote("ann", "answer", content="Paid in cash.")
    (told,) = driver.pending
    assert (told["content"], told["revision"], "arguments" in told) == ("Paid in cash.", 1, False)
    driver.vote("ben")
    assert (driver.decision["verdict"], driver.decision["by"]) == ("answer", ["ann", "ben"])
    assert driver.outcomes() == [("Paid in cash.", False)]
    assert [call.kind for call in driver.calls] == ["model"]


def test_a_vote_for_arguments_is_none_for_an_answer_that_reads_alike() -> None:
    driver = office(12, approvers=THREE, quorum=2)
    old = driver.request()[1].hash
    driver.vote("ann", "answer", content='{"amount": 12}')
    assert "about other arguments" in driver.refused("ben", hash=old)


@pytest.mark.parametrize("content", [None, 5, ["x"]])
def test_an_answer_must_be_a_text(content: object) -> None:
    driver = office(12)
    assert f"needs a text as 'content', got {content!r}" in driver.refused("ann", "answer", content=content)


def test_an_empty_answer_is_one() -> None:
    driver = office(12)
    driver.vote("ann", "answer", content="")
    assert driver.outcomes() == [("", False)]


@pytest.mark.parametrize("by", [None, "", {}, {"subject": ""}, {"roles": ["finance"]}, ["ann"], 5])
def test_nobody_cannot_vote(by: object) -> None:
    assert office(12).refused(by).startswith("A decision needs to say who decides")


def test_who_is_not_asked_may_not_vote() -> None:
    driver = office(12, approvers=("ann", "role:finance"))
    text = "'eve' may not decide this; those who may: ann, role:finance."
    assert driver.refused("eve") == text
    assert driver.refused(person("eve", "sales", "Finance")) == text
    driver.vote(person("eve", "finance"))
    assert driver.decision["by"] == ["eve"]


def test_a_persons_id_is_no_role() -> None:
    driver = office(12, approvers=("role:finance",))
    assert "may not decide this" in driver.refused("role:finance")
    assert "may not decide this" in driver.refused(person("role:finance"))


def test_who_asked_for_the_run_may_not_decide_if_so_said() -> None:
    driver = Office(office().spec)
    driver.tell("run", task=[task()], by={"subject": "ann", "roles": ["finance"]})
    driver.answer(pays(12, policy=ApprovalPolicy(exclude_requester=True)))
    text = "'ann' asked for this run and may not decide what it asks for."
    assert driver.refused("ann") == text
    assert driver.refused("ann", "reject") == text
    assert driver.refused(person("ann", "boss"), "edit", arguments={"amount": 1}) == text
    driver.vote("ben")
    assert driver.decision["by"] == ["ben"]


def test_a_vote_binds_to_what_it_is_about() -> None:
    driver = office(12)
    request = driver.request()[1].hash
    assert driver.refused("ann", hash="") == f"A decision binds to what it is about: give its 'hash', now {request!r}."
    assert driver.refused("ann", hash="0" * 32) == (
        f"The decision is about other arguments: it has hash {'0' * 32!r}, the request has {request!r}."
    )


def test_two_equal_calls_are_two_requests() -> None:
    driver = office(12, 12)
    (first, one), (second, other) = driver.chat.state.requests.items()
    assert (first != second, one.hash == other.hash) == (True, True)
    driver.vote("ann", index=1)
    assert [call.index for call in driver.calls] == [1]
    driver.vote("ann", "reject")
    driver.answer("paid")
    assert driver.outcomes() == [("Rejected by ann", True), ("paid", False)]
    results = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert [result["content"] for result in results] == ["Rejected by ann", "paid"]


def test_what_is_settled_or_never_was_cannot_be_decided() -> None:
    driver = office(12)
    name, request = driver.request()
    driver.vote("ann")
    entry = driver.entries("decided")[0]
    late = driver.tell("decide", request=name, verdict="reject", hash=request.hash, by="ben")
    assert late.data["error"]["message"] == (
        f"There is no open request {name!r}: it was settled (approve) at {entry.time}, offset {entry.offset}."
    )
    other = driver.tell("decide", request="other", verdict="reject", hash=request.hash, by="ben")
    assert other.data["error"]["message"] == "There is no open request 'other'; open are: none."


def test_a_verdict_of_another_kind_is_refused() -> None:
    driver = office(12)
    for verdict in ("retry", "succeeded", "yes", None):
        text = f"must be one of approve, reject, edit, answer; got {verdict!r}."
        assert driver.refused("ann", verdict).endswith(text)
    entry = driver.tell("answer", request=driver.request()[0], content="yes", by="ann")
    assert entry.data["error"]["message"].endswith("is about approval: it is decided, not answered.")


@pytest.mark.parametrize("name", ["reason", "comment"])
def test_long_words_are_refused(name: str) -> None:
    driver = office(12)
    assert driver.refused("ann", **{name: "x" * 4001}) == f"{name!r} must have at most 4000 characters, got 4001."
    driver.vote("ann", **{name: "x" * 4000})
    assert len(driver.calls) == 1


def test_an_escalation_adds_those_who_may_decide() -> None:
    driver = office(12, approvers=("ann",), escalation=(Escalation(after=10, approvers=("boss", "ann")),))
    assert "may not decide" in driver.refused("boss")
    driver.later(9.9)
    assert driver.pending[0]["approvers"] == ["ann"]
    driver.later(0.1)
    assert driver.entries("escalated")[0].data["approvers"] == ["boss", "ann"]
    assert driver.pending[0]["approvers"] == ["ann", "boss"]
    driver.vote("boss")
    assert driver.decision["by"] == ["boss"]


def test_an_escalation_takes_the_matter_out_of_their_hands() -> None:
    chain = (
        Escalation(after=10, approvers=("boss",), replace=True),
        Escalation(after=20, approvers=("role:board",), quorum=2),
    )
    driver = office(12, approvers=("ann",), escalation=chain)
    driver.later(10)
    assert "those who may: boss." in driver.refused("ann")
    driver.later(10)
    assert (driver.pending[0]["approvers"], driver.pending[0]["quorum"]) == (["boss", "role:board"], 2)
    driver.vote("boss")
    assert driver.calls == []
    driver.vote(person("eve", "board"))
    assert driver.decision["by"] == ["boss", "eve"]


def test_an_escalation_to_some_leaves_what_everybody_may_decide_to_everybody() -> None:
    driver = office(12, escalation=(Escalation(after=1, approvers=("boss",)),))
    driver.later(1)
    assert driver.pending[0]["approvers"] == []
    driver.vote("whoever")
    assert len(driver.calls) == 1


def test_an_escalation_that_wants_fewer_is_content_with_the_votes_there_are() -> None:
    chain = (Escalation(after=10, approvers=("boss",), quorum=1),)
    driver = office(12, approvers=("ann", "ben"), quorum=2, escalation=chain)
    driver.vote("ann")
    assert driver.calls == []
    driver.later(10)
    assert (driver.decision["verdict"], driver.decision["by"]) == ("approve", ["ann"])


def test_unsigned_votes_are_refused_where_signatures_are_wanted() -> None:
    driver = office(12, require_signed_decisions=True)
    assert driver.refused("ann") == "This request takes signed decisions only; 'signature' is missing."
    assert driver.refused("ann", signature="x", prepared={"refused": "It is forged."}) == "It is forged."


def test_secret_arguments_are_not_in_the_text_of_a_refusal() -> None:
    driver = office({"amount": 1, "token": "hush"}, options=ToolOptions(secrets=("token", "amount")))
    assert "4711" not in driver.refused("ann", "edit", arguments={"amount": 1, "token": 4711})
    assert "hush" not in driver.refused("ann", "edit", arguments={"amount": "hush"})
    data = driver.chat.log.at(driver.request()[1].offset).data
    assert isinstance(data, dict)
    # The fields are named all the same.
    assert driver.refused("ann", "edit", arguments={"token": "x"}).endswith("at $: there is no 'amount'")
    assert driver.refused("ann", "edit", arguments={"amount": "hush"}).endswith("at $.amount: expected type 'integer'")
    assert driver.refused("ann", "edit", arguments={"amount": 1, "amout": 2}).endswith("at $: it has no 'amout'")
    # Rules over the whole show the whole.
    data["schema"] = {"not": {"required": ["token"]}}
    assert "hush" not in driver.refused("ann", "edit", arguments={"amount": 1, "token": "hush"})


@pytest.mark.parametrize(
    ("verdict", "given", "text"),
    [
        ("approve", {"arguments": {"amount": 5}}, "takes no 'arguments'; to change them is the verdict 'edit'."),
        ("reject", {"arguments": {}}, "takes no 'arguments'; to change them is the verdict 'edit'."),
        ("approve", {"content": "fine"}, "takes no 'content', got 'fine'; say why with 'reason'."),
    ],
)
def test_nothing_a_vote_brings_is_dropped(verdict: str, given: dict[str, Any], text: str) -> None:
    driver = office(12)
    assert driver.refused("ann", verdict, **given) == f"The verdict {verdict!r} {text}"


def test_the_log_tells_who_tried_to_decide_what() -> None:
    driver = office(12, approvers=("ann",))
    name, request = driver.request()
    driver.refused(person("eve", "sales"), "reject")
    (entry,) = driver.entries("refused")
    told = {key: entry.data[key] for key in ("request", "verdict", "hash", "by")}
    assert told == {
        "request": name,
        "verdict": "reject",
        "hash": request.hash,
        "by": {"subject": "eve", "roles": ["sales"], "channel": "http"},
    }
    driver.refused("ann", "n" * 4000, hash="0")
    told = driver.entries("refused")[-1].data
    assert (told["verdict"], told["hash"], told["by"]) == ("n" * 200, "0", {"subject": "ann"})
