"""Termination conditions: when they fire, what they say, and that they begin anew after every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk


def echo(text: str) -> str:
    """Say it again."""
    return f"echo of {text}"


def calls(name: str, **arguments: Any) -> dict[str, Any]:
    """A reply that calls a tool."""
    return {"calls": [{"name": name, "arguments": arguments}]}


def writer(condition: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    """A team of one, with a tool, under a condition."""
    return lambda lib: lib.RoundRobinGroupChat(
        [lib.agent(tools=[echo], **options)], termination_condition=condition(lib)
    )


def pair(condition: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    """A team of a and b under a condition."""
    return lambda lib: lib.round_robin("a", "b", termination_condition=condition(lib), **options)


@covers("B023", "B036")
async def test_the_limit_of_messages_counts_the_task(play: Player) -> None:
    played = await play(pair(lambda lib: lib.MaxMessageTermination(3)), {"a": ["1", "3"], "b": ["2", "4"]}, "go", "go")
    assert played.folkmoot.stop_reasons == ["Maximum number of messages 3 reached, current message count: 3"] * 2


@covers("B023")
async def test_the_count_may_be_above_the_limit(play: Player) -> None:
    def task(lib: Any) -> Any:
        return [lib.text(str(n)) for n in range(4)]

    played = await play(pair(lambda lib: lib.MaxMessageTermination(2)), {}, task)
    assert played.folkmoot.last.stop_reason == "Maximum number of messages 2 reached, current message count: 4"


@covers("B024")
@pytest.mark.parametrize("events", [False, True])
async def test_events_count_if_asked_for(play: Player, events: bool) -> None:
    script = {"writer": [calls("echo", text="x"), *([] if events else [calls("echo", text="y")])]}
    team = writer(lambda lib: lib.MaxMessageTermination(3, include_agent_event=events))
    played = await play(team, script, "go")
    count = 4 if events else 3
    assert played.folkmoot.last.stop_reason == f"Maximum number of messages 3 reached, current message count: {count}"


@covers("B025")
async def test_a_text_in_a_tools_result_is_heard(play: Player) -> None:
    team = writer(lambda lib: lib.TextMentionTermination("echo of"), max_tool_iterations=2)
    played = await play(team, {"writer": [calls("echo", text="x"), "Nothing."]}, "go")
    assert played.folkmoot.last.said[-1] == ("writer", "Nothing.")
    assert played.folkmoot.last.stop_reason == "Text 'echo of' mentioned"


@covers("B026")
async def test_a_text_from_other_sources_is_not_heard(play: Player) -> None:
    team = pair(lambda lib: lib.TextMentionTermination("DONE", sources=["b"]))
    played = await play(team, {"a": ["DONE", "Again."], "b": ["No.", "DONE"]}, "DONE?")
    assert [content for _, content in played.folkmoot.last.said] == ["DONE?", "DONE", "No.", "Again.", "DONE"]


@covers("B027")
@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("TextMentionTermination", ("go",), "Text 'go' mentioned"),
        ("TextMessageTermination", (), "Text message received from 'user'"),
        ("SourceMatchTermination", (["user"],), "'user' answered"),
        ("MaxMessageTermination", (1,), "Maximum number of messages 1 reached, current message count: 1"),
        ("TimeoutTermination", (0,), "Timeout of 0 seconds reached"),
    ],
)
async def test_a_task_that_meets_the_condition(play: Player, name: str, arguments: Sequence[Any], reason: str) -> None:
    team = pair(lambda lib: getattr(lib, name)(*arguments))
    played = await play(team, {}, "go", "go")
    assert played.folkmoot.stop_reasons == [reason] * 2
    assert played.folkmoot.asked == []


@covers("B028")
async def test_a_stop_message(play: Player) -> None:
    def task(lib: Any) -> Any:
        return [lib.StopMessage(content="enough", source="user")]

    played = await play(pair(lambda lib: lib.StopMessageTermination()), {}, task, task)
    assert played.folkmoot.stop_reasons == ["Stop message received"] * 2


@covers("B028")
async def test_a_text_message_of_a_source(play: Player) -> None:
    team = pair(lambda lib: lib.TextMessageTermination("b"))
    played = await play(team, {"a": ["1", "3"], "b": ["2", "4"]}, "go", None)
    assert played.folkmoot.stop_reasons == ["Text message received from 'b'"] * 2


@covers("B028")
async def test_a_source(play: Player) -> None:
    team = pair(lambda lib: lib.SourceMatchTermination(["b", "c"]))
    played = await play(team, {"a": ["1", "3"], "b": ["2", "4"]}, "go", None)
    assert played.folkmoot.stop_reasons == ["'b' answered"] * 2


@covers("B028")
async def test_a_handoff(play: Player) -> None:
    def team(lib: Any) -> Any:
        agent = lib.agent("a", handoffs=["user"])
        return lib.RoundRobinGroupChat([agent], termination_condition=lib.HandoffTermination("user"))

    played = await play(team, {"a": ["Hm.", calls("transfer_to_user"), calls("transfer_to_user")]}, "go", None)
    assert played.folkmoot.stop_reasons == ["Handoff to user from a detected."] * 2
    assert played.folkmoot.last.types[-1] == "HandoffMessage"


@covers("B028")
async def test_a_function_call(play: Player) -> None:
    team = writer(lambda lib: lib.FunctionCallTermination("echo"))
    played = await play(team, {"writer": ["Hm.", calls("echo", text="x"), calls("echo", text="y")]}, "go", None)
    assert played.folkmoot.stop_reasons == ["Function 'echo' was executed."] * 2


@covers("B028")
async def test_a_function_call_that_failed_counts(play: Player) -> None:
    def team(lib: Any) -> Any:
        def echo(text: str) -> str:
            """Say it again."""
            raise LookupError("no echo here")

        agent = lib.agent(tools=[echo])
        return lib.RoundRobinGroupChat([agent], termination_condition=lib.FunctionCallTermination("echo"))

    played = await play(team, {"writer": [calls("echo", text="x")]}, "go")
    assert played.folkmoot.last.stop_reason == "Function 'echo' was executed."


@covers("B029")
@pytest.mark.parametrize("limit", ["max_total_token", "max_prompt_token", "max_completion_token"])
async def test_tokens_are_summed_over_messages_and_events(play: Player, limit: str) -> None:
    number = {"max_total_token": 31, "max_prompt_token": 21, "max_completion_token": 11}[limit]
    team = writer(lambda lib: lib.TokenUsageTermination(**{limit: number}))
    played = await play(team, {"writer": [calls("echo", text="x"), "2", "3"]}, "go")
    assert played.folkmoot.last.stop_reason == (
        "Token usage limit reached, total token count: 45, prompt token count: 30, completion token count: 15."
    )


@covers("B029")
def test_a_token_limit_needs_a_limit(play: Player) -> None:
    found = play.refusals(lambda lib: lib.TokenUsageTermination())
    assert found["folkmoot"].startswith("ValueError: At least one of max_total_token")


@covers("B030")
async def test_a_timeout_interrupts_no_turn_and_begins_anew(play: Player) -> None:
    team = pair(lambda lib: lib.TimeoutTermination(2.0), max_turns=2)
    script = {"a": [{"text": "slow", "delay": 2.2}, "3"], "b": ["2"]}
    played = await play(team, script, "go", None)
    assert played.folkmoot.outcomes[0].said == [("user", "go"), ("a", "slow")]
    assert played.folkmoot.stop_reasons == ["Timeout of 2.0 seconds reached", "Maximum number of turns 2 reached."]


@covers("B031")
async def test_an_external_stop_before_a_run(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stop()
        await talk.stream("go")
        await talk.stream(None)

    team = pair(lambda lib: lib.ExternalTermination(), max_turns=1)
    played = await play(team, {"a": ["1"]}, story=story)
    assert played.folkmoot.stop_reasons == ["External termination requested", "Maximum number of turns 1 reached."]


@covers("B031")
async def test_an_external_stop_during_a_turn(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.asked(1)
        await talk.stop()
        talk.release("first")
        await run

    team = pair(lambda lib: lib.ExternalTermination())
    played = await play(team, {"a": [{"text": "1", "hold": "first"}]}, story=story)
    assert played.folkmoot.last.said == [("user", "go"), ("a", "1")]
    assert played.folkmoot.last.stop_reason == "External termination requested"


@covers("B032")
async def test_or_ends_with_the_first(play: Player) -> None:
    team = pair(lambda lib: lib.MaxMessageTermination(9) | lib.TextMentionTermination("DONE"))
    played = await play(team, {"a": ["1"], "b": ["DONE"]}, "go")
    assert played.folkmoot.last.stop_reason == "Text 'DONE' mentioned"


@covers("B032")
async def test_or_joins_the_texts_in_their_order(play: Player) -> None:
    team = pair(
        lambda lib: (
            lib.TextMentionTermination("DONE") | lib.MaxMessageTermination(3) | lib.SourceMatchTermination(["b"])
        )
    )
    played = await play(team, {"a": ["1"], "b": ["DONE"]}, "go")
    assert played.folkmoot.last.stop_reason == (
        "Text 'DONE' mentioned, Maximum number of messages 3 reached, current message count: 3, 'b' answered"
    )


@covers("B033")
async def test_and_ends_with_the_last_in_the_order_of_firing(play: Player) -> None:
    team = pair(lambda lib: lib.MaxMessageTermination(3) & lib.TextMentionTermination("DONE"))
    played = await play(team, {"a": ["DONE"], "b": ["2"]}, "go")
    assert played.folkmoot.last.stop_reason == (
        "Text 'DONE' mentioned, Maximum number of messages 3 reached, current message count: 3"
    )


@covers("B033")
async def test_a_condition_that_has_fired_counts_no_further(play: Player) -> None:
    team = pair(lambda lib: lib.MaxMessageTermination(2) & lib.TextMentionTermination("DONE"))
    played = await play(team, {"a": ["1", "3"], "b": ["2", "DONE"]}, "go")
    assert played.folkmoot.last.stop_reason == (
        "Maximum number of messages 2 reached, current message count: 2, Text 'DONE' mentioned"
    )


@covers("B034", "B036")
async def test_nested_conditions_reset_as_a_whole(play: Player) -> None:
    def condition(lib: Any) -> Any:
        either = lib.TextMentionTermination("X") | lib.TextMentionTermination("Y")
        return either & lib.MaxMessageTermination(3)

    played = await play(pair(condition), {"a": ["X", "no", "Y"], "b": ["2", "no"]}, "go", "more")
    assert played.folkmoot.stop_reasons == [
        "Text 'X' mentioned, Maximum number of messages 3 reached, current message count: 3",
        "Maximum number of messages 3 reached, current message count: 3, Text 'Y' mentioned",
    ]


@covers("B034")
async def test_and_inside_or(play: Player) -> None:
    def condition(lib: Any) -> Any:
        both = lib.TextMentionTermination("X") & lib.TextMentionTermination("Y")
        return lib.MaxMessageTermination(9) | both

    played = await play(pair(condition), {"a": ["X", "Y"], "b": ["2"]}, "go")
    assert played.folkmoot.last.stop_reason == "Text 'X' mentioned, Text 'Y' mentioned"


@better(
    "B035",
    why="AutoGen's conditions are live objects, so that one used at two places hears everything twice and raises once "
    "it has fired; Folkmoot's are specs, each place with its own progress.",
)
async def test_one_condition_at_two_places(play: Player) -> None:
    def condition(lib: Any) -> Any:
        limit = lib.MaxMessageTermination(2)
        return limit | limit

    played = await play(pair(condition), {"a": ["1"]}, "go", spare=True)
    assert played.autogen.last.said == [("user", "go")], "it heard the task twice"
    assert played.folkmoot.last.said == [("user", "go"), ("a", "1")]
    text = "Maximum number of messages 2 reached, current message count: 2"
    assert played.folkmoot.last.stop_reason == f"{text}, {text}"


@covers("B037")
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_function_hears_what_is_new(play: Player, kind: str) -> None:
    def team(lib: Any) -> Any:
        def enough(messages: Sequence[Any]) -> bool:
            lib.notes.append([message.to_text() for message in messages])
            return messages[-1].to_text() == "2"

        async def enough_later(messages: Sequence[Any]) -> bool:
            return enough(messages)

        condition = lib.FunctionalTermination(enough if kind == "sync" else enough_later)
        return lib.round_robin("a", "b", termination_condition=condition)

    played = await play(team, {"a": ["1"], "b": ["2"]}, "go")
    assert played.folkmoot.last.stop_reason == "Functional termination condition met"
    assert played.folkmoot.notes == [["go"], ["1"], ["2"]]


@covers("B037")
async def test_only_true_counts(play: Player) -> None:
    def team(lib: Any) -> Any:
        answers = iter([1, "yes", [True], True])

        def enough(messages: Sequence[Any]) -> Any:
            return next(answers)

        return lib.round_robin("a", termination_condition=lib.FunctionalTermination(enough))

    played = await play(team, {"a": ["1", "2", "3"]}, "go")
    assert len(played.folkmoot.last.messages) == 4


@better("B038", why="Where the task itself makes a condition raise, AutoGen's stream keeps the task back.")
async def test_a_condition_that_raises_on_the_task(play: Player) -> None:
    played = await play(raising_at(1), {}, "go")
    assert played.autogen.failure == played.folkmoot.failure == Failure("LookupError", "no such line")
    assert played.autogen.last.said == []
    assert played.folkmoot.last.said == [("user", "go")]


@covers("B038")
async def test_a_condition_that_raises_on_an_answer(play: Player) -> None:
    played = await play(raising_at(2), {"a": ["1"]}, "go")
    assert played.folkmoot.failure == Failure("LookupError", "no such line")
    assert played.folkmoot.last.said == [("user", "go"), ("a", "1")]


def raising_at(call: int) -> Callable[[Any], Any]:
    """A team whose condition raises when it is asked for the nth time."""

    def team(lib: Any) -> Any:
        asked: list[int] = []

        def broken(messages: Sequence[Any]) -> bool:
            asked.append(len(messages))
            if len(asked) == call:
                raise LookupError("no such line")
            return False

        return lib.round_robin("a", termination_condition=lib.FunctionalTermination(broken))

    return team


@better("B023", "B036", why="A limit of nothing has fired before it is asked: AutoGen refuses every run, for good.")
@pytest.mark.parametrize("name", ["MaxMessageTermination", "TokenUsageTermination"])
async def test_a_limit_of_nothing(play: Player, name: str) -> None:
    played = await play(pair(lambda lib: getattr(lib, name)(0)), {}, "go", "go")
    assert played.autogen.stop_reasons == ["The group chat has already terminated."] * 2
    assert played.folkmoot.last.said == [("user", "go")]
