"""Who may follow whom, as in AutoGen 0.2: AgentChat has no such table, so its plain teams stand beside ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.marks import better
from tests.conformance.play import Player

WHY = "AgentChat has no table of who may follow whom, which AutoGen 0.2 had; Folkmoot's teams take one."


def with_table(lib: Any, kind: str, **table: list[str]) -> dict[str, Any]:
    """The arguments that hold a team to a table; AgentChat has none."""
    if lib.autogen:
        return {}
    return {"allowed_or_disallowed_speaker_transitions": table, "speaker_transitions_type": kind}


@better("B014", why=WHY)
@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("allowed", {"a": ["c"], "b": ["a"], "c": ["b"]}),
        ("disallowed", {"a": ["a", "b"], "b": ["b", "c"], "c": ["a", "c"]}),
    ],
)
async def test_a_round_robin_with_an_order_of_its_own(play: Player, kind: str, table: dict[str, list[str]]) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", "c", max_turns=4, **with_table(lib, kind, **table))

    script = {name: [f"{name}1", f"{name}2"] for name in "abc"}
    played = await play(team, script, "go", spare=True)
    speakers = [[source for source, _ in record.last.said] for record in (played.autogen, played.folkmoot)]
    assert speakers == [["user", "a", "b", "c", "a"], ["user", "a", "c", "b", "a"]]


@pytest.mark.filterwarnings("ignore:Isolated agents")
@better("B014", "B019", why=WHY)
async def test_an_agent_nobody_may_follow_ends_the_chat(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", "c", max_turns=3, **with_table(lib, "allowed", a=["b"]))

    played = await play(team, {name: [f"{name}1"] for name in "abc"}, "go", spare=True)
    assert played.autogen.last.said[-1] == ("c", "c1")
    assert played.folkmoot.last.said[-1] == ("b", "b1")
    assert played.folkmoot.last.stop_reason != played.autogen.last.stop_reason


@better("B044", "B047", why=WHY)
async def test_a_selector_asks_only_for_those_who_may_follow(play: Player) -> None:
    def team(lib: Any) -> Any:
        table = with_table(lib, "allowed", a=["b", "c"], b=["a", "b"], c=["a"])
        prompt = "{roles}{participants}{history}"
        members = [lib.agent(name) for name in "abc"]
        return lib.SelectorGroupChat(members, lib.model("chooser"), selector_prompt=prompt, max_turns=3, **table)

    script = {"chooser": ["a", "b", "b", "a"], "a": ["a1", "a2"], "b": ["b1", "b2"]}
    played = await play(team, script, "go", spare=True)
    asked = [str(body["messages"]) for body in played.folkmoot.asked if body["model"] == "chooser"]
    candidates = ["['a', 'b', 'c']", "['b', 'c']", "['a', 'b']"]
    assert [names in text for names, text in zip(candidates, asked, strict=True)] == [True] * 3
    speakers = [[source for source, _ in record.last.said] for record in (played.autogen, played.folkmoot)]
    assert speakers == [["user", "a", "b", "a"], ["user", "a", "b", "b"]], "the table alone tells who may repeat"
