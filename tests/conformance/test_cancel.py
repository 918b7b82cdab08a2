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
