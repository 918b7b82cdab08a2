"""A store that is asked again: what passes within seconds is nobody's business."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .base import Store, StoreUnavailableError

__all__ = ["PATIENCE", "PatientStore", "again_until"]

T = TypeVar("T")

logger = logging.getLogger("folkmoot.store")

PATIENCE = 10.0
"""Seconds."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


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
        return await again_until(lambda: self.once.put(data, chat=chat), self.patience)

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`."""
        return await again_until(lambda: self.once.get(name, chat=chat), self.patience)


async def again_until(ask: Callable[[], Awaitable[T]], patience: float) -> T:
    """Ask until the store answers.

    Args:
        ask: The question.
        patience: Seconds after which there is no further try.

    Raises:
        StoreUnavailableError: It did not answer in that time.
    """
    loop = asyncio.get_running_loop()
    end, pause = loop.time() + patience, _FIRST_PAUSE
    while True:
        try:
            return await ask()
        except StoreUnavailableError as error:
            if loop.time() + pause > end:
                raise
            logger.warning("%s It is asked again.", error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
