"""One server per data folder, shared by every process that uses the folder, and stopped by the last of them.

The folder holds:

    temporal.db     the data
    server.json     address, UI and process id of the server; it is of no meaning unless the next lock is held
    server.alive    locked by the server's process for as long as it lives
    server.users    locked, shared, by every user of the server
    server.lock     locked while a server is started, joined or left
    server.log      what the server last said

All three locks end with their holders, so nothing needs cleaning after a crash: a dead user is no user, and
the address of a dead server is not used. A server whose users were all killed goes on, and the next user
adopts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from folkmoot._local.launch import (
    Wanted,
    choose_endpoints,
    prepare,
    server_command,
    spawner,
    wait_until_serving,
)
from folkmoot._local.locks import FileLock, is_held
from folkmoot.errors import ServerUnavailableError

__all__ = ["SharedServer", "join", "join_or_start"]

_POLL_SECONDS = 0.02
_POLITE_SECONDS = 15.0
_ADDRESS_SECONDS = 5.0


class _Folder:
    """The files of a data folder."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path.resolve()
        self.database = self.path / "temporal.db"
        self.address = self.path / "server.json"
        self.alive = self.path / "server.alive"
        self.users = self.path / "server.users"
        self.log = self.path / "server.log"

    def exclusive(self) -> FileLock:
        """The lock under which a server is started, joined and left."""
        return FileLock(self.path / "server.lock")

    def has_server(self) -> bool:
        """Whether a server's process lives on this folder."""
        return is_held(self.alive)


@dataclass(frozen=True)
class _Record:
    """What server.json tells."""

    address: str
    ui_url: str | None
    pid: int


@dataclass
class SharedServer:
    """A part in the server of a data folder."""

    address: str
    ui_url: str | None
    _folder: _Folder
    _part: FileLock
    _pid: int

    async def stop(self) -> None:
        """Give up this part; the last one to do so stops the server and waits until its data is on disk."""
        async with self._folder.exclusive():
            self._part.release()
            if not is_held(self._folder.users):
                # The server may have died and another user have started a new one: the file tells who it is.
                record = _read_record(self._folder)
                await _end(self._folder, self._pid if record is None else record.pid)


async def join(path: Path, wanted: Wanted) -> SharedServer | None:
    """Become a user of the server that runs on this folder; None if there is none."""
    folder = _Folder(path)
    async with folder.exclusive():
        return await _join(folder, wanted)


async def join_or_start(path: Path, cli: Path, wanted: Wanted) -> SharedServer:
    """Become a user of the server of this folder, which is started unless it runs.

    Raises:
        ServerUnavailableError: It did not come up; the text has the end of its log.
    """
    folder = _Folder(path)
    async with folder.exclusive():
        joined = await _join(folder, wanted)
        if joined is not None:
            return joined
        _spawn(folder, cli, wanted)
        joined = await _join(folder, wanted)
        if joined is not None:
            return joined
    raise ServerUnavailableError(f"`{cli}` did not start a server on {str(path)!r}; it said: {_log_tail(folder)}")


async def _join(folder: _Folder, wanted: Wanted) -> SharedServer | None:
    record = await _record(folder)
    if record is None:
        return None
    client = await wait_until_serving(record.address, wanted.namespace, folder.has_server)
    if client is None:
        if not folder.has_server():
            return None
        raise ServerUnavailableError(
            f"The server of {str(folder.path)!r}, process {record.pid}, does not answer on {record.address}; "
            "end that process to have a new one started on the same data."
        )
    part = FileLock(folder.users, shared=True)
    if not part.try_acquire():
        raise ServerUnavailableError(f"{str(folder.users)!r} is locked by a program that is not a user of the server.")
    try:
        await prepare(client, wanted)
    except BaseException:
        part.release()
        raise
    return SharedServer(record.address, record.ui_url, folder, part, record.pid)


async def _record(folder: _Folder) -> _Record | None:
    """The address on file, once it is there; None as soon as no server lives."""
    try:
        async with asyncio.timeout(_ADDRESS_SECONDS):
            while folder.has_server():
                record = _read_record(folder)
                if record is not None:
                    return record
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        raise ServerUnavailableError(
            f"A server runs on {str(folder.path)!r}, but {folder.address.name} does not tell its address; "
            "end its process to have a new one started on the same data."
        ) from error
    return None


def _read_record(folder: _Folder) -> _Record | None:
    try:
        loaded: object = json.loads(folder.address.read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(loaded, dict):
        return None
    match cast(dict[str, object], loaded):
        case {"address": str(address), "ui_url": (str() | None) as ui_url, "pid": int(pid)}:
            return _Record(address, ui_url, pid)
        case _:
            return None


def _spawn(folder: _Folder, cli: Path, wanted: Wanted) -> None:
    endpoints = choose_endpoints(wanted)
    folder.address.write_text(json.dumps({"address": endpoints.address, "ui_url": endpoints.ui_url}))
    alive = FileLock(folder.alive)
    if not alive.try_acquire():
        raise ServerUnavailableError(f"A server came up on {str(folder.path)!r} that is not of Folkmoot's making.")
    command = spawner("detached", str(folder.address))
    command += server_command(cli, endpoints, wanted, folder.database)
    try:
        with folder.log.open("wb") as log:
            # The open lock file goes with the process: the lock is the server's from here on.
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(alive.fd,), check=True)
    except subprocess.CalledProcessError as error:
        raise ServerUnavailableError(f"The server's process could not be made: {_log_tail(folder)}") from error
    finally:
        alive.release()


async def _end(folder: _Folder, pid: int) -> None:
    """Stop the server politely, so that its database is closed well, and by force if that does not do."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not folder.has_server():
            break
        # Nobody else can have this pid: the lock says that its process lives.
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLITE_SECONDS):
                while folder.has_server():
                    await asyncio.sleep(_POLL_SECONDS)
    folder.address.unlink(missing_ok=True)


def _log_tail(folder: _Folder) -> str:
    if not folder.log.exists():
        return "nothing"
    return folder.log.read_text(errors="replace")[-2000:].strip() or "nothing"
