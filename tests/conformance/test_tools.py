"""Tools: what they may return and be given, and handoffs with words beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tests.conformance.marks import better, covers
from tests.conformance.play import Player


class Item(BaseModel):
    """A thing."""

    name: str


def nothing() -> None:
    """Give nothing."""


def many() -> list[int]:
    """Give a list."""
    return [1, 2]


def table() -> dict[str, Any]:
    """Give a table."""
    return {"a": 1, "b": "ü"}


def number() -> float:
    """Give a number."""
    return 1.0


def truth() -> bool:
    """Give a truth."""
    return True


def raw() -> bytes:
    """Give bytes."""
    return b"x"


def items() -> list[Item]:
    """Give objects."""
    return [Item(name="x")]


def mute() -> str:
    """Fail without a word."""
    raise ValueError


def key() -> str:
    """Fail with a key."""
    raise KeyError("k")


def add(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


def calls(*made: tuple[str, Any], thought: str | None = None) -> dict[str, Any]:
    """A reply that calls tools."""
    reply = {"calls": [{"name": name, "arguments": arguments} for name, arguments in made]}
    return reply if thought is None else reply | {"thought": thought}


def agent(*tools: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    """A team of one agent, one turn a run."""
    return lambda lib: lib.RoundRobinGroupChat([lib.agent("a", tools=[*tools], **options)], max_turns=1)


@covers("B103")
@pytest.mark.parametrize("tool", [nothing, many, table, number, truth, raw, items], ids=lambda tool: tool.__name__)
async def test_what_a_tool_may_return(play: Player, tool: Callable[..., Any]) -> None:
    played = await play(agent(tool), {"a": [calls((tool.__name__, {}))]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", str(tool()))


@covers("B106")
@pytest.mark.parametrize("tool", [mute, key], ids=lambda tool: tool.__name__)
async def test_how_a_tool_may_fail(play: Player, tool: Callable[..., Any]) -> None:
    played = await play(agent(tool), {"a": [calls((tool.__name__, {}))]}, "go")
    assert played.folkmoot.last.messages[-2]["content"][0]["is_error"] is True


@covers("B106")
async def test_a_number_as_text_is_a_number(play: Player) -> None:
    played = await play(agent(add), {"a": [calls(("add", {"a": "1"}))]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "3")


@better("B106", why="AutoGen makes an error of an empty text for no arguments, as some endpoints send it.")
async def test_no_text_for_no_arguments(play: Player) -> None:
    played = await play(agent(nothing), {"a": [calls(("nothing", ""))]}, "go")
    assert played.autogen.last.said[-1][1].startswith("Error: ")
    assert played.folkmoot.last.said[-1] == ("a", "None")


@covers("B106")
async def test_null_for_no_arguments(play: Player) -> None:
    played = await play(agent(nothing), {"a": [calls(("nothing", "null"))]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "None")


@better("B106", why="AutoGen tells the model pydantic's text on a list for arguments; Folkmoot says what they must be.")
async def test_a_list_for_arguments(play: Player) -> None:
    played = await play(agent(add), {"a": [calls(("add", "[1]"))]}, "go")
    assert "1 validation error for addargs" in played.autogen.last.said[-1][1]
    assert played.folkmoot.last.said[-1] == ("a", "Error: arguments must be a JSON object, got [1]")


@covers("B105")
async def test_calls_of_one_id(play: Player) -> None:
    made = {"calls": [{"name": "add", "arguments": {"a": n}, "id": "same"} for n in (1, 5)]}
    played = await play(agent(add), {"a": [made, "Well."]}, "go", "on")
    assert played.folkmoot.outcomes[0].said[-1] == ("a", "3\n7")


@covers("B105")
async def test_a_buffer_in_the_middle_of_a_turn(play: Player) -> None:
    def team(lib: Any) -> Any:
        context = lib.BufferedChatCompletionContext(3)
        member = lib.agent("a", tools=[add], max_tool_iterations=4, model_context=context)
        return lib.RoundRobinGroupChat([member], max_turns=1)

    played = await play(team, {"a": [calls(("add", {"a": 1})), calls(("add", {"a": 2})), "Well."]}, "go")
    assert [name for name, _ in played.folkmoot.heard("a")] == ["assistant", "tool"]


@covers("B104")
async def test_reflection_that_has_a_thought(play: Player) -> None:
    script = {"a": [calls(("add", {"a": 1})), {"text": "Three.", "thought": "One and two."}]}
    played = await play(agent(add, reflect_on_tool_use=True), script, "go")
    assert played.folkmoot.last.types[-2:] == ["ThoughtEvent", "TextMessage"]


@covers("B104")
async def test_reflection_that_calls_again(play: Player) -> None:
    script = {"a": [calls(("add", {"a": 1})), calls(("add", {"a": 2}))]}
    played = await play(agent(add, reflect_on_tool_use=True), script, "go")
    assert played.folkmoot.failure.type == "RuntimeError"


def pair(**options: Any) -> Callable[[Any], Any]:
    """a, who may hand over to b."""
    return lambda lib: lib.RoundRobinGroupChat([lib.agent("a", handoffs=["b"], **options), lib.agent("b")], max_turns=2)


@covers("B105", "B106")
async def test_a_handoff_beside_calls_that_fail(play: Player) -> None:
    made = calls(("mute", {}), ("nope", {}), ("transfer_to_b", {"why": "stuck"}))
    played = await play(pair(tools=[mute]), {"a": [made], "b": ["Fine."]}, "go")
    assert [result["is_error"] for result in played.folkmoot.last.messages[-2]["context"][1]["content"]] == [True, True]


@covers("B105", "B110")
@pytest.mark.parametrize("also", [False, True], ids=["handoff", "handoff and call"])
async def test_words_beside_a_handoff(play: Player, also: bool) -> None:
    made = calls(("transfer_to_b", {}), *([("add", {"a": 1})] if also else []), thought="I am stuck.")
    played = await play(pair(tools=[add]), {"a": [made], "b": ["Fine."]}, "go")
    assert ("assistant", "I am stuck.") in played.folkmoot.heard("b")


@covers("B105")
async def test_a_task_with_a_handoffs_context(play: Player) -> None:
    def task(lib: Any) -> Any:
        context = [lib.UserMessage(content="Before.", source="x"), lib.AssistantMessage(content="I see.", source="y")]
        return lib.HandoffMessage(content="Take it.", source="user", target="a", context=context)

    played = await play(agent(), {"a": ["Fine."]}, task)
    assert [content for _, content in played.folkmoot.heard("a")] == ["Before.", "I see.", "Take it."]


def in_short(call: Any, result: Any) -> str:
    """A call in a line of one's own."""
    return f"{call.name}: {'no' if result.is_error else result.content}"


