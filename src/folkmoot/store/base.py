"""The store interface: blobs that chats own, named by the SHA-256 of their bytes, and a manifest per closed chat.

A blob belongs to one chat, so that deleting a chat's data never takes anything from another's: nothing is counted or
shared. A fork copies what it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

from folkmoot.errors import FolkmootError

__all__ = ["BlobNotFoundError", "Deleted", "Store", "StoreUnavailableError", "name_of"]


class BlobNotFoundError(KeyError):
    """No blob of that name is in the store."""

    def __str__(self) -> str:
        return f"no blob {self.args[0]!r} in {self.args[1]}"


class StoreUnavailableError(FolkmootError):
    """The store does not answer, or refuses to: whoever wanted something asks again later. The text holds no key."""


class Deleted(NamedTuple):
    """What a deletion took away, or would."""

    blobs: int
    bytes: int


class Store(Protocol):
    """What the workers and clients of a chat share. Implementations may be called from several tasks at once.

    `chat` is the chat's uuid, never its id: an id can be used again. Every method raises StoreUnavailableError where
    the store does not answer.
    """

    async def put(self, data: bytes, *, chat: str) -> str:
        """Keep `data` durably for a chat and return its name, the SHA-256 in hex. The same bytes are one blob of it."""
        ...

    async def get(self, name: str, *, chat: str) -> bytes:
        """The bytes of that name.

        Raises:
            BlobNotFoundError: The chat has none of that name.
            ValueError: `name` is not a SHA-256, or the bytes found do not match it.
        """
        ...

    async def size(self, *, chat: str) -> Deleted:
        """How many blobs a chat has, and their bytes: what `delete` would take away."""
        ...

    async def delete(self, *, chat: str) -> Deleted:
        """Delete every blob of a chat; there may be none."""
        ...

    async def put_manifest(self, data: bytes, *, namespace: str, chat_id: str, chat: str) -> None:
        """Keep what tells of a closed chat, in place of what was told before.

        Args:
            data: The manifest.
            namespace: The Temporal namespace, within which chat ids are unique.
            chat_id: The chat's id. Several chats may have had it, one after another.
            chat: Its uuid.
        """
        ...

    def manifests(self, *, namespace: str, chat_id: str | None = None) -> AsyncIterator[bytes]:
        """The manifests of the chats that had this id, in no order; None: of all chats of the namespace."""
        ...

    async def delete_manifest(self, *, namespace: str, chat_id: str, chat: str) -> None:
        """Delete a manifest; it may be missing."""
        ...

    async def close(self) -> None:
        """Close connections. The store may be used again afterwards."""
        ...


def name_of(data: bytes) -> str:
    """A blob's name."""
    return hashlib.sha256(data).hexdigest()
