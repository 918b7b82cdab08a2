"""One server per data folder, shared by every process that uses the folder, and stopped by the last of them.

The folder holds:

    temporal.db     the data
    server.json     address, UI, command line and process id of the server; of no meaning unless the next lock is held
    server.alive    locked by the server's process for as long as it lives
    server.users    locked, shared, by every user of the server
    server.lock     locked while a server is started, joined or left
    server.log      what the server last said

All three locks end with their holders, so nothing needs cleaning after a crash: a dead user is no user, and
the address of a dead server is not used. A server whose users were all killed goes on, and the next user
adopts it. One whose database refuses everything (see `mending`) is started anew by whoever notices, under the same
lock, with the same command line: on the same data and ports, so that all other users just reconnect.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from temporalio.client import Client

from folkmoot._local.launch import (
    Wanted,
    choose_endpoints,
    prepare,
    server_command,
    spawner,
    wait_until_serving,
)
from folkmoot._local.locks import FileLock, is_held
from folkmoot._local.mending import is_broken
from folkmoot.errors import ServerUnavailableError

__all__ = ["SharedServer", "join", "join_or_start"]

_LOG = logging.getLogger("folkmoot.local")
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
    command: list[str]
    """Empty for a server that an earlier version started."""


@dataclass
class SharedServer:
    """A part in the server of a data folder."""

    address: str
    ui_url: str | None
    _folder: _Folder
    _part: FileLock
    _pid: int
    _namespace: str

    async def mend(self) -> bool:
        """Have the server started anew if its database refuses everything; say whether it serves at our address.

        Users who notice at the same time wait for the first of them.
        """
        async with self._folder.exclusive():
            try:
                found = await _sound(self._folder, self._namespace)
            except ServerUnavailableError as error:
                _LOG.error("%s", error)
                return False
        return found is not None and found[0].address == self.address

    async def stop(self) -> None:
        """Give up this part; the last one to do so stops the server and waits until its data is on disk."""
        async with self._folder.exclusive():
            self._part.release()
            if not is_held(self._folder.users):
                # The server may have died and another user have started a new one: the file tells who it is.
                record = _read_record(self._folder)
                pid = self._pid if record is None else record.pid
                # Politely first, so that its database is closed well.
                await _end(self._folder, pid, signal.SIGTERM, signal.SIGKILL)


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
    found = await _sound(folder, wanted.namespace)
    if found is None:
        return None
    record, client = found
    part = FileLock(folder.users, shared=True)
    if not part.try_acquire():
        raise ServerUnavailableError(f"{str(folder.users)!r} is locked by a program that is not a user of the server.")
    try:
        await prepare(client, wanted)
    except BaseException:
        part.release()
        raise
    return SharedServer(record.address, record.ui_url, folder, part, record.pid, wanted.namespace)


async def _sound(folder: _Folder, namespace: str) -> tuple[_Record, Client] | None:
    """The server that lives on the folder, with a client, once it serves; started anew first if it is broken."""
    found = await _serving(folder, namespace)
    if found is None or not await is_broken(found[1]):
        return found
    record = found[0]
    if not record.command:
        raise ServerUnavailableError(
            f"The database of the server of {str(folder.path)!r}, process {record.pid}, refuses everything; "
            "end that process to have a new one started on the same data."
        )
    _LOG.warning(
        "the database of the embedded server of %r refuses everything since a request was given up; "
        "the server is started anew on the same data, on %s",
        str(folder.path),
        record.address,
    )
    renewal = asyncio.ensure_future(_renew(folder, record))
    try:
        await asyncio.shield(renewal)
    except asyncio.CancelledError:
        await renewal  # whoever gives up here must not leave the others without a server
        raise
    found = await _serving(folder, namespace)
    if found is None:
        raise ServerUnavailableError(
            f"The server of {str(folder.path)!r} was broken and did not start anew; it said: {_log_tail(folder)}"
        )
    return found


async def _renew(folder: _Folder, record: _Record) -> None:
    # Not politely, which takes it seconds: what it has not written by now it cannot write.
    await _end(folder, record.pid, signal.SIGKILL)
    _launch(folder, record.address, record.ui_url, record.command)


async def _serving(folder: _Folder, namespace: str) -> tuple[_Record, Client] | None:
    record = await _record(folder)
    if record is None:
        return None
    client = await wait_until_serving(record.address, namespace, folder.has_server)
    if client is not None:
        return record, client
    if not folder.has_server():
        return None
    raise ServerUnavailableError(
        f"The server of {str(folder.path)!r}, process {record.pid}, does not answer on {record.address}; "
        "end that process to have a new one started on the same data."
    )


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
    fields = cast(dict[str, object], loaded)
    words = fields.get("command")
    command = [str(word) for word in cast(list[object], words)] if isinstance(words, list) else []
    match fields:
        case {"address": str(address), "ui_url": (str() | None) as ui_url, "pid": int(pid)}:
            return _Record(address, ui_url, pid, command)
        case _:
            return None


def _spawn(folder: _Folder, cli: Path, wanted: Wanted) -> None:
    endpoints = choose_endpoints(wanted)
    command = server_command(cli, endpoints, wanted, folder.database)
    _launch(folder, endpoints.address, endpoints.ui_url, command)


def _launch(folder: _Folder, address: str, ui_url: str | None, command: list[str]) -> None:
    folder.address.write_text(json.dumps({"address": address, "ui_url": ui_url, "command": command}))
    alive = FileLock(folder.alive)
    if not alive.try_acquire():
        raise ServerUnavailableError(f"A server came up on {str(folder.path)!r} that is not of Folkmoot's making.")
    try:
        with folder.log.open("wb") as log:
            # The open lock file goes with the process: the lock is the server's from here on.
            subprocess.run(
                spawner("detached", str(folder.address)) + command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(alive.fd,),
                check=True,
            )
    except subprocess.CalledProcessError as error:
        raise ServerUnavailableError(f"The server's process could not be made: {_log_tail(folder)}") from error
    finally:
        alive.release()


async def _end(folder: _Folder, pid: int, *numbers: signal.Signals) -> None:
    """Stop the server with these signals, each given some time."""
    for number in numbers:
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
