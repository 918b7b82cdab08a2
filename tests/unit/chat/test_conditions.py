"""Each termination condition: when it fires, its exact text, that a task can fire it, and that a stop resets it."""

from __future__ import annotations

import pytest

from folkmoot.conditions import (
    ExternalTermination,
    FunctionCallTermination,
    HandoffTermination,
    MaxMessageTermination,
    SourceMatchTermination,
    StopMessageTermination,
    TerminationCondition,
    TextMentionTermination,
    TextMessageTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, agent, asks, said, task, team


def chat(condition: TerminationCondition) -> Driver:
    return Driver(team("a", "b", termination_condition=condition))


def tooled(condition: TerminationCondition) -> Driver:
    """The first agent has the tool `look` and may hand over to `b`."""
    first = agent("a", tools=[Tool("look")], handoffs=["b"])
    return Driver(RoundRobinGroupChat([first, agent("b")], termination_condition=condition))


@pytest.mark.parametrize(
    ("condition", "given", "reason"),
    [
        (
            MaxMessageTermination(2),
            [task("1"), task("2"), task("3")],
            "Maximum number of messages 2 reached, current message count: 3",
        ),
        (TextMentionTermination("STOP"), [task("please STOP now")], "Text 'STOP' mentioned"),
        (TextMentionTermination("STOP", sources=["user"]), [task("STOP")], "Text 'STOP' mentioned"),
        (StopMessageTermination(), [task("no more", kind="StopMessage")], "Stop message received"),
        (TextMessageTermination(), [task("hi")], "Text message received from 'user'"),
        (TextMessageTermination("user"), [task("hi")], "Text message received from 'user'"),
        (
            HandoffTermination("human"),
            [task("take it", source="boss", kind="HandoffMessage", target="human")],
            "Handoff to human from boss detected.",
        ),
        (SourceMatchTermination(["x", "user"]), [task("hi")], "'user' answered"),
        (
            TokenUsageTermination(max_total_token=10),
            [task("hi", models_usage={"prompt_tokens": 4, "completion_tokens": 8})],
            "Token usage limit reached, total token count: 12, prompt token count: 4, completion token count: 8.",
        ),
        (TimeoutTermination(0), [task("hi")], "Timeout of 0 seconds reached"),
    ],
)
def test_task_fires_it_before_anyone_speaks(condition: TerminationCondition, given: list[dict], reason: str) -> None:
    driver = chat(condition)
    driver.run(given)
    assert driver.stop_reason == reason
    assert driver.entries("turn") == []
    # Reset by the stop: the same team runs again, and the same task ends it again with the same text.
    driver.run(given)
    assert (driver.chat.state.run, driver.stop_reason) == (2, reason)


@pytest.mark.parametrize(
    "condition",
    [
        TextMentionTermination("STOP", sources=["a"]),
        StopMessageTermination(),
        TextMessageTermination("b"),
        HandoffTermination("human"),
        SourceMatchTermination(["b"]),
        TokenUsageTermination(max_prompt_token=1),
        TimeoutTermination(1),
        ExternalTermination(),
        FunctionCallTermination("look"),
    ],
)
def test_other_tasks_do_not_fire_it(condition: TerminationCondition) -> None:
    driver = chat(condition)
    driver.run([task("STOP look"), task("to b", kind="HandoffMessage", target="b")])
    assert driver.speaking == ["a"]


def test_max_messages_counts_the_task_and_not_events() -> None:
    driver = tooled(MaxMessageTermination(3))
    driver.run("go", asks("look"), "seen")
    assert driver.speaking == ["b"]
    driver.answer("2")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_max_messages_counts_tool_events_if_asked() -> None:
    driver = tooled(MaxMessageTermination(3, include_agent_event=True))
    driver.run("go", asks("look"), "seen")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 4"


def test_team_events_are_not_counted() -> None:
    condition = MaxMessageTermination(2, include_agent_event=True) | SourceMatchTermination(
        ["RoundRobinGroupChatManager"]
    )
    driver = Driver(team("a", "b", termination_condition=condition, emit_team_events=True))
    driver.run("go", "1")
    assert driver.stop_reason == "Maximum number of messages 2 reached, current message count: 2"


def test_count_restarts_after_a_stop_whatever_the_thread_holds() -> None:
    driver = chat(MaxMessageTermination(3))
    driver.run("go", "1", "2")
    driver.run("again", "3", "4")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"
    assert len(driver.spoken()) == 6


def test_mention_inside_a_tool_result_stops_the_chat() -> None:
    driver = tooled(TextMentionTermination("APPROVE"))
    driver.run("go", asks("look"), "they APPROVE it")
    assert driver.stop_reason == "Text 'APPROVE' mentioned"


def test_mention_by_others_than_the_sources_is_ignored() -> None:
    driver = chat(TextMentionTermination("OK", sources=["b"]))
    driver.run("OK?", "OK")
    assert driver.speaking == ["b"]
    driver.answer("OK")
    assert driver.stop_reason == "Text 'OK' mentioned"


def test_mention_in_a_thought_counts() -> None:
    driver = chat(TextMentionTermination("DONE"))
    driver.run("go", said("hm", thought="that is DONE"))
    assert driver.stop_reason == "Text 'DONE' mentioned"


def test_text_message_from_a_source() -> None:
    driver = chat(TextMessageTermination("b"))
    driver.run("go", "1")
    assert driver.speaking == ["b"]
    driver.answer("2")
    assert driver.stop_reason == "Text message received from 'b'"


def test_tool_summary_is_no_text_message() -> None:
    driver = tooled(TextMessageTermination("a"))
    driver.run("go", asks("look"), "seen")
    assert driver.speaking == ["b"]


def test_handoff_by_tool_call() -> None:
    driver = tooled(HandoffTermination("b"))
    driver.run("go", asks("transfer_to_b"))
    assert driver.stop_reason == "Handoff to b from a detected."


def test_source_match_counts_events_too_but_only_at_the_check() -> None:
    driver = tooled(SourceMatchTermination(["a"]))
    driver.run("go", asks("look"))
    assert driver.status == "running"
    driver.answer("seen")
    assert driver.stop_reason == "'a' answered"


@pytest.mark.parametrize("is_error", [True, False])
def test_function_call_counts_errors_too(is_error: bool) -> None:
    driver = tooled(FunctionCallTermination("look"))
    driver.run("go", asks("look"), {"content": "x", "is_error": is_error})
    assert driver.stop_reason == "Function 'look' was executed."


def test_function_call_of_another_name_goes_on() -> None:
    driver = tooled(FunctionCallTermination("other"))
    driver.run("go", asks("look"), "seen")
    assert driver.speaking == ["b"]


@pytest.mark.parametrize(
    ("condition", "total"),
    [
        (TokenUsageTermination(max_total_token=30), 30),
        (TokenUsageTermination(max_prompt_token=20), 30),
        (TokenUsageTermination(max_completion_token=10), 30),
    ],
)
def test_tokens_are_summed_over_messages_and_events(condition: TerminationCondition, total: int) -> None:
    driver = tooled(condition)
    driver.run("go", asks("look", usage=(10, 5)), "seen")
    assert driver.speaking == ["b"]
    driver.answer(said("2", usage=(10, 5)))
    assert driver.stop_reason == (
        f"Token usage limit reached, total token count: {total}, prompt token count: 20, completion token count: 10."
    )


def test_timeout_is_asked_between_turns_only_and_restarts_at_a_stop() -> None:
    driver = chat(TimeoutTermination(60))
    driver.run("go")
    driver.seconds = 61
    driver.settle()
    assert driver.status == "running"
    driver.answer("1")
    assert driver.stop_reason == "Timeout of 60 seconds reached"
    driver.seconds = 120
    driver.run("again", "2")
    assert driver.speaking == ["a"]
    driver.seconds = 121
    driver.answer("3")
    assert driver.stop_reason == "Timeout of 60 seconds reached"


def test_timeout_shows_the_number_as_it_was_written_and_restarts_at_a_reset() -> None:
    driver = chat(TimeoutTermination(1.5))
    driver.seconds = 1.4
    driver.tell("reset")
    driver.seconds = 2.8
    driver.run("go")
    assert driver.speaking == ["a"]
    driver.seconds = 2.9
    driver.answer("1")
    assert driver.stop_reason == "Timeout of 1.5 seconds reached"


def test_external_fires_after_the_turn_in_which_it_was_asked_for() -> None:
    driver = chat(ExternalTermination())
    driver.run("go")
    driver.tell("stop")
    assert driver.speaking == ["a"]
    driver.answer("1")
    assert driver.stop_reason == "External termination requested"
    driver.run("again", "2")
    assert driver.speaking == ["a"]
