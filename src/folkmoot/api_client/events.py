"""A chat's log as it grows: server-sent events, read on after whatever breaks off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, overload
from urllib.parse import quote

import httpx2 as httpx

from folkmoot.errors import error_from_wire

from .client import AuthenticatedClient, Client
from .models import Entry, Problem
from .problems import ProblemError

__all__ = ["Words", "events"]

_QUIET = 45.0
"""Seconds without anything after which a connection is dead: the server shows every 15 that it is not."""
_AGAIN = {429, 500, 502, 503, 504}
"""What a server says that may serve it later."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words of an agent while it says them.

    Attributes:
        message: The id that the message will have.
        source: Who says it.
        start: Characters before these.
        content: The words.
    """

    message: str
    source: str
    start: int
    content: str


@overload
def events(
    client: AuthenticatedClient | Client,
    chat_id: str,
    last_event_id: int = -1,
    *,
    partial: Literal[False] = False,
    patience: float = 60,
) -> AsyncGenerator[Entry]: ...
@overload
def events(
    client: AuthenticatedClient | Client,
    chat_id: str,
    last_event_id: int = -1,
    *,
    partial: Literal[True],
    patience: float = 60,
) -> AsyncGenerator[Entry | Words]: ...
async def events(
    client: AuthenticatedClient | Client,
    chat_id: str,
    last_event_id: int = -1,
    *,
    partial: bool = False,
    patience: float = 60,
) -> AsyncGenerator[Entry | Words]:
    """The entries of a chat's log from one on, and then those that come, until the chat is closed.

    A connection that breaks is made again, at this server or at another one behind the same address, and goes on after
    the last entry: none is lost and none comes twice.

    Args:
        client: The API and who asks.
        chat_id: The chat.
        last_event_id: Offset of the last entry already known; -1: from the beginning.
        partial: Words of agents that stream, too, which only those get who read while they are said.
        patience: Seconds for which no server may be reached before that is an error.

    Raises:
        ProblemError: The API refuses; 401 when the token has expired: go on with a new one from the last entry.
        FolkmootError: The log cannot be read on.
        httpx2.TransportError: No server was reached for so long.
    """
    reading = _Reading(client, chat_id, last_event_id, partial)
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        failed: Exception | None = None
        try:
            async with aclosing(reading.connection()) as connection:
                async for found in connection:
                    yield found
        except httpx.TransportError as error:
            failed = error
        except ProblemError as error:
            if error.status not in _AGAIN:
                raise
            failed = error
        if reading.ended:
            return
        if reading.reached:
            until = loop.time() + patience
        if failed is not None and loop.time() + reading.pause > until:
            raise failed
        await asyncio.sleep(reading.pause)


@dataclass
class _Reading:
    """A reader between two connections."""

    client: AuthenticatedClient | Client
    chat_id: str
    last: int
    partial: bool
    pause: float = 2.0
    """Seconds before the next connection, as the server wants it."""
    reached: bool = False
    """The last connection came about."""
    ended: bool = False

    async def connection(self) -> AsyncGenerator[Entry | Words]:
        """What one connection brings."""
        self.reached = False
        http = self.client.get_async_httpx_client()
        async with http.stream(
            "GET",
            f"/v1/chats/{quote(self.chat_id, safe='')}/events",
            params={"partial": "true"} if self.partial else {},
            headers={"Last-Event-ID": str(self.last), "Accept": "text/event-stream"},
            timeout=httpx.Timeout(10, read=_QUIET),
        ) as response:
            if response.status_code == 204:
                self.ended = True
                return
            if response.status_code != 200:
                self.pause = _seconds(response.headers.get("Retry-After"), self.pause)
                raise ProblemError(_problem(response, await response.aread()))
            self.reached = True
            async for event in _parsed(response):
                self.pause = self.pause if event.retry is None else event.retry / 1000
                found = self._taken(event)
                if found is not None:
                    yield found
                if self.ended:
                    return

    def _taken(self, event: _Event) -> Entry | Words | None:
        if event.name == "entry":
            found = Entry.from_dict(json.loads(event.data))
            self.last = found.offset
            return found
        if event.name == "partial":
            told = json.loads(event.data)
            return Words(told["message"], told["source"], told["start"], told["content"])
        if event.name == "error":
            told = json.loads(event.data)
            raise error_from_wire(told["type"], told["message"], told.get("details"))
        self.ended = event.name == "end"
        return None


@dataclass
class _Event:
    """A server-sent event; without a name: only what stands between events."""

    name: str = ""
    lines: list[str] = field(default_factory=list[str])
    retry: int | None = None

    @property
    def data(self) -> str:
        """What it says."""
        return "\n".join(self.lines)

    def take(self, line: str) -> None:
        """Read a line of it."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self.name = value
        elif name == "data":
            self.lines.append(value)
        elif name == "retry" and value.isdecimal():
            self.retry = int(value)


async def _parsed(response: httpx.Response) -> AsyncIterator[_Event]:
    event = _Event()
    async for line in _lines(response):
        if line:
            event.take(line)
        else:
            yield event
            event = _Event()


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """The lines of a response as this format ends them: others would break where a text has a line separator."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode()


def _problem(response: httpx.Response, body: bytes) -> Problem:
    try:
        return Problem.from_dict(json.loads(body))
    except (ValueError, KeyError, TypeError):
        # Of something before the server, which knows nothing of problems.
        path = response.url.path
        detail = f"{path} was answered with {response.status_code}."
        told: dict[str, Any] = {"type": "about:blank", "title": response.reason_phrase, "detail": detail}
        return Problem.from_dict({**told, "status": response.status_code, "instance": path, "code": "HttpError"})


def _seconds(text: str | None, default: float) -> float:
    return float(text) if text is not None and text.isdecimal() else default
