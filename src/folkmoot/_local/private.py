"""A server of one's own: it keeps nothing, and is gone with the process that started it."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from folkmoot._local.launch import (
    Endpoints,
    Wanted,
    choose_endpoints,
    prepare,
    server_command,
    spawner,
    wait_until_serving,
)
from folkmoot._local.mending import is_broken
from folkmoot._local.volatile import VolatileFolder
from folkmoot.errors import ServerUnavailableError

__all__ = ["PrivateServer", "start_private"]

_LOG = logging.getLogger("folkmoot.local")
_TAIL_BYTES = 2000
_POLL_SECONDS = 0.005


@dataclass
class PrivateServer:
    """A running in-memory server."""

    endpoints: Endpoints
    process: subprocess.Popen[bytes]
    command: list[str] = field(repr=False)
    wanted: Wanted = field(repr=False)
    folder: VolatileFolder | None = field(repr=False)
    """Where its database is; None: in its own memory."""
    _mending: bool = field(default=False, repr=False)

    async def stop(self) -> None:
        """Kill the server: it has nothing to save, and a polite end takes it a second."""
        await self._until_mended()
        self.process.kill()
        while self.process.poll() is None:
            await asyncio.sleep(_POLL_SECONDS)
        if self.folder is not None:
            self.folder.remove()

    async def mend(self) -> bool:
        """Start the server anew if its database refuses everything (see `mending`); say whether it serves.

        Where its database is a file, what it held is there again. Else that cannot be had any more either way, and new
        chats can be opened again.
        """
        await self._until_mended()
        self._mending = True
        try:
            client = await wait_until_serving(self.endpoints.address, self.wanted.namespace, self._lives)
            if client is None or not await is_broken(client):
                return client is not None
            _LOG.error(
                "the database of the in-memory server on %s refuses everything since a request was given up; "
                "the server is started anew there%s",
                self.endpoints.address,
                ", and what it held is gone" if self.folder is None else "",
            )
            renewal = asyncio.ensure_future(self._renew())
            try:
                await asyncio.shield(renewal)
            except asyncio.CancelledError:
                await renewal  # whoever gives up here must not leave the others without a server
                raise
        except ServerUnavailableError as error:
            _LOG.error("%s", error)
            return False
        finally:
            self._mending = False
        return True

    async def _renew(self) -> None:
        self.process.kill()
        while self._lives():
            await asyncio.sleep(_POLL_SECONDS)
        self.process = await _start(self.command, self.endpoints, self.wanted)

    async def _until_mended(self) -> None:
        # No asyncio lock: those belong to one event loop, and a server may serve several, one after the other.
        while self._mending:
            await asyncio.sleep(_POLL_SECONDS)

    def _lives(self) -> bool:
        return self.process.poll() is None


async def start_private(cli: Path, wanted: Wanted) -> PrivateServer:
    """Start an in-memory server as a child of this process.

    On Linux the kernel ends it with the calling thread, so call this from one that stays.

    Raises:
        ServerUnavailableError: It did not come up; the text has the end of what it said.
    """
    endpoints = choose_endpoints(wanted)
    folder = VolatileFolder.make()
    command = server_command(cli, endpoints, wanted, None if folder is None else folder.path / "temporal.db")
    try:
        process = await _start(command, endpoints, wanted)
    except BaseException:
        if folder is not None:
            folder.remove()
        raise
    return PrivateServer(endpoints, process, command, wanted, folder)


async def _start(command: list[str], endpoints: Endpoints, wanted: Wanted) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as log:
        process = _spawn(spawner("bound", str(os.getpid())) + command, log.fileno())
        try:
            client = await wait_until_serving(endpoints.address, wanted.namespace, lambda: process.poll() is None)
            if client is None:
                raise ServerUnavailableError(f"`{command[0]}` did not start a server; it said: {_tail(log.fileno())}")
            await prepare(client, wanted)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return process


def _spawn(command: list[str], log: int) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal is for us, and we stop the server when we are done with it.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _tail(fd: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace").strip() or "nothing"
