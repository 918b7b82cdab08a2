"""Cancelling, and what comes after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk

HELD = {"text": "never", "hold": "never"}
DIG = {"calls": [{"name": "dig", "arguments": {}, "id": "call_dig"}]}


async def cancelled(talk: Talk) -> None:
    """A run, cancelled while its first model call is held."""
    run = talk.start("go")
    await talk.asked(1)
    talk.cancel()
    await run


@covers("B099")
@pytest.mark.parametrize("stream", [False, True])
async def test_cancelled_in_a_model_call(play: Player, stream: bool) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([lib.agent("a", model_client_stream=stream)], max_turns=1)

    played = await play(team, {"a": [HELD]}, story=cancelled)
    assert played.folkmoot.failure == Failure("Cancelled", "")
    assert played.folkmoot.last.said == [("user", "go")]


@better(
    "B099",
    why="Cancelled in a tool call, AutoGen hangs; Folkmoot's run ends, and the call has an error as its result.",
)
async def test_cancelled_in_a_tool(play: Player) -> None:
    def team(lib: Any) -> Any:
        async def dig() -> str:
            """Dig."""
            lib.digging.set()
            await asyncio.Event().wait()
            return "never"

        lib.digging = asyncio.Event()
        return lib.RoundRobinGroupChat([lib.agent("a", tools=[dig])], max_turns=1)

    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.lib.digging.wait()
        talk.cancel()
        await talk.within(1.0 if talk.lib.autogen else 20.0, run)
        if not talk.lib.autogen:
            await talk.stream("again")

    played = await play(team, {"a": [DIG, "Again."]}, story=story, spare=True)
    assert played.autogen.failure == Failure("Hangs", "")
    assert played.folkmoot.outcomes[0].failure == Failure("Cancelled", "")
    messages = played.folkmoot.asked[-1]["messages"]
    assert [message["tool_call_id"] for message in messages if message["role"] == "tool"] == ["call_dig"]


@better(
    "B100",
    why="After a cancellation inside a turn AutoGen's team is as broken as after an error: one turn a run.",
)
async def test_after_a_cancelled_turn_the_team_runs_again(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await cancelled(talk)
        await talk.stream(None)

    script = {"a": [HELD, "1"], "b": ["2"]}
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=2), script, story=story, spare=True)
    assert played.autogen.last.stop_reason == "The group chat is stopped."
    assert played.folkmoot.last.said == [("a", "1"), ("b", "2")]
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 2 reached."


@covers("B100")
async def test_a_token_cancelled_after_the_run_does_nothing(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go")
        talk.cancel()
        await talk.stream(None)

    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=1), {"a": ["1"], "b": ["2"]}, story=story)
    assert played.folkmoot.last.said == [("b", "2")]


@better("B100", why="A token that is cancelled before the run ends an AutoGen agent's run with asyncio's own error.")
async def test_a_token_cancelled_before_the_run(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go", cancelled=True)

    played = await play(lambda lib: lib.round_robin("a", max_turns=1), {"a": [HELD]}, story=story, spare=True)
    assert played.folkmoot.failure == Failure("Cancelled", "")


def held(hold: str = "never") -> dict[str, Any]:
    """A reply that never comes."""
    return {"text": "never", "hold": hold}


def to_select(lib: Any) -> Any:
    """Cancelled while the speaker is selected."""
    return lib.SelectorGroupChat([lib.agent("b"), lib.agent("c"), lib.agent("d")], lib.model("a"), max_turns=1)


def to_reflect(lib: Any) -> Any:
    """Cancelled in the call that reflects on a tool's result."""

    async def dig() -> str:
        """Dig."""
        return "dug"

    return lib.RoundRobinGroupChat([lib.agent("a", tools=[dig], reflect_on_tool_use=True)], max_turns=1)


def to_speak_for_others(lib: Any) -> Any:
    """Cancelled while a society's voice is asked."""
    inner = lib.round_robin("b", name="inner", max_turns=1)
    mind = lib.SocietyOfMindAgent("mind", inner, lib.model("a"), instruction="So:", response_prompt="Now:")
    return lib.RoundRobinGroupChat([mind], max_turns=1)


