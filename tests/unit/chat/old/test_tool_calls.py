"""Tool calls in old messages: whose turn they are part of, and what becomes of those without a result."""

from __future__ import annotations

import pytest

from folkmoot.agents import AssistantAgent, UserProxyAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.options import ToolOptions
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SelectorGroupChat
from folkmoot.tools import AgentTool, Tool
from folkmoot.workbench import NamedWorkbench, StaticWorkbench
from tests.unit.chat.driver import Driver, agent, dangling
from tests.unit.chat.old.stage import asked, by, calls, came, chat, going_on, handoff, old, results


def looking(**options: object) -> AssistantAgent:
    return agent("a", tools=[Tool("look"), Tool("dig")], **options)


def pair(**options: object) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([looking(**options), agent("b")])


def kinds(driver: Driver, name: str) -> list[str]:
    """The types of an agent's context, by their first letters."""
    return [item["type"][0] for item in driver.view(name)]


def test_calls_results_and_summary_of_autogen_are_one_turn() -> None:
    summary = chat(
        "a",
        "look done",
        "ToolCallSummaryMessage",
        tool_calls=asked("a", "look")["content"],
        results=came("a", "look")["content"],
    )
    driver = going_on(old(pair(), [chat("user", "go"), asked("a", "look"), came("a", "look"), summary]))
    assert len(driver.entries("turn")) == 1
    assert driver.messages("ToolCallSummaryMessage") == [summary]
    assert driver.messages("ToolCallRequestEvent") == [asked("a", "look")]
    assert driver.messages("ToolCallExecutionEvent") == [came("a", "look")]
    driver.run(None)
    assert driver.heard("b") == ["U: go", "U: look done"]
    assert [item["type"] for item in driver.view("a")][1:] == ["AssistantMessage", "FunctionExecutionResultMessage"]


def test_a_summary_of_some_of_the_calls_stays_as_it_is() -> None:
    summary = chat(
        "a",
        "dig done",
        "ToolCallSummaryMessage",
        tool_calls=asked("a", "dig")["content"],
        results=came("a", "dig")["content"],
    )
    both = [asked("a", "look", "dig", ids="d"), came("a", "look", "dig", ids="d")]
    driver = going_on(old(pair(), [chat("user", "go"), *both, summary]))
    assert driver.messages("ToolCallSummaryMessage") == [summary]
    assert kinds(driver, "a") == ["U", "A", "F"]
    without = {**summary, "results": []}
    assert kinds(going_on(old(pair(), [chat("user", "go"), without])), "a") == ["U"]


def test_results_are_worded_as_the_agent_words_them() -> None:
    spec = pair(tool_call_summary_format="{tool_name}: {result}")
    driver = going_on(old(spec, [chat("user", "go"), asked("a", "look"), came("a", "look")]))
    assert driver.messages("ToolCallSummaryMessage")[0]["content"] == "look: look done"


def test_calls_of_an_agent_without_tools_of_its_own_are_kept_and_its_pending_ones_run_by_others() -> None:
    spec = RoundRobinGroupChat([UserProxyAgent("person"), looking()])
    resumed = old(spec, [by("user", "go"), calls("person", "look"), results("person", look="42"), by("a", "So.")])
    assert going_on(resumed).messages("ToolCallSummaryMessage")[0]["content"] == "42"
    resumed = old(spec, [by("user", "go"), calls("person", "look"), results("person", look="42")])
    assert resumed.next == ("a",)
    assert [call.path for call in old(spec, [by("user", "go"), calls("person", "look")]).pending] == ["a"]
    with pytest.raises(ValueError, match="Tools are known of person: none; a: look, dig"):
        old(spec, [by("user", "go"), calls("person", "fly")])


def test_calls_before_the_last_message_must_be_their_askers_own() -> None:
    spec = RoundRobinGroupChat([agent("a"), looking_b()])
    with pytest.raises(ValueError, match="The messages end with calls of dig by 'a', and no participant can"):
        old(spec, [by("user", "go"), calls("a", "look", "dig"), results("b", look="42")])


def looking_b() -> AssistantAgent:
    return agent("b", tools=[Tool("look"), Tool("dig")])


def test_a_summary_alone_gives_its_speaker_the_calls_back() -> None:
    summary = chat(
        "a",
        "look done",
        "ToolCallSummaryMessage",
        tool_calls=asked("a", "look")["content"],
        results=came("a", "look")["content"],
    )
    driver = going_on(old(pair(), [chat("user", "go"), summary]))
    assert kinds(driver, "a") == ["U", "A", "F"]
    assert driver.messages("ToolCallSummaryMessage") == [summary]


