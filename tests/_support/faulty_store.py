"""A store that is away when it is told to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from folkmoot.store import FolderStore, StoreUnavailableError


class FaultyStore(FolderStore):
    """A folder whose every operation fails while `away`.

    Attributes:
        away: Whether it is.
        refused: How many operations have failed.
    """

    away = False
    refused = 0

    def _check(self) -> None:
        if self.away:
            self.refused += 1
            raise StoreUnavailableError(f"The store {str(self.path)!r} is away.")

    async def _write(self, key: str, data: bytes) -> None:
        self._check()
        await super()._write(key, data)

    async def _read(self, key: str) -> bytes | None:
        self._check()
        return await super()._read(key)

    async def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        self._check()
        async for item in super()._list(prefix):
            yield item

    async def _remove(self, keys: Sequence[str]) -> None:
        self._check()
        await super()._remove(keys)
