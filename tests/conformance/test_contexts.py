"""Model contexts: what of the conversation a model is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def listening(context: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    """A team of one with a context, one turn a run."""
    return lambda lib: lib.RoundRobinGroupChat([lib.agent("a", model_context=context(lib), **options)], max_turns=1)


CONTEXTS: dict[str, Callable[[Any], Any]] = {
    "unbounded": lambda lib: lib.UnboundedChatCompletionContext(),
    "buffered": lambda lib: lib.BufferedChatCompletionContext(3),
    "head and tail": lambda lib: lib.HeadAndTailChatCompletionContext(1, 2),
    "buffered, begun": lambda lib: lib.BufferedChatCompletionContext(
        4, initial_messages=[lib.UserMessage(content="Before all.", source="user")]
    ),
    "unbounded, begun": lambda lib: lib.UnboundedChatCompletionContext(
        initial_messages=[
            lib.UserMessage(content="Before all.", source="user"),
            lib.AssistantMessage(content="I see.", source="a"),
        ]
    ),
}


@covers("B120")
@pytest.mark.parametrize("kind", CONTEXTS)
async def test_what_a_context_shows(play: Player, kind: str) -> None:
    script = {"a": ["1", "2", "3", "4"]}
    played = await play(listening(CONTEXTS[kind]), script, "one", "two", "three", "four")
    assert played.folkmoot.heard("a")[-1] == ("user", "four")


@covers("B120")
async def test_no_tool_result_without_its_call_at_the_front(play: Player) -> None:
    made = {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}
    team = listening(lambda lib: lib.BufferedChatCompletionContext(2), tools=[add])
    played = await play(team, {"a": [made, "Three."]}, "1 + 2?", "Well?")
    assert played.folkmoot.heard("a") == [("user", "Well?")]


@covers("B120")
async def test_no_tool_call_without_its_result_at_the_end_of_a_head(play: Player) -> None:
    made = {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}, "id": "call_it"}]}
    team = listening(lambda lib: lib.HeadAndTailChatCompletionContext(2, 1), tools=[add], max_tool_iterations=1)
    played = await play(team, {"a": [made, "Three.", "Four."]}, "1 + 2?", "Well?", "And 2 + 2?")
    assert [name for name, _ in played.folkmoot.heard("a")] == ["user", "System", "user"]


@covers("B120")
async def test_initial_messages_come_back_with_every_call(play: Player) -> None:
    team = listening(CONTEXTS["unbounded, begun"])
    played = await play(team, {"a": ["1", "2"]}, "one", "two")
    assert played.folkmoot.heard("a")[:2] == [("user", "Before all."), ("assistant", "I see.")]


@covers("B120")
@pytest.mark.parametrize("limit", [75, 1000])
async def test_a_limit_of_tokens(play: Player, limit: int) -> None:
    def count(messages: Any, tools: Any = ()) -> int:
        # AutoGen would fetch an encoding from the web. 75 lies well between what this and a real encoding count.
        return sum(4 + -(-len(message.content) // 4) for message in messages)

    def team(lib: Any) -> Any:
        model = lib.model("a")
        if lib.autogen:
            model.count_tokens = count
        first = [model] if lib.autogen else []
        context = lib.TokenLimitedChatCompletionContext(*first, token_limit=limit)
        return lib.RoundRobinGroupChat([lib.agent("a", model_client=model, model_context=context)], max_turns=1)

    tasks = [f"{word} " * 20 for word in ("one", "two", "three", "four")]
    played = await play(team, {"a": ["1", "2", "3", "4"]}, *tasks)
    assert len(played.folkmoot.heard("a")) == (4 if limit == 75 else 7)


@covers("B120")
@pytest.mark.parametrize("size", [0, -1])
def test_contexts_refuse_empty_views(play: Player, size: int) -> None:
    for build in (
        lambda lib: lib.BufferedChatCompletionContext(size),
        lambda lib: lib.HeadAndTailChatCompletionContext(size, 1),
        lambda lib: lib.HeadAndTailChatCompletionContext(1, size),
    ):
        assert play.refusals(build)["folkmoot"].endswith("must be greater than 0.")


@better("B120", "B112", why="Reset wipes the initial messages of an AutoGen context for good.")
async def test_initial_messages_survive_a_reset(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    played = await play(listening(CONTEXTS["unbounded, begun"]), {"a": ["1", "2"]}, story=story)
    assert played.autogen.heard("a") == [("user", "two")]
    assert played.folkmoot.heard("a") == [("user", "Before all."), ("assistant", "I see."), ("user", "two")]
