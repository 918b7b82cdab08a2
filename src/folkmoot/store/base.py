"""The store interface: blobs named by the SHA-256 of their bytes. Writing the same bytes twice is one blob."""

from __future__ import annotations

import hashlib
from typing import Protocol

__all__ = ["BlobNotFoundError", "Store", "name_of"]


class BlobNotFoundError(KeyError):
    """No blob of that name is in the store."""

    def __str__(self) -> str:
        return f"no blob {self.args[0]!r} in {self.args[1]}"


class Store(Protocol):
    """What the workers and clients of a chat share. Implementations may be called from several tasks at once."""

    async def put(self, data: bytes) -> str:
        """Keep `data` durably and return its name, the SHA-256 in hex."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes of that name.

        Raises:
            BlobNotFoundError: It is not there.
        """
        ...


def name_of(data: bytes) -> str:
    """A blob's name."""
    return hashlib.sha256(data).hexdigest()
