"""A store whose reads and writes are measured, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

from folkmoot._telemetry.meters import count, timed

from .base import BlobNotFoundError, Deleted, Store, StoreUnavailableError

__all__ = ["MeasuredStore"]


class MeasuredStore:
    """Does as the store it is given, and counts.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return repr(self._store)

    async def put(self, data: bytes, *, chat: str) -> str:
        """See `Store.put`."""
        with _measured("put"):
            name = await self._store.put(data, chat=chat)
        count("folkmoot_store_bytes_total", len(data), operation="put")
        return name

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`."""
        with _measured("get"):
            data = await self._store.get(name, chat=chat)
        count("folkmoot_store_bytes_total", len(data), operation="get")
        return data

    async def size(self, *, chat: str) -> Deleted:
        """See `Store.size`."""
        return await self._store.size(chat=chat)

    async def delete(self, *, chat: str) -> Deleted:
        """See `Store.delete`."""
        return await self._store.delete(chat=chat)

    async def put_manifest(self, data: bytes, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.put_manifest`."""
        await self._store.put_manifest(data, namespace=namespace, chat_id=chat_id, chat=chat)

    def manifests(self, *, namespace: str, chat_id: str | None = None) -> AsyncIterator[bytes]:
        """See `Store.manifests`."""
        return self._store.manifests(namespace=namespace, chat_id=chat_id)

    async def delete_manifest(self, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.delete_manifest`."""
        await self._store.delete_manifest(namespace=namespace, chat_id=chat_id, chat=chat)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._store.close()


@contextmanager
def _measured(operation: str) -> Generator[None]:
    with timed("folkmoot_store_seconds", operation=operation, outcome="error") as timing:
        try:
            yield
        except BlobNotFoundError:
            timing.labels["outcome"] = "missing"
            raise
        except StoreUnavailableError:
            timing.labels["outcome"] = "unavailable"
            raise
        timing.labels["outcome"] = "ok"
