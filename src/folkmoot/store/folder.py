"""A store in a folder, for one machine or a shared file system.

A folder that is away looks like an empty one: its disk is not mounted, or somebody has renamed it. So the store keeps a
marker in it. Without one nothing is missing, deleted or kept: whoever asks is told to ask again later.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import ParamSpec, TypeVar

from .base import StoreUnavailableError
from .keyed import KeyedStore, is_key
from .mounts import unmounted

__all__ = ["MARKER", "FolderStore"]

P = ParamSpec("P")
T = TypeVar("T")

MARKER = "_folkmoot_store"
"""The marker's file; nothing that is kept has such a key."""
_MARKED = """This folder is a store of Folkmoot's. Keep this file, and copy it along: it tells the store from a folder
in which its disk has yet to be mounted.
"""
_UNFINISHED = ".new-"


class FolderStore(KeyedStore):
    """Keys as files, written beside their place and moved into it, so that no reader sees a half one.

    The first write begins a store, if there has been none: it makes the folder, but not the one that is to hold it,
    and the marker. A folder in which blobs or manifests lie already gets the marker at its first use.

    Args:
        path: The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._marker = self.path / MARKER
        # What was there once is never begun anew by this object: it is away.
        self._seen = False
        with suppress(OSError):
            self._seen = _is_there(self._marker)

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r})"

    async def begin(self) -> None:
        """Begin a store, as the first write does; one that is there is left as it is.

        Raises:
            StoreUnavailableError: None can be begun here, or there was one before.
        """
        await self._in_thread(self._look, begins=True)

    async def begun(self) -> bool:
        """Whether there is a store in the folder; nothing is begun.

        Raises:
            StoreUnavailableError: It was there before, or none could be begun: it is away.
        """
        return await self._in_thread(self._look)

    async def _write(self, key: str, data: bytes) -> None:
        """The file and its folders are synced before it returns."""
        await self._in_thread(self._held, True, self._put, key, data)

    async def _read(self, key: str) -> bytes | None:
        return await self._in_thread(self._held, False, self._get, key)

    async def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        # Nothing has been kept where no store has been begun: there is nothing to tell of.
        if await self.begun():
            for item in await self._in_thread(self._held, False, self._files, prefix):
                yield item

    async def _remove(self, keys: Sequence[str]) -> None:
        # In a folder that is there and is no store nothing has been kept; of one that is missing that is not known.
        if await self.begun() or not self.path.is_dir():
            await self._in_thread(self._held, False, self._unlink, keys)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except OSError as error:
            # A disk that is full or a share that is away: it may be back.
            raise StoreUnavailableError(f"{self!r} cannot be used: {error}") from None

    def _held(self, begins: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What comes of the work, if the store is there before it and after.

        Raises:
            StoreUnavailableError: It is not.
        """
        if not self._look(begins=begins):
            raise StoreUnavailableError(
                f"{self!r} cannot be used: there is no store in the folder. If there was one, mount or restore it; "
                f"if nothing has ever been kept, make an empty file {MARKER!r} there."
            )
        done = work(*args, **kwargs)
        if not isinstance(done, bytes):
            # It may have gone meanwhile: then what was not found may be there, and what was written lies elsewhere.
            self._look()
        return done

    def _look(self, *, begins: bool = False) -> bool:
        """Whether there is a store.

        Args:
            begins: One is begun if there was none.

        Raises:
            StoreUnavailableError: There was one, or none can be begun.
            OSError: It cannot be told, or none can be begun.
        """
        if _is_there(self._marker):
            self._seen = True
        elif self._seen:
            raise StoreUnavailableError(
                f"{self!r} is away: the folder is missing, or {MARKER!r} in it. Mount or restore it; "
                "what needs it waits until then."
            )
        elif self._holds_keys():
            try:
                self._mark()
            except OSError:
                # Who may only read needs no marker to find what is there.
                if begins:
                    raise
                return True
        else:
            self._check_place()
            if begins:
                self.path.mkdir(exist_ok=True)
                _sync_folder(self.path.absolute().parent)
                self._mark()
        return self._seen

    def _holds_keys(self) -> bool:
        """Whether a store is here that was begun before there were markers."""
        files = chain(self.path.glob("_manifests/*/*/*"), self.path.glob("*/??/*"))
        return any(is_key(file.relative_to(self.path).as_posix()) for file in files)

    def _check_place(self) -> None:
        """See that the folder lies where a store may be begun."""
        parent = self.path.absolute().parent
        if not parent.is_dir():
            raise StoreUnavailableError(f"{self!r} cannot be used: mount or make the folder {str(parent)!r} first.")
        if (place := unmounted(self.path)) is not None:
            raise StoreUnavailableError(
                f"{self!r} cannot be used: nothing is mounted at {str(place)!r}, where /etc/fstab wants something."
            )

    def _mark(self) -> None:
        with suppress(FileExistsError), self._marker.open("x") as file:
            file.write(_MARKED)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.path)
        self._seen = True

    def _put(self, key: str, data: bytes) -> None:
        target = self.path / key
        if self._get(key) == data:
            return
        self._make_folders(target.parent)
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

    def _make_folders(self, folder: Path) -> None:
        """Make what is missing below the store's own, as durably as the files that go into it."""
        missing = [path for path in (folder, *folder.parents) if path.is_relative_to(self.path) and path != self.path]
        for path in reversed(missing):
            if not path.exists():
                path.mkdir(exist_ok=True)
                _sync_folder(path.parent)

    def _get(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _files(self, prefix: str) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for folder, _, names in os.walk(self.path / prefix, onerror=_raise):
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


def _is_there(file: Path) -> bool:
    """Whether it is; where that cannot be told, it is not said to be missing."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _raise(error: OSError) -> None:
    # A folder that is missing holds nothing; of one that cannot be read that is not known.
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
