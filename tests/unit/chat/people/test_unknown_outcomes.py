"""Calls that must not be repeated and got lost: people say what became of them."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.calls import Failure
from folkmoot._chat.state import call_key
from folkmoot.agents import CodeExecutorAgent, CustomAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.options import ToolOptions
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import agent, said, task
from tests.unit.chat.people.office import Office, again, only_once, payer, pays, waiting

pytestmark = pytest.mark.filterwarnings("ignore:No approval function")

PROMPT = "The outcome of {} is unknown: its worker was lost. Did it succeed, did it fail, or is it to be run again?"
CODE = "```python\nprint(1)\n```"


def test_people_are_asked_what_became_of_a_tool_call() -> None:
    driver = waiting()
    (told,) = driver.pending
    assert (told["kind"], told["prompt"]) == ("outcome", PROMPT.format("the call of 'pay'"))
    assert (told["name"], told["arguments"]) == ("pay", '{"amount": 12}')
    assert told["verdicts"] == ["succeeded", "failed", "retry"]
    assert (driver.calls, driver.status, driver.chat.state.waiting_for) == ([], "waiting", ["outcome:a"])


def test_it_succeeded() -> None:
    driver = waiting()
    driver.vote("ann", "succeeded", content="receipt 7", comment="I called them.")
    assert driver.outcomes() == [("receipt 7", False)]
    assert (driver.decision["verdict"], driver.decision["by"]) == ("succeeded", ["ann"])
    driver.answer("done")
    assert driver.status == "idle"
    assert again(driver).chat.state.dump() == driver.chat.state.dump()


@pytest.mark.parametrize(("reason", "text"), [("no money", "ann: no money"), ("", "The call failed.")])
def test_it_failed(reason: str, text: str) -> None:
    driver = waiting()
    driver.vote("ann", "failed", reason=reason)
    assert driver.outcomes() == [(text, True)]


def test_it_is_run_again_as_the_same_call() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, options=only_once()))
    (first,) = driver.calls
    driver.lose(first)
    driver.vote("ann", "retry")
    assert driver.calls == [first]
    driver.answer("paid", "done")
    assert driver.outcomes() == [("paid", False)]


def test_lost_again_it_is_asked_again_under_another_id() -> None:
    driver = waiting()
    old, request = driver.request()
    driver.vote("ann", "retry")
    driver.lose()
    new, _ = driver.request()
    assert new != old
    late = driver.tell("decide", request=old, verdict="succeeded", content="x", hash=request.hash, by="ann")
    assert "it was settled (retry)" in late.data["error"]["message"]
    driver.vote("ben", "failed")
    assert driver.outcomes() == [("The call failed.", True)]


@pytest.mark.parametrize("verdict", ["approve", "reject", "edit", "answer"])
def test_other_verdicts_are_refused(verdict: str) -> None:
    text = waiting().refused("ann", verdict, content="x", arguments={"amount": 1})
    assert text.endswith(f"must be one of succeeded, failed, retry; got {verdict!r}.")


@pytest.mark.parametrize("content", [None, 5])
def test_a_success_needs_its_result(content: object) -> None:
    assert "needs a text as 'content'" in waiting().refused("ann", "succeeded", content=content)


def test_those_who_approve_of_the_call_say_what_became_of_it() -> None:
    policy = ApprovalPolicy(
        approvers=("ann", "ben"),
        quorum=2,
        deadline=10,
        reminders=(3,),
        exclude_requester=True,
        require_signed_decisions=True,
    )
    driver = Office(payer())
    driver.tell("run", task=[task()], by="ben")
    driver.answer(pays(12, options=only_once(approval=policy)))
    driver.lose()
    driver.later(100)
    assert [entry.data["number"] for entry in driver.entries("reminded")] == [1]
    assert driver.pending[0]["deadline"] is None, "only people know"
    # As a worker finds them out of the signature.
    looked_at: dict[str, Any] = {"signature": "x", "prepared": {"roles": []}}
    assert "may not decide" in driver.refused("eve", "retry", **looked_at)
    assert "'ben' asked for this run" in driver.refused("ben", "retry", **looked_at)
    assert "signed decisions only" in driver.refused("ann", "retry")
    assert "not checked" in driver.refused("ann", "retry", signature="x")
    driver.vote("ann", "retry", **looked_at)
    assert len(driver.calls) == 1


def test_one_call_of_several_is_asked_about_and_the_others_go_on() -> None:
    driver = Office(payer())
    driver.run("go", pays(1, 2, 3, options=only_once()))
    driver.lose(driver.calls[1])
    driver.lose(driver.calls[1])
    assert [item.get("index", 0) for item in driver.pending] == [1, 2]
    driver.answer("paid 1")
    driver.vote("ann", "retry", index=1)
    assert [call.index for call in driver.calls] == [2]
    driver.vote("ann", "succeeded", content="paid 2")
    driver.answer("paid 3")
    results = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert [result["content"] for result in results] == ["paid 1", "paid 2", "paid 3"]


def test_an_approved_call_is_run_again_with_what_was_approved_of() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, policy=ApprovalPolicy(), options=only_once()))
    driver.vote("ann", "edit", arguments={"amount": 5})
    (first,) = driver.calls
    driver.lose()
    assert driver.pending[0]["arguments"] == '{"amount": 5}', "what was called with"
    driver.vote("ben", "retry")
    assert driver.calls == [first]


def test_it_is_asked_while_the_chat_is_paused_and_goes_on_after_it() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, options=only_once()))
    (first,) = driver.calls
    driver.tell("pause", now=True)
    driver.flying[first.key] = first
    driver.lose(first, "it was cancelled.")
    assert (driver.status, [item["kind"] for item in driver.pending]) == ("paused", ["outcome"])
    driver.tell("resume")
    assert driver.calls == []
    driver.vote("ann", "retry")
    assert driver.calls == [first]


# --- Code and custom agents -------------------------------------------------------------------------------------------


def coder(model: bool) -> Office:
    options = {"model_client": "scripted"} if model else {}
    runner = CodeExecutorAgent("run", LocalCommandLineCodeExecutor(), options=only_once(), **options)
    driver = Office(RoundRobinGroupChat([runner, agent("b")], max_turns=1))
    driver.run("go", *([said(CODE)] if model else []))
    assert [(call.kind, call.name) for call in driver.calls] == [("code", "run")]
    return driver


@pytest.mark.parametrize("model", [False, True])
def test_code_that_ran_or_did_not(model: bool) -> None:
    for verdict, more, code, text in (
        ("succeeded", {"content": "1\n"}, 0, "1\n"),
        ("failed", {"reason": "the disk was full"}, 1, "ann: the disk was full"),
    ):
        driver = coder(model)
        driver.lose()
        assert driver.pending[0]["prompt"] == PROMPT.format("the code of 'run'")
        driver.vote("ann", verdict, **more)
        if model:
            (event,) = driver.messages("CodeExecutionEvent")
            assert (event["result"]["exit_code"], event["result"]["output"]) == (code, text)
            assert [call.name for call in driver.calls] == ["reflect"]
        else:
            assert driver.spoken()[-1] == f"run: {text}"


@pytest.mark.parametrize("model", [False, True])
def test_code_is_run_again_as_the_same_call(model: bool) -> None:
    driver = coder(model)
    (first,) = driver.calls
    driver.lose()
    driver.vote("ann", "retry")
    assert driver.calls == [first]


def custom() -> Office:
    driver = Office(RoundRobinGroupChat([CustomAgent("own", options=only_once()), agent("b")], max_turns=1))
    driver.run("go")
    (call,) = driver.calls
    assert (call.kind, call.once) == ("agent", True)
    return driver


def test_a_custom_agents_turn_that_was_taken_or_not() -> None:
    driver = custom()
    driver.lose()
    assert driver.pending[0]["prompt"] == PROMPT.format("the agent of 'own'")
    driver.vote("ann", "succeeded", content="I have done it.")
    assert driver.spoken()[-1] == "own: I have done it."
    driver = custom()
    driver.lose()
    driver.vote("ann", "failed", reason="it crashed")
    assert driver.chat.state.error == {"agent": "own", "type": "UnknownOutcomeError", "message": "ann: it crashed"}


def test_a_custom_agents_turn_is_taken_again_as_the_same_call() -> None:
    driver = custom()
    (first,) = driver.calls
    driver.lose()
    driver.vote("ann", "retry")
    assert driver.calls == [first]


@pytest.mark.parametrize("make", [custom, lambda: coder(False), lambda: coder(True)])
def test_what_is_said_now_does_not_make_a_lost_call_again(make: object) -> None:
    driver = make()
    driver.lose()
    driver.tell("say", task=[task("Hurry up!")], when="now")
    assert [call for call in driver.calls if call.once] == []


def test_a_late_result_of_what_people_decided_is_kept_for_the_audit_only() -> None:
    driver = Office(payer())
    driver.run("go", pays(12, options=only_once()))
    (first,) = driver.calls
    driver.lose()
    driver.vote("ann", "succeeded", content="receipt 7")
    driver.finish(first, {"content": "receipt 8"})
    assert driver.outcomes() == [("receipt 7", False)]
    assert driver.entries("late")[0].data["call"] == call_key("tool", first.need, 0)


def test_an_ordinary_failure_is_none_of_an_unknown_outcome() -> None:
    driver = custom()
    driver.answer(Failure("ValueError", "no"))
    assert (driver.pending, driver.chat.state.error) == ([], {"agent": "own", "type": "ValueError", "message": "no"})


def test_options_that_would_be_ignored_are_refused() -> None:
    approving = ToolOptions(approval=ApprovalPolicy())
    with pytest.raises(ValueError, match="approval is one of tools"):
        CustomAgent("own", options=approving)
    with pytest.raises(ValueError, match="approval is one of tools"):
        CodeExecutorAgent("run", LocalCommandLineCodeExecutor(), options=approving)
