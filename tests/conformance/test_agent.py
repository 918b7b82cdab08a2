"""AssistantAgent: tools, handoffs, reflection, structured answers, thoughts and streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk


class Weather(BaseModel):
    """A structured answer."""

    city: str
    degrees: float


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


async def shout(text: str, times: int = 1) -> str:
    """Say it loudly."""
    return " ".join([text.upper()] * times)


def fail(reason: str) -> str:
    """Always fail."""
    raise LookupError(f"no such line: {reason}")


def call(name: str, id: str = "", **arguments: Any) -> dict[str, Any]:
    """A tool call in a reply."""
    return {"name": name, "arguments": arguments, "id": id}


def calls(*made: dict[str, Any], **options: Any) -> dict[str, Any]:
    """A reply that calls tools."""
    return {"calls": list(made), **options}


def agent(*tools: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    """A team of one agent, one turn a run."""
    return lambda lib: lib.RoundRobinGroupChat([lib.agent(tools=[*tools], **options)], max_turns=1)


@covers("B103")
async def test_a_tools_result_is_the_answer(play: Player) -> None:
    played = await play(agent(add), {"writer": [calls(call("add", a=1, b=2)), "Three."]}, "1 + 2?", "Well?")
    assert played.folkmoot.outcomes[0].said[-1] == ("writer", "3")
    assert played.folkmoot.heard("writer")[-1] == ("user", "Well?")


@covers("B103")
async def test_a_format_of_ones_own_and_a_line_for_each_call(play: Player) -> None:
    team = agent(add, fail, tool_call_summary_format="{tool_name}({arguments}) = {result} [{is_error}]")
    played = await play(team, {"writer": [calls(call("add", a=1), call("fail", reason="x"))]}, "go")
    assert played.folkmoot.last.said[-1][1].splitlines() == [
        'add({"a": 1}) = 3 [False]',
        'fail({"reason": "x"}) = no such line: x [True]',
    ]


@covers("B103")
async def test_only_the_last_rounds_calls_are_summed_up(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1)), calls(call("add", a=5))]}
    played = await play(agent(add, max_tool_iterations=2), script, "go")
    assert played.folkmoot.last.said[-1] == ("writer", "7")


@covers("B103")
async def test_what_a_tool_is_shown_as(play: Player) -> None:
    def team(lib: Any) -> Any:
        def look(city: str, units: list[str], deep: bool = False, note: str | None = None) -> Weather:
            """Look up the weather."""
            return Weather(city=city, degrees=3.5)

        tool = lib.FunctionTool(look, description="Look it up.", name="look_up")
        return lib.RoundRobinGroupChat([lib.agent(tools=[tool])], max_turns=1)

    played = await play(team, {"writer": [calls(call("look_up", city="York", units=["C"]))]}, "go")
    assert played.folkmoot.last.said[-1] == ("writer", '{"city": "York", "degrees": 3.5}')


@covers("B104")
async def test_reflection_after_tools(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1)), "It is three."]}
    played = await play(agent(add, reflect_on_tool_use=True), script, "1 + 2?")
    assert played.folkmoot.last.said[-1] == ("writer", "It is three.")
    assert played.folkmoot.asked[1].get("tool_choice") != "auto"


@covers("B104")
async def test_a_structured_answer(play: Player) -> None:
    script = {"writer": ['{"city":"York","degrees":3.5}', '{"city":"Ely","degrees":4.5}']}
    played = await play(structured(), script, "go", "again")
    assert played.folkmoot.last.types == ["TextMessage", "StructuredMessage[Weather]"]
    assert played.folkmoot.last.said[-1] == ("writer", {"city": "Ely", "degrees": 4.5})


@covers("B104")
async def test_a_structured_answer_in_a_format(play: Player) -> None:
    team = structured(output_content_type_format="{city}: {degrees}")
    played = await play(team, {"writer": ['{"city":"York","degrees":3.5}']}, "go")
    assert played.folkmoot.last.messages[-1]["format_string"] == "{city}: {degrees}"


def sum_up(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@covers("B104")
async def test_a_structured_answer_after_tools(play: Player) -> None:
    team = structured(lambda lib: lib.FunctionTool(sum_up, description="Add.", strict=True))
    script = {"writer": [calls(call("sum_up", a=1, b=2)), '{"city":"York","degrees":3.5}']}
    played = await play(team, script, "go")
    assert played.folkmoot.last.types[-1] == "StructuredMessage[Weather]"


@better(
    "B104",
    why="Beside structured answers AutoGen's client refuses tools that are not strict, such as those with defaults; "
    "endpoints take them.",
)
async def test_a_structured_answer_beside_tools_with_defaults(play: Player) -> None:
    team = structured(lambda lib: add)
    script = {"writer": [calls(call("add", a=1)), '{"city":"York","degrees":3.5}']}
    played = await play(team, script, "go", spare=True)
    assert "is not strict" in played.autogen.failure.text
    assert played.folkmoot.last.types[-1] == "StructuredMessage[Weather]"


@better("B103", why="AutoGen tells the model nothing of what a docstring says about arguments.")
async def test_a_docstrings_words_on_arguments(play: Player) -> None:
    def look(city: str) -> str:
        """Look up the weather.

        Args:
            city: Which city.
        """
        return f"Rain in {city}."

    played = await play(agent(look), {"writer": [calls(call("look", city="York"))]}, "go")
    shown = [
        record.asked[0]["tools"][0]["function"]["parameters"]["properties"]["city"].get("description")
        for record in (played.autogen, played.folkmoot)
    ]
    assert shown == [None, "Which city."]
    assert played.autogen.outcomes == played.folkmoot.outcomes


def structured(*tools: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    """A team of one agent with structured answers; AutoGen has to be told of them."""

    def team(lib: Any) -> Any:
        member = lib.agent(tools=[tool(lib) for tool in tools], output_content_type=Weather, **options)
        custom = [lib.StructuredMessage[Weather]] if lib.autogen else None
        return lib.RoundRobinGroupChat([member], max_turns=1, custom_message_types=custom)

    return team


@covers("B105")
async def test_the_loop_ends_with_a_text(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1)), calls(call("add", a=2)), "Done."]}
    played = await play(agent(add, max_tool_iterations=5), script, "go")
    assert played.folkmoot.last.said[-1] == ("writer", "Done.")


@covers("B105")
async def test_the_loop_ends_at_its_limit(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1)), calls(call("add", a=2)), "In short."]}
    played = await play(agent(add, max_tool_iterations=2, reflect_on_tool_use=True), script, "go")
    assert played.folkmoot.last.said[-1] == ("writer", "In short.")


@covers("B105", "B055")
async def test_the_loop_ends_at_a_handoff(play: Player) -> None:
    def team(lib: Any) -> Any:
        first = lib.agent("a", tools=[add], handoffs=["b"], max_tool_iterations=5, reflect_on_tool_use=True)
        return lib.RoundRobinGroupChat([first, lib.agent("b")], max_turns=2)

    script = {"a": [calls(call("add", a=1)), calls(call("add", a=5), call("transfer_to_b"))], "b": ["I am on it."]}
    played = await play(team, script, "go")
    handoff = played.folkmoot.last.messages[-2]
    assert (handoff["type"], handoff["target"], len(handoff["context"])) == ("HandoffMessage", "b", 2)


@covers("B105")
async def test_a_handoff_with_words_of_ones_own(play: Player) -> None:
    def team(lib: Any) -> Any:
        handoff = lib.Handoff(target="b", name="over_to_b", description="When stuck.", message="Please help.")
        return lib.RoundRobinGroupChat([lib.agent("a", handoffs=[handoff]), lib.agent("b")], max_turns=2)

    played = await play(team, {"a": [calls(call("over_to_b"))], "b": ["Sure."]}, "go")
    assert played.folkmoot.last.said[-2] == ("a", "Please help.")


@covers("B106")
async def test_bad_calls_are_error_results_and_the_run_goes_on(play: Player) -> None:
    made = calls(
        {"name": "add", "arguments": "{not json"}, call("unknown"), call("fail", reason="x"), call("shout", text="ok")
    )
    played = await play(agent(add, fail, shout, max_tool_iterations=2), {"writer": [made, "Well."]}, "go")
    (results,) = (message for message in played.folkmoot.last.messages if message["type"] == "ToolCallExecutionEvent")
    assert [result["is_error"] for result in results["content"]] == [True, True, True, False]


@better(
    "B106",
    why="AutoGen tells the model pydantic's text, with a class made up inside and a web address, and lets unknown "
    "arguments pass; Folkmoot names tool and argument.",
)
async def test_arguments_that_do_not_fit(play: Player) -> None:
    played = await play(agent(add), {"writer": [calls(call("add", b="many"))]}, "go")
    assert "1 validation error for addargs" in played.autogen.last.said[-1][1] or "2 validation errors" in str(
        played.autogen.last.said[-1]
    )
    assert played.folkmoot.last.said[-1][1].startswith("Invalid arguments for tool 'add': a: Field required; b: ")


@covers("B107")
async def test_calls_run_at_once_and_results_keep_their_order(play: Player) -> None:
    def team(lib: Any) -> Any:
        second = asyncio.Event()

        async def wait() -> str:
            """Wait for the other one."""
            await second.wait()
            return "first"

        async def signal() -> str:
            """Let the other one go."""
            second.set()
            return "second"

        return lib.RoundRobinGroupChat([lib.agent(tools=[wait, signal])], max_turns=1)

    played = await play(team, {"writer": [calls(call("wait"), call("signal"))]}, "go")
    assert played.folkmoot.last.said[-1] == ("writer", "first\nsecond")


@covers("B108")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tools": [add, add]}, "Tool names must be unique: ['add', 'add']"),
        ({"handoffs": ["b", "b"]}, "Handoff names must be unique: ['transfer_to_b', 'transfer_to_b']"),
        ({"tools": [add], "handoffs": ["add"]}, "Handoff names must be unique from tool names"),
        ({"max_tool_iterations": 0}, "Maximum number of tool iterations must be greater than or equal to 1, got 0"),
        ({"tools": [5]}, "Unsupported tool type: <class 'int'>"),
        ({"handoffs": [5]}, "Unsupported handoff type: <class 'int'>"),
    ],
    ids=["tools", "handoffs", "handoff like tool", "iterations", "no tool", "no handoff"],
)
def test_what_an_agent_refuses(play: Player, options: dict[str, Any], text: str) -> None:
    found = play.refusals(lambda lib: lib.agent(**options))
    assert found["folkmoot"] == f"ValueError: {text}"


@covers("B108")
@pytest.mark.parametrize("what", ["tools", "handoffs"])
def test_a_model_that_calls_no_functions(play: Player, what: str) -> None:
    options = {"tools": [add]} if what == "tools" else {"handoffs": ["b"]}
    found = play.refusals(lambda lib: lib.agent(model_client=lib.model("m", function_calling=False), **options))
    assert found["folkmoot"].startswith("ValueError: The model does not support function calling")


@covers("B110")
async def test_what_is_said_beside_a_call_is_a_thought(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1), thought="I had better add."), "Three."]}
    played = await play(agent(add, max_tool_iterations=2), script, "go")
    assert ("writer", "I had better add.") in played.folkmoot.last.said
    assert "ThoughtEvent" in played.folkmoot.last.types


@covers("B110")
async def test_a_models_reasoning_is_a_thought(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.agent(), lib.agent("b")], max_turns=3)

    script = {"writer": [{"text": "Three.", "thought": "One and two."}, "Four."], "b": ["And then?"]}
    played = await play(team, script, "1 + 2?")
    assert played.folkmoot.last.types[:3] == ["TextMessage", "ThoughtEvent", "TextMessage"]


@covers("B110")
async def test_reasoning_inside_the_text_of_an_r1_model(play: Player) -> None:
    def team(lib: Any) -> Any:
        member = lib.agent(model_client=lib.model("writer", family="r1"))
        return lib.RoundRobinGroupChat([member], max_turns=1)

    played = await play(team, {"writer": ["<think>One and two.</think>Three."]}, "1 + 2?")
    assert played.folkmoot.last.said[1:] == [("writer", "One and two."), ("writer", "Three.")]


@covers("B111")
async def test_chunks_have_the_messages_id_and_are_no_part_of_the_result(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go", chunks=True)

    script = {"writer": [{"text": "Hear ye, hear ye, the moot is met.", "chunks": 8, "chunk_delay": 0.1}]}
    played = await play(agent(model_client_stream=True), script, story=story)
    _task, chunks, final = played.folkmoot.last.messages
    assert chunks["content"] == final["content"]
    assert chunks["full_message_id"] == final["id"]


@better("B111", "B029", why="AutoGen's agents never ask a stream for its usage, so streamed turns count no tokens.")
async def test_streams_count_tokens(play: Player) -> None:
    def team(lib: Any) -> Any:
        model = lib.model("writer", **({"stream_usage": False} if lib.autogen else {}))
        member = lib.agent(model_client=model, model_client_stream=True)
        return lib.RoundRobinGroupChat([member], max_turns=1)

    played = await play(team, {"writer": ["Hear ye."]}, "go")
    assert played.autogen.last.messages[-1]["models_usage"] == {"prompt_tokens": 0, "completion_tokens": 0}
    assert played.folkmoot.last.messages[-1]["models_usage"] == {"prompt_tokens": 10, "completion_tokens": 5}


@covers("B111")
async def test_a_streamed_turn_with_tools(play: Player) -> None:
    script = {"writer": [calls(call("add", a=1)), "Three."]}
    played = await play(agent(add, model_client_stream=True, reflect_on_tool_use=True), script, "1 + 2?")
    assert played.folkmoot.last.said[-1] == ("writer", "Three.")
    assert played.folkmoot.asked[0]["stream"] is True


@covers("B112")
async def test_reset_empties_the_context(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    played = await play(lambda lib: lib.round_robin("writer", max_turns=1), {"writer": ["1", "2"]}, story=story)
    assert played.folkmoot.heard("writer") == [("user", "two")]


@covers("B112", "B001")
async def test_an_agent_alone_keeps_its_context(play: Player) -> None:
    played = await play(lambda lib: lib.agent(system_message=None), {"writer": ["1", "2"]}, "one", "two")
    assert played.folkmoot.heard("writer") == [("user", "one"), ("assistant", "1"), ("user", "two")]
    assert played.folkmoot.stop_reasons == [None, None]


@covers("B108")
async def test_an_agents_own_instructions(play: Player) -> None:
    played = await play(lambda lib: lib.agent(system_message="Be brief."), {"writer": ["1"]}, "one")
    assert played.folkmoot.asked[0]["messages"][0] == {"role": "system", "content": "Be brief."}
