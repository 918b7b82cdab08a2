"""Teams in teams."""

from __future__ import annotations

from typing import Any

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk


def inner(lib: Any, *names: str, name: str = "inner", **options: Any) -> Any:
    """A team to be put into another."""
    options.setdefault("max_turns", len(names))
    return lib.round_robin(*names, name=name, **options)


@covers("B080")
async def test_an_inner_team_is_one_turn_of_the_outer(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], max_turns=3)

    played = await play(team, {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1"]}, "go")
    assert [content for _, content in played.folkmoot.last.said] == ["go", "a1", "b1", "c1", "a2", "b2"]
    assert played.folkmoot.heard("a")[-1] == ("c", "c1")


@covers("B080")
async def test_an_inner_condition_counts_what_comes_in(play: Player) -> None:
    def team(lib: Any) -> Any:
        limited = inner(lib, "a", "b", max_turns=None, termination_condition=lib.MaxMessageTermination(3))
        return lib.RoundRobinGroupChat([limited, lib.agent("c")], max_turns=3)

    played = await play(team, {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1"]}, "go")
    assert [content for _, content in played.folkmoot.last.said] == ["go", "a1", "b1", "c1", "a2", "b2"]


@covers("B080")
async def test_an_outer_condition_hears_the_inner_talk(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [inner(lib, "a", "b"), lib.agent("c")]
        return lib.RoundRobinGroupChat(members, termination_condition=lib.TextMentionTermination("STOP"))

    played = await play(team, {"a": ["STOP"], "b": ["b1"]}, "go")
    assert played.folkmoot.last.said == [("user", "go"), ("a", "STOP"), ("b", "b1")]
    assert played.folkmoot.last.stop_reason == "Text 'STOP' mentioned"


@covers("B081")
async def test_three_levels_and_the_run_agrees_with_the_stream(play: Player) -> None:
    def team(lib: Any) -> Any:
        middle = lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], name="middle", max_turns=2)
        return lib.RoundRobinGroupChat([middle, lib.agent("d")], max_turns=2)

    async def story(talk: Talk) -> None:
        await talk.run("go")
        await talk.stream("more")

    script = {name: [f"{name}1", f"{name}2"] for name in "abcd"}
    played = await play(team, script, story=story)
    assert [[content for _, content in outcome.said] for outcome in played.folkmoot.outcomes] == [
        ["go", "a1", "b1", "c1", "d1"],
        ["more", "a2", "b2", "c2", "d2"],
    ]


@better("B083", why="Where an inner team's turn comes twice in a row, AutoGen fails: it has no new message for it.")
async def test_an_inner_team_twice_in_a_row(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a", "b")], max_turns=2)

    played = await play(team, {"a": ["a1", "a2"], "b": ["b1", "b2"]}, "go", spare=True)
    assert "Task list cannot be empty." in played.autogen.failure.text


@covers("B084")
def test_nested_components_dump_and_load(play: Player) -> None:
    def build(lib: Any) -> Any:
        team = lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], max_turns=3)
        dumped = team.dump_component()
        raise LookupError(str(lib.RoundRobinGroupChat.load_component(dumped).dump_component() == dumped))

    assert play.refusals(build)["autogen"] == "LookupError: True"


@covers("B080")
async def test_reset_reaches_the_inner_team(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a", "b", max_turns=1), lib.agent("c")], max_turns=1)

    played = await play(team, {"a": ["a1", "a2"]}, story=story)
    assert played.folkmoot.heard("a") == [("user", "two")]
