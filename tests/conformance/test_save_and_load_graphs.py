"""States of graphs: lines, branches, joins and loops, between nodes and in the middle of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests._support.waiting import eventually
from tests.conformance.marks import better, covers
from tests.conformance.talk import Talk
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture

FORGETS = "AutoGen does not save which groups made a node ready: in a loop the loaded graph ends early."


def graph(draw: Callable[[Any, Any], Any], *names: str, **options: Any) -> Callable[[Any], Any]:
    """A graph of agents of these names; `draw` gets the builder and the agents by name."""

    def team(lib: Any) -> Any:
        builder = lib.DiGraphBuilder()
        agents = {name: lib.agent(name) for name in names}
        for agent in agents.values():
            builder.add_node(agent)
        draw(builder, agents)
        limit = options.get("limit")
        condition = None if limit is None else lib.MaxMessageTermination(limit)
        turns = options.get("turns")
        return lib.GraphFlow(list(agents.values()), builder.build(), termination_condition=condition, max_turns=turns)

    return team


def line(builder: Any, agents: Any) -> None:
    """a, then b, then c."""
    builder.add_edge(agents["a"], agents["b"]).add_edge(agents["b"], agents["c"])


def diamond(builder: Any, agents: Any) -> None:
    """a, then b and c at once, then d."""
    for name in "bc":
        builder.add_edge(agents["a"], agents[name]).add_edge(agents[name], agents["d"])


def any_diamond(builder: Any, agents: Any) -> None:
    """a, then b and c at once, then d after any of them."""
    for name in "bc":
        builder.add_edge(agents["a"], agents[name])
        builder.add_edge(agents[name], agents["d"], activation_group="in", activation_condition="any")


def loop(builder: Any, agents: Any) -> None:
    """a, then b, which sends back to a until it says YES, then c."""
    builder.add_edge(agents["a"], agents["b"])
    builder.add_edge(agents["b"], agents["a"], condition="NO", activation_group="back")
    builder.add_edge(agents["b"], agents["c"], condition="YES")
    builder.set_entry_point(agents["a"])


def two_loops(builder: Any, agents: Any) -> None:
    """a, b, c; b may send back to a, and c to b; c ends with d."""
    builder.add_edge(agents["a"], agents["b"], activation_group="first")
    builder.add_edge(agents["b"], agents["a"], condition="BACK", activation_group="again")
    builder.add_edge(agents["b"], agents["c"], condition="ON")
    builder.add_edge(agents["c"], agents["b"], condition="BACK", activation_group="second")
    builder.add_edge(agents["c"], agents["d"], condition="ON")
    builder.set_entry_point(agents["a"])


async def to_the_end(talk: Talk) -> None:
    """Runs until the graph is complete."""
    await talk.stream(None)
    while talk.record.last.stop_reason != "Digraph execution is complete":
        await talk.stream(None)
        assert len(talk.record.outcomes) < 10


@covers("B087", "B088", "B069")
async def test_a_line_stopped_in_the_middle_goes_on(travel: Traveller) -> None:
    gone = await travel(graph(line, *"abc", turns=1), {"a": ["a1"]}, ["go"], {"b": ["b1"], "c": ["c1"]}, [None, None])
    assert gone.arrived.heard("c") == gone.left.heard("c") == [("user", "go"), ("a", "a1"), ("b", "b1")]


@covers("B087", "B069")
async def test_a_line_goes_on_with_a_new_task(travel: Traveller) -> None:
    gone = await travel(graph(line, *"abc", limit=2), {"a": ["a1"]}, ["go"], {"b": ["b1"]}, ["more"])
    assert gone.arrived.heard("b") == [("user", "go"), ("a", "a1"), ("user", "more")]


@covers("B087", "B070")
async def test_a_graph_that_is_complete_begins_anew(travel: Traveller) -> None:
    script = {name: [f"{name}1"] for name in "abc"}
    later = {name: [f"{name}2"] for name in "abc"}
    gone = await travel(graph(line, *"abc"), script, ["go"], later, ["more"])
    assert gone.arrived.last.stop_reason == "Digraph execution is complete"
    assert gone.arrived.heard("a") == [("user", "go"), ("assistant", "a1"), ("b", "b1"), ("c", "c1"), ("user", "more")]


@covers("B087", "B063")
async def test_before_the_branches(travel: Traveller) -> None:
    later: dict[str, list[Any]] = {"b": ["b1"], "c": [{"text": "c1", "delay": 0.5}], "d": ["d1"]}
    gone = await travel(graph(diamond, *"abcd", turns=1), {"a": ["a1"]}, ["go"], later, [None, None], parallel=True)
    assert gone.left.heard("d")[0] == ("user", "go")


@covers("B087", "B063")
@pytest.mark.parametrize("draw", [diamond, any_diamond], ids=["all", "any"])
async def test_before_the_join(travel: Traveller, draw: Callable[[Any, Any], Any]) -> None:
    script: dict[str, list[Any]] = {"a": ["a1"], "b": ["b1"], "c": [{"text": "c1", "delay": 0.5}]}
    gone = await travel(graph(draw, *"abcd", turns=1), script, ["go", None], {"d": ["d1"]}, [None], parallel=True)
    assert gone.arrived.last.said[0] == ("d", "d1")
    assert gone.arrived.last.stop_reason == "Digraph execution is complete"


@covers("B071")
async def test_a_loop_that_is_done_but_for_its_exit(travel: Traveller) -> None:
    script = {"a": ["a1"], "b": ["YES"]}
    gone = await travel(graph(loop, *"abc", turns=2), script, ["go"], {"c": ["c1"]}, [None])
    assert gone.arrived.last.said == [("c", "c1")]


@better("B071", why=FORGETS)
@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_saved_inside_a_loop_the_loop_goes_on(travel: Traveller, turns: int) -> None:
    words = [("a", "a1"), ("b", "NO"), ("a", "a2"), ("b", "NO"), ("a", "a3"), ("b", "YES"), ("c", "c1")]
    first, rest = words[:turns], words[turns:]

    def script(part: list[tuple[str, str]]) -> dict[str, list[str]]:
        return {name: [text for speaker, text in part if speaker == name] for name in "abc"}

    gone = await travel(graph(loop, *"abc", turns=turns), script(first), ["go"], script(rest), to_the_end, spare=True)
    for way in (gone.folkmoot, gone.arrived):
        said = [item for outcome in way.outcomes for item in outcome.said]
        assert [item for item in said if item[0] in "abc"] == rest
    assert gone.arrived.asked == gone.folkmoot.asked


@covers("B071")
async def test_saved_between_two_loops(travel: Traveller) -> None:
    words = {"a": ["a1"], "b": ["BACK"]}
    later = {"a": ["a2"], "b": ["ON", "ON again"], "c": ["BACK", "ON"], "d": ["d1"]}

    gone = await travel(graph(two_loops, *"abcd", turns=2), words, ["go"], later, to_the_end, spare=True)
    assert [body["model"] for body in gone.arrived.asked] == ["a", "b", "c", "b", "c", "d"]


@better("B071", "B097", why="After a failure AutoGen has forgotten that node, and the graph is over.")
async def test_after_a_failure_the_node_speaks_again(travel: Traveller) -> None:
    script = {"a": ["a1"], "b": [{"status": 400, "message": "no such model"}]}
    later = {name: [f"{name}1"] for name in "abc"}
    gone = await travel(graph(line, *"abc"), script, ["go"], later, [None], spare=True, same_state=False)
    assert gone.autogen.asked == []
    assert gone.left.asked == gone.folkmoot.asked
    assert [body["model"] for body in gone.left.asked] == ["b", "c"]


@better("B071", "B089", why="Of a batch under way AutoGen forgets who has not spoken yet.")
async def test_in_the_middle_of_a_batch(travel: Traveller) -> None:
    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(3)

        async def answered() -> bool:
            return "b1" in str(await talk.target.save_state())

        await eventually(answered, what="b has answered")
        state = await talk.target.save_state()
        talk.release("c")
        await run
        await talk.target.load_state(state)
        return state

    script = {"a": ["a1"], "b": ["b1"], "c": [{"text": "lost", "hold": "c"}], "d": ["lost"]}
    gone = await travel(
        graph(diamond, *"abcd"), script, first, {"c": ["c1"], "d": ["d1"]}, [None], spare=True, same_state=False
    )
    assert gone.folkmoot.heard("c") == [("user", "go"), ("a", "a1")]
    assert gone.folkmoot.heard("d") == [("user", "go"), ("a", "a1"), ("b", "b1"), ("c", "c1")]