def inside(lib: Any) -> Any:
    """Cancelled inside an inner team."""
    return lib.RoundRobinGroupChat([lib.round_robin("a", name="inner", max_turns=1)], max_turns=1)


def in_a_batch(lib: Any) -> Any:
    """Cancelled while two speak at once."""
    members = [lib.agent("a"), lib.agent("b")]
    builder = lib.DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    return lib.GraphFlow(members, builder.build())


@covers("B099")
@pytest.mark.parametrize(
    ("team", "script", "asked"),
    [
        (to_reflect, {"a": [DIG, held()]}, 2),
        (to_speak_for_others, {"a": [held()], "b": ["b1"]}, 2),
        (inside, {"a": [held()]}, 1),
        (in_a_batch, {"a": [held()], "b": [held()]}, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_cancelled_in_every_phase(play: Player, team: Any, script: dict[str, Any], asked: int) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.asked(asked)
        talk.cancel()
        await run

    played = await play(team, script, story=story, parallel=True, spare=True)
    assert played.folkmoot.failure == Failure("Cancelled", "")


@better("B099", why="Cancelled in the first selection, AutoGen's stream keeps the task back.")
async def test_cancelled_in_a_selection(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.asked(1)
        talk.cancel()
        await run

    played = await play(to_select, {"a": [held()]}, story=story, unheard=["a"])
    assert played.autogen.failure == played.folkmoot.failure == Failure("Cancelled", "")
    assert (played.autogen.last.said, played.folkmoot.last.said) == ([], [("user", "go")])


async def cancelled_outside(talk: Talk) -> None:
    """Cancelled while something outside is asked, which answers only later; noted is whether the run ended before."""
    run = talk.start("go")
    await talk.lib.asked.wait()
    talk.cancel()
    done, _ = await asyncio.wait([run], timeout=1.0 if talk.lib.autogen else 20.0)
    talk.note(bool(done))
    talk.lib.answered.set()
    await run


@better("B099", why="AutoGen does not tell a memory of a cancellation, and the run goes on until the memory answers.")
async def test_cancelled_in_a_memory(play: Player) -> None:
    def team(lib: Any) -> Any:
        class Slow(lib.Memory):
            name = "slow"

            async def update_context(self, model_context: Any) -> Any:
                lib.asked.set()
                await lib.answered.wait()
                return lib.UpdateContextResult(memories=lib.MemoryQueryResult(results=[]))

            async def query(self, query: Any, cancellation_token: Any = None, **kwargs: Any) -> Any:
                raise NotImplementedError

            async def add(self, content: Any, cancellation_token: Any = None) -> None:
                raise NotImplementedError

            async def clear(self) -> None:
                raise NotImplementedError

            async def close(self) -> None:
                pass

        lib.asked, lib.answered = asyncio.Event(), asyncio.Event()
        return lib.RoundRobinGroupChat([lib.agent("a", memory=[Slow()])], max_turns=1)

    played = await play(team, {"a": [held()]}, story=cancelled_outside, spare=True)
    assert (played.autogen.notes, played.folkmoot.notes) == ([False], [True])
    assert played.folkmoot.failure == Failure("Cancelled", "")


@better("B099", "B117", why="AutoGen waits for an input function that does not heed the token; Folkmoot ends the run.")
async def test_cancelled_while_a_person_is_asked(play: Player) -> None:
    def team(lib: Any) -> Any:
        async def ask(prompt: str, cancellation_token: Any = None) -> str:
            lib.asked.set()
            await lib.answered.wait()
            return "Late."

        lib.asked, lib.answered = asyncio.Event(), asyncio.Event()
        return lib.RoundRobinGroupChat([lib.UserProxyAgent("person", input_func=ask)], max_turns=1)

    played = await play(team, {}, story=cancelled_outside)
    assert (played.autogen.notes, played.folkmoot.notes) == ([False], [True])
    assert played.folkmoot.failure == Failure("Cancelled", "")
