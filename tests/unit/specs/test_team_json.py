"""Every kind of team is its JSON: it comes back equal, under the same digest, and needs no field at its default."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from folkmoot._spec import Spec, load_spec, spec_digest, spec_json, walk
from folkmoot.agents import AssistantAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.contexts import HeadAndTailChatCompletionContext
from folkmoot.options import ModelSpec
from folkmoot.teams import (
    DiGraph,
    DiGraphBuilder,
    DiGraphEdge,
    DiGraphNode,
    EdgeFunction,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from folkmoot.transforms import (
    FunctionTransform,
    MessageHistoryLimiter,
    MessageTokenLimiter,
    TextMessageContentName,
    Transform,
)

A, B, C = (AssistantAgent(name, "m", handoffs=["a"]) for name in "abc")
TABLE: dict[str, Any] = {
    "allowed_or_disallowed_speaker_transitions": {"c": ["a"], "a": ["b", "c"], "b": ["a"]},
    "speaker_transitions_type": "disallowed",
}
SHARED: dict[str, Any] = {
    "name": "other",
    "description": "Another.",
    "termination_condition": MaxMessageTermination(9),
    "max_turns": 5,
    "custom_message_types": ["Note"],
    "emit_team_events": True,
}
TRANSFORMS: Sequence[Transform] = (
    MessageHistoryLimiter(),
    MessageHistoryLimiter(3, keep_first_message=True),
    MessageTokenLimiter(),
    MessageTokenLimiter(10, max_tokens=100, min_tokens=50),
    TextMessageContentName(),
    TextMessageContentName("end", " ({name})", deduplicate=False),
    FunctionTransform("shorten"),
)


def graph() -> DiGraph:
    """A graph with every kind of edge, its nodes in no alphabetical order."""
    nodes = [
        DiGraphNode("c", [DiGraphEdge("b", activation_group="late", activation_condition="any")]),
        DiGraphNode("b", [DiGraphEdge("a", EdgeFunction("is_over")), DiGraphEdge("c", "again")], activation="any"),
        DiGraphNode("a"),
    ]
    return DiGraph({node.name: node for node in nodes}, default_start_node="c")


def flow() -> GraphFlow:
    """A team of that graph."""
    return GraphFlow([B, C, A], graph(), **SHARED)


TEAMS: list[TeamSpec] = [
    RoundRobinGroupChat([A, B, C], **SHARED, **TABLE),
    SelectorGroupChat([A, B], "m"),
    SelectorGroupChat(
        [A, B, C],
        ModelSpec("m", info=None),
        selector_prompt="{roles}{participants}{history}",
        max_selector_attempts=1,
        selector_func="choose",
        candidate_func="candidates",
        model_client_streaming=True,
        model_context=HeadAndTailChatCompletionContext(1, 2),
        speaker_selection_method="random",
        seed=7,
        send_introductions=True,
        select_speaker_transforms=TRANSFORMS,
        **SHARED,
        **TABLE,
    ),
    SelectorGroupChat([A, B], allow_repeated_speaker=True, speaker_selection_method="manual"),
    Swarm([A]),
    Swarm([A, B, C], **SHARED, **TABLE),
    MagenticOneGroupChat([A], "m", max_turns=None),
    MagenticOneGroupChat([A, B, C], ModelSpec("m"), max_stalls=1, final_answer_prompt="{task}?", **SHARED, **TABLE),
    flow(),
    RoundRobinGroupChat([SelectorGroupChat([RoundRobinGroupChat([A], name="deep"), B], "m", name="middle"), C]),
]


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: team.type)
def test_a_team_comes_back_equal(team: TeamSpec) -> None:
    for data in (spec_json(team), json.loads(spec_json(team)), team.to_json()):
        loaded = load_spec(data)  # type: ignore[arg-type]
        assert type(loaded) is type(team)
        assert loaded == team
        assert spec_digest(loaded) == spec_digest(team)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
def test_a_transform_comes_back_equal(transform: Transform) -> None:
    loaded = Transform.from_json(json.loads(spec_json(transform)))
    assert loaded == transform
    assert type(loaded) is type(transform)


def test_other_values_make_other_digests() -> None:
    every: list[Spec] = [*TEAMS, *TRANSFORMS]
    assert len({spec_digest(spec) for spec in every}) == len(every)


def test_defaults_are_left_out() -> None:
    members = [A.to_json(), B.to_json()]
    assert SelectorGroupChat([A, B], "m").to_json() == {
        "type": "SelectorGroupChat",
        "participants": members,
        "model_client": "m",
    }
    assert Swarm([A, B]).to_json() == {"type": "Swarm", "participants": members}
    assert MagenticOneGroupChat([A, B], "m").to_json() == {
        "type": "MagenticOneGroupChat",
        "participants": members,
        "model_client": "m",
    }


def test_no_limit_of_turns_is_told_from_the_default() -> None:
    form = MagenticOneGroupChat([A], "m", max_turns=None).to_json()
    assert isinstance(form, dict)
    assert form["max_turns"] is None


def test_conditions_of_edges_in_json() -> None:
    def is_over(message: object) -> bool:
        return True

    edges = [DiGraphEdge("b"), DiGraphEdge("b", "text"), DiGraphEdge("b", is_over), DiGraphEdge("b", EdgeFunction("f"))]
    assert [edge.to_json().get("condition") for edge in edges] == [  # type: ignore[attr-defined]
        None,
        "text",
        {"function": "is_over"},
        {"function": "f"},
    ]
    assert [DiGraphEdge.from_json(edge.to_json()) for edge in edges] == edges


def test_a_graph_as_autogen_writes_it_is_read() -> None:
    edge = {"target": "b", "condition": None, "activation_group": "b", "activation_condition": "all"}
    data = {
        "nodes": {
            "a": {"name": "a", "edges": [edge], "activation": "all"},
            "b": {"name": "b", "edges": [], "activation": "all"},
        },
        "default_start_node": None,
    }
    expected = DiGraphBuilder().add_node(A).add_node(B).add_edge("a", "b").build()
    assert DiGraph.from_json(data) == expected
    del edge["activation_group"]
    assert DiGraph.from_json(data) == expected


def test_nodes_keep_the_order_of_the_participants() -> None:
    """JSON objects have no order, and a batch of speakers needs one that is the same everywhere."""
    for team in (flow(), load_spec(spec_json(flow()))):
        assert isinstance(team, GraphFlow)
        assert list(team.graph.nodes) == ["b", "c", "a"]


def test_nested_participants_are_found() -> None:
    assert [part.name for part in walk(TEAMS[-1])] == ["RoundRobinGroupChat", "middle", "deep", "a", "b", "c"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"speaker_selection_method": "best"}, "speaker_selection_method"),
        ({"speaker_transitions_type": "maybe"}, "speaker_transitions_type"),
        ({"allowed_or_disallowed_speaker_transitions": {"a": ["b"]}}, "speaker_transitions_type is None"),
        ({"select_speaker_transforms": [{"type": "Nope"}]}, "unknown type 'Nope'"),
        ({"selector_func": ""}, "must not be empty"),
        ({"rounds": 3}, "rounds"),
    ],
)
def test_bad_json_is_refused(change: dict[str, Any], match: str) -> None:
    good = SelectorGroupChat([A, B], "m").to_json()
    assert isinstance(good, dict)
    with pytest.raises(ValueError, match=match):
        load_spec({**good, **change})


def test_an_edge_function_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        DiGraphEdge.from_json({"target": "b", "condition": {"function": ""}})
    with pytest.raises(ValueError, match=r"An edge's condition function is known by its name and functools\.partial"):
        DiGraphEdge("b", partial(bool))
