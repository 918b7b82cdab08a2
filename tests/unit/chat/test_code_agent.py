"""A code executor's turn: code is written, approved, run, tried again and put into words; no step is made twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot.agents import CodeExecutorAgent
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import Driver, Failure, Json, agent, said

pytestmark = pytest.mark.filterwarnings("ignore:No approval function")

CODE = "Look:\n```python\nprint(1)\n```"
BLOCKS = [{"code": "print(1)\n", "language": "python"}]


def chat(**options: Any) -> Driver:
    """The runner, then `b`."""
    runner = CodeExecutorAgent("run", LocalCommandLineCodeExecutor(), **options)
    return Driver(RoundRobinGroupChat([runner, agent("b")], max_turns=2))


def coder(retries: int = 0, **options: Any) -> Driver:
    """A runner whose model writes the code, and may try again."""
    driver = chat(model_client="scripted", max_retries_on_error=retries, **options)
    driver.run("go")
    return driver


def ran(output: str, code: int = 0) -> Json:
    return {"exit_code": code, "output": output}


def verdict(retry: bool, reason: str = "a slip", **more: Any) -> Json:
    return said(json.dumps({"retry": retry, "reason": reason}), **more)


def step(driver: Driver) -> tuple[str, str]:
    """What is wanted now."""
    (call,) = driver.calls
    return call.kind, call.name


def types(driver: Driver) -> list[str]:
    return [message["type"] for message in driver.messages()][1:]


def test_without_a_model_the_code_that_was_heard_is_run() -> None:
    driver = chat()
    driver.run("go")
    assert step(driver) == ("code", "run")
    driver.finish(driver.calls[0], ran("1\n"))
    assert driver.heard("b") == ["U: go", "U: 1\n"]


def test_without_a_model_and_without_code_the_answer_is_fixed() -> None:
    driver = chat()
    driver.run("go")
    driver.finish(driver.calls[0], {"none": True})
    assert driver.spoken()[-1] == f"run: {CodeExecutorAgent.NO_CODE_BLOCKS_FOUND_MESSAGE}"


def test_without_a_model_the_output_of_code_that_failed_is_the_answer() -> None:
    driver = chat()
    driver.run("go")
    driver.finish(driver.calls[0], ran("it failed", 1))
    assert driver.spoken()[-1] == "run: it failed"


def test_approval_comes_first_and_is_asked_once() -> None:
    driver = chat(approval_func="approve")
    driver.run("go")
    assert step(driver) == ("code", "approve")
    driver.finish(driver.calls[0], {"approved": True, "reason": "fine"})
    assert step(driver) == ("code", "run")
    driver.finish(driver.calls[0], ran("1"))
    assert driver.spoken()[-1] == "run: 1"


def test_code_that_is_not_approved_is_not_run() -> None:
    driver = chat(approval_func="approve")
    driver.run("go")
    driver.finish(driver.calls[0], {"approved": False, "reason": "too risky"})
    assert driver.spoken()[-1] == "run: Code execution was not approved. Reason: too risky"
    assert driver.speaking == ["b"]


def test_there_is_nothing_to_approve_without_code() -> None:
    driver = chat(approval_func="approve")
    driver.run("go")
    driver.finish(driver.calls[0], {"none": True})
    assert driver.spoken()[-1].startswith("run: No code blocks found in the thread.")


def test_a_model_writes_code_sees_what_it_did_and_puts_it_into_words() -> None:
    driver = coder()
    assert step(driver) == ("model", "")
    driver.answer(said(CODE, usage=(5, 2)))
    assert step(driver) == ("code", "run")
    driver.finish(driver.calls[0], ran("1\n"))
    assert step(driver) == ("model", "reflect")
    assert driver.heard("run") == ["U: go", f"A: {CODE}", "U: 1\n"]
    driver.answer(said("It is 1.", usage=(7, 3)))
    assert types(driver) == ["CodeGenerationEvent", "CodeExecutionEvent", "TextMessage"]
    wrote, did, answer = driver.messages()[1:]
    assert (wrote["code_blocks"], wrote["retry_attempt"]) == (BLOCKS, 0)
    assert did["result"] == ran("1\n")
    assert (answer["content"], answer["models_usage"]["prompt_tokens"]) == ("It is 1.", 7)
    assert driver.heard("b") == ["U: go", "U: It is 1."]
    assert driver.chat.state.usage["run"].told == {
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "model_calls": 2,
        "tool_calls": 0,
    }


def test_a_model_that_writes_no_code_has_answered() -> None:
    driver = coder()
    driver.answer(said("No need.", usage=(5, 2)))
    assert types(driver) == ["TextMessage"]
    assert driver.messages()[-1]["models_usage"] is None, "AutoGen does not say it"
    assert driver.chat.state.usage["run"].prompt_tokens == 5


def test_a_thought_is_an_event_of_its_own() -> None:
    driver = coder()
    driver.answer(said(CODE, thought="hm"))
    assert types(driver) == ["ThoughtEvent", "CodeGenerationEvent"]
    ids = [message["id"] for message in driver.messages()]
    assert len(set(ids)) == len(ids)


def test_code_that_failed_is_tried_again_if_the_model_says_so() -> None:
    driver = coder(retries=2)
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    assert step(driver) == ("model", "retry")
    driver.answer(verdict(True, "a slip", usage=(4, 1)))
    assert step(driver) == ("model", "")
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("1"))
    assert step(driver) == ("model", "reflect")
    driver.answer("It is 1.")
    assert types(driver) == [
        "CodeGenerationEvent",
        "CodeExecutionEvent",
        "CodeGenerationEvent",
        "CodeGenerationEvent",
        "CodeExecutionEvent",
        "TextMessage",
    ]
    tried = driver.messages("CodeGenerationEvent")
    assert [event["retry_attempt"] for event in tried] == [0, 0, 1]
    assert tried[1]["content"] == "Attempt number: 1\nProposed correction: a slip"
    assert driver.chat.state.usage["run"].model_calls == 4
    ids = [message["id"] for message in driver.messages()]
    assert len(set(ids)) == len(ids)


def test_the_decision_to_try_again_is_no_part_of_the_context() -> None:
    driver = coder(retries=1)
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    driver.answer(verdict(True))
    assert driver.heard("run") == ["U: go", f"A: {CODE}", "U: oh"]


def test_a_model_that_gives_up_reflects() -> None:
    driver = coder(retries=1)
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    driver.answer(verdict(False))
    assert step(driver) == ("model", "reflect")


def test_attempts_are_limited() -> None:
    driver = coder(retries=1)
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    driver.answer(verdict(True), CODE)
    driver.finish(driver.calls[0], ran("oh again", 1))
    assert step(driver) == ("model", "reflect"), "no second question"


def test_without_retries_code_that_failed_is_reflected_on() -> None:
    driver = coder()
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    assert step(driver) == ("model", "reflect")


def test_code_of_a_model_that_is_not_approved_counts_as_failed() -> None:
    driver = coder(approval_func="approve")
    driver.answer(CODE)
    assert step(driver) == ("code", "approve")
    driver.finish(driver.calls[0], {"approved": False, "reason": "no"})
    assert driver.messages()[-1]["result"] == ran("Code execution was not approved. Reason: no", 1)
    assert step(driver) == ("model", "reflect")


@pytest.mark.parametrize("text", ["no", "[]", '{"retry": true}', "7"])
def test_a_decision_that_is_none_ends_the_run_with_a_clear_error(text: str) -> None:
    driver = coder(retries=1)
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("oh", 1))
    driver.answer(text)
    error = driver.chat.state.error
    assert error is not None
    assert (error["agent"], error["type"]) == ("run", "ModelOutputError")


def test_a_cancel_ends_the_run_and_the_next_turn_begins_with_what_was_done_in_its_context() -> None:
    driver = coder()
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("1"))
    driver.tell("cancel")
    driver.run(None)
    assert step(driver) == ("model", "")
    assert driver.heard("run") == ["U: go", f"A: {CODE}", "U: 1"]


def test_a_reflection_that_fails_runs_no_code_again_by_itself() -> None:
    driver = coder()
    driver.answer(CODE)
    driver.finish(driver.calls[0], ran("1"))
    driver.answer(Failure("ModelCallError", "gone"))
    assert driver.chat.state.status == "failed"
    driver.run(None)
    assert step(driver)[0] == "model"


def test_a_pause_between_two_steps() -> None:
    driver = coder()
    driver.tell("pause")
    driver.answer(CODE)
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert step(driver) == ("code", "run")
