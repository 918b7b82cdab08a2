"""A store whose contents only key holders can read.

A blob is encrypted without chance, bound to its chat: put again it is the same bytes, so it is kept once and has the
same name. Its name is the hash of the encrypted bytes: any store can still check it, and it tells nothing about what is
inside. The same content of two chats has nothing in common.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

from folkmoot._encryption.keys import DamagedError, EncryptionKeyError, KeyRing

from .base import Deleted, Store, StoreUnavailableError

__all__ = ["EncryptedStore", "encrypted"]

_SEALED = b"\0folkmoot sealed 1\n"
"""Begins what is encrypted; then come the length of the key's id, the id, and the encrypted bytes."""
_MANIFEST = b"\0folkmoot manifest 1\n"
"""Begins an encrypted manifest; then comes a hash of the chat's id."""
_HASH = 32
_LARGE = 262_144
"""Bytes from which a thread is worth its while."""


class EncryptedStore:
    """Blobs and manifests of another store, encrypted. What was put there before, unencrypted, is still read.

    Args:
        inner: The other store.
        keys: The keys; None: nothing is encrypted, and what is encrypted is refused by the name of its key.
    """

    def __init__(self, inner: Store, keys: KeyRing | None) -> None:
        self.inner = inner
        self.keys = keys

    def __repr__(self) -> str:
        return repr(self.inner)

    async def put(self, data: bytes, *, chat: str) -> str:
        """See `Store.put`; the name is that of the encrypted bytes."""
        return await self.inner.put(await self._sealed(data, _blob(chat)), chat=chat)

    async def get(self, name: str, *, chat: str) -> bytes:
        """See `Store.get`.

        Raises:
            StoreUnavailableError: The key is not here: whoever wanted the blob asks again later.
        """
        return await self._opened(await self.inner.get(name, chat=chat), _blob(chat))

    async def size(self, *, chat: str) -> Deleted:
        """See `Store.size`."""
        return await self.inner.size(chat=chat)

    async def delete(self, *, chat: str) -> Deleted:
        """See `Store.delete`."""
        return await self.inner.delete(chat=chat)

    async def put_manifest(self, data: bytes, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.put_manifest`."""
        # Who reads the manifests of all chats knows none of their ids: it is told which one to expect.
        place = _place(namespace, chat_id)
        sealed = await self._sealed(data, _MANIFEST + place)
        whole = sealed if self.keys is None else _MANIFEST + place + sealed
        await self.inner.put_manifest(whole, namespace=namespace, chat_id=chat_id, chat=chat)

    async def manifests(self, *, namespace: str, chat_id: str | None = None) -> AsyncIterator[bytes]:
        """See `Store.manifests`.

        Raises:
            StoreUnavailableError: The key of one is not here.
            ValueError: One was changed, or is another chat's.
        """
        async for data in self.inner.manifests(namespace=namespace, chat_id=chat_id):
            if not data.startswith(_MANIFEST):
                yield data
                continue
            bound, sealed = data[: len(_MANIFEST) + _HASH], data[len(_MANIFEST) + _HASH :]
            if chat_id is not None and bound != _MANIFEST + _place(namespace, chat_id):
                raise DamagedError(f"A manifest of chat {chat_id!r} in {self!r} is another chat's.")
            yield await self._opened(sealed, bound)

    async def delete_manifest(self, *, namespace: str, chat_id: str, chat: str) -> None:
        """See `Store.delete_manifest`."""
        await self.inner.delete_manifest(namespace=namespace, chat_id=chat_id, chat=chat)

    async def close(self) -> None:
        """See `Store.close`."""
        await self.inner.close()

    async def _sealed(self, data: bytes, bound: bytes) -> bytes:
        keys = self.keys
        if keys is None:
            return data
        key_id = keys.first.encode()
        sealed = await _aside(data, lambda: keys.seal(data, bound))
        return _SEALED + bytes([len(key_id)]) + key_id + sealed

    async def _opened(self, data: bytes, bound: bytes) -> bytes:
        if not data.startswith(_SEALED):
            return data
        start = len(_SEALED) + 1
        end = start + data[start - 1]
        key_id = data[start:end].decode(errors="replace")
        try:
            keys = self.keys
            if keys is None:
                raise EncryptionKeyError(key_id)
            return await _aside(data, lambda: keys.unseal(key_id, data[end:], bound))
        except EncryptionKeyError as error:
            raise StoreUnavailableError(f"The store {self!r} cannot be read: {error}") from None


def encrypted(store: Store | None, keys: KeyRing | None) -> EncryptedStore | None:
    """A store with these keys, if there is a store; one that has keys keeps its own."""
    return store if store is None or isinstance(store, EncryptedStore) else EncryptedStore(store, keys)


async def _aside(data: bytes, work: Callable[[], bytes]) -> bytes:
    return work() if len(data) < _LARGE else await asyncio.to_thread(work)


def _blob(chat: str) -> bytes:
    return b"blob\0" + chat.encode()


def _place(namespace: str, chat_id: str) -> bytes:
    return hashlib.sha256(b"\0".join(text.encode("utf-8", "surrogatepass") for text in (namespace, chat_id))).digest()
