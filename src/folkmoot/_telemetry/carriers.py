"""A place in a trace, as it travels in the headers of Temporal's events: short, since histories keep it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from temporalio.api.common.v1 import Payload

__all__ = ["HEADER", "Place", "derived", "place_in", "with_place"]

HEADER = "trace"
"""16 bytes of the trace's id, 8 of the span's, one of flags."""
SDKS = "_tracer-data"
"""The header of the SDKs' own tracing: workflows and clients of other languages may send it."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_ENCODING = {"encoding": b"binary/plain"}
_LENGTH = 25


class Place(NamedTuple):
    """A span, as those below it know it."""

    trace: bytes
    span: bytes
    flags: int

    @property
    def traceparent(self) -> str:
        """As W3C writes it."""
        return f"00-{self.trace.hex()}-{self.span.hex()}-{self.flags:02x}"

    @classmethod
    def read(cls, traceparent: object) -> Place | None:
        """The way back; None if it is none."""
        found = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
        if found is None:
            return None
        return cls(bytes.fromhex(found[1]), bytes.fromhex(found[2]), int(found[3], 16))

    @property
    def encoded(self) -> bytes:
        """As it travels."""
        return self.trace + self.span + bytes([self.flags])

    @classmethod
    def decode(cls, data: bytes) -> Place | None:
        """The way back; None if it is none."""
        return cls(data[:16], data[16:24], data[24]) if len(data) == _LENGTH else None


def place_in(headers: Mapping[str, Payload]) -> Place | None:
    """The place that headers tell of, ours or those of the SDKs; None if there is none."""
    if (payload := headers.get(HEADER)) is not None:
        return Place.decode(payload.data)
    if (payload := headers.get(SDKS)) is None:
        return None
    try:
        carrier: Any = json.loads(payload.data)
        return Place.read(carrier.get("traceparent"))
    except (ValueError, AttributeError):
        # Anybody may send anything, and a chat must not stop over it.
        return None


def with_place(headers: Mapping[str, Payload], place: Place | None) -> Mapping[str, Payload]:
    """Headers that tell of a place."""
    if place is None:
        return headers
    return {**headers, HEADER: Payload(metadata=_ENCODING, data=place.encoded)}


def derived(size: int, *parts: str | bytes) -> bytes:
    """An id that is the same on every replay, and not zero."""
    digest = hashlib.blake2b(digest_size=size)
    for part in parts:
        data = part.encode("utf-8", "replace") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(4) + data)
    found = digest.digest()
    return found if any(found) else b"\1" * size
