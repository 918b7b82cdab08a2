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


@better("B083", why="A first run without a task gives an inner team nothing to answer, which AutoGen refuses.")
async def test_a_first_run_without_a_task_begins_with_an_inner_team(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a", "b")], max_turns=1)

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, None, spare=True)
    assert "Task list cannot be empty." in played.autogen.failure.text
    assert played.folkmoot.last.said == [("a", "a1"), ("b", "b1")]


@better("B083", why="Selected again at once, an inner team has nothing new to answer, which AutoGen refuses.")
async def test_an_inner_team_selected_twice(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [inner(lib, "a"), lib.agent("c"), lib.agent("d")]
        return lib.SelectorGroupChat(members, lib.model("chooser"), allow_repeated_speaker=True, max_turns=3)

    script = {"chooser": ["inner", "inner", "c"], "a": ["a1", "a2"], "c": ["c1"]}
    played = await play(team, script, "go", spare=True, unheard=["chooser"])
    assert "Task list cannot be empty." in played.autogen.failure.text
    assert played.folkmoot.last.said == [("user", "go"), ("a", "a1"), ("a", "a2"), ("c", "c1")]
    assert played.folkmoot.heard("a") == [("user", "go"), ("assistant", "a1")]


@better(
    "B051", "B080", why="An inner selector that streams its choice ends an AutoGen run: its event is not known outside."
)
async def test_an_inner_selector_that_tells_of_its_choice(play: Player) -> None:
    def team(lib: Any) -> Any:
        members = [lib.agent(name) for name in "abc"]
        chooser = lib.model("chooser")
        inside = lib.SelectorGroupChat(
            members, chooser, name="inner", max_turns=1, model_client_streaming=True, emit_team_events=True
        )
        return lib.RoundRobinGroupChat([inside], max_turns=1)

    played = await play(team, {"chooser": ["b"], "b": ["b1"]}, "go", spare=True, unheard=["chooser"])
    assert "SelectorEvent" in played.autogen.failure.text
    assert played.folkmoot.last.types == ["TextMessage", "SelectorEvent", "SelectSpeakerEvent", "TextMessage"]


@covers("B013", "B080")
def test_two_teams_of_one_name_are_refused(play: Player) -> None:
    found = play.refusals(lambda lib: lib.RoundRobinGroupChat([lib.round_robin("a"), lib.round_robin("b")]))
    assert found["folkmoot"] == "ValueError: The participant names must be unique."


@covers("B080", "B029")
async def test_tokens_of_an_inner_team_count_outside(play: Player) -> None:
    def team(lib: Any) -> Any:
        limit = lib.TokenUsageTermination(max_total_token=30)
        return lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], termination_condition=limit)

    played = await play(team, {"a": ["a1"], "b": ["b1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("b", "b1")


@better("B096", "B097", why="After an error inside an inner team AutoGen's teams, inner and outer, are broken.")
async def test_after_an_error_inside_the_inner_team_the_run_goes_on(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], max_turns=2)

    script = {"a": ["a1"], "b": [{"status": 400, "message": "no such model"}, "b1"], "c": ["c1"]}
    played = await play(team, script, "go", None, spare=True)
    assert played.folkmoot.outcomes[0].said == [("user", "go"), ("a", "a1")]
    assert played.folkmoot.last.said == [("b", "b1"), ("c", "c1")]
    assert played.autogen.last.said != played.folkmoot.last.said
