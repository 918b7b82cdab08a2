"""A kind of business process: what it is named by, and how a request that is none is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from folkmoot.processes import Process


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern="^[a-z]+$")
    many: int = Field(default=1, ge=1)
    words: list[str] = []


def process(**fields: Any) -> Process[Ask]:
    plain: dict[str, Any] = {"name": "ask", "workflow": "Ask", "request": Ask, "outcome": Ask, "state": Ask}
    return Process(**{**plain, **fields})


def test_a_request_is_read() -> None:
    assert process().read({"id": "x", "many": 2}) == Ask(id="x", many=2)
    assert process().workflow_id("x") == "ask-x"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "no Ask: id is missing"),
        ({"id": "x", "many": "few"}, "no Ask: many is 'few', expected a valid integer"),
        ({"id": "x", "many": 0}, "no Ask: many is 0, expected greater than or equal to 1"),
        ({"id": "X"}, "no Ask: id is 'X', expected match pattern '^[a-z]+$'"),
        ({"id": "x", "words": ["a", 5]}, "no Ask: words.1 is 5, expected a valid string"),
        ({"id": "x", "much": 5}, "no Ask: much is none of its fields"),
        ([], "no Ask: it is [], expected a valid dictionary"),
        ({"many": "y" * 500}, f"no Ask: id is missing; many is '{'y' * 79}…, expected a valid integer"),
    ],
)
def test_what_is_no_request_is_told_by_field_value_and_what_was_expected(data: object, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        process().read(data)


def test_a_signal_has_a_name_and_a_form() -> None:
    known = process(signals={"more": Ask})
    assert known.read_signal("more", {"id": "x"}) == Ask(id="x")
    with pytest.raises(ValueError, match="ask has no signal 'less'; it has: more"):
        known.read_signal("less", {})
    with pytest.raises(ValueError, match="it has: none"):
        process().read_signal("more", {})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "Ask me"}, "named by small letters, digits, - and _; got 'Ask me'"),
        ({"number": "no"}, "Ask has no field 'no' that tells one ask apart"),
    ],
)
def test_what_could_not_be_offered_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        process(**fields)
