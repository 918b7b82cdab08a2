"""A store in a folder, for one machine or a shared file system."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from .base import StoreUnavailableError
from .keyed import KeyedStore

__all__ = ["FolderStore"]

P = ParamSpec("P")
T = TypeVar("T")

_UNFINISHED = ".new-"


class FolderStore(KeyedStore):
    """Keys as files, written beside their place and moved into it, so that no reader sees a half one.

    Args:
        path: The folder; it is made if missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r})"

    async def _write(self, key: str, data: bytes) -> None:
        """The file and its folders are synced before it returns."""
        await self._in_thread(self._put, key, data)

    async def _read(self, key: str) -> bytes | None:
        return await self._in_thread(self._get, key)

    async def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        for item in await self._in_thread(self._files, prefix):
            yield item

    async def _remove(self, keys: Sequence[str]) -> None:
        await self._in_thread(self._unlink, keys)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except OSError as error:
            # A disk that is full or a share that is away: it may be back.
            raise StoreUnavailableError(f"{self!r} cannot be used: {error}") from None

    def _put(self, key: str, data: bytes) -> None:
        target = self.path / key
        if self._get(key) == data:
            return
        _make_folders(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_UNFINISHED)
        try:
            with open(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(target.parent)

    def _get(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _files(self, prefix: str) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for folder, _, names in os.walk(self.path / prefix):
            for file in (Path(folder) / name for name in names if not name.startswith(_UNFINISHED)):
                # Another process may delete at the same time.
                with suppress(FileNotFoundError):
                    found.append((file.relative_to(self.path).as_posix(), file.stat().st_size))
        return found

    def _unlink(self, keys: Sequence[str]) -> None:
        for key in keys:
            (self.path / key).unlink(missing_ok=True)
        for folder in {(self.path / key).parent for key in keys}:
            for left in folder.glob(_UNFINISHED + "*"):
                left.unlink(missing_ok=True)
            # Up to the store itself, as far as they are empty now.
            while folder != self.path:
                try:
                    folder.rmdir()
                except OSError:
                    break
                folder = folder.parent


def _make_folders(folder: Path) -> None:
    """Make what is missing, as durably as the files that go into it."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in made:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
