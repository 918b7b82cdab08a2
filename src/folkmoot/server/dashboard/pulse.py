"""Whether the Temporal server answers, and a chat's worker: asked by one task for all pages that follow it.

Who follows a chat hears of nothing while they are away, as while nothing happens. A worker that was killed is listed by
the server for more than a minute: only who asks it for something finds out.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import ClassVar
from weakref import WeakValueDictionary

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot.errors import FolkmootError, NoWorkerError
from folkmoot.server.chats import Chats, Found
from folkmoot.server.identity import Identity

__all__ = ["Beat", "Pulse", "WorkerPulses"]

EVERY = 3.0
"""Seconds between two questions to the server."""
EVERY_WORKER = 5.0
"""Seconds between two questions to a chat's worker."""
PATIENCE = 5.0
"""Seconds after which nobody answers."""
_PATIENCE = timedelta(seconds=PATIENCE)
_LOG = logging.getLogger(__name__)


class Beat(ABC):
    """Whether somebody answers; nobody is asked while nobody watches."""

    every: ClassVar[float]

    def __init__(self) -> None:
        self._watchers: set[Callable[[bool], None]] = set()
        self._beating: asyncio.Task[None] | None = None
        self._beats = True

    @contextmanager
    def watched(self, watcher: Callable[[bool], None]) -> Generator[None]:
        """Have `watcher` told whether they answer: now if they do not, and then with every change."""
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
            await asyncio.sleep(self.every)

    @abstractmethod
    async def _answers(self) -> bool: ...


class Pulse(Beat):
    """Whether the server answers.

    Args:
        client: The server's.
    """

    every = EVERY

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client

    async def _answers(self) -> bool:
        try:
            # The client's own tries would hide for long that nobody answers.
            await self._client.workflow_service.get_system_info(GetSystemInfoRequest(), retry=False, timeout=_PATIENCE)
        except (RPCError, RuntimeError):
            # RuntimeError: a client that connects late says so.
            return False
        return True


class _WorkerPulse(Beat):
    """Whether a chat's worker answers."""

    every = EVERY_WORKER

    def __init__(self, chats: Chats, found: Found, identity: Identity) -> None:
        super().__init__()
        self._chats, self._found, self._identity = chats, found, identity

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE), self._chats.hold(self._found, self._identity) as chat:
                await chat.pages.query("status")
        except (TimeoutError, NoWorkerError):
            return False
        except (FolkmootError, RPCError, RuntimeError):
            # Of what else there is the follower tells.
            return True
        return True


class WorkerPulses:
    """One for each chat that is followed.

    Args:
        chats: The server's chats.
    """

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._beats: WeakValueDictionary[tuple[str, str], _WorkerPulse] = WeakValueDictionary()

    def of(self, found: Found, identity: Identity) -> Beat:
        """That of a chat; it is asked for its status in the name of who came first."""
        key = (found.id, found.first_run_id)
        beat = self._beats.get(key)
        if beat is None:
            beat = self._beats[key] = _WorkerPulse(self._chats, found, identity)
        return beat

    def stop(self) -> None:
        """The dashboard stops."""
        for beat in [*self._beats.values()]:
            beat.stop()
