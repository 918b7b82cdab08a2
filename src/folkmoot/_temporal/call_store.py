"""The store as calls use it: where it stays away, the chat waits for it, visibly, and nothing is lost.

What is read lies before a call's effect: the call fails at once with the reason `store`, and the workflow makes it
again later. What is put comes after the effect, of a model that was paid or a tool that has acted: it is tried for as
long as the call may last. What would fit the log is not waited for that long: it stays there (see `blobs`).
"""

from __future__ import annotations

import logging
import math

from folkmoot.store import Store, StoreUnavailableError
from folkmoot.store.patient import PatientStore, again_until

from .failures import ExpectedError
from .names import STORE

__all__ = ["FITS_THE_LOG", "CallStore", "awaited"]

logger = logging.getLogger("folkmoot.store")

FITS_THE_LOG = 262_144
"""Bytes up to which a content may stay in the log when the store is away."""


class CallStore(PatientStore):
    """A worker's store, for use in activities.

    Args:
        store: The store; `once` afterwards.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`.

        Raises:
            ExpectedError: The store did not answer for a while; the workflow asks again.
        """
        try:
            return await super().get(name, chat=chat)
        except StoreUnavailableError as error:
            raise ExpectedError(str(error), STORE, type=error.type, non_retryable=True) from None

    async def put(self, data: bytes, *, chat: str) -> str:
        """See `Store.put`.

        Raises:
            StoreUnavailableError: The store did not answer for a while, and `data` fits the log.
        """
        patience = self.patience if len(data) <= FITS_THE_LOG else math.inf
        return await again_until(lambda: self.once.put(data, chat=chat), patience, of=self.once)

    async def put_now(self, data: bytes, *, chat: str) -> str:
        """Put with a single try, in an activity whose own retries wait for the store.

        Raises:
            ExpectedError: The store does not answer; it may be tried again.
        """
        try:
            return await self.once.put(data, chat=chat)
        except StoreUnavailableError as error:
            raise awaited(error) from None


def awaited(error: StoreUnavailableError) -> ExpectedError:
    """The failure of an activity whose own retries wait for the store; a line tells of it, and no traceback."""
    logger.warning("%s It is tried again.", error)
    return ExpectedError(str(error), type=error.type)
