"""Speaker transitions are AutoGen 0.2's: its checks, its warnings, and who may follow whom."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot._spec import load_spec, spec_json
from folkmoot.agents import AssistantAgent
from folkmoot.teams import (
    DiGraph,
    DiGraphEdge,
    DiGraphNode,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
    TransitionTeam,
    allowed_next,
)

NAMES = ["a", "b", "c"]
A, B, C = MEMBERS = [AssistantAgent(name, "m") for name in NAMES]

KINDS: list[Callable[..., TransitionTeam]] = [
    RoundRobinGroupChat,
    Swarm,
    lambda participants, **rest: SelectorGroupChat(participants, "m", **rest),
    lambda participants, **rest: MagenticOneGroupChat(participants, "m", **rest),
]


def team(
    table: Any, kind: Any = "allowed", make: Callable[..., TransitionTeam] = RoundRobinGroupChat
) -> TransitionTeam:
    """A team of a, b and c with a table."""
    return make(MEMBERS, allowed_or_disallowed_speaker_transitions=table, speaker_transitions_type=kind)


@pytest.mark.parametrize("make", KINDS)
def test_every_team_with_one_speaker_takes_them(make: Callable[..., TransitionTeam]) -> None:
    made = team({"a": ["b"], "b": ["c"], "c": ["a"]}, make=make)
    assert made.allowed_or_disallowed_speaker_transitions == {"a": ("b",), "b": ("c",), "c": ("a",)}
    assert made.speaker_transitions_type == "allowed"
    assert allowed_next(made, "a", NAMES) == ["b"]


def test_agents_stand_for_their_names() -> None:
    assert team({A: [B, "c"], "b": (A,), C: []}).allowed_or_disallowed_speaker_transitions == {
        "a": ("b", "c"),
        "b": ("a",),
        "c": (),
    }


def test_the_type_may_be_in_capitals() -> None:
    assert team({"a": NAMES}, "Disallowed").speaker_transitions_type == "disallowed"


PLACE = "allowed_or_disallowed_speaker_transitions"

REFUSED: list[tuple[str, Any, Any]] = [
    (
        (
            f"{PLACE} is not None, but speaker_transitions_type is None. "
            "Please set speaker_transitions_type to either 'allowed' or 'disallowed'."
        ),
        {"a": ["b"]},
        None,
    ),
    (
        (
            "speaker_transitions_type is set to 'maybe'. It should be one of ['allowed', 'disallowed', None] "
            "(case insensitive)."
        ),
        {"a": ["b"]},
        "maybe",
    ),
    (f"{PLACE} has keys not in agents: ['x', 'y']. Expected some of: ['a', 'b', 'c'].", {"x": [], "y": []}, "allowed"),
    (
        f"{PLACE} has values that are not lists of agents: 'b' has ['x']. Expected some of: ['a', 'b', 'c'].",
        {"a": ["b"], "b": ["a", "x"]},
        "disallowed",
    ),
    (f"{PLACE} must be a dictionary, got ['a'].", ["a"], "allowed"),
    (f"{PLACE} must be a dictionary with lists as values, got 'abc'.", {"a": "abc"}, "allowed"),
    (f"{PLACE} must be a dictionary with lists as values, got 1.", {"a": 1}, "allowed"),
    (f"{PLACE} has two entries for 'a'.", {"a": ["b"], A: ["c"]}, "allowed"),
    ("Transitions are between participants or their names, got 1.", {1: ["b"]}, "allowed"),
    ("Transitions are between participants or their names, got None.", {"a": [None]}, "allowed"),
]


@pytest.mark.parametrize(("text", "table", "kind"), REFUSED, ids=[text for text, _, _ in REFUSED])
def test_bad_tables_are_refused(text: str, table: Any, kind: Any) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        team(table, kind)


def test_repeating_and_transitions_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="Don't provide both allowed_or_disallowed_speaker_transitions and allow_rep"):
        SelectorGroupChat(
            MEMBERS,
            "m",
            allow_repeated_speaker=True,
            allowed_or_disallowed_speaker_transitions={"a": NAMES},
            speaker_transitions_type="allowed",
        )


WARNED: list[tuple[list[str], Any, str]] = [
    (
        [
            (
                "Isolated agents: ['c']. No transition leads to or from them, so the set of agents in the transitions "
                "does not match the participants."
            )
        ],
        {"a": ["b"], "b": ["a"], "c": []},
        "allowed",
    ),
    (
        ["Agent 'a' has duplicate elements: ['b', 'c']. Please remove duplicates manually."],
        {"a": ["b", "c", "b", "c", "b"]},
        "allowed",
    ),
    (
        ["Agent 'b' has duplicate elements: ['a']. Please remove duplicates manually."],
        {"b": ["a", "a"]},
        "disallowed",
    ),
]


@pytest.mark.parametrize(("texts", "table", "kind"), WARNED)
def test_doubtful_tables_are_warned_of_where_they_are_written(texts: list[str], table: Any, kind: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        RoundRobinGroupChat(MEMBERS, **{PLACE: table, "speaker_transitions_type": kind})
    assert [str(item.message) for item in caught] == texts
    assert caught[0].filename == __file__


def test_reading_a_spec_warns_of_nothing() -> None:
    """Workers read it many times; whoever wrote it was told."""
    with pytest.warns(UserWarning, match="Isolated"):
        made = team({"a": ["b"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_spec(spec_json(made)) == made


def test_a_sound_table_warns_of_nothing() -> None:
    # Warnings are errors here: reaching the line is the proof.
    assert team({"a": ["b"], "b": ["c"]}).speaker_transitions_type == "allowed"
    assert team({"a": ["b"]}, "disallowed").speaker_transitions_type == "disallowed"


@pytest.mark.parametrize(
    ("table", "kind", "last", "candidates", "expected"),
    [
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", "a", ["c", "b", "a"], ["c", "b"]),
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", "a", ["b"], ["b"]),
        # A member without an entry is a final state; whoever is no member may be followed by anyone.
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", "c", NAMES, []),
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", "user", NAMES, NAMES),
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", None, NAMES, NAMES),
        # Nobody fits the entry: all candidates are left, as in 0.2.
        ({"a": ["b", "c"], "b": ["a"]}, "allowed", "b", ["b", "c"], ["b", "c"]),
        ({"a": ["b", "c"], "b": []}, "allowed", "b", NAMES, NAMES),
        ({"a": ["a", "b"]}, "disallowed", "a", NAMES, ["c"]),
        ({"a": ["a", "b"]}, "disallowed", "b", NAMES, NAMES),
        ({"a": ["a", "b", "c"]}, "disallowed", "a", NAMES, NAMES),
        ({"a": ["a"], "b": ["c"]}, "allowed", "a", NAMES, ["a"]),
    ],
)
def test_who_may_follow(table: Any, kind: str, last: str | None, candidates: list[str], expected: list[str]) -> None:
    assert allowed_next(team(table, kind), last, candidates) == expected


def test_without_transitions_everybody_may_follow() -> None:
    nodes = {"a": DiGraphNode("a", [DiGraphEdge("b")]), "b": DiGraphNode("b")}
    plain: list[TeamSpec] = [RoundRobinGroupChat(MEMBERS), GraphFlow(MEMBERS, DiGraph(nodes))]
    for made in plain:
        assert allowed_next(made, "a", ["c", "a"]) == ["c", "a"]


tables = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), unique=True))


@given(tables, st.sampled_from([*NAMES, "user", None]), st.lists(st.sampled_from(NAMES), unique=True))
def test_disallowing_is_allowing_the_rest(table: dict[str, list[str]], last: str | None, candidates: list[str]) -> None:
    rest = {name: [other for other in NAMES if other not in table.get(name, [])] for name in NAMES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = team(table, "disallowed"), team(rest, "allowed")
    assert allowed_next(one, last, candidates) == allowed_next(other, last, candidates)


@given(tables, st.sampled_from([*NAMES, "user", None]), st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
def test_candidates_are_only_left_out(table: dict[str, list[str]], last: str | None, candidates: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = team(table)
    left = allowed_next(made, last, candidates)
    assert left == [name for name in candidates if name in left]
    assert (left == []) == (last in NAMES and last not in table)
