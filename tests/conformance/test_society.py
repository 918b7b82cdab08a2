"""Society of mind: an inner team that speaks with one voice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.marks import covers
from tests.conformance.play import Player

WORDS = {"instruction": "Others have said:", "response_prompt": "Now answer for them."}


def society(turns: int = 1, *, inner_turns: int = 2) -> Callable[[Any], Any]:
    """A society of a and b, whose voice is the model `voice`, in a team with c."""

    def team(lib: Any) -> Any:
        inner = lib.round_robin("a", "b", name="inner", max_turns=inner_turns)
        mind = lib.SocietyOfMindAgent("mind", inner, lib.model("voice"), **WORDS)
        return lib.RoundRobinGroupChat([mind, lib.agent("c")], max_turns=turns)

    return team


@covers("B085")
async def test_the_inner_talk_becomes_one_message(play: Player) -> None:
    played = await play(society(2), {"a": ["a1"], "b": ["b1"], "voice": ["We think so."], "c": ["c1"]}, "go")
    assert played.folkmoot.last.messages[-2]["content"] == "We think so."
    assert played.folkmoot.heard("c") == [("user", "go"), ("mind", "We think so.")]


@covers("B085", "B086")
async def test_the_inner_team_is_reset_and_told_what_came_before(play: Player) -> None:
    script = {"a": ["a1", "a2"], "b": ["b1", "b2"], "voice": ["v1", "v2"], "c": ["c1"]}
    played = await play(society(3), script, "go")
    assert ("user", "go") in played.folkmoot.heard("a")
    assert all(content != "a1" for _, content in played.folkmoot.heard("a"))


@covers("B086")
async def test_a_second_run(play: Player) -> None:
    script = {"a": ["a1", "a2"], "voice": ["v1", "v2"], "c": ["c1"]}
    played = await play(society(2, inner_turns=1), script, "go", spare=True)
    assert played.folkmoot.last.failure is None


@covers("B086")
async def test_without_inner_messages_the_answer_is_fixed(play: Player) -> None:
    def team(lib: Any) -> Any:
        inner = lib.round_robin("a", name="inner", termination_condition=lib.TextMentionTermination("go"))
        mind = lib.SocietyOfMindAgent("mind", inner, lib.model("voice"), **WORDS)
        return lib.RoundRobinGroupChat([mind], max_turns=1)

    played = await play(team, {}, "go")
    assert played.folkmoot.last.said == [("user", "go"), ("mind", "No response.")]


@covers("B029", "B085")
async def test_what_a_society_costs_and_shows(play: Player) -> None:
    def team(lib: Any) -> Any:
        inner = lib.round_robin("a", "b", name="inner", max_turns=2)
        mind = lib.SocietyOfMindAgent("mind", inner, lib.model("voice"), **WORDS)
        stop = lib.TokenUsageTermination(max_total_token=30) | lib.TextMentionTermination("b1")
        return lib.RoundRobinGroupChat([mind, lib.agent("c")], termination_condition=stop)

    script = {"a": ["a1"], "b": ["b1"], "voice": ["We think so."], "c": ["c1"]}
    played = await play(team, script, "go")
    assert played.folkmoot.last.said[-1] == ("c", "c1"), "neither the inner talk nor its tokens reach the condition"
