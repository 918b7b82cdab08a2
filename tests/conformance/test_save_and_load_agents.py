"""States of agents of every kind, in a team and alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tests.conformance.marks import better, covers
from tests.conformance.test_custom import counter
from tests.conformance.test_run import PIXEL, note_class
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def adds(a: int, b: int, call: str) -> dict[str, Any]:
    """A reply that adds."""
    return {"calls": [{"name": "add", "arguments": {"a": a, "b": b}, "id": call}]}


def alone(*others: str, **options: Any) -> Callable[[Any], Any]:
    """A round robin of writer, with these options, and others."""
    return lambda lib: lib.RoundRobinGroupChat(
        [lib.agent("writer", **options), *map(lib.agent, others)], max_turns=1 + len(others)
    )


@covers("B088", "B112")
async def test_calls_of_tools_and_their_results(travel: Traveller) -> None:
    script = {"writer": [adds(1, 2, "one")], "b": ["b1"]}
    later = {"writer": [adds(3, 4, "two")], "b": ["b2"]}
    gone = await travel(alone("b", tools=[add]), script, ["go"], later, ["more"])
    roles = [item["role"] for item in gone.arrived.asked[0]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "user", "user"]


@covers("B088", "B112")
async def test_several_rounds_of_tools_and_reflection(travel: Traveller) -> None:
    options = {"tools": [add], "max_tool_iterations": 2, "reflect_on_tool_use": True}
    script = {"writer": [{**adds(1, 2, "one"), "thought": "Hm."}, adds(3, 4, "two"), "Three and seven."]}
    gone = await travel(alone(**options), script, ["go"], {"writer": ["Sure."]}, ["Sure?"])
    assert gone.left.heard("writer")[-1] == ("user", "Sure?")


@covers("B112")
async def test_an_agent_alone(travel: Traveller) -> None:
    gone = await travel(lambda lib: lib.agent(), {"writer": ["w1"]}, ["go"], {"writer": ["w2"]}, ["more"])
    assert gone.arrived.heard("writer") == [("user", "go"), ("assistant", "w1"), ("user", "more")]
    assert gone.autogen_state["type"] == gone.folkmoot_state["type"] == "AssistantAgentState"


class Verdict(BaseModel):
    """A judgement."""

    good: bool
    why: str


@covers("B092", "B088")
async def test_structured_answers(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        judge = lib.agent("judge", output_content_type=Verdict, output_content_type_format="{good}: {why}")
        kinds = [lib.StructuredMessage[Verdict]] if lib.autogen else []
        return lib.RoundRobinGroupChat([judge, lib.agent("b")], max_turns=1, custom_message_types=kinds or None)

    gone = await travel(team, {"judge": ['{"good":true,"why":"short"}']}, ["go"], {"b": ["b1"]}, [None])
    assert gone.arrived.heard("b") == gone.left.heard("b")
    assert gone.folkmoot_state["agent_states"]["b"]["message_buffer"][-1]["content"] == {"good": True, "why": "short"}


@covers("B092", "B088")
async def test_images(travel: Traveller) -> None:
    def task(lib: Any) -> Any:
        return lib.MultiModalMessage(content=["Look:", lib.Image.from_base64(PIXEL)], source="user")

    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=1)

    gone = await travel(team, {"a": ["a1"]}, [task], {"b": ["b1"], "a": ["a2"]}, [None, None])
    for model in "ab":
        kinds = [part["type"] for part in gone.arrived.heard(model)[0][1]]
        assert kinds == ["text", "image_url"]


@covers("B088")
@pytest.mark.parametrize("view", ["buffered", "head_and_tail"])
async def test_limited_contexts(travel: Traveller, view: str) -> None:
    def team(lib: Any) -> Any:
        if view == "buffered":
            context = lib.BufferedChatCompletionContext(3)
        else:
            context = lib.HeadAndTailChatCompletionContext(1, 1)
        return lib.RoundRobinGroupChat([lib.agent("a", model_context=context)], max_turns=1)

    gone = await travel(team, {"a": ["a1", "a2"]}, ["one", "two"], {"a": ["a3"]}, ["three"])
    assert "a1" not in str(gone.arrived.asked)


def remembers(lib: Any) -> Any:
    """A team of an agent with a memory and another."""
    memory = lib.ListMemory(name="facts")
    entry = lib.MemoryContent(content="It rains.", mime_type="text/plain")
    if lib.autogen:
        memory = lib.ListMemory(name="facts", memory_contents=[entry])
    else:
        memory = lib.ListMemory(name="facts", memory_contents=[entry])
    return lib.RoundRobinGroupChat([lib.agent("a", memory=[memory]), lib.agent("b")], max_turns=2)


@better("B109", "B088", why="AutoGen adds what a memory says to the context at every turn once more.")
async def test_memories(travel: Traveller) -> None:
    gone = await travel(remembers, {"a": ["a1"], "b": ["b1"]}, ["go"], {"a": ["a2"], "b": ["b2"]}, ["more"], spare=True)
    assert str(gone.folkmoot.asked[0]).count("It rains.") == 1
    assert str(gone.autogen.asked[0]).count("It rains.") == 2
    assert gone.left.asked == gone.autogen.asked
    assert gone.arrived.heard("b") == gone.autogen.heard("b")


def filtered(lib: Any) -> Any:
    """b hears only the last word of a."""
    config = lib.MessageFilterConfig(per_source=[lib.PerSourceFilter(source="a", position="last", count=1)])
    return lib.RoundRobinGroupChat(
        [lib.agent("a"), lib.MessageFilterAgent("b", lib.agent("inside"), config)], max_turns=2
    )


@better("B073", "B087", why="AutoGen does not save the agent inside a filter.")
async def test_the_agent_inside_a_filter(travel: Traveller) -> None:
    later = {"a": ["a2"], "inside": ["i2"]}
    gone = await travel(filtered, {"a": ["a1"], "inside": ["i1"]}, ["go"], later, ["more"])
    assert gone.folkmoot.asked == gone.autogen_stayed.asked
    assert gone.arrived.asked == gone.left.asked == gone.autogen.asked
    assert gone.folkmoot.heard("inside") == [("a", "a1"), ("assistant", "i1"), ("a", "a2")]


CODE = "```python\nprint(6 * 7)\n```"


@better("B116", "B087", why="AutoGen does not save the context of an agent that writes code.")
@pytest.mark.filterwarnings("ignore:No approval function")
async def test_an_agent_that_writes_code(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        coder = lib.CodeExecutorAgent("coder", code_executor=lib.executor(), model_client=lib.model("coder"))
        return lib.RoundRobinGroupChat([coder], max_turns=1)

    gone = await travel(team, {"coder": [CODE, "42."]}, ["go"], {"coder": [CODE, "42 again."]}, ["more"])
    heard = {name: getattr(gone, name).heard("coder", 0) for name in ("folkmoot", "autogen", "arrived", "left")}
    assert ("assistant", CODE) in heard["folkmoot"]
    assert heard["autogen"] == heard["arrived"] == heard["left"] == [("user", "more")]


@covers("B088", "B089", "B114")
@pytest.mark.filterwarnings("ignore:No approval function")
async def test_an_agent_that_runs_code(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        runner = lib.CodeExecutorAgent("runner", code_executor=lib.executor())
        return lib.RoundRobinGroupChat([lib.agent("a"), runner], max_turns=1)

    gone = await travel(team, {"a": [CODE]}, ["go"], {"a": ["a2"]}, [None, None])
    assert gone.arrived.heard("a")[-1] == ("runner", "42\n")


@covers("B088", "B117")
async def test_a_person(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        def answer(prompt: str) -> str:
            lib.notes.append(prompt)
            return "Fine."

        return lib.RoundRobinGroupChat([lib.agent("a"), lib.UserProxyAgent("person", input_func=answer)], max_turns=1)

    gone = await travel(team, {"a": ["a1"]}, ["go"], {"a": ["a2"]}, [None, None])
    assert gone.arrived.heard("a")[-1] == ("person", "Fine.")


@covers("B088", "B117", "B059")
async def test_a_person_it_was_handed_to(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        def answer(prompt: str) -> str:
            lib.notes.append(prompt)
            return "Go on."

        return lib.Swarm(
            [lib.agent("a", handoffs=["person"]), lib.UserProxyAgent("person", input_func=answer)], max_turns=1
        )

    handed = {"calls": [{"name": "transfer_to_person", "arguments": {}, "id": "to"}]}
    gone = await travel(team, {"a": [handed]}, ["go"], {"a": ["a2"]}, [None, None])
    assert gone.arrived.notes == ["Handoff received from a. Enter your response: "]
    assert gone.arrived.last.said == [("a", "a2")]


@covers("B087", "B088")
async def test_an_agent_of_ones_own(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.agent("a"), counter(lib)], max_turns=2)

    gone = await travel(team, {"a": ["a1"]}, ["one"], {"a": ["a2"]}, ["two"])
    assert gone.arrived.last.messages[-1]["content"] == "one a1 two a2"


@covers("B112")
async def test_an_agent_of_ones_own_alone(travel: Traveller) -> None:
    gone = await travel(counter, {}, ["one"], {}, ["two"])
    assert gone.arrived.last.said[-1] == ("counter", "one two")


@covers("B087", "B088")
async def test_an_agent_of_autogens_that_lives_in_folkmoot(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        agent = lib.theirs.agent("live")
        return lib.RoundRobinGroupChat([lib.agent("a"), agent], max_turns=2)

    gone = await travel(team, {"a": ["a1"], "live": ["l1"]}, ["go"], {"a": ["a2"], "live": ["l2"]}, ["more"])
    assert gone.arrived.heard("live")[-2:] == [("user", "more"), ("a", "a2")]


@covers("B009", "B092")
async def test_message_classes_of_ones_own(travel: Traveller) -> None:
    classes: dict[str, Any] = {}

    def team(lib: Any) -> Any:
        note = classes[lib.name] = note_class(lib)
        return lib.round_robin("a", "b", max_turns=1, custom_message_types=[note])

    def task(lib: Any) -> Any:
        return classes[lib.name](content="note", source="user")

    gone = await travel(team, {"a": ["a1"]}, [task], {"b": ["b1"]}, [None])
    assert gone.arrived.heard("b") == gone.left.heard("b") == [("user", "note"), ("a", "a1")]


@covers("B112", "B097")
async def test_an_agent_alone_after_a_failure(travel: Traveller) -> None:
    script = {"writer": [{"status": 400, "message": "no such model"}]}
    gone = await travel(lambda lib: lib.agent(), script, ["go"], {"writer": ["w1"]}, [None])
    assert gone.arrived.heard("writer") == gone.left.heard("writer") == [("user", "go")]
