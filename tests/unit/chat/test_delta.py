"""Deltas of JSON states: exact, and as small as what changed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot._chat.delta import delta, patch

# Long texts: where all is short, replacing the whole is the smallest delta.
TEXTS = st.text("ab€", max_size=4).map(lambda text: text * 25)
ATOMS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 2.5]) | TEXTS
JSON = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=20,
)


def text(value: object) -> str:
    """Tells 1, 1.0 and true apart, and keys in another order."""
    return json.dumps(value)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Any, Any]:
    """A state, and what a turn may have made of it."""
    old = draw(JSON)
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(0, 3))):
        new = _edit(draw, new)
    return old, new


def _edit(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(["inside", "remove", "to the end"])):
            case "inside":
                value[key] = _edit(draw, value[key])
            case "remove":
                del value[key]
            case _:
                value[key] = value.pop(key)
        return value
    if isinstance(value, list) and draw(st.booleans()):
        place = draw(st.integers(0, len(value)))
        if place < len(value) and draw(st.booleans()):
            value[place] = _edit(draw, value[place])
        else:
            value.insert(place, draw(JSON))
        return value
    return draw(JSON)


@given(JSON, JSON)
def test_a_delta_leads_from_any_state_to_any_other(old: Any, new: Any) -> None:
    assert text(patch(old, delta(old, new))) == text(new)


@given(edited())
def test_a_delta_leads_to_what_was_edited(states: tuple[Any, Any]) -> None:
    old, new = states
    before = text(old)
    change = json.loads(text(delta(old, new)))
    assert text(patch(old, change)) == text(new)
    assert text(old) == before, "the old state is left alone"


@given(edited())
def test_a_delta_is_never_larger_than_the_new_state(states: tuple[Any, Any]) -> None:
    old, new = states
    size = len(json.dumps(delta(old, new), separators=(",", ":"), ensure_ascii=False))
    assert size <= len(json.dumps(new, separators=(",", ":"), ensure_ascii=False)) + 2


@given(JSON)
def test_no_change_costs_nothing(state: Any) -> None:
    assert delta(state, copy.deepcopy(state)) == []


def message(number: int) -> dict[str, Any]:
    return {"type": "TextMessage", "source": "writer", "content": f"message {number} " + "word " * 40}


def test_a_growing_context_costs_what_was_added() -> None:
    def state(count: int) -> dict[str, Any]:
        messages = [message(number) for number in range(count)]
        return {"type": "AssistantAgentState", "version": "1.0.0", "llm_context": {"messages": messages}}

    sizes = [len(text(delta(state(count), state(count + 1)))) for count in (10, 100, 1000)]
    assert max(sizes) < len(text(message(1000))) + 100
    assert max(sizes) - min(sizes) < 10, "it does not grow with the state"


def test_a_growing_text_costs_what_was_added_wherever_it_is() -> None:
    old = {"notes": [{"title": "plan", "text": "x" * 10_000}, {"title": "facts", "text": ""}]}
    new = copy.deepcopy(old)
    new["notes"][0]["text"] += " and more"
    assert delta(old, new) == [
        "object",
        {"notes": ["list", 0, 1, [["object", {"text": ["text", 10_000, 0, " and more"]}]], []]},
    ]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ([1] * 20, [1] * 21, ["list", 20, 0, [], [1]]),
        ("a" * 30, "a" * 31, ["text", 30, 0, "a"]),
        ({"a": "x" * 40}, {"a": "x" * 40, "b": 1}, ["object", {"b": [1]}]),
        ([1] * 20, [1] * 20 + [2], ["list", 20, 0, [], [2]]),
        ([1] * 20 + [2, 3], [1] * 20 + [3], ["list", 20, 1, [], []]),
        ([1] * 20 + [2, 3] + [1] * 20, [1] * 20 + [4, 3] + [1] * 20, ["list", 20, 21, [[4]], []]),
        ([1, 2, 3], [1, 2, 3, 4], [[1, 2, 3, 4]]),
        (["long item", "other"], ["other"], [["other"]]),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaacb", ["text", 27, 1, "c"]),
        ({"kept": "x" * 40, "gone": 1}, {"kept": "x" * 40}, ["object", {}, ["gone"]]),
        ({"a": "x" * 40, "b": 1}, {"b": 1, "a": "x" * 40}, ["object", {}, [], ["b", "a"]]),
        (1, True, [True]),
        (1, 1.0, [1.0]),
        ({"a": 1}, None, [None]),
        ([], {}, [{}]),
    ],
)
def test_what_deltas_look_like(old: Any, new: Any, change: Any) -> None:
    assert text(delta(old, new)) == text(change)
    assert text(patch(old, change)) == text(new)


@pytest.mark.parametrize(
    ("old", "change", "says"),
    [
        ({"a": 1}, ["text", 1, 0, "x"], "Expected the delta of a dict, got \\['text', 1, 0, 'x'\\]"),
        ([1], ["unheard", 1], "Expected the delta of a list, got"),
        ("ab", ["text", 2, 1, "x"], "keeps 2 \\+ 1 parts of a value that has only 2"),
        ([1], ["list", 1, 0, [[2]], []], "keeps 1 \\+ 1 parts of a value that has only 1"),
        ({"a": 1}, ["object", {}, ["b"]], "made from an object with key 'b'"),
        ({"a": 1}, ["object", {"b": ["text", 0, 0, "x"]}], "made from an object with key 'b'"),
    ],
)
def test_a_delta_of_another_state_is_refused(old: Any, change: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        patch(old, change)
