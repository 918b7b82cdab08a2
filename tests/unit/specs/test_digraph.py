"""Graphs: what AutoGen refuses is refused in its words, and what is asked of them is in the order of the nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from folkmoot.agents import AssistantAgent
from folkmoot.teams import DiGraph, DiGraphBuilder, DiGraphEdge, DiGraphNode, EdgeFunction

Edge = DiGraphEdge


def graph(start: str | None = None, /, **edges: Sequence[str | DiGraphEdge]) -> DiGraph:
    """A graph of nodes with their edges: a target, or an edge in full."""
    nodes = {
        name: DiGraphNode(name, [Edge(edge) if isinstance(edge, str) else edge for edge in out])
        for name, out in edges.items()
    }
    return DiGraph(nodes, start)


REFUSED: list[tuple[str, DiGraph]] = [
    ("Graph has no nodes.", DiGraph({})),
    ("Graph must have at least one start node", graph(a=["b"], b=["a"])),
    ("Graph must have at least one leaf node", graph("a", a=["b"], b=["a"])),
    ("Graph must have at least one leaf node", graph(a=["b"], b=[Edge("b", "again")])),
    (
        "Node 'a' has a mix of conditional and unconditional edges.",
        graph(a=["b", Edge("c", "x")], b=[], c=[]),
    ),
    (
        "Node 'a' has a mix of conditional and unconditional edges.",
        graph(a=["b", Edge("c", EdgeFunction("f"))], b=[], c=[]),
    ),
    ("Cycle detected without exit condition: a -> b -> a", graph("a", a=["b"], b=["a", "c"], c=[])),
    ("Cycle detected without exit condition: b -> c -> b", graph(a=["b"], b=["c"], c=["b", "d"], d=[])),
    ("Cycle detected without exit condition: a -> a", graph("a", a=["a", "b"], b=[])),
    (
        "Conflicting activation conditions for target 'c' group 'c': 'all' (from node 'a') and 'any' (from node 'b')",
        graph(a=["c"], b=[Edge("c", activation_condition="any")], c=[]),
    ),
    (
        "Conflicting activation conditions for target 'b' group 'g': 'any' (from node 'a') and 'all' (from node 'a')",
        graph(a=[Edge("b", None, "g", "any"), Edge("b", None, "g")], b=[]),
    ),
    ("Node 'a' has an edge to 'x'; expected one of: ['a', 'b'].", graph(a=["x"], b=[])),
    ("The default start node 'x' is none of: ['a'].", graph("x", a=[])),
    ("Node 'b' must be kept under its own name, not 'a'.", DiGraph({"a": DiGraphNode("b")})),
]


@pytest.mark.parametrize(("text", "refused"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_cannot_be_run_is_refused(text: str, refused: DiGraph) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        refused.graph_validate()


@pytest.mark.parametrize(
    ("good", "cyclic"),
    [
        (graph(a=[]), False),
        (graph(a=["b", "c"], b=["d"], c=["d"], d=[]), False),
        (graph(a=["b"], b=[Edge("a", "again"), Edge("c", "done")], c=[]), True),
        (graph("a", a=["b"], b=[Edge("a", EdgeFunction("f")), Edge("c", "done")], c=[]), True),
        (graph("a", a=[Edge("a", "again"), Edge("b", "done")], b=[]), True),
        # An empty text is a condition too: one that always holds.
        (graph("a", a=["b"], b=[Edge("a", ""), Edge("c", "done")], c=[]), True),
        (graph(a=[Edge("c", None, "one")], b=[Edge("c", None, "two", "any")], c=[]), False),
    ],
    ids=["one", "diamond", "no start", "function", "itself", "empty text", "groups"],
)
def test_what_can_be_run(good: DiGraph, cyclic: bool) -> None:
    if not good.get_start_nodes():
        good = DiGraph(good.nodes, "a")
    good.graph_validate()
    assert good.get_has_cycles() is cyclic


def test_an_order_of_nodes_can_hide_a_cycle_as_in_autogen() -> None:
    """a-c-d has no exit, but d was seen in the cycle a-b-d, which has one: both walk the same way."""
    cycles = graph("a", a=["b", "c"], b=[Edge("d", "x")], c=["d"], d=["a", "e"], e=[])
    cycles.graph_validate()
    with pytest.raises(ValueError, match=r"^Cycle detected without exit condition: a -> c -> d -> a$"):
        graph("a", a=["c", "b"], b=[Edge("d", "x")], c=["d"], d=["a", "e"], e=[]).graph_validate()


def test_a_long_line_needs_no_deep_recursion() -> None:
    nodes = {f"n{place}": [f"n{place + 1}"] for place in range(3000)}
    long = graph(**nodes, n3000=[])
    long.graph_validate()
    assert not long.get_has_cycles()


def test_what_a_graph_tells_is_in_the_order_of_its_nodes() -> None:
    told = graph(z=["m"], b=["m", Edge("y", None, "late")], y=[], m=["y", "y"], a=[])
    assert list(told.get_start_nodes()) == ["z", "b", "a"]
    assert told.get_start_nodes() == {"a", "b", "z"}
    assert list(told.get_leaf_nodes()) == ["y", "a"]
    assert told.get_parents() == {"z": [], "b": [], "y": ["b", "m", "m"], "m": ["z", "b"], "a": []}
    assert told.get_remaining_map() == {"m": {"m": 2}, "y": {"late": 1, "y": 2}}
    assert [(node.name, edge.target) for node, edge in told.edges()][:3] == [("z", "m"), ("b", "m"), ("b", "y")]


def test_a_start_node_may_be_said() -> None:
    assert list(graph("b", a=["b"], b=[]).get_start_nodes()) == ["b"]


def test_an_edge_belongs_to_its_targets_group_unless_said() -> None:
    assert Edge("b").activation_group == Edge("b", activation_group="").activation_group == "b"
    assert Edge("b", activation_group="g").activation_group == "g"
    assert (Edge("b").condition, Edge("b").activation_condition, DiGraphNode("a").activation) == (None, "all", "all")


def test_an_activation_is_all_or_any() -> None:
    with pytest.raises(ValueError, match="activation_condition"):
        Edge("b", activation_condition="some")  # type: ignore[arg-type]


A, B, C = (AssistantAgent(name, "m") for name in "abc")


def built() -> DiGraphBuilder:
    """A builder with three nodes."""
    return DiGraphBuilder().add_node(A).add_node(B, activation="any").add_node(C)


def test_a_builder_builds_what_it_was_told() -> None:
    def is_over(message: object) -> bool:
        return True

    builder = built().add_edge(A, B).add_edge(B, "a", "again", "loop", "any").add_edge("b", C, condition=is_over)
    expected = DiGraph(
        {
            "a": DiGraphNode("a", [Edge("b")]),
            "b": DiGraphNode("b", [Edge("a", "again", "loop", "any"), Edge("c", EdgeFunction("is_over"))], "any"),
            "c": DiGraphNode("c"),
        },
        "a",
    )
    assert builder.set_entry_point(A).build() == expected
    assert builder.nodes == expected.nodes
    assert builder.get_participants() == [A, B, C]
    assert list(builder.agents) == ["a", "b", "c"]


def test_a_node_is_added_once() -> None:
    other = AssistantAgent("a", "other")
    builder = built().add_edge(A, B).add_node(other)
    assert builder.get_participants()[0] is A
    assert len(builder.nodes["a"].edges) == 1


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Source node 'x' must be added before adding an edge.", lambda: built().add_edge("x", A)),
        ("Target node 'x' must be added before adding an edge.", lambda: built().add_edge(A, "x")),
        ("Start node 'x' must be added before setting as entry point.", lambda: built().set_entry_point("x")),
        ("Graph has no nodes.", lambda: DiGraphBuilder().build()),
        ("Graph must have at least one start node", lambda: DiGraphBuilder().add_node(A).add_edge(A, A, "x").build()),
    ],
)
def test_a_builder_refuses_what_autogens_does(text: str, step: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        step()


def test_several_conditional_edges_at_once_are_deprecated() -> None:
    builder = built()
    with pytest.warns(DeprecationWarning, match="add_conditional_edges will be changed") as caught:
        assert builder.add_conditional_edges(A, {"left": B, "right": "c"}) is builder
    assert caught[0].filename == __file__
    assert builder.nodes["a"].edges == (Edge("b", "left"), Edge("c", "right"))
