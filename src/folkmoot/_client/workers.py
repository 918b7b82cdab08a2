"""Whether anybody would carry out what a client asks for."""

from __future__ import annotations

import asyncio

from temporalio.client import Client

from folkmoot._temporal.pollers import fresh_pollers
from folkmoot.errors import NoWorkerError

__all__ = ["Workers"]


GRACE_SECONDS = 2.0
"""A worker that has just started is not listed at once."""
KNOWN_SECONDS = 5.0
"""So long a worker that was seen is not asked for again."""


class Workers:
    """The workers of a task queue.

    Attributes:
        queue: The queue.
        own: A worker of this very process polls it, so nobody needs to be asked.
    """

    def __init__(self, client: Client, queue: str) -> None:
        self._client = client
        self.queue = queue
        self.own = False
        self._seen = -KNOWN_SECONDS

    async def any(self) -> bool:
        """Whether a worker polled the queue lately."""
        now = asyncio.get_running_loop().time()
        if self.own or now - self._seen < KNOWN_SECONDS:
            return True
        found = bool(await fresh_pollers(self._client, self.queue))
        if found:
            self._seen = now
        return found

    async def require(self) -> None:
        """Raise if there is none, nor one that is just starting.

        Raises:
            NoWorkerError: With the queue's name.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GRACE_SECONDS
        while not await self.any():
            if loop.time() > deadline:
                raise NoWorkerError(self.queue, self._client.namespace)
            await asyncio.sleep(0.1)
