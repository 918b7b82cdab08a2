"""Whether anybody would carry out what a client asks for."""

from __future__ import annotations

from temporalio.client import Client

from folkmoot._temporal.pollers import fresh_pollers
from folkmoot.errors import NoWorkerError

__all__ = ["Workers"]


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

    async def any(self) -> bool:
        """Whether a worker polled the queue lately."""
        if self.own:
            return True
        return bool(await fresh_pollers(self._client, self.queue))

    async def require(self) -> None:
        """Raise if there is none.

        Raises:
            NoWorkerError: With the queue's name.
        """
        if not await self.any():
            raise NoWorkerError(self.queue, self._client.namespace)
