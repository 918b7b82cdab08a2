"""A server of one's own: in memory, and gone with the process that started it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from dataclasses import dataclass
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
from folkmoot.errors import ServerUnavailableError

__all__ = ["PrivateServer", "start_private"]

_TAIL_BYTES = 2000


@dataclass
class PrivateServer:
    """A running in-memory server."""

    endpoints: Endpoints
    process: subprocess.Popen[bytes]

    async def stop(self) -> None:
        """Kill the server: it has nothing to save, and a polite end takes it a second."""
        self.process.kill()
        while self.process.poll() is None:
            await asyncio.sleep(0.005)


async def start_private(cli: Path, wanted: Wanted) -> PrivateServer:
    """Start an in-memory server as a child of this process.

    On Linux the kernel ends it with the calling thread, so call this from one that stays.

    Raises:
        ServerUnavailableError: It did not come up; the text has the end of what it said.
    """
    endpoints = choose_endpoints(wanted)
    command = spawner("bound", str(os.getpid())) + server_command(cli, endpoints, wanted, None)
    with tempfile.TemporaryFile() as log:
        process = _spawn(command, log.fileno())
        server = PrivateServer(endpoints, process)
        try:
            client = await wait_until_serving(endpoints.address, wanted.namespace, lambda: process.poll() is None)
            if client is None:
                raise ServerUnavailableError(f"`{cli}` did not start a server; it said: {_tail(log.fileno())}")
            await prepare(client, wanted)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return server


def _spawn(command: list[str], log: int) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal is for us, and we stop the server when we are done with it.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _tail(fd: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace").strip() or "nothing"
