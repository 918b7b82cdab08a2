"""A step that is not right is refused when the script is read, with its place, the field and what was expected."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._scripted.script import Script
from folkmoot._scripted.step import parse_step

WRONG: list[tuple[Any, str]] = [
    (5, "step 2 must be a text or an object, got 5"),
    ({}, "step 2 must have one of text, calls, status, raw, drop; it has none"),
    ({"text": "x", "status": 500}, "it has text, status"),
    ({"text": "x", "tezt": "y"}, "step 2 has an unknown field 'tezt'; known: text, "),
    ({"text": 5}, "step 2: 'text' must be a text, got 5"),
    ({"status": 200}, "step 2: 'status' must be a whole number of at least 400, got 200"),
    ({"status": 600}, "step 2: 'status' must be an error, 400 to 599, got 600"),
    ({"status": 429, "retry_after": -1}, "step 2: 'retry_after' must be a number of at least 0, got -1"),
    ({"status": 429, "headers": "x"}, "step 2: 'headers' must be an object, got 'x'"),
    ({"calls": []}, "step 2: 'calls' must be a list of at least one, got []"),
    ({"calls": ["add"]}, "step 2, call 1 must be an object with name and arguments, got 'add'"),
    ({"calls": [{"arguments": {}}]}, "step 2, call 1: 'name' must be a text, got None"),
    ({"text": "x", "usage": [1]}, "step 2: 'usage' must be [prompt tokens, completion tokens], got [1]"),
    ({"text": "x", "usage": [1, "2"]}, "step 2: 'usage' must be two whole numbers, got [1, '2']"),
    ({"text": "x", "repeat": 0}, "step 2: 'repeat' must be a whole number of at least 1, got 0"),
    ({"text": "x", "delay": "1"}, "step 2: 'delay' must be a number of at least 0, got '1'"),
    ({"text": "x", "chunks": True}, "step 2: 'chunks' must be a whole number of at least 1, got True"),
    ({"text": "x", "when": {}}, "step 2: 'when' must have a condition, one of contains, "),
    ({"text": "x", "when": {"has": "y"}}, "step 2: unknown condition 'has'; known: contains, "),
    ({"text": "x", "when": {"model": 5}}, "step 2: condition 'model' must be a text, got 5"),
]


@pytest.mark.parametrize(("step", "said"), WRONG)
def test_wrong_steps(step: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is checked below, literally
        Script(["fine", step])
    assert said in str(caught.value)


def test_named_lists_are_named_in_errors() -> None:
    with pytest.raises(ValueError, match="step 1 of 'writer' must be a text or an object"):
        Script({"writer": [5]})  # pyright: ignore[reportArgumentType]


def test_arguments_may_be_an_object_or_any_text() -> None:
    calls = parse_step(
        {"calls": [{"name": "a", "arguments": {"x": 1}}, {"name": "b", "arguments": "{"}, {"name": "c"}]}
    ).calls
    assert [call["arguments"] for call in calls] == ['{"x": 1}', "{", "{}"]
