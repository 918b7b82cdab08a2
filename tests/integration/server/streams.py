"""Reading server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx


@dataclass
class Event:
    """An event, or a comment (`name` is empty then)."""

    name: str
    data: Any
    id: int | None = None


@asynccontextmanager
async def events(
    client: httpx.AsyncClient, chat_id: str, last: int | None = None, **params: Any
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a chat, as they come."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with client.stream("GET", f"/chats/{chat_id}/events", params=params, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _parsed(response)


async def _parsed(response: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            yield Event("", line[1:].strip())
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield Event(fields["event"], json.loads(fields["data"]), number)
            fields = {}


async def entries(stream: AsyncIterator[Event], count: int) -> list[int]:
    """The offsets of so many entries."""
    found: list[int] = []
    async for event in stream:
        if event.name == "entry":
            assert event.id == event.data["offset"]
            found.append(event.id)
        if len(found) == count:
            break
    return found


async def rest(stream: AsyncIterator[Event]) -> list[Event]:
    """All that comes until the end."""
    return [event async for event in stream]