def test_in_dictionaries_another_agent_ran_the_call_and_the_caller_has_the_result() -> None:
    messages = [
        by("user", "go"),
        calls("a", "look", content="Let me see."),
        results("b", look="42"),
        by("a", "It is 42."),
    ]
    resumed = old(pair(), messages)
    assert (resumed.last_speaker, resumed.next, resumed.warnings) == ("a", ("b",), [])
    driver = going_on(resumed)
    driver.run(None)
    assert kinds(driver, "a") == ["U", "A", "F", "A"]
    assert driver.view("a")[1]["thought"] == "Let me see."
    assert driver.heard("b") == ["U: go", "U: It is 42."]


def test_who_asked_reads_results_that_nobody_has_spoken_of() -> None:
    resumed = old(pair(), [by("user", "go"), calls("a", "look"), results("b", look="42")])
    assert resumed.next == ("a",)
    driver = going_on(resumed)
    driver.run(None)
    assert [call.kind for call in driver.calls] == ["model"]
    assert kinds(driver, "a") == ["U", "A", "F"]
    driver.answer("It is 42.")
    assert driver.heard("b") == ["U: go", "U: It is 42."]


def test_results_of_autogen_at_the_end_are_shown_or_reflected_on_as_the_agent_does() -> None:
    messages = [chat("user", "go"), asked("a", "look"), came("a", "look")]
    resumed = old(pair(), messages)
    assert (resumed.next, going_on(resumed).messages("ToolCallSummaryMessage")[0]["content"]) == (("b",), "look done")
    assert old(pair(reflect_on_tool_use=True), messages).next == ("a",)
    assert old(pair(max_tool_iterations=2), messages).next == ("a",)


def test_a_handoff_among_calls_is_the_answer() -> None:
    spec = RoundRobinGroupChat([agent("a", tools=[Tool("look")], handoffs=["b"]), agent("b")])
    both = [asked("a", "look", "transfer_to_b"), came("a", "look", "transfer_to_b")]
    (message,) = going_on(old(spec, [chat("user", "go"), *both])).messages("HandoffMessage")
    assert message["target"] == "b"
    assert [call["name"] for call in message["context"][0]["content"]] == ["look"]


def test_results_nobody_spoke_of_are_shown_before_another_speaks() -> None:
    messages = [by("user", "go"), calls("a", "look", "dig"), results("b", look="42", dig="7"), by("b", "Well.")]
    driver = going_on(old(pair(), messages))
    driver.run(None)
    assert driver.heard("b") == ["U: go", "U: 42\n7", "A: Well."]


def test_single_results_in_the_form_of_openai_are_collected() -> None:
    messages = [
        by("user", "go"),
        calls("a", "look", "dig"),
        {"role": "tool", "tool_call_id": "call_dig", "content": "7", "name": "dig"},
        {"role": "tool", "tool_call_id": "call_look", "content": "42"},
        by("a", "Both."),
    ]
    driver = going_on(old(pair(), messages))
    (event,) = driver.messages("ToolCallExecutionEvent")
    assert [(result["name"], result["content"]) for result in event["content"]] == [("look", "42"), ("dig", "7")]
    assert dangling(driver.view("a")) == []


def test_the_older_form_of_one_function_call() -> None:
    messages = [
        by("user", "go"),
        {"role": "assistant", "name": "a", "content": "", "function_call": {"name": "look", "arguments": {"at": 1}}},
        {"role": "function", "name": "look", "content": "42"},
        by("a", "It is 42."),
    ]
    driver = going_on(old(pair(), messages))
    assert driver.view("a")[1]["content"] == [{"id": "call_1", "name": "look", "arguments": '{"at": 1}'}]
    assert driver.view("a")[2]["content"][0]["content"] == "42"


def test_calls_without_results_in_the_middle_count_as_cancelled() -> None:
    resumed = old(pair(), [by("user", "go"), calls("a", "look"), by("b", "Never mind."), by("a", "Well.")])
    assert resumed.warnings == [
        "messages[1]: no result followed on the calls of look by 'a'; they count as cancelled.",
    ]
    driver = going_on(resumed)
    driver.run(None)
    assert dangling(driver.view("a")) == []
    assert driver.view("a")[2]["content"][0]["is_error"]


