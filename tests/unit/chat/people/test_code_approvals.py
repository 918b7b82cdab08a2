"""Code that people look at before it runs: with a model and without, changed, refused, answered, tried again."""

from __future__ import annotations

import json

import pytest

from folkmoot.agents import CodeExecutorAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import Json, agent, said
from tests.unit.chat.people.office import Office, again

FIRST = "```python\nprint(1)\n```"
SECOND = "```sh\nls\n```"
BLOCKS = [{"code": "print(1)\n", "language": "python"}]
OTHER = [{"code": "print(2)\n", "language": "python"}]
SHELL = {"properties": {"code_blocks": {"contains": {"properties": {"language": {"const": "sh"}}}}}}
PYTHON = {"properties": {"code_blocks": {"contains": {"properties": {"language": {"const": "python"}}}}}}


def runner(policy: ApprovalPolicy, **options: object) -> Office:
    executor = LocalCommandLineCodeExecutor()
    spec = CodeExecutorAgent("run", executor, approval=policy, **options)
    return Office(RoundRobinGroupChat([spec, agent("b")], max_turns=1))


def heard(policy: ApprovalPolicy | None = None, **options: object) -> Office:
    """Without a model: the code was found in the task."""
    driver = runner(policy or ApprovalPolicy(), **options)
    driver.run(FIRST)
    return driver


def wrote(policy: ApprovalPolicy | None = None, **options: object) -> Office:
    """With a model that wrote code."""
    driver = runner(policy or ApprovalPolicy(), model_client="scripted", **options)
    driver.run("go", said(FIRST))
    return driver


def ran(output: str, code: int = 0) -> Json:
    return {"exit_code": code, "output": output}


def runs(driver: Office) -> list[Json]:
    """What the code call in flight runs, as its activity finds it."""
    (call,) = driver.calls
    assert (call.kind, call.name) == ("code", "run")
    changed = driver.chat.log.at(call.let).data.get("arguments") if call.let else None
    if changed is not None:
        return json.loads(changed)["code_blocks"]
    data = driver.chat.log.at(call.index).data
    return data.get("message", data)["code_blocks"]


def test_what_was_heard_is_found_first_and_then_asked_about() -> None:
    driver = heard()
    (call,) = driver.calls
    assert (call.name, driver.pending) == ("find", [])
    driver.finish(call, {"code_blocks": BLOCKS})
    (told,) = driver.pending
    assert (told["kind"], told["path"], told["prompt"]) == ("code", "run", "run wants to run code.")
    assert json.loads(told["arguments"]) == {"code_blocks": BLOCKS}
    assert (told["verdicts"], driver.calls) == (["approve", "reject", "edit", "answer"], [])
    driver.vote("ann")
    assert runs(driver) == BLOCKS
    driver.answer(ran("1\n"))
    assert driver.spoken()[-1] == "run: 1\n"
    assert again(driver).chat.state.dump() == driver.chat.state.dump()


def test_where_no_code_was_heard_nobody_is_asked() -> None:
    driver = heard()
    driver.finish(driver.calls[0], {"none": True})
    assert driver.spoken()[-1] == f"run: {CodeExecutorAgent.NO_CODE_BLOCKS_FOUND_MESSAGE}"
    assert driver.entries("request") == []


def test_what_a_model_wrote_is_asked_about() -> None:
    driver = wrote()
    assert json.loads(driver.pending[0]["arguments"]) == {"code_blocks": BLOCKS}
    driver.vote("ann")
    assert runs(driver) == BLOCKS
    driver.answer(ran("1\n"), "It says 1.")
    assert driver.spoken()[-1] == "run: It says 1."


@pytest.mark.parametrize("how", [heard, wrote])
def test_changed_code_is_what_runs(how: object) -> None:
    driver = how()
    if not driver.pending:
        driver.finish(driver.calls[0], {"code_blocks": BLOCKS})
    driver.vote("ann", "edit", arguments={"code_blocks": OTHER})
    assert runs(driver) == OTHER


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"code_blocks": []},
        {"code_blocks": ["ls"]},
        {"code_blocks": [{"code": "ls"}]},
        {"code_blocks": [{"code": "ls", "language": "sh", "cwd": "/"}]},
        {"code_blocks": OTHER, "more": 1},
    ],
)
def test_changed_code_must_be_code(arguments: Json) -> None:
    assert "do not fit" in wrote().refused("ann", "edit", arguments=arguments)


