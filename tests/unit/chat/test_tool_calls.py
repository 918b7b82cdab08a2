"""Tools in a turn: the order of results, summaries, iterations, reflection, handoffs with siblings, odd call ids."""

from __future__ import annotations

from typing import Any

from folkmoot.agents import Handoff
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, agent, asks, dangling, said


def chat(max_turns: int = 1, **options: Any) -> Driver:
    """`a` has the tools `look` and `count`, and may hand over to `b`."""
    first = agent("a", tools=[Tool("look"), Tool("count")], handoffs=["b"], **options)
    return Driver(RoundRobinGroupChat([first, agent("b")], max_turns=max_turns))


def types(driver: Driver) -> list[str]:
    return [message["type"] for message in driver.messages()]


def test_one_tool_gives_request_execution_and_summary() -> None:
    driver = chat()
    driver.run("go", asks("look", usage=(5, 2)), "seen")
    assert types(driver)[1:] == ["ToolCallRequestEvent", "ToolCallExecutionEvent", "ToolCallSummaryMessage"]
    request, execution, summary = driver.messages()[1:]
    assert request["models_usage"] == {"prompt_tokens": 5, "completion_tokens": 2}
    result = {"content": "seen", "name": "look", "call_id": "id0", "is_error": False}
    assert execution["content"] == [result]
    assert (summary["content"], summary["results"], summary["tool_calls"]) == ("seen", [result], request["content"])


def test_tools_run_together_and_their_results_keep_the_order_of_the_calls() -> None:
    driver = chat()
    driver.run("go", asks("look", "count", "look"))
    assert [(call.kind, call.name, call.index) for call in driver.calls] == [
        ("tool", "look", 0),
        ("tool", "count", 1),
        ("tool", "look", 2),
    ]
    for call, content in [(driver.calls[2], "third"), (driver.calls[0], "first"), (driver.calls[1], "second")]:
        driver.finish(call, {"content": content})
    execution, summary = driver.messages()[-2:]
    assert [result["content"] for result in execution["content"]] == ["first", "second", "third"]
    assert summary["content"] == "first\nsecond\nthird"
    assert driver.chat.state.usage["a"].tool_calls == 3


def test_summary_format() -> None:
    driver = chat(tool_call_summary_format="{tool_name}({arguments})={result} {is_error}")
    driver.run("go", asks("look", "count"), "one", {"content": "two", "is_error": True})
    assert driver.messages()[-1]["content"] == "look({})=one False\ncount({})=two True"


def test_error_results_do_not_end_the_run() -> None:
    driver = chat(max_turns=2)
    driver.run("go", asks("look"), {"content": "Error: no such file", "is_error": True}, "fine")
    assert driver.chat.state.status == "stopped"
    assert driver.heard("b")[:2] == ["U: go", "U: Error: no such file"]


def test_others_hear_the_summary_and_the_speaker_its_calls() -> None:
    driver = chat(max_turns=2)
    driver.run("go", asks("look"), "seen")
    assert driver.heard("b") == ["U: go", "U: seen"]
    own = driver.view("a")
    assert [item["type"] for item in own] == ["UserMessage", "AssistantMessage", "FunctionExecutionResultMessage"]
    assert own[2]["content"][0]["content"] == "seen"


def test_thought_stays_with_the_calls() -> None:
    driver = chat()
    driver.run("go", asks("look", thought="hm"), "seen")
    assert driver.view("a")[1]["thought"] == "hm"
    assert types(driver)[1:3] == ["ThoughtEvent", "ToolCallRequestEvent"]
    assert len({message["id"] for message in driver.messages()}) == 5


def test_calls_with_one_id_are_told_apart_by_their_place() -> None:
    driver = chat(tool_call_summary_format="{tool_name}={result}")
    same = [{"id": "", "name": name, "arguments": "{}"} for name in ("look", "count")]
    driver.run("go", said(same), "one", "two")
    assert driver.messages()[-1]["content"] == "look=one\ncount=two"


def test_iterations_go_on_until_a_text() -> None:
    driver = chat(max_tool_iterations=3)
    driver.run("go", asks("look"), "one")
    assert (driver.calls[0].kind, driver.calls[0].reflect) == ("model", False)
    driver.answer(asks("count"), "two", "done")
    assert types(driver)[-1] == "TextMessage"
    assert driver.status == "idle"


def test_last_iteration_is_summed_up_alone() -> None:
    driver = chat(max_tool_iterations=2)
    driver.run("go", asks("look"), "one", asks("count"), "two")
    assert (types(driver)[-1], driver.messages()[-1]["content"]) == ("ToolCallSummaryMessage", "two")


def test_last_iteration_is_reflected_on_if_asked_for() -> None:
    driver = chat(max_tool_iterations=2, reflect_on_tool_use=True)
    driver.run("go", asks("look"), "one", asks("count"), "two")
    assert driver.calls[0].reflect
    driver.answer("both")
    assert driver.messages()[-1]["content"] == "both"
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F", "A", "F", "A"]


def test_iterations_start_anew_with_each_turn() -> None:
    driver = chat(max_turns=3, max_tool_iterations=2)
    driver.run("go", asks("look"), "one", asks("look"), "two", "b speaks", asks("look"), "three")
    assert (driver.calls[0].kind, driver.speaking) == ("model", ["a"])


def test_handoff_needs_no_call() -> None:
    driver = chat()
    driver.run("go", asks("transfer_to_b"))
    message = driver.messages()[-1]
    assert (message["type"], message["target"], message["context"]) == ("HandoffMessage", "b", [])
    assert message["content"] == "Transferred to b, adopting the role of b immediately."
    assert driver.status == "idle"
    assert dangling(driver.view("a")) == []


def test_sibling_tools_of_a_handoff_ride_along() -> None:
    driver = chat(max_turns=2)
    driver.run("go", asks("look", "transfer_to_b", "count"))
    assert [call.name for call in driver.calls] == ["look", "count"]
    driver.answer("one", "two")
    calls, results = driver.messages("HandoffMessage")[0]["context"]
    assert [call["name"] for call in calls["content"]] == ["look", "count"]
    assert [result["content"] for result in results["content"]] == ["one", "two"]
    heard = driver.view("b")
    assert [item["type"][0] for item in heard] == ["U", "A", "F", "U"]
    assert dangling(heard) == dangling(driver.view("a")) == []
    execution = driver.messages("ToolCallExecutionEvent")[0]["content"]
    assert [result["name"] for result in execution] == ["look", "transfer_to_b", "count"]


def test_handoff_beats_iterations_and_reflection_and_the_first_wins() -> None:
    first = agent(
        "a", handoffs=["b", Handoff("c", message="over to you")], reflect_on_tool_use=True, max_tool_iterations=5
    )
    driver = Driver(RoundRobinGroupChat([first, agent("b"), agent("c")], max_turns=1))
    driver.run("go", asks("transfer_to_c", "transfer_to_b"))
    (message,) = driver.messages("HandoffMessage")
    assert (message["target"], message["content"], message["context"]) == ("c", "over to you", [])
    assert driver.status == "idle"


def test_options_of_a_tool_travel_with_its_call() -> None:
    driver = chat()
    driver.run("go", asks("look", "count", policies={"1": {"retryable": False}}))
    assert [call.policy for call in driver.calls] == [None, {"retryable": False}]


def test_reply_with_no_calls_at_all_ends_the_turn() -> None:
    driver = chat()
    driver.run("go", said([]))
    assert (driver.status, driver.messages()[-1]["content"]) == ("idle", "")
