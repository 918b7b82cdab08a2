"""Old messages that do not begin where a graph does, or skip some of its nodes: it goes on as if those had spoken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from folkmoot._chat.old import Rehearsal
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import DiGraph, DiGraphBuilder, DiGraphEdge, DiGraphNode, GraphFlow
from tests.unit.chat.driver import agent
from tests.unit.chat.old.stage import chat, going_on, old


def graph(*edges: str, start: str | None = None, one_suffices: str = "") -> GraphFlow:
    """Edges as `a>b`; `a>b:word` is open where `a` says the word; nodes for which one of the edges to them will do."""
    builder = DiGraphBuilder()
    names = dict.fromkeys(name for edge in edges for name in edge.partition(":")[0].split(">"))
    members = {name: agent(name) for name in names}
    for member in members.values():
        builder.add_node(member)
    for edge in edges:
        way, _, word = edge.partition(":")
        first, second = way.split(">")
        kind: Literal["all", "any"] = "any" if second in one_suffices else "all"
        builder.add_edge(first, second, condition=word or None, activation_condition=kind)
    if start is not None:
        builder.set_entry_point(start)
    return GraphFlow(list(members.values()), builder.build(), termination_condition=MaxMessageTermination(50))


def resumed(team: GraphFlow, spoken: str) -> Rehearsal:
    return old(team, [chat("user", "go"), *(chat(name, f"by {name}") for name in spoken)])


def joined() -> GraphFlow:
    return graph("a>b", "a>d", "b>e", "d>e")


def twice() -> GraphFlow:
    return graph("a>c", "b>c", "c>d")


def chosen() -> GraphFlow:
    return graph("a>b:left", "a>c:right", "b>d", "c>d", one_suffices="d")


def looped() -> GraphFlow:
    return graph("a>b", "b>c", "c>b:again", "c>d:done", start="a", one_suffices="b")


BEGUN = "which is taken to have begun anew"


@pytest.mark.parametrize(
    ("team", "spoken", "following", "warnings"),
    [
        (joined, "b", "d", ["messages[1]: 'b' was not next in the graph; what comes before, of 'a', is taken"]),
        (joined, "bd", "e", ["messages[1]: 'b' was not next in the graph; what comes before, of 'a', is taken"]),
        (joined, "bde", "a", ["messages[1]"]),
        (joined, "e", "a", ["messages[1]: 'e' was not next in the graph; what comes before, of 'a', 'b', 'd', is"]),
        (joined, "ae", "a", ["messages[2]: 'e' was not next in the graph; what comes before, of 'b', 'd', is taken"]),
        (joined, "abb", "d", [f"messages[3]: 'b' was not next in the graph, {BEGUN}; what comes before, of 'a', is"]),
        (twice, "c", "d", ["messages[1]: 'c' was not next in the graph; what comes before, of 'a', 'b', is taken"]),
        # Whoever has spoken does not speak twice.
        (twice, "ac", "d", ["messages[2]: 'c' was not next in the graph; what comes before, of 'b', is taken"]),
        (twice, "aa", "b", [f"messages[2]: 'a' was not next in the graph, {BEGUN} there."]),
        (chosen, "b", "d", ["messages[1]: 'b' was not next in the graph; what comes before, of 'a', is taken"]),
        (chosen, "d", "a", ["messages[1]: 'd' was not next in the graph; what comes before, of 'a', 'b', is taken"]),
        (looped, "c", "a", ["messages[1]: 'c' was not next in the graph; what comes before, of 'a', 'b', is taken"]),
        (looped, "b", "c", ["messages[1]: 'b' was not next in the graph; what comes before, of 'a', is taken"]),
    ],
)
def test_who_is_next(team: Callable[[], GraphFlow], spoken: str, following: str, warnings: list[str]) -> None:
    found = resumed(team(), spoken)
    assert found.next == tuple(following)
    assert len(found.warnings) == len(warnings)
    assert all(told.startswith(expected) for told, expected in zip(found.warnings, warnings, strict=True))
    driver = going_on(found)
    driver.run(None)
    assert driver.speaking == list(following)


def test_a_join_waits_for_those_who_have_not_spoken_and_for_nobody_else() -> None:
    driver = going_on(resumed(joined(), "b"))
    driver.run(None)
    driver.answer("by d")
    assert driver.speaking == ["e"]
    assert driver.heard("e") == ["U: go", "U: by b", "U: by d"]
    driver.answer("by e")
    assert not driver.chat.state.running
    driver.run("more")
    assert driver.speaking == ["a"]
    driver.answer("again")
    assert driver.speaking == ["b", "d"], "the counts begin from the beginning"


def test_a_loop_goes_on_the_way_that_was_said() -> None:
    found = old(looped(), [chat("user", "go"), chat("c", "again")])
    assert found.next == ("b",)


def test_where_no_way_leads() -> None:
    nodes = {"a": DiGraphNode("a", [DiGraphEdge("b")]), "b": DiGraphNode("b"), "c": DiGraphNode("c")}
    team = GraphFlow([agent(name) for name in "abc"], DiGraph(nodes, default_start_node="a"))
    found = resumed(team, "c")
    assert found.next == ("a",)
    assert found.warnings == [
        "messages[1]: 'c' was not next in the graph, and no way leads there; the graph begins anew after it."
    ]
