"""MCP servers: what is to be known of one, and how a client of it is made."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel, ConfigDict, Field

from .connection import watched

__all__ = ["LEEWAY", "McpServerParams", "StdioServerParams", "StreamableHttpServerParams", "make_client", "name_of"]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

LEEWAY = 5.0
"""Seconds by which HTTP waits longer than the call: a timeout there would end all calls of the connection."""


class StdioServerParams(BaseModel):
    """A server that the worker starts as a process of its own, and talks to over its standard input and output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["StdioServerParams"] = "StdioServerParams"
    command: str = Field(min_length=1)
    """The program."""
    args: list[str] = Field(default_factory=list)
    """Its arguments."""
    env: dict[str, str] | None = Field(default=None, repr=False)
    """Its environment, besides HOME, LOGNAME, PATH, SHELL, TERM and USER."""
    cwd: str | Path | None = None
    """The folder it runs in; None: the worker's."""
    encoding: str = "utf-8"
    """Of what is said either way."""
    encoding_error_handler: Literal["strict", "ignore", "replace"] = "strict"
    """What is done about bytes that are no text."""
    read_timeout_seconds: Seconds = 5.0
    """Seconds a call may take."""


class StreamableHttpServerParams(BaseModel):
    """A server at an address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["StreamableHttpServerParams"] = "StreamableHttpServerParams"
    url: str = Field(pattern=r"^https?://[^/]")
    """Its address."""
    headers: dict[str, Any] | None = Field(default=None, repr=False)
    """Sent with every request."""
    timeout: Seconds = 30.0
    """Seconds to connect and to send a request."""
    sse_read_timeout: Seconds = 300.0
    """Seconds a call may take."""
    terminate_on_close: bool = True
    """Tell the server when the session is over."""


McpServerParams = Annotated[StdioServerParams | StreamableHttpServerParams, Field(discriminator="type")]


def name_of(params: StdioServerParams | StreamableHttpServerParams) -> str:
    """A name for the server that stays the same over restarts, and tells neither credentials nor arguments."""
    if isinstance(params, StdioServerParams):
        shown, full = Path(params.command).name, json.dumps([params.command, *params.args])
    else:
        address = urlsplit(params.url)
        shown, full = address.hostname or "", f"{address.hostname}:{address.port}{address.path}"
    return f"{shown}-{sha256(full.encode()).hexdigest()[:8]}"


def make_client(
    params: StdioServerParams | StreamableHttpServerParams, patience: float, lost: Callable[[], None]
) -> Client:
    """A client, not yet open.

    Args:
        params: The server.
        patience: Seconds it has for an answer where a call sets no limit of its own.
        lost: Called when the server's side ends.
    """
    transport = _process(params) if isinstance(params, StdioServerParams) else _http(params)
    return Client(watched(transport, lost), read_timeout_seconds=patience)


def _process(params: StdioServerParams) -> AbstractAsyncContextManager[Any]:
    given = params.model_dump(exclude={"type", "read_timeout_seconds"})
    # The process inherits it; what stands in its place, as under pytest, may have no file behind it.
    return stdio_client(StdioServerParameters(**given), errlog=sys.__stderr__ or sys.stderr)


@asynccontextmanager
async def _http(params: StreamableHttpServerParams) -> AsyncGenerator[Any]:
    timeout = httpx2.Timeout(params.timeout, read=params.sse_read_timeout + LEEWAY)
    async with (
        httpx2.AsyncClient(headers=params.headers, timeout=timeout) as client,
        streamable_http_client(params.url, http_client=client, terminate_on_close=params.terminate_on_close) as streams,
    ):
        yield streams
