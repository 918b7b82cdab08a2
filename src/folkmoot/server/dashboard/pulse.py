"""Whether the Temporal server answers: asked by one task for all pages that follow a chat, and by none without.

Who follows a chat hears of nothing while the server is away, as while nothing happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

__all__ = ["Pulse"]

EVERY = 3.0
"""Seconds between two questions."""
_PATIENCE = timedelta(seconds=5)
_LOG = logging.getLogger(__name__)


class Pulse:
    """Whether it answers.

    Args:
        client: The server's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._watchers: set[Callable[[bool], None]] = set()
        self._beating: asyncio.Task[None] | None = None
        self._beats = True

    @contextmanager
    def watched(self, watcher: Callable[[bool], None]) -> Generator[None]:
        """Have `watcher` told whether the server answers: now if it does not, and then with every change."""
        self._watchers.add(watcher)
        if self._beating is None or self._beating.done():
            self._beats = True
            self._beating = asyncio.create_task(self._beat())
        elif not self._beats:
            watcher(False)
        try:
            yield
        finally:
            self._watchers.discard(watcher)

    def stop(self) -> None:
        """The dashboard stops."""
        if self._beating is not None:
            self._beating.cancel()

    async def _beat(self) -> None:
        while self._watchers:
            beats = await self._answers()
            if beats != self._beats:
                self._beats = beats
                for watcher in [*self._watchers]:
                    try:
                        watcher(beats)
                    except Exception:  # noqa: BLE001 - one page that cannot be drawn must not end what all others see
                        _LOG.exception("a page does not take what it watches")
            await asyncio.sleep(EVERY)

    async def _answers(self) -> bool:
        try:
            # The client's own tries would hide for long that nobody answers.
            await self._client.workflow_service.get_system_info(GetSystemInfoRequest(), retry=False, timeout=_PATIENCE)
        except (RPCError, RuntimeError):
            # RuntimeError: a client that connects late says so.
            return False
        return True
