"""Where the database of a server lies that keeps nothing: in files that are in memory.

The dev server can have its database in its own memory too, but then a server that has to be started anew (see
`mending`) has lost it, with all chats that were under way.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from folkmoot._local.locks import FileLock

__all__ = ["VolatileFolder"]

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made for this user only, under names nobody can guess
"""Linux: a file system in memory, for whoever wants it."""
_ENOUGH = 2**30
"""Bytes that have to be free there: containers often have 64 MiB, and without room a server would break."""
_NAME = "folkmoot-"
_NEW = f"new-{_NAME}"
_LOCK = "owner.lock"


class VolatileFolder:
    """A folder in memory that belongs to this process.

    Args:
        path: The folder.
        lock: Held by this process; it is free once the process has ended, however that was.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, memory: Path = _MEMORY) -> Self | None:
        """A new one, after those of processes that were killed are removed; None where there is no room for one."""
        try:
            _sweep(memory)
            if shutil.disk_usage(memory).free < _ENOUGH:
                return None
            new = Path(tempfile.mkdtemp(prefix=_NEW, dir=memory))
        except OSError:
            return None
        lock = FileLock(new / _LOCK)
        lock.try_acquire()
        # Nobody takes it for one that was left before its lock is held.
        return cls(new.rename(memory / new.name.removeprefix("new-")), lock)

    def remove(self) -> None:
        """Give the memory back."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def _sweep(memory: Path) -> None:
    for folder in memory.glob(f"{_NAME}*"):
        lock = FileLock(folder / _LOCK)
        if folder.stat().st_uid == os.getuid() and (folder / _LOCK).exists() and lock.try_acquire():
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
