"""A store that is asked again: what passes within seconds is nobody's business."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .base import BlobNotFoundError, Store, StoreUnavailableError

__all__ = ["PATIENCE", "PatientStore", "again_until"]

T = TypeVar("T")

logger = logging.getLogger("folkmoot.store")

PATIENCE = 10.0
"""Seconds."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_away: set[str] = set()
"""Stores that did not answer last: an outage is told of once, whoever asks."""


class PatientStore:
    """Blobs of a store, each asked for again for a while where the store does not answer.

    Args:
        store: The store; `once` afterwards.
        patience: Seconds until its error is raised; None: `PATIENCE`.
    """

    def __init__(self, store: Store, patience: float | None = None) -> None:
        self.once = store
        self.patience = PATIENCE if patience is None else patience

    async def put(self, data: bytes, *, chat: str) -> str:
        """See `Store.put`."""
        return await again_until(lambda: self.once.put(data, chat=chat), self.patience, of=self.once)

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`."""
        return await again_until(lambda: self.once.get(name, chat=chat), self.patience, of=self.once)


async def again_until(ask: Callable[[], Awaitable[T]], patience: float, *, of: Store) -> T:
    """Ask until the store answers. The log tells once that it does not, and once that it does again.

    Args:
        ask: The question.
        patience: Seconds after which there is no further try.
        of: The store that is asked.

    Raises:
        StoreUnavailableError: It did not answer in that time.
    """
    loop = asyncio.get_running_loop()
    end, pause, name = loop.time() + patience, _FIRST_PAUSE, repr(of)
    while True:
        try:
            answer = await ask()
        except StoreUnavailableError as error:
            if loop.time() + pause > end:
                raise
            if name not in _away:
                _away.add(name)
                logger.warning("%s It is asked again until it answers.", error)
        except BlobNotFoundError:
            _told_back(name)
            raise
        else:
            _told_back(name)
            return answer
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _told_back(name: str) -> None:
    if name in _away:
        _away.discard(name)
        logger.warning("The store answers again: %s", name)
