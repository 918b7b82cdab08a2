"""Real MCP servers to start, kill and start again, each a process of its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from folkmoot.mcp import StdioServerParams, StreamableHttpServerParams

SERVER = str(Path(__file__).parents[2] / "_support" / "mcp_server.py")


def stdio(**options: object) -> StdioServerParams:
    given = {"command": sys.executable, "args": [SERVER, "stdio"], "read_timeout_seconds": 60, **options}
    return StdioServerParams.model_validate(given)


class HttpServer:
    """A server at a port that stays the same when it is started again."""

    def __init__(self) -> None:
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, SERVER, "http", str(self.port), stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.port = int(await self.process.stdout.readline())

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()

    def params(self, **options: object) -> StreamableHttpServerParams:
        return StreamableHttpServerParams.model_validate({"url": f"http://127.0.0.1:{self.port}/mcp", **options})
