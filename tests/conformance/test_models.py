"""Models of all families: what they are sent, and thoughts, structures and streams as they come back."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure


class Color(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    """A thing and how often."""

    name: str
    count: int


class Counted(BaseModel):
    """The same with a default."""

    name: str
    count: int = 1


class Order(BaseModel):
    """Things inside things."""

    items: list[Item]
    color: Color
    note: str | None
    kind: Literal["a", "b"]


def add(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


CALL: dict[str, Any] = {"calls": [{"name": "add", "arguments": {"a": 1}, "id": "call_it"}]}


def of(family: str, **options: Any) -> Callable[[Any], Any]:
    """A team of one agent with a tool, whose model is of that family."""

    def team(lib: Any) -> Any:
        member = lib.agent("a", model_client=lib.model("a", family=family), tools=[add], **options)
        return lib.RoundRobinGroupChat([member], max_turns=1)

    return team


FAMILIES = ["gpt-4o", "gpt-5", "o1", "claude-3-5-sonnet", "gemini-2.0-flash", "llama-3.3-70b", "r1", "mistral"]


@covers("B110", "B120")
@pytest.mark.parametrize("family", FAMILIES)
async def test_what_a_family_is_sent(play: Player, family: str) -> None:
    script = {"a": [CALL | {"thought": "Let me add."}, "Done.", "Yes."]}
    played = await play(of(family, max_tool_iterations=2), script, "go", "Well?")
    assert played.folkmoot.last.said[-1] == ("a", "Yes.")


@covers("B120")
@pytest.mark.parametrize("family", ["gpt-4o", "o1", "llama-3.3-70b", "mistral", "unknown"])
async def test_an_empty_answer_in_the_context(play: Player, family: str) -> None:
    played = await play(of(family), {"a": ["", "Yes."]}, "go", "Well?")
    assert played.folkmoot.heard("a") == [("user", "go"), ("assistant", ""), ("user", "Well?")]


@covers("B120")
@pytest.mark.parametrize(("family", "said"), [("claude-3-5-sonnet", []), ("gemini-2.0-flash", [" "])])
@pytest.mark.parametrize("answer", ["", " \n"], ids=["empty", "blank"])
async def test_an_answer_without_words_for_families_that_refuse_it(
    play: Player, family: str, said: list[str], answer: str
) -> None:
    played = await play(of(family), {"a": [answer, "Yes."]}, "go", "Well?")
    expected = said and [answer or " "]
    assert [content for name, content in played.folkmoot.heard("a") if name == "assistant"] == expected


@covers("B120")
@pytest.mark.parametrize("family", ["claude-3-5-sonnet", "gemini-2.0-flash", "mistral"])
async def test_instructions_without_words(play: Player, family: str) -> None:
    played = await play(of(family, system_message=""), {"a": ["Yes."]}, "go")
    assert played.folkmoot.asked[0]["messages"][0] == {"role": "system", "content": " "}


@covers("B017")
async def test_models_that_take_no_names(play: Player) -> None:
    played = await play(of("mistral"), {"a": ["Yes."]}, "go")
    assert played.folkmoot.asked[0]["messages"][-1] == {"role": "user", "content": "go"}


@covers("B110")
async def test_a_thought_that_never_ends(play: Player) -> None:
    played = await play(of("r1"), {"a": ["<think>Hm", "Yes."]}, "go", "Well?")
    assert played.folkmoot.outcomes[0].failure is None


@better("B110", why="AutoGen's thought beside the calls of an r1 model still has its tags.")
async def test_a_thought_beside_calls(play: Player) -> None:
    played = await play(of("r1"), {"a": [CALL | {"thought": "<think>One.</think>Two."}]}, "go")
    assert played.autogen.last.said[1] == ("a", "<think>One.</think>Two.")
    assert played.folkmoot.last.said[1] == ("a", "One.")


@better("B110", why="AutoGen strips the letters of `think` off both ends of a thought that is streamed.")
async def test_a_streamed_thought(play: Player) -> None:
    script = {"a": [{"text": "Yes.", "thought": "in brief: blink"}]}
    played = await play(of("unknown", model_client_stream=True), script, "go")
    assert played.autogen.last.said[1] == ("a", " brief: bl")
    assert played.folkmoot.last.said[1] == ("a", "in brief: blink")


@covers("B105")
async def test_one_system_message_where_there_may_be_no_more(play: Player) -> None:
    def team(lib: Any) -> Any:
        context = lib.UnboundedChatCompletionContext(initial_messages=[lib.SystemMessage(content="Also be brief.")])
        model = lib.model("a", multiple_system_messages=False)
        member = lib.agent("a", system_message="Be kind.", model_client=model, model_context=context)
        return lib.RoundRobinGroupChat([member], max_turns=1)

    played = await play(team, {"a": ["Yes."]}, "go")
    assert [message["role"] for message in played.folkmoot.asked[0]["messages"]] == ["system", "user"]


def answering(output: type[BaseModel], **options: Any) -> Callable[[Any], Any]:
    """a answers in that structure, and b hears it; AutoGen has to be told of the structure."""

    def team(lib: Any) -> Any:
        members = [lib.agent("a", output_content_type=output, **options), lib.agent("b")]
        custom = [lib.StructuredMessage[output]] if lib.autogen else None
        return lib.RoundRobinGroupChat(members, max_turns=2, custom_message_types=custom)

    return team


@covers("B104")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_structure_inside_a_structure(play: Player, stream: bool) -> None:
    answer = '{"items":[{"name":"n","count":2}],"color":"red","note":null,"kind":"b"}'
    played = await play(answering(Order, model_client_stream=stream), {"a": [answer], "b": ["Fine."]}, "go")
    assert played.folkmoot.heard("b")[-1] == ("a", answer)


@better("B104", why="AutoGen sends defaults in a strict schema, which endpoints refuse.")
async def test_a_structure_with_a_default(play: Player) -> None:
    played = await play(answering(Counted), {"a": ['{"name":"n","count":3}'], "b": ["Fine."]}, "go")
    shown = [
        record.asked[0]["response_format"]["json_schema"]["schema"] for record in (played.autogen, played.folkmoot)
    ]
    assert [schema["properties"]["count"].get("default") for schema in shown] == [1, None]
    assert played.autogen.outcomes == played.folkmoot.outcomes


@better("B104", why="Both refuse such an answer; AutoGen shows pydantic's text, Folkmoot names structure and place.")
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("hello", "it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[1]", "it is no JSON object"),
        ('{"nom":"n"}', "at $: 'name' is a required property"),
        ('{"name":"n","count":"many"}', "at $.count: 'many' is not of type 'integer'"),
    ],
    ids=["no json", "a list", "another key", "another type"],
)
async def test_an_answer_that_does_not_fit_the_structure(play: Player, answer: str, problem: str) -> None:
    played = await play(answering(Item), {"a": [answer], "b": []}, "go")
    assert played.autogen.failure.type == "ValidationError"
    assert played.folkmoot.failure == Failure(
        "ModelOutputError", f"The reply is not what output type 'Item' demands: {problem}; it begins {answer!r}"
    )


@covers("B009")
async def test_a_structured_task(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", max_turns=1, custom_message_types=[lib.StructuredMessage[Item]])

    def task(lib: Any) -> Any:
        return lib.StructuredMessage[Item](content=Item(name="n", count=2), source="user")

    played = await play(team, {"a": ["Fine."]}, task)
    assert played.folkmoot.last.types == ["StructuredMessage[Item]", "TextMessage"]
    assert played.folkmoot.heard("a") == [("user", '{"name":"n","count":2}')]


@better("B017", why="AutoGen fails where a source is no name the API takes; Folkmoot asks without the name.")
@pytest.mark.parametrize("source", ["Bob the boss", "Jörg"])
async def test_a_source_that_is_no_name(play: Player, source: str) -> None:
    played = await play(of("unknown"), {"a": ["Yes."]}, lambda lib: lib.text("go", source=source), spare=True)
    assert played.autogen.failure.text.startswith(f"Invalid name: {source}.")
    assert played.folkmoot.last.said == [(source, "go"), ("a", "Yes.")]
