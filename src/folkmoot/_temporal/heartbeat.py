"""Heartbeats in the background, so that a lost worker is noticed soon and a cancellation arrives soon."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity

__all__ = ["Heart", "beating"]


FIRST = 0.25
"""Seconds until the first beat: a call that is over by then costs no request of its own (a third of a turn's)."""


class Heart:
    """The heartbeat of the current activity; the last details are sent again with each beat."""

    def __init__(self) -> None:
        self._details: tuple[Any, ...] = ()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._context = contextvars.copy_context()
        self._on_cancel: list[Callable[[], object]] = []

    def beat(self, *details: Any) -> None:
        """Send details now; may be called from any thread. The SDK thins out beats that come too fast."""
        self._details = details
        if threading.get_ident() == self._thread:
            activity.heartbeat(*details)
        else:
            self._loop.call_soon_threadsafe(activity.heartbeat, *details, context=self._context)

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call this when the activity is cancelled, before its task is."""
        self._on_cancel.append(callback)

    async def keep(self, every: float) -> None:
        """Beat until cancelled."""
        await asyncio.sleep(min(FIRST, every))
        while True:
            activity.heartbeat(*self._details)
            await asyncio.sleep(every)

    def cancelled(self) -> None:
        """Tell those who asked."""
        for callback in self._on_cancel:
            callback()


@asynccontextmanager
async def beating() -> AsyncGenerator[Heart]:
    """Beat at a fifth of the heartbeat timeout for as long as the block runs; a cancellation arrives with a beat."""
    timeout = activity.info().heartbeat_timeout
    heart = Heart()
    keeper = asyncio.create_task(heart.keep(timeout.total_seconds() / 5 if timeout else 10.0))
    try:
        yield heart
    except asyncio.CancelledError:
        heart.cancelled()
        raise
    finally:
        keeper.cancel()
