"""Waiting for a state instead of sleeping for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01
_LOOK_SECONDS = 0.1
"""Where every look asks a process."""


async def eventually(probe: Callable[[], Awaitable[T] | T], *, within: float = 30.0, what: str = "") -> T:
    """The first true answer of `probe`, asked again and again.

    Args:
        probe: What is asked, a plain or an async function.
        within: Seconds after which the test fails; a bound for what never comes, not a measurement.
        what: Says in the failure what was waited for.
    """
    last: object = None
    try:
        async with asyncio.timeout(within):
            while True:
                answer = probe()
                last = value = await answer if isawaitable(answer) else answer
                if value:
                    return value
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"{what or probe!r} did not come true; the last answer was {last!r}") from None


def settled(probe: Callable[[], T], what: str, *, within: float) -> T:
    """The first true answer of a plain function, where nothing else is to go on meanwhile.

    Args:
        probe: What is asked.
        what: Says in the failure what was waited for.
        within: Seconds after which the test fails.
    """
    end = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < end, f"{what} did not come true"
        time.sleep(_LOOK_SECONDS)
    return answer
