"""An MCP server as a process of its own: `python mcp_server.py stdio`, or `http PORT` (0: any; it prints which)."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import AudioContent, CallToolResult, EmbeddedResource, ImageContent, TextContent, TextResourceContents

server = MCPServer("test", log_level="CRITICAL")
_met: dict[str, asyncio.Event] = {}


@server.tool(structured_output=False)
def add(a: int, b: int = 2) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool(structured_output=False)
def fail(text: str) -> str:
    raise ToolError(text)


@server.tool(structured_output=False)
def pid() -> str:
    return str(os.getpid())


@server.tool(structured_output=False)
def variable(name: str) -> str:
    return os.environ.get(name, "not set")


@server.tool(structured_output=False)
def header(name: str, context: Context[Any]) -> str:
    return str(context.request_context.request.headers.get(name))


@server.tool()
def parts(image: str) -> CallToolResult:
    """One of everything."""
    text = TextResourceContents(uri="memo://1", text="remember")
    return CallToolResult(
        content=[
            TextContent(text="see"),
            ImageContent(data=image, mime_type="image/png"),
            AudioContent(data="AAAA", mime_type="audio/wav"),
            EmbeddedResource(resource=text),
        ]
    )


@server.tool()
def structure() -> CallToolResult:
    return CallToolResult(content=[], structured_content={"städte": ["Köln"]})


@server.tool(structured_output=False)
async def meet(name: str, other: str) -> str:
    """Return once the other has been called too."""
    _met.setdefault(name, asyncio.Event()).set()
    await _met.setdefault(other, asyncio.Event()).wait()
    return f"{name} met {other}"


@server.tool(structured_output=False)
async def block(file: str) -> str:
    """Write `begun` to the file, and never come back; write `cancelled` when that is no longer wanted."""
    await asyncio.to_thread(Path(file).write_text, "begun")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        Path(file).write_text("cancelled")
        raise
    return "never"


async def _serve(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(server.streamable_http_app(), log_level="critical")
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run()
    else:
        asyncio.run(_serve(int(sys.argv[2])))
