"""Pause, resume and reset."""

from __future__ import annotations

from typing import Any

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk


@covers("B095")
async def test_reset_forgets_everything(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", termination_condition=lib.MaxMessageTermination(2))

    played = await play(team, {"a": ["a1", "a2"]}, story=story)
    assert played.folkmoot.last.said == [("user", "two"), ("a", "a2")], "the first agent begins"
    assert played.folkmoot.heard("a") == [("user", "two")]


@covers("B095")
async def test_reset_before_the_first_run(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.attempt("reset")
        await talk.stream("one")

    played = await play(lambda lib: lib.round_robin("a", max_turns=1), {"a": ["1"]}, story=story)
    assert played.folkmoot.last.said == [("user", "one"), ("a", "1")]


@covers("B095")
async def test_reset_while_running_is_refused(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("one")
        await talk.asked(1)
        await talk.attempt("reset")
        talk.release("first")
        await run

    script = {"a": [{"text": "1", "hold": "first"}]}
    played = await play(lambda lib: lib.round_robin("a", max_turns=1), script, story=story)
    text = "The group chat is currently running. It must be stopped before it can be reset."
    assert played.folkmoot.failure == Failure("RuntimeError", text)
    assert played.folkmoot.outcomes[0].said == [("user", "one"), ("a", "1")]


@better(
    "B101",
    why="AutoGen's pause only tells the agents, and the chat goes on; Folkmoot starts no step until `resume`.",
)
async def test_a_pause_holds_the_chat(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("one")
        await talk.asked(1)
        await talk.attempt("pause")
        talk.release("first")
        if talk.lib.autogen:
            await run
        else:
            await talk.until("paused")
        talk.note(len(talk.requests))
        await talk.attempt("resume", within=1.0 if talk.lib.autogen else None)
        await run

    script = {"a": [{"text": "1", "hold": "first"}], "b": ["2"]}
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=2), script, story=story)
    assert played.autogen.notes == [2], "the second agent spoke in the pause"
    assert played.folkmoot.notes == [1]
    assert played.folkmoot.outcomes[0].said == played.autogen.outcomes[0].said


@better(
    "B102",
    why="AutoGen refuses to pause a team that never ran, and hangs on pausing one that is idle; in Folkmoot the next "
    "run starts paused.",
)
async def test_a_pause_before_the_first_run(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.attempt("pause", within=10.0)
        if talk.lib.autogen:
            await talk.stream("one")
            await talk.attempt("pause", within=1.0)
            return
        run = talk.start("one")
        await talk.until("paused")
        talk.note(len(talk.requests))
        await talk.attempt("resume")
        await run

    played = await play(lambda lib: lib.round_robin("a", max_turns=1), {"a": ["1"]}, story=story)
    text = "The group chat has not been initialized. It must be run before it can be paused."
    assert played.autogen.outcomes[0].failure == Failure("RuntimeError", text)
    assert played.autogen.failure == Failure("Hangs", "")
    assert played.folkmoot.notes == [0]
    assert played.folkmoot.outcomes[1].said == [("user", "one"), ("a", "1")]
