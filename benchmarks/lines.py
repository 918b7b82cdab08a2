"""Talking to child processes: a JSON object a line on stdin, one back on stdout. Only the standard library.

Every contestant is a process of its own, so that its CPU time is its own: no server's, model's or caller's.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ROOT", "Child", "serve", "usage_now"]

ROOT = Path(__file__).resolve().parent.parent
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def usage_now() -> dict[str, float]:
    """CPU seconds (user and system, all threads) and resident bytes of this process, and its peak."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"cpu": time.process_time(), "rss": float(pages * os.sysconf("SC_PAGE_SIZE")), "peak": float(peak)}


async def serve(ready: dict[str, Any], handler: Handler) -> None:
    """Say `ready`, then answer each line until stdin ends. `{"do": "usage"}` is answered here."""
    # Temporal's core writes its warnings to stdout, which is ours alone: they go to stderr.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        print(json.dumps(ready), file=answers)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked: dict[str, Any] = json.loads(line)
            print(json.dumps(usage_now() if asked["do"] == "usage" else await handler(asked)), file=answers)


class Child:
    """A process of the benchmark; an async context manager.

    Args:
        python: The interpreter.
        module: What it runs, as `-m`.
        arguments: The module's arguments.
        environment: Variables besides this process's own.
    """

    def __init__(
        self, module: str, *arguments: str, python: str = sys.executable, environment: dict[str, str] | None = None
    ) -> None:
        self._command = [python, "-m", module, *arguments]
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None
        self.ready: dict[str, Any] = {}
        """What it said when it was ready."""

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, cwd=ROOT, env=self._environment
        )
        self.ready = await self._answer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        await self._process.stdin.drain()
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._command[1:3])} ended with code {await self._process.wait()}")
        return json.loads(line)