@covers("B103")
async def test_a_function_sums_up_and_not_the_format(play: Player) -> None:
    options: dict[str, Any] = {"tool_call_summary_formatter": in_short, "tool_call_summary_format": "never"}
    played = await play(agent(add, mute, **options), {"a": [calls(("add", {"a": 1}), ("mute", {}))]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "add: 3\nmute: no")


@better("B104", why="After tools an AutoGen agent's structured answer loses its format.")
async def test_the_format_of_a_structured_answer_after_tools(play: Player) -> None:
    def team(lib: Any) -> Any:
        tool = lib.FunctionTool(plain, description="Add.", strict=True)
        member = lib.agent("a", tools=[tool], output_content_type=Item, output_content_type_format="It is {name}.")
        return lib.RoundRobinGroupChat([member], max_turns=1, custom_message_types=[lib.StructuredMessage[Item]])

    played = await play(team, {"a": [calls(("plain", {"a": 1})), '{"name":"x"}']}, "go")
    shown = [record.last.messages[-1]["format_string"] for record in (played.autogen, played.folkmoot)]
    assert shown == [None, "It is {name}."]


def plain(a: int) -> int:
    """Give it back."""
    return a


@covers("B029", "B104")
async def test_tokens_of_every_call_in_a_turn_count(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [lib.agent("a", tools=[add], max_tool_iterations=3), lib.agent("b")]
        return lib.RoundRobinGroupChat(members, termination_condition=lib.TokenUsageTermination(45))

    played = await play(team, {"a": [calls(("add", {"a": 1})), calls(("add", {"a": 2})), "Done."]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "Done.")