def test_results_without_calls_are_said_or_left_out_with_a_warning() -> None:
    resumed = old(pair(), [results("b", look="42"), by("a", "It is 42.")])
    assert resumed.warnings == [
        "messages[0]: results of call_look, which no message before asks for, are taken as what 'b' said."
    ]
    assert going_on(resumed).spoken() == ["b: 42", "a: It is 42."]
    resumed = old(pair(), [came("a", "look"), chat("a", "It is.")])
    assert resumed.warnings == ["messages[0]: results of c0, which no message before asks for, are left out."]


# --- Pending calls ---------------------------------------------------------------------------------------------------


def test_a_pending_call_is_run_by_who_asked_and_then_the_turn_goes_on() -> None:
    resumed = old(pair(), [by("user", "go"), by("b", "hm"), calls("a", "look", content="I look.")])
    assert [(call.path, call.id, call.name) for call in resumed.pending] == [("a", "call_look", "look")]
    assert (resumed.next, resumed.last_speaker) == (("a",), "a")
    driver = going_on(resumed)
    assert (driver.status, driver.speaking) == ("running", ["a"])
    assert [(call.kind, call.name, call.index) for call in driver.calls] == [("tool", "look", 0)]
    driver.answer("42")
    assert driver.messages("ToolCallSummaryMessage")[0]["content"] == "42"
    assert driver.speaking == ["b"]
    assert kinds(driver, "a") == ["U", "U", "A", "F"]
    assert driver.heard("b")[-1] == "U: 42"


def test_conditions_begin_anew_with_a_pending_call() -> None:
    spec = RoundRobinGroupChat([looking(), agent("b")], termination_condition=MaxMessageTermination(2), max_turns=5)
    driver = going_on(old(spec, [by("user", "go"), by("a", "1"), by("b", "2"), calls("a", "look")]))
    driver.answer("42", "seen")
    assert driver.stop_reason == "Maximum number of messages 2 reached, current message count: 2"


def test_only_results_that_are_missing_are_fetched() -> None:
    messages = [by("user", "go"), calls("a", "look", "dig"), results("b", dig="7")]
    resumed = old(pair(), messages)
    assert [call.name for call in resumed.pending] == ["look"]
    driver = going_on(resumed)
    driver.answer("42")
    assert driver.messages("ToolCallSummaryMessage")[0]["content"] == "42\n7"


def test_a_pending_handoff_needs_no_worker() -> None:
    spec = SelectorGroupChat([agent("a", handoffs=["b"]), agent("b")], "scripted")
    driver = going_on(old(spec, [chat("user", "go"), asked("a", "transfer_to_b")]))
    assert driver.messages("HandoffMessage")[0]["target"] == "b"
    assert driver.speaking == ["b"]


def test_a_pending_agent_as_a_tool_begins_to_work() -> None:
    spec = RoundRobinGroupChat([agent("a", tools=[AgentTool(agent("helper"))]), agent("b")])
    driver = going_on(old(spec, [by("user", "go"), calls("a", "helper", arguments='{"task": "help"}')]))
    assert driver.speaking == ["a", "a/helper/helper"]


def test_a_pending_call_goes_to_the_only_other_who_can_run_it() -> None:
    spec = RoundRobinGroupChat([agent("a"), agent("b"), agent("c", tools=[Tool("look")])])
    resumed = old(spec, [by("user", "go"), calls("a", "look", content="Somebody look.")])
    assert [call.path for call in resumed.pending] == ["c"]
    assert resumed.warnings == ["messages[1]: the calls that 'a' asked for are run by 'c', who can."]
    driver = going_on(resumed)
    assert driver.spoken() == ["user: go", "a: Somebody look."]
    driver.answer("42")
    assert driver.speaking == ["a"]
    assert driver.heard("a") == ["U: go", "A: Somebody look.", "U: 42"]
    assert kinds(driver, "c") == ["U", "U", "A", "F"]


@pytest.mark.parametrize(
    ("others", "who"),
    [([[], []], "no participant can"), ([["look"], ["look"]], "b, c can"), ([["look"], ["dig"]], None)],
)
def test_a_pending_call_nobody_or_several_can_run_is_refused(others: list[list[str]], who: str | None) -> None:
    members = [agent(name, tools=[Tool(tool) for tool in tools]) for name, tools in zip("bc", others, strict=True)]
    spec = RoundRobinGroupChat([agent("a"), *members])
    tools = ("look", "dig") if who is None else ("look",)
    with pytest.raises(ValueError, match="where exactly one must") as refused:
        old(spec, [by("user", "go"), calls("a", *tools)])
    text = str(refused.value)
    assert text.startswith(
        f"The messages end with calls of {', '.join(tools)} by 'a', and {who or 'no participant can'}"
    )
    known = "; ".join(f"{name}: {', '.join(tools) or 'none'}" for name, tools in zip("bc", others, strict=True))
    assert text.endswith(f"Tools are known of a: none; {known}.")


