"""A place in a trace as it travels: ours, the SDKs', and whatever else somebody may send."""

from __future__ import annotations

import json

import pytest
from temporalio.api.common.v1 import Payload

from folkmoot._telemetry.carriers import HEADER, SDKS, Place, derived, place_in, with_place

PLACE = Place(bytes.fromhex("0af7651916cd43dd8448eb211c80319c"), bytes.fromhex("b7ad6b7169203331"), 1)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_it_travels_and_comes_back() -> None:
    assert place_in(with_place({"other": Payload()}, PLACE)) == PLACE
    assert Place.read(PARENT) == PLACE
    assert PLACE.traceparent == PARENT
    assert with_place({}, None) == {}


def test_what_the_sdks_send_is_understood() -> None:
    assert place_in({SDKS: Payload(data=json.dumps({"traceparent": PARENT}).encode())}) == PLACE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: Payload(data=b"short")},
        {HEADER: Payload(data=b"x" * 26)},
        {SDKS: Payload(data=b"{")},
        {SDKS: Payload(data=b"\xff")},
        {SDKS: Payload(data=b"[1]")},
        {SDKS: Payload(data=b'{"traceparent": 7}')},
        {SDKS: Payload(data=b'{"traceparent": "00-00-00-00"}')},
    ],
)
def test_anything_else_is_none(headers: dict[str, Payload]) -> None:
    assert place_in(headers) is None


def test_a_header_is_short() -> None:
    (payload,) = with_place({}, PLACE).values()
    assert len(HEADER) + payload.ByteSize() <= 60


def test_derived_ids_are_the_same_again_and_differ_by_part() -> None:
    assert derived(8, "a", b"b") == derived(8, b"a", "b")
    assert derived(8, "ab", "c") != derived(8, "a", "bc")
    assert len(derived(16, "x")) == 16
