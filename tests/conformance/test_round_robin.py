"""Round robin: whose turn it is, and who hears what."""

from __future__ import annotations

from typing import Any

from tests.conformance.marks import covers
from tests.conformance.play import Player


@covers("B014")
async def test_agents_speak_in_the_order_of_the_list(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1"]}
    played = await play(lambda lib: lib.round_robin("a", "b", "c", max_turns=5), script, "go")
    assert [content for _, content in played.folkmoot.last.said] == ["go", "a1", "b1", "c1", "a2", "b2"]


@covers("B015")
async def test_without_a_task_the_next_in_line_goes_on(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1"], "c": ["c1"]}
    played = await play(lambda lib: lib.round_robin("a", "b", "c", max_turns=2), script, "go", None)
    assert played.folkmoot.last.said == [("c", "c1"), ("a", "a2")]


@covers("B016")
async def test_a_new_task_does_not_begin_the_order_anew(play: Player) -> None:
    script = {"a": ["a1"], "b": ["b1"], "c": ["c1"]}
    played = await play(lambda lib: lib.round_robin("a", "b", "c", max_turns=1), script, "one", "two", "three")
    assert [outcome.said[-1] for outcome in played.folkmoot.outcomes] == [("a", "a1"), ("b", "b1"), ("c", "c1")]


@covers("B017")
async def test_an_agent_hears_the_others_and_never_itself(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1"]}
    played = await play(lambda lib: lib.round_robin("a", "b", "c", max_turns=5), script, "go")
    assert played.folkmoot.heard("b") == [
        ("user", "go"),
        ("a", "a1"),
        ("assistant", "b1"),
        ("c", "c1"),
        ("a", "a2"),
    ]


@covers("B017")
async def test_a_tasks_message_named_like_an_agent_is_heard_by_that_agent(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=2)

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, lambda lib: lib.text("my words?", source="a"))
    assert played.folkmoot.heard("a") == [("a", "my words?")]


@covers("B018")
async def test_a_team_of_one_speaks_every_turn(play: Player) -> None:
    played = await play(lambda lib: lib.round_robin("solo", max_turns=3), {"solo": ["1", "2", "3"]}, "go")
    assert played.folkmoot.last.said == [("user", "go"), ("solo", "1"), ("solo", "2"), ("solo", "3")]
    assert played.folkmoot.heard("solo") == [("user", "go"), ("assistant", "1"), ("assistant", "2")]


@covers("B014")
async def test_team_events_tell_who_speaks(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=2, emit_team_events=True)

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, "go")
    assert played.folkmoot.last.types == ["TextMessage", *["SelectSpeakerEvent", "TextMessage"] * 2]
