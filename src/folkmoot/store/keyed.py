"""How blobs and manifests lie in anything that keeps bytes under a key: `<chat>/<ab>/<rest of the SHA-256>`."""

from __future__ import annotations

import asyncio
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from itertools import islice

from .base import BlobNotFoundError, Deleted, name_of

__all__ = ["KeyedStore", "is_key"]

_NAME = re.compile(r"[0-9a-f]{64}")
_CHAT = re.compile(r"[0-9A-Za-z-]{1,64}")
_MANIFESTS = "_manifests"
"""No chat's uuid has an underscore."""
_KEY = re.compile(
    rf"({_MANIFESTS}/[0-9a-f]{{64}}/[0-9a-f]{{64}}/{_CHAT.pattern}|{_CHAT.pattern}/[0-9a-f]{{2}}/[0-9a-f]{{62}})"
)
_AT_ONCE = 16
"""Manifests fetched together."""


class KeyedStore(ABC):
    """A store over four operations on keys. Keys are ASCII, their parts parted by `/`."""

    async def put(self, data: bytes, *, chat: str) -> str:
        """See `Store.put`."""
        name = name_of(data)
        await self._write(_blob_key(name, chat), data)
        return name

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`."""
        data = await self._read(_blob_key(name, chat))
        if data is None:
            raise BlobNotFoundError(name, f"{self!r} for chat {chat}")
        if name_of(data) != name:
            raise ValueError(f"blob {name!r} in {self!r} is damaged: its bytes have another hash")
        return data

    async def size(self, *, chat: str) -> Deleted:
        """See `Store.size`."""
        sizes = [size async for _, size in self._list(_checked(chat) + "/")]
        return Deleted(len(sizes), sum(sizes))

    async def delete(self, *, chat: str) -> Deleted:
        """See `Store.delete`."""
        found = [item async for item in self._list(_checked(chat) + "/")]
        await self._remove([key for key, _ in found])
        return Deleted(len(found), sum(size for _, size in found))

    async def put_manifest(self, data: bytes, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.put_manifest`."""
        await self._write(_manifest_key(namespace, chat_id, chat), data)

    async def manifests(self, *, namespace: str, chat_id: str | None = None) -> AsyncIterator[bytes]:
        """See `Store.manifests`."""
        keys = iter([key async for key, _ in self._list(_manifest_prefix(namespace, chat_id))])
        while batch := list(islice(keys, _AT_ONCE)):
            for data in await asyncio.gather(*map(self._read, batch)):
                # One that is gone was deleted since the keys were listed.
                if data is not None:
                    yield data

    async def delete_manifest(self, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.delete_manifest`."""
        await self._remove([_manifest_key(namespace, chat_id, chat)])

    async def close(self) -> None:  # noqa: B027 - a folder has no connections
        """See `Store.close`."""

    @abstractmethod
    async def _write(self, key: str, data: bytes) -> None:
        """Keep the bytes durably; a reader sees all of them or what was there before."""

    @abstractmethod
    async def _read(self, key: str) -> bytes | None:
        """The bytes of that very key, or None."""

    @abstractmethod
    def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        """Keys that begin with `prefix`, which ends in `/`, and how many bytes each has."""

    @abstractmethod
    async def _remove(self, keys: Sequence[str]) -> None:
        """Delete what is there of these keys."""


def is_key(text: str) -> bool:
    """Whether it is a blob's or a manifest's key."""
    return _KEY.fullmatch(text) is not None


def _checked(chat: str) -> str:
    """A chat's uuid. Anything else as a part of a key might lead to what is not the chat's.

    Raises:
        ValueError: It is none.
    """
    if not _CHAT.fullmatch(chat):
        raise ValueError(f"expected a chat's uuid, up to 64 letters, digits and hyphens, got {chat!r}")
    return chat


def _blob_key(name: str, chat: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected a SHA-256 in hex, got {name!r}")
    return f"{_checked(chat)}/{name[:2]}/{name[2:]}"


def _manifest_prefix(namespace: str, chat_id: str | None) -> str:
    """Hashed: ids may have any character, be as long as they like, and differ in case only."""
    parts = [_MANIFESTS, *(hashlib.sha256(part.encode()).hexdigest() for part in (namespace, chat_id) if part)]
    return "/".join(parts) + "/"


def _manifest_key(namespace: str, chat_id: str, chat: str) -> str:
    return _manifest_prefix(namespace, chat_id) + _checked(chat)
