"""Limits of turns."""

from __future__ import annotations

from typing import Any

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk


@covers("B019")
async def test_max_turns_ends_the_run_with_its_text(play: Player) -> None:
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=3), {"a": ["1", "3"], "b": ["2"]}, "go")
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 3 reached."
    assert len(played.folkmoot.last.messages) == 4


@covers("B020")
async def test_turns_are_counted_anew_and_the_order_is_kept(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1", "c2"]}
    played = await play(lambda lib: lib.round_robin("a", "b", "c", max_turns=2), script, "go", None, None)
    assert played.folkmoot.stop_reasons == ["Maximum number of turns 2 reached."] * 3
    assert played.folkmoot.last.said == [("b", "b2"), ("c", "c2")]


@covers("B020")
async def test_a_run_ended_by_a_condition_leaves_no_turns_behind(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin(
            "a", max_turns=3, termination_condition=lib.TextMentionTermination("STOP", sources=["a"])
        )

    played = await play(team, {"a": ["1", "STOP", "1", "2", "3"]}, "go", None)
    assert played.folkmoot.stop_reasons == ["Text 'STOP' mentioned", "Maximum number of turns 3 reached."]


@covers("B021")
async def test_the_conditions_text_wins(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", max_turns=2, termination_condition=lib.MaxMessageTermination(3))

    played = await play(team, {"a": ["1", "2"]}, "go")
    assert played.folkmoot.last.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


@better("B022", why="AutoGen refuses the limit only when the team is first run; Folkmoot when it is made.")
def test_a_limit_below_one_is_refused_when_the_team_is_made(play: Player) -> None:
    for limit in (0, -1):
        found = play.refusals(lambda lib, limit=limit: lib.round_robin("a", max_turns=limit))
        assert found == {
            "autogen": "not refused",
            "folkmoot": "ValueError: The maximum number of turns must be greater than 0.",
        }


@better("B022", why="AutoGen's text is the same, but comes with the first run.")
async def test_autogen_refuses_the_limit_at_the_first_run(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.run("go")

    limits = {"autogen": 0, "folkmoot": 1}
    played = await play(
        lambda lib: lib.round_robin("a", max_turns=limits[lib.name]), {"a": ["1"]}, story=story, spare=True
    )
    assert played.autogen.failure.text == "The maximum number of turns must be greater than 0."
    assert played.folkmoot.last.failure is None
