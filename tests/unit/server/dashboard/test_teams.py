"""The team as a picture and in words, and why somebody spoke."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from folkmoot import (
    AssistantAgent,
    DiGraphBuilder,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
    SocietyOfMindAgent,
    Swarm,
    UserProxyAgent,
)
from folkmoot._chat.plan import Plan
from folkmoot.agents import AgentSpec
from folkmoot.server.dashboard.conversation.drawing import describe, draw, edges_of
from folkmoot.server.dashboard.conversation.layers import layered
from folkmoot.server.dashboard.conversation.why import Choices
from folkmoot.teams import TeamSpec

from .logs import log


def agent(name: str, *handoffs: str) -> AssistantAgent:
    return AssistantAgent(name, "m", handoffs=list(handoffs) or None)


RING = RoundRobinGroupChat([agent("a"), agent("b"), agent("c")])
STAR = SelectorGroupChat([agent("a"), agent("b")], "m")
SWARM = Swarm([agent("a", "b"), agent("b", "a")])
GRAPH = GraphFlow(
    [agent("a"), agent("b"), agent("c")],
    graph=DiGraphBuilder()
    .add_node(agent("a"))
    .add_node(agent("b"))
    .add_node(agent("c"))
    .add_edge("a", "b", condition="yes")
    .add_edge("b", "c")
    .build(),
)
NESTED = RoundRobinGroupChat([RoundRobinGroupChat([agent("x"), agent("y")], name="inner"), UserProxyAgent("bob")])


def _ways(team: TeamSpec | AgentSpec) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in edges_of(Plan(team).root)]


def test_the_ways_of_the_floor_are_those_of_the_team() -> None:
    assert _ways(RING) == [("a", "b"), ("b", "c"), ("c", "a")]
    assert _ways(STAR) == [("", "a"), ("", "b")]
    assert _ways(SWARM) == [("a", "b"), ("b", "a")]
    assert _ways(GRAPH) == [("a", "b"), ("b", "c")]
    assert _ways(agent("alone")) == []


def test_every_participant_is_drawn_and_the_active_one_is_marked() -> None:
    for team in (RING, STAR, SWARM, GRAPH, NESTED, SocietyOfMindAgent("mind", NESTED, "m"), agent("alone")):
        plan = Plan(team)
        svg = draw(plan)
        root = ET.fromstring(svg)
        titles = {title.text for title in root.iter("title")}
        assert set(plan.seats) <= titles
    svg = draw(Plan(NESTED), ["inner", "inner/x"])
    assert "<title>inner/x (speaking)</title>" in svg
    assert 'class="team around"' in svg


def test_names_in_a_picture_are_text() -> None:
    svg = draw(Plan(GRAPH.model_copy(update={"name": '<b>"&'})))
    assert "<b>" not in svg
    ET.fromstring(svg)


def test_nothing_overlaps_in_a_ring() -> None:
    team = RoundRobinGroupChat([agent(f"participant_number_{n}") for n in range(9)])
    boxes: list[tuple[float, float, float, float]] = []
    for group in ET.fromstring(draw(Plan(team))).iter("g"):
        if group.get("class") == "agent":
            x, y = map(float, group.get("transform", "")[10:-1].split())
            (rect,) = group.findall("rect")
            boxes.append((x, y, x + float(rect.get("width", 0)), y + float(rect.get("height", 0))))
    assert len(boxes) == 9
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_the_picture_is_told_in_words() -> None:
    assert describe(Plan(NESTED), ["inner", "inner/x"]) == [
        (0, "RoundRobinGroupChat: takes turns in order"),
        (1, "inner (RoundRobinGroupChat inside), speaking now, then bob"),
        (2, "inner: takes turns in order"),
        (3, "x, speaking now, then y"),
        (3, "y, then x"),
        (1, "bob (UserProxy), then inner"),
    ]
    assert (1, "a, then b if “yes”") in describe(Plan(GRAPH))


def test_layers_follow_the_ways_and_cycles_do_not_matter() -> None:
    ways = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"), ("c", "d"), ("d", "b")]
    assert layered(["a", "b", "c", "d"], ways) == [["a"], ["b"], ["c"], ["d"]]
    assert layered(["x", "y"], [("x", "y"), ("y", "x")]) == [["x"], ["y"]]
    assert layered(["s", "l", "r", "e"], [("s", "l"), ("s", "r"), ("l", "e"), ("r", "e")]) == [["s"], ["l", "r"], ["e"]]
    assert layered([], []) == []


# --- Why ------------------------------------------------------------------------------------------------------------


def _reasons(team: TeamSpec, *entries: dict[str, object]) -> list[str]:
    return [choice.reason for choice in Choices(Plan(team)).read(log(*entries))]


def _turn(number: int, *speakers: str) -> dict[str, object]:
    return {"kind": "turn", "turn": number, "speakers": list(speakers)}


def test_a_ring_goes_round() -> None:
    assert _reasons(RING, _turn(1, "a")) == ["a is next in the order a, b, c."]


def test_a_selectors_answers_are_told() -> None:
    steps: list[dict[str, object]] = [
        {"kind": "manager", "step": "selected", "reply": "both", "problem": "several"},
        {"kind": "manager", "step": "selected", "reply": "b", "speaker": "b", "by": "model"},
        _turn(1, "b"),
        {"kind": "manager", "step": "selected", "speaker": "a", "by": "function"},
        _turn(2, "a"),
        *({"kind": "manager", "step": "selected", "reply": "?", "problem": "none"} for _ in range(3)),
        _turn(3, "a"),
        _turn(4, "b"),
    ]
    first, *others = Choices(Plan(STAR)).read(log(*steps))
    assert first.reason == "The model named b."
    assert first.steps == ["the model answered “both” (named several)", "the model answered “b”"]
    assert [choice.reason for choice in others] == [
        "The selector function named a.",
        "3 answers of the model named nobody who may speak; so the fallback, a.",
        "b was the only one who could speak.",
    ]


def test_a_handoff_is_quoted() -> None:
    message = {"type": "HandoffMessage", "source": "a", "target": "b", "content": "Your turn", "context": []}
    handed: dict[str, object] = {"kind": "message", "turn": 1, "role": "answer", "message": message}
    assert _reasons(SWARM, _turn(1, "a"), handed, _turn(2, "b"), _turn(3, "b")) == [
        "a has the floor until handing off.",
        "a handed off to b: Your turn",
        "b has the floor until handing off.",
    ]


def test_an_edge_is_named_with_its_condition() -> None:
    assert _reasons(GRAPH, _turn(1, "a"), _turn(2, "b"), _turn(3, "c")) == [
        "The graph begins with a.",
        "b was reached by a → b (if “yes”).",
        "c was reached by b → c.",
    ]


def test_a_turn_that_was_broken_off_is_taken_up_again() -> None:
    ended: dict[str, object] = {"kind": "run_ended", "run": 1, "status": "failed"}
    assert _reasons(RING, _turn(1, "a"), ended, _turn(2, "a"))[-1] == (
        "The turn of a was not finished, and is taken up again."
    )


def test_a_turn_that_was_finished_is_not_taken_up_again() -> None:
    alone = RoundRobinGroupChat([agent("a")])
    ended: dict[str, object] = {"kind": "run_ended", "run": 1, "status": "stopped"}
    assert _reasons(alone, _turn(1, "a"), ended, _turn(2, "a"))[-1] == "Only a."


def test_after_a_rollback_those_count_who_spoke_before_it() -> None:
    back: dict[str, object] = {"kind": "rolled_back", "to": 1}
    assert _reasons(RING, _turn(1, "a"), _turn(2, "b"), _turn(3, "c"), back, _turn(3, "c"))[-1] == (
        "c is next in the order a, b, c."
    )
    assert _reasons(GRAPH, _turn(1, "a"), _turn(2, "b"), _turn(3, "c"), back, _turn(3, "c"))[-1] == (
        "c was reached by b → c."
    )
