"""Waiting for a worker that knows a name (a deploy in which an old one does not know a new tool), or for the store.

The call's failure is seen by the workflow, so the wait is visible (`worker:tool:NAME`, `store`), and it is made again
after a durable timer: for a name until `LIMIT` is over, for the store until it is back.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from folkmoot._chat.calls import Failure
from folkmoot._chat.engine import Chat

from .calls import Finished
from .names import STORE

__all__ = ["LIMIT", "Retries"]

LIMIT = timedelta(minutes=10)
PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds between attempts; the last one repeats. About 25 attempts in all."""


class Retries:
    """The calls of one chat that wait for their next attempt."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._attempts: dict[str, int] = {}

    @property
    def postponed(self) -> set[str]:
        """Keys of the calls that are not to be made yet."""
        return set(self._timers)

    @property
    def any_due(self) -> bool:
        """Whether a wait is over."""
        return any(timer.done() for timer in self._timers.values())

    def take(self) -> None:
        """Let the calls whose wait is over be made again; forget those nobody needs."""
        for key in [key for key, timer in self._timers.items() if timer.done()]:
            del self._timers[key]
        if self._timers and not self._chat.state.waits:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()
            self._attempts.clear()

    def postpone(self, finished: Finished, time: str) -> bool:
        """Take in a call that a worker could not make for lack of a name or store; False if not so, or over."""
        call, reason = finished.call, finished.unknown
        if not reason or not isinstance(finished.result, Failure) or not self._chat.needs(call):
            return False
        waited = self._chat.state.waits.get(call.key)
        since = waited.since if waited else time
        if reason != STORE and datetime.fromisoformat(time) - datetime.fromisoformat(since) >= LIMIT:
            self._chat.outcome(call, finished.result, time)
            return True
        attempt = self._attempts.get(call.key, 0)
        self._attempts[call.key] = attempt + 1
        if waited is None:
            self._chat.wait(call, reason, since, finished.result.message, time)
        delay = PAUSES[min(attempt, len(PAUSES) - 1)]
        self._timers[call.key] = asyncio.create_task(workflow.sleep(delay, summary=reason))
        return True
