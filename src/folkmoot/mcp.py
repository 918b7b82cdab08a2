"""Tools of MCP servers (AutoGen: `autogen_ext.tools.mcp`); needs the extra `mcp`.

A workbench is live: workers have it registered, and specs name it. So commands, addresses and credentials never enter
a chat.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from .messages import Image
from .options import ToolOptions
from .tools import CancellationToken
from .workbench import ImageResultContent, TextResultContent, ToolOverride, ToolResult, Workbench, check_overrides

try:
    from mcp import Client, MCPError
    from mcp_types import (
        CONNECTION_CLOSED,
        INVALID_REQUEST,
        REQUEST_TIMEOUT,
        AudioContent,
        CallToolResult,
        ContentBlock,
        ImageContent,
        TextContent,
        Tool,
    )
except ImportError as error:
    raise ImportError("MCP servers need the library mcp: pip install 'folkmoot[mcp]'") from error

from ._mcp.connection import Connection
from ._mcp.servers import (
    LEEWAY,
    McpServerParams,
    StdioServerParams,
    StreamableHttpServerParams,
    make_client,
    name_of,
)

__all__ = ["McpServerParams", "McpWorkbench", "StdioServerParams", "StreamableHttpServerParams"]

T = TypeVar("T")

_KINDS = (StdioServerParams, StreamableHttpServerParams)

PATIENCE = 60.0
"""Seconds a server has to start and answer, at least: `npx` and `uvx` may have to download it first."""
_FORGOTTEN = ("Session not found", "Session terminated")
"""What a server says, or the library for it, to a session that it does not know."""
_PAGES = 100
"""Pages of tools that are read, so that a server that never comes to an end stops nobody."""


class McpWorkbench(Workbench):
    """The tools of an MCP server.

    One connection serves all calls of the worker, at the same time. It is opened when first needed, and again after
    the server went away; `stop` closes it.

    Args:
        server_params: The server.
        name: Its name on the worker, for specs; None: made from the command or address, stable over restarts.
        tool_overrides: What models are shown instead, by the tools' own names.
        tool_options: How calls are run, by the names models know; those not named by the defaults.

    Raises:
        TypeError: `server_params` are of another kind.
        ValueError: Under the overrides two tools would have one name (AutoGen's text).
    """

    def __init__(
        self,
        server_params: StdioServerParams | StreamableHttpServerParams,
        *,
        name: str | None = None,
        tool_overrides: Mapping[str, ToolOverride] | None = None,
        tool_options: Mapping[str, ToolOptions] | None = None,
    ) -> None:
        # Callers without a type checker may pass AutoGen's, whose connections are not ours.
        given = cast(object, server_params)
        if not isinstance(given, _KINDS):
            raise TypeError(f"server_params are StdioServerParams or StreamableHttpServerParams, got {given!r}.")
        self._params = server_params
        self._overrides = dict(tool_overrides or {})
        self.tool_options = dict(tool_options or {})
        check_overrides(self._overrides)
        self.name = name or name_of(server_params)
        self._connection: Connection | None = None
        self._closing: set[Connection] = set()

    def __repr__(self) -> str:
        return f"McpWorkbench({self._params!r}, name={self.name!r})"

    @property
    def server_params(self) -> StdioServerParams | StreamableHttpServerParams:
        """The server."""
        return self._params

    @property
    def tool_overrides(self) -> Mapping[str, ToolOverride]:
        """What models are shown instead, by the tools' own names."""
        return self._overrides

    async def start(self) -> None:
        """Connect now rather than at the first call.

        Raises:
            ConnectionError: The server cannot be started or reached.
        """
        await self._connected().client()

    async def stop(self) -> None:
        """Close the connection; a process that was started is gone then. Calls in flight fail."""
        here = [connection for connection in self._closing if connection.loop is asyncio.get_running_loop()]
        self._connection = None
        for connection in here:
            connection.end()
        for connection in here:
            await connection.ended()
            self._closing.discard(connection)

    async def list_tools(self) -> Sequence[Mapping[str, Any]]:
        """The tools the server has now, under their overrides.

        Raises:
            ConnectionError: The server cannot be reached, or went away.
            TimeoutError: It did not answer in time.
            RuntimeError: It answered with an error.
            ValueError: An override has the name of another tool (AutoGen's text).
        """
        found = await self._ask("the list of tools", _list)
        if isinstance(found, Exception):
            raise RuntimeError(f"MCP server {self.name!r} gave no tools: {found}") from found
        check_overrides(self._overrides, [tool.name for tool in found])
        return [self._schema(tool) for tool in found]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,  # noqa: ARG002 - AutoGen's signature
    ) -> ToolResult:
        """Call a tool. What the server says went wrong is a result with `is_error`.

        Args:
            name: As shown to the model.
            arguments: The model's.
            cancellation_token: Cancelling it tells the server, and raises CancelledError here.
            call_id: Not used.

        Raises:
            ConnectionError: The server cannot be reached, or went away during the call; whether it did its work
                is not known then. The next call connects again.
            TimeoutError: It did not answer in time.
        """
        own = next((tool for tool, override in self._overrides.items() if override.name == name), name)

        async def call(client: Client) -> CallToolResult:
            return await client.call_tool(own, dict(arguments or {}), read_timeout_seconds=self._limit)

        calling = asyncio.ensure_future(self._ask(f"the call of {own!r}", call))
        if cancellation_token is not None:
            cancellation_token.link_future(calling)
        answer = await calling
        if isinstance(answer, Exception):
            return ToolResult(name=name, result=[TextResultContent(content=str(answer))], is_error=True)
        return ToolResult(name=name, result=_parts(answer), is_error=bool(answer.is_error))

    @property
    def _limit(self) -> float:
        params = self._params
        return params.read_timeout_seconds if isinstance(params, StdioServerParams) else params.sse_read_timeout

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.usable:
            patience = max(PATIENCE, self._limit)
            self._connection = Connection(
                lambda lost: make_client(self._params, patience, lost), patience, f"MCP server {self.name!r}"
            )
            # Those that ended by themselves need nobody to close them.
            self._closing = {old for old in self._closing if not old.closed} | {self._connection}
        return self._connection

    async def _ask(self, what: str, call: Callable[[Client], Awaitable[T]]) -> T | Exception:
        """The server's answer, or the error it gave instead."""
        for fresh in (False, True):
            connection = self._connected()
            client = await connection.client()
            try:
                async with asyncio.timeout(self._limit + LEEWAY):
                    return await call(client)
            except TimeoutError:
                raise self._late(what) from None
            except Exception as error:
                code = error.code if isinstance(error, MCPError) else None
                if code == REQUEST_TIMEOUT:
                    raise self._late(what) from None
                # A restarted server refuses the old session before it does anything: once more is safe.
                if not fresh and code == INVALID_REQUEST and str(error) in _FORGOTTEN:
                    connection.end()
                    continue
                if connection.usable and not self._is_http(code):
                    return error
                connection.end()
                raise ConnectionError(
                    f"MCP server {self.name!r} went away during {what}; whether it was carried out is not known."
                ) from error
        raise AssertionError("a fresh connection has no old session")

    def _is_http(self, code: int | None) -> bool:
        """Whether it is a lost HTTP stream; over stdio, the connection itself ends."""
        return code == CONNECTION_CLOSED and isinstance(self._params, StreamableHttpServerParams)

    def _late(self, what: str) -> TimeoutError:
        return TimeoutError(f"MCP server {self.name!r} did not answer {what} within {self._limit:g} seconds.")

    def _schema(self, tool: Tool) -> dict[str, Any]:
        override = self._overrides.get(tool.name, ToolOverride())
        # AutoGen: closed unless the server says otherwise. Unlike there, `$defs` and the like are kept.
        parameters: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        return {
            "name": override.name or tool.name,
            "description": (tool.description or "") if override.description is None else override.description,
            "parameters": parameters | tool.input_schema,
        }


async def _list(client: Client) -> list[Tool]:
    found: list[Tool] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise ValueError(f"its list has more than {_PAGES} pages")


def _parts(answer: CallToolResult) -> list[TextResultContent | ImageResultContent]:
    if not answer.content and answer.structured_content is not None:
        return [TextResultContent(content=json.dumps(answer.structured_content, ensure_ascii=False))]
    return [_part(block) for block in answer.content]


def _part(block: ContentBlock) -> TextResultContent | ImageResultContent:
    if isinstance(block, TextContent):
        return TextResultContent(content=block.text)
    if isinstance(block, ImageContent):
        return ImageResultContent(content=Image(data=block.data))
    if isinstance(block, AudioContent):
        # No model here hears it, and its text would fill a context.
        return TextResultContent(content=f"[{block.mime_type}, {len(block.data)} characters of base64]")
    return TextResultContent(content=block.model_dump_json(by_alias=True, exclude_none=True))
