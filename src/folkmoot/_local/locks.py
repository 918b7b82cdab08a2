"""File locks between processes.

The kernel drops such a lock when its last holder ends, however it ends. So a crashed user of a server, a
crashed build and a crashed server itself never count, and no process id has to be trusted.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from folkmoot.errors import ServerUnavailableError

if sys.platform != "win32":
    import fcntl

__all__ = ["FileLock"]

_POLL_SECONDS = 0.02


class FileLock:
    """An advisory lock on a file (`flock`); two of them on one path exclude each other within a process too.

    Args:
        path: The lock file; made when missing, never removed (removing one while another waits on it would
            give two holders).
        shared: Any number may hold it at once; they exclude only holders of an unshared lock.
        on_wait: Called once when `async with` finds the lock taken.

    Raises:
        ServerUnavailableError: On Windows, which has no such locks: set `TEMPORAL_ADDRESS` there.
    """

    def __init__(self, path: Path, *, shared: bool = False, on_wait: Callable[[], None] | None = None) -> None:
        if sys.platform == "win32":
            raise ServerUnavailableError(
                "There is no embedded Temporal server on Windows; start a server and set TEMPORAL_ADDRESS."
            )
        self._path = path
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._on_wait = on_wait
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The open file that holds the lock; given to a child process, the lock lives as long as that."""
        if self._fd is None:
            raise RuntimeError(f"The lock {str(self._path)!r} is not held.")
        return self._fd

    def try_acquire(self) -> bool:
        """Take the lock if it is free; say whether it is held now."""
        if self._fd is not None:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, self._mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True

    def release(self) -> None:
        """Let go of the lock; nothing happens if it is not held.

        Closes the file without unlocking it: a child process that was given `fd` goes on holding the lock.
        """
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    async def __aenter__(self) -> FileLock:
        # Polled, not waited for in a thread: a thread blocked in flock could not be cancelled.
        while not self.try_acquire():
            if self._on_wait is not None:
                self._on_wait()
                self._on_wait = None
            await asyncio.sleep(_POLL_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether any process holds the lock on `path`, shared or not."""
    if not path.exists():
        return False
    probe = FileLock(path)
    free = probe.try_acquire()
    probe.release()
    return not free
