"""Real MCP servers, each a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from folkmoot.mcp import McpWorkbench
from tests.unit.mcp.servers import HttpServer, stdio


@pytest.fixture
async def http() -> AsyncIterator[HttpServer]:
    server = HttpServer()
    await server.start()
    yield server
    await server.kill()


@pytest.fixture(params=["stdio", "http"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[McpWorkbench]:
    """A workbench of each kind, named `bench`."""
    if request.param == "stdio":
        async with McpWorkbench(stdio(env={"SHOWN": "yes"}), name="bench") as workbench:
            yield workbench
        return
    server = HttpServer()
    await server.start()
    async with McpWorkbench(server.params(headers={"x-shown": "yes"}), name="bench") as workbench:
        yield workbench
    await server.kill()
