"""The demo's worker: a process of its own, so that it can be killed without mercy."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from folkmoot._local.launch import spawner
from folkmoot.errors import FolkmootError

__all__ = ["WorkerProcess"]

_READY_SECONDS = 60.0
_LOG = "worker.log"


class WorkerProcess:
    """A running `folkmoot worker`. It ends with this process, however this one ends.

    Args:
        process: The process.
        folder: The folder it works in, with its log.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder

    @classmethod
    async def start(cls, folder: Path, environment: Mapping[str, str]) -> WorkerProcess:
        """Start one; it polls when this returns.

        Args:
            folder: The folder to work in.
            environment: Its whole environment.

        Raises:
            FolkmootError: It ended, or did not come up in a minute.
        """
        command = [*spawner("bound", str(os.getpid())), sys.executable, "-m", "folkmoot.cli.main", "worker"]
        command += ["--app", "folkmoot.cli.demo.application:plugin", "--json"]
        with (folder / _LOG).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for us; we stop it when we are done with it.
                start_new_session=True,
            )
        self = cls(process, folder)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._ready()
        except BaseException:
            await self.kill()
            raise
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def _ready(self) -> None:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line or json.loads(line).get("kind") != "worker":
            raise FolkmootError(f"The worker process did not come up; it said: {self._last_words()}")

    async def wait(self) -> None:
        """Wait for its end, which nobody asked for.

        Raises:
            FolkmootError: Always, with what it last said.
        """
        code = await self._process.wait()
        raise FolkmootError(f"The worker process ended with code {code}; it said: {self._last_words()}")

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def _last_words(self) -> str:
        return (self._folder / _LOG).read_text(encoding="utf-8", errors="replace")[-1000:].strip() or "nothing"