def test_calls_that_a_user_suggested_are_run_by_who_can() -> None:
    resumed = old(pair(), [by("b", "hm"), calls("user", "look", content="Please look.")])
    assert [call.path for call in resumed.pending] == ["a"]
    assert going_on(resumed).spoken() == ["b: hm", "user: Please look."]
    with pytest.raises(ValueError, match=r"messages\[0\]: 'user' takes no part, and so has no ToolCallRequest"):
        old(pair(), [calls("user", "look"), results("user", look="1"), by("a", "1")])


def test_a_workbench_on_a_worker_is_trusted_where_nobody_else_has_the_tool() -> None:
    spec = RoundRobinGroupChat(
        [agent("a", workbench=NamedWorkbench("files")), agent("b", workbench=StaticWorkbench(["look"]))]
    )
    resumed = old(spec, [by("user", "go"), calls("a", "read")])
    assert [call.path for call in resumed.pending] == ["a"]
    assert resumed.warnings == [
        "The pending calls of read are left to 'a': what its workbenches files have is known on the worker only."
    ]
    assert [call.path for call in old(spec, [by("user", "go"), calls("a", "look")]).pending] == ["b"]


def test_a_pending_call_is_made_as_the_spec_says() -> None:
    spec = RoundRobinGroupChat([agent("a", tools=[Tool("look", ToolOptions(retryable=False))]), agent("b")])
    driver = going_on(old(spec, [by("user", "go"), calls("a", "look")]))
    assert driver.calls[0].policy == {"retryable": False}


def test_pending_calls_of_a_whole_batch() -> None:
    builder = DiGraphBuilder()
    a, b, c = agent("a"), agent("b", tools=[Tool("look")]), agent("c", tools=[Tool("dig")])
    for member in (a, b, c):
        builder.add_node(member)
    builder.add_edge(a, b).add_edge(a, c)
    spec = GraphFlow([a, b, c], builder.build())
    resumed = old(spec, [chat("user", "go"), chat("a", "1"), asked("b", "look"), asked("c", "dig", ids="d")])
    assert [(call.path, call.name) for call in resumed.pending] == [("b", "look"), ("c", "dig")]
    driver = going_on(resumed)
    driver.answer("42", "7")
    assert driver.stop_reason == "Digraph execution is complete"


def test_a_pending_call_in_an_inner_team() -> None:
    spec = RoundRobinGroupChat([agent("z"), RoundRobinGroupChat([looking(), agent("b")], name="pair", max_turns=2)])
    resumed = old(spec, [by("user", "go"), by("z", "1"), calls("a", "look")])
    assert [call.path for call in resumed.pending] == ["pair/a"]
    driver = going_on(resumed)
    driver.answer("42")
    assert driver.speaking == ["pair", "pair/b"]
    driver.answer("seen")
    assert driver.speaking == ["z"]
    assert driver.heard("z")[2:] == ["U: 42", "U: seen"]


def test_a_handoff_alone_gives_its_speaker_the_call_back() -> None:
    spec = RoundRobinGroupChat([agent("a", handoffs=["b"]), agent("b")])
    assert kinds(going_on(old(spec, [chat("user", "go"), handoff("a", "b")])), "a") == ["U", "A", "F"]


def test_code_that_was_written_and_run_is_in_its_writers_context_and_shown_to_readers() -> None:
    code = [{"code": "print(1)", "language": "python"}]
    messages = [
        chat("user", "go"),
        chat("a", "```python\nprint(1)\n```", "CodeGenerationEvent", retry_attempt=0, code_blocks=code),
        chat("a", None, "CodeExecutionEvent", retry_attempt=0, result={"exit_code": 0, "output": "1"}),
        chat("a", "It is 1."),
    ]
    del messages[2]["content"]
    driver = going_on(old(pair(), messages))
    driver.run(None)
    assert driver.heard("a") == ["U: go", "A: ```python\nprint(1)\n```", "U: 1", "A: It is 1."]
    assert driver.heard("b") == ["U: go", "U: It is 1."]
    roles = {entry.data["message"]["type"]: entry.data.get("role") for entry in driver.entries("event")}
    assert roles == {"CodeGenerationEvent": "shown", "CodeExecutionEvent": "shown"}
    thought = old(pair(), [chat("user", "go"), chat("a", "hm", "ThoughtEvent"), chat("a", "1")])
    assert ["role" in entry.data for entry in thought.chat.log if entry.kind == "event"] == [False]
