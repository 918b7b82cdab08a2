"""How the business processes call their activities."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

__all__ = ["Recorder"]

T = TypeVar("T")

_ATTEMPT = timedelta(seconds=10)
"""So long after a worker is lost another one tries."""
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


class Recorder:
    """Calls the activities that write things down, each to its end: nothing is left half-way by a cancellation.

    Attributes:
        cancelled: Whether the process was cancelled during one of them.
    """

    def __init__(self) -> None:
        self.cancelled = False

    async def record(self, activity: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Call an activity, for as long as it takes: a database comes back.

        Raises:
            ActivityError: It refuses.
        """
        call = workflow.start_activity(activity, args=args, start_to_close_timeout=_ATTEMPT, retry_policy=_RETRY)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            self.cancelled = True
            return await call
