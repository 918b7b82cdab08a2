"""Agents of one's own: the same class in both libraries, and AutoGen's live agents in Folkmoot's teams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk


def counter(lib: Any, name: str = "counter", **words: Any) -> Any:
    """An agent that counts what it has heard, thinks aloud, and fails on "fail"."""

    class Counter(lib.BaseChatAgent):
        def __init__(self) -> None:
            super().__init__(name, "Counts.")
            self.heard: list[str] = []

        @property
        def produced_message_types(self) -> Sequence[type]:
            return (lib.TextMessage,)

        async def on_messages(self, messages: Sequence[Any], cancellation_token: Any) -> Any:
            self.heard += [message.to_text() for message in messages]
            if self.heard[-1:] == ["fail"]:
                raise LookupError("told to")
            thought = lib.ThoughtEvent(content=f"I heard {len(messages)}.", source=self.name)
            metadata = {"kind": "count"}
            answer = lib.TextMessage(content=" ".join(self.heard), source=self.name, metadata=metadata)
            return lib.Response(chat_message=answer, inner_messages=[thought])

        async def on_reset(self, cancellation_token: Any) -> None:
            self.heard.clear()

        async def save_state(self) -> Mapping[str, Any]:
            return {"heard": list(self.heard)}

        async def load_state(self, state: Mapping[str, Any]) -> None:
            self.heard = list(state["heard"])

    return Counter()


@covers("B017", "B002")
async def test_an_agent_of_ones_own(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.agent("a"), counter(lib)], max_turns=2)

    played = await play(team, {"a": ["a1", "a2"]}, "one", "two")
    assert played.folkmoot.outcomes[0].types == ["TextMessage", "TextMessage", "ThoughtEvent", "TextMessage"]
    assert played.folkmoot.last.messages[-1]["content"] == "one a1 two a2"
    assert played.folkmoot.last.messages[-1]["metadata"] == {"kind": "count"}
    assert played.folkmoot.heard("a") == [("user", "one"), ("assistant", "a1"), ("counter", "one a1"), ("user", "two")]


@covers("B017")
@pytest.mark.parametrize("kind", ["RoundRobinGroupChat", "SelectorGroupChat", "GraphFlow"])
async def test_two_of_one_class_in_every_team(play: Player, kind: str) -> None:
    def team(lib: Any) -> Any:
        members = [counter(lib, "x"), counter(lib, "y")]
        if kind == "RoundRobinGroupChat":
            return lib.RoundRobinGroupChat(members, max_turns=4)
        if kind == "SelectorGroupChat":
            return lib.SelectorGroupChat(members, lib.model("m"), selector_func=by_turns, max_turns=4)
        builder = lib.DiGraphBuilder()
        for member in members:
            builder.add_node(member)
        return lib.GraphFlow(members, builder.add_edge(*members).build())

    played = await play(team, {}, "go")
    assert ("y", "go x: I heard 1.") not in played.folkmoot.last.said
    assert ("y", "go go") in played.folkmoot.last.said


def by_turns(messages: Sequence[Any]) -> str:
    """x and y in turn."""
    return "y" if messages[-1].source == "x" else "x"


@covers("B095", "B112")
async def test_reset_reaches_an_agent_of_ones_own(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    played = await play(lambda lib: lib.RoundRobinGroupChat([counter(lib)], max_turns=1), {}, story=story)
    assert played.folkmoot.last.said[-1] == ("counter", "two")


@covers("B001")
async def test_an_agent_of_ones_own_alone(play: Player) -> None:
    played = await play(counter, {}, "one", "two")
    assert played.folkmoot.last.said[-1] == ("counter", "one two")
    assert played.folkmoot.stop_reasons == [None, None]


@covers("B096")
async def test_an_agent_of_ones_own_that_fails(play: Player) -> None:
    played = await play(lambda lib: lib.RoundRobinGroupChat([counter(lib)], max_turns=1), {}, "fail")
    assert played.folkmoot.failure == Failure("LookupError", "told to")
    assert played.folkmoot.last.said == [("user", "fail")]


def odd(lib: Any, answer: Callable[[], Any] | None) -> Any:
    """An agent that answers with what it is told to, or not at all."""

    class Odd(lib.BaseChatAgent):
        def __init__(self) -> None:
            super().__init__("odd", "Odd.")

        @property
        def produced_message_types(self) -> Sequence[type]:
            return (lib.TextMessage,)

        async def on_messages(self, messages: Sequence[Any], cancellation_token: Any) -> Any:
            raise NotImplementedError

        async def on_messages_stream(self, messages: Sequence[Any], cancellation_token: Any) -> Any:
            yield lib.ThoughtEvent(content="Hm.", source="odd")
            if answer is not None:
                yield lib.Response(chat_message=answer())

        async def on_reset(self, cancellation_token: Any) -> None:
            pass

    return Odd()


NOT_TAKEN = (
    "What an agent of one's own showed in a turn that failed stays in AutoGen's stream; in Folkmoot the turn was not "
    "taken, and the next run takes it."
)


@better("B010", why=NOT_TAKEN)
async def test_an_agent_that_answers_with_an_unknown_class(play: Player) -> None:
    played = await play(lambda lib: lib.RoundRobinGroupChat([note_taker(lib)], max_turns=1), {}, "go")
    assert played.autogen.last.said == [*played.folkmoot.last.said, ("odd", "Hm.")]
    assert played.autogen.failure == played.folkmoot.failure
    assert played.folkmoot.failure.type == "ValueError"
    assert "NoteMessage" in played.folkmoot.failure.text


@covers("B009", "B010")
async def test_custom_message_types_make_an_answer_known(play: Player) -> None:
    def team(lib: Any) -> Any:
        agent = note_taker(lib)
        return lib.RoundRobinGroupChat([agent, lib.agent("b")], max_turns=2, custom_message_types=[agent.note])

    played = await play(team, {"b": ["b1"]}, "go")
    assert played.folkmoot.last.types == ["TextMessage", "ThoughtEvent", "NoteMessage", "TextMessage"]
    assert played.folkmoot.heard("b")[-1] == ("odd", "noted")


def note_taker(lib: Any) -> Any:
    """An agent that answers with a message class of its own, which it has as `note`."""

    class NoteMessage(lib.BaseTextChatMessage):
        type: Literal["NoteMessage"] = "NoteMessage"

    agent = odd(lib, lambda: NoteMessage(content="noted", source="odd"))
    agent.note = NoteMessage
    return agent


@better("B096", why=NOT_TAKEN)
async def test_an_agent_that_gives_no_answer(play: Player) -> None:
    played = await play(lambda lib: lib.RoundRobinGroupChat([odd(lib, None)], max_turns=1), {}, "go")
    assert played.autogen.last.said == [*played.folkmoot.last.said, ("odd", "Hm.")]
    assert played.autogen.failure == played.folkmoot.failure
    assert "did not produce a final response" in played.folkmoot.failure.text


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


CALL = {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}, "id": "call_it"}]}


@covers("B017", "B055", "B106")
async def test_a_live_assistant_of_autogens_in_folkmoots_swarm(play: Player) -> None:
    def team(lib: Any) -> Any:
        first = lib.theirs.agent("a", tools=[add], handoffs=["b"], max_tool_iterations=2)
        return lib.Swarm([first, lib.agent("b", handoffs=["a"])], max_turns=3)

    hand = [{"calls": [{"name": f"transfer_to_{name}", "arguments": {}, "id": "over"}]} for name in "ab"]
    played = await play(team, {"a": [CALL, hand[1], "Done."], "b": [hand[0]]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "Done.")


@covers("B015", "B095", "B112")
async def test_live_agents_of_autogens_keep_and_lose_their_context(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.stream(None)
        await talk.attempt("reset")
        await talk.stream("two")

    def team(lib: Any) -> Any:
        members = [lib.theirs.agent("a", model_client_stream=True), counter(lib.theirs)]
        return lib.RoundRobinGroupChat(members, max_turns=1)

    played = await play(team, {"a": ["a1", "a2"]}, story=story)
    assert played.folkmoot.heard("a") == [("user", "two")]


@covers("B062", "B073")
async def test_live_agents_of_autogens_in_a_graph(play: Player) -> None:
    def team(lib: Any) -> Any:
        names = "abcd"
        members = {name: lib.theirs.agent(name) for name in names}
        builder = lib.DiGraphBuilder()
        for member in members.values():
            builder.add_node(member)
        for source, target in ("ab", "ac", "bd", "cd"):
            builder.add_edge(members[source], members[target])
        return lib.GraphFlow(builder.get_participants(), builder.build())

    script = {"a": ["a1"], "b": ["b1"], "c": [{"text": "c1", "delay": 0.5}], "d": ["d1"]}
    played = await play(team, script, "go", parallel=True)
    assert played.folkmoot.heard("c") == [("user", "go"), ("a", "a1")]


@covers("B096")
async def test_a_live_agent_of_autogens_fails(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.theirs.agent("a")], max_turns=1)

    played = await play(team, {"a": [{"status": 400, "message": "no such model"}]}, "go")
    assert played.folkmoot.failure.type == "BadRequestError"
