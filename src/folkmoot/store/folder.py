"""A store in a folder, for one machine or a shared file system."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from .base import BlobNotFoundError, name_of

__all__ = ["FolderStore"]

_NAME = re.compile(r"[0-9a-f]{64}")


class FolderStore:
    """Blobs as files `ab/cdef…`, written beside their place and moved into it, so that no reader sees a half one.

    Args:
        path: The folder; it is made if missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r})"

    async def put(self, data: bytes) -> str:
        """See `Store.put`; the file and its folder are synced before it returns."""
        return await asyncio.to_thread(self._put, data)

    async def get(self, name: str) -> bytes:
        """See `Store.get`.

        Raises:
            BlobNotFoundError: It is not there.
            ValueError: `name` is not a SHA-256, or the file's bytes do not match it.
        """
        return await asyncio.to_thread(self._get, name)

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected a SHA-256 in hex, got {name!r}")
        return self.path / name[:2] / name[2:]

    def _put(self, data: bytes) -> str:
        name = name_of(data)
        target = self._file(name)
        if target.exists():
            return name
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, target)
        _sync_folder(target.parent)
        return name

    def _get(self, name: str) -> bytes:
        try:
            data = self._file(name).read_bytes()
        except FileNotFoundError:
            raise BlobNotFoundError(name, repr(self)) from None
        if name_of(data) != name:
            raise ValueError(f"blob {name!r} in {self!r} is damaged: its bytes have another hash")
        return data


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