def test_rejected_code_does_not_run() -> None:
    driver = heard()
    driver.finish(driver.calls[0], {"code_blocks": BLOCKS})
    driver.vote("ann", "reject", reason="it deletes")
    assert driver.spoken()[-1] == "run: Code execution was not approved. Reason: Rejected by ann: it deletes"
    driver = wrote()
    driver.vote("ann", "reject", reason="it deletes")
    (event,) = driver.messages("CodeExecutionEvent")
    assert event["result"] == {
        "exit_code": 1,
        "output": "Code execution was not approved. Reason: Rejected by ann: it deletes",
    }
    assert [call.name for call in driver.calls] == ["reflect"]


def test_rejected_code_may_be_written_anew_and_is_asked_about_anew() -> None:
    driver = wrote(max_retries_on_error=1)
    old = driver.request()[0]
    driver.vote("ann", "reject")
    assert [call.name for call in driver.calls] == ["retry"]
    driver.answer(said(json.dumps({"retry": True, "reason": "milder"})), said(SECOND))
    new, _ = driver.request()
    assert (new != old, driver.calls) == (True, [])
    assert json.loads(driver.pending[0]["arguments"])["code_blocks"] == [{"code": "ls\n", "language": "sh"}]
    driver.vote("ann")
    assert runs(driver) == [{"code": "ls\n", "language": "sh"}]


def test_somebody_runs_it_in_its_place() -> None:
    driver = wrote()
    driver.vote("ann", "answer", content="2\n")
    (event,) = driver.messages("CodeExecutionEvent")
    assert event["result"] == {"exit_code": 0, "output": "2\n"}
    driver = heard()
    driver.finish(driver.calls[0], {"code_blocks": BLOCKS})
    driver.vote("ann", "answer", content="2\n")
    assert driver.spoken()[-1] == "run: 2\n"


def test_only_code_that_matches_is_asked_about() -> None:
    driver = wrote(ApprovalPolicy(SHELL))
    assert (driver.pending, runs(driver)) == ([], BLOCKS)
    driver = runner(ApprovalPolicy(SHELL), model_client="scripted")
    driver.run("go", said(SECOND))
    assert (len(driver.pending), driver.calls) == (1, [])


def test_an_approval_of_the_first_attempt_is_none_of_the_second() -> None:
    driver = wrote(ApprovalPolicy(PYTHON), max_retries_on_error=1)
    driver.vote("ann", "edit", arguments={"code_blocks": OTHER})
    assert runs(driver) == OTHER
    driver.answer(ran("no", 1), said(json.dumps({"retry": True, "reason": "x"})), said(SECOND))
    assert driver.pending == []
    assert runs(driver) == [{"code": "ls\n", "language": "sh"}], "not the code of the first attempt"


def test_a_condition_that_cannot_be_looked_at_asks() -> None:
    driver = wrote(ApprovalPolicy({"$ref": "#/nowhere"}))
    assert (driver.chat.state.error, len(driver.pending), driver.calls) == (None, 1, [])


@pytest.mark.parametrize("approved", [True, False])
def test_people_are_asked_after_the_approval_function(approved: bool) -> None:
    driver = wrote(approval_func="look")
    assert [call.name for call in driver.calls] == ["approve"]
    assert driver.pending == []
    driver.answer({"approved": approved, "reason": "well"})
    assert len(driver.pending) == approved
    assert driver.entries("decided") == []
    driver = heard(approval_func="look")
    driver.answer({"approved": approved, "reason": "well"})
    assert [call.name for call in driver.calls] == (["find"] if approved else [])


def test_a_deadline_rejects_code() -> None:
    driver = wrote(ApprovalPolicy(deadline=5))
    driver.later(5)
    (event,) = driver.messages("CodeExecutionEvent")
    assert event["result"]["output"] == "Code execution was not approved. Reason: Rejected: nobody decided in time."


def test_two_votes_for_code() -> None:
    driver = wrote(ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2))
    driver.vote("ann")
    driver.vote("ben", "edit", arguments={"code_blocks": OTHER})
    assert driver.calls == []
    driver.vote("cat")
    assert runs(driver) == OTHER
