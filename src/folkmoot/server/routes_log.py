"""A chat's log: in pages, and as a stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse

from folkmoot.errors import BadCommandError

from .bodies import StrictRoute
from .dependencies import READS, AllChats, AllFeeds, Id, ReadChat, Reader
from .feeds import Feed, stream
from .schemas import Entry, LogPage

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/chats/{id}", tags=["log"])

After = Annotated[
    int, Query(ge=-1, le=2**53, description="Offset of the last entry already known; -1: from the beginning.")
]


def _event(name: str, data: dict[str, Any], *more: str) -> dict[str, Any]:
    json = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {"properties": {"event": {"const": name}, "data": json}, "required": ["data", *more]}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_EVENT = {
    "type": "object",
    "properties": {"event": _TEXT, "id": _TEXT, "data": _TEXT, "retry": _NUMBER},
    "required": ["event"],
    "oneOf": [
        _event("entry", {"$ref": "#/components/schemas/Entry"}, "id"),
        _event(
            "partial",
            {
                "type": "object",
                "properties": {"message": _TEXT, "source": _TEXT, "start": _NUMBER, "content": _TEXT},
                "required": ["message", "source", "start", "content"],
            },
        ),
        _event("end", {"type": "object", "properties": {"reason": _TEXT}, "required": ["reason"]}),
        _event("error", {"type": "object", "properties": {"type": _TEXT, "message": _TEXT}, "required": ["type"]}),
    ],
}
_STREAM = {
    200: {
        "description": "Events: `entry` with an entry of the log, its id the offset; `partial` with live words: "
        "`message` (the id it will have), `source`, `start` (characters before), `content`; `end` when the chat is "
        "closed; `error` when it cannot be read on. A comment comes every 15 s.",
        # As OpenAPI 3.2 tells of streams; tools for 3.1 pass over it.
        "content": {"text/event-stream": {"itemSchema": _EVENT}},
    },
    204: {"description": "The chat is closed, and there is nothing after that entry."},
}


@router.get("/log", summary="Read a chat's log", responses=READS)
async def read_log(
    chat: ReadChat,
    after: After = -1,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many entries.")] = 100,
) -> LogPage:
    """A page of the log, oldest first. Offsets stay what they are whatever happens to the chat."""
    found, more = await chat.page(after, limit)
    return LogPage(entries=[Entry.of(item) for item in found], next=found[-1].offset if found else after, more=more)


async def _feed(id: Id, identity: Reader, chats: AllChats, feeds: AllFeeds) -> AsyncIterator[Feed]:
    async with feeds.feed(await chats.find(id, identity), identity) as feed:
        yield feed


@router.get(
    "/events",
    summary="Follow a chat's log",
    response_class=StreamingResponse,
    responses={**READS, **_STREAM},
)
async def follow_log(
    feed: Annotated[Feed, Depends(_feed)],
    identity: Reader,
    after: After = -1,
    last: Annotated[
        int | None,
        Header(alias="Last-Event-ID", ge=-1, le=2**53, description="As `after`, and wins over it: on a reconnect."),
    ] = None,
    partial: Annotated[bool, Query(description="Live words of agents that stream, too.")] = False,
) -> Response:
    """The log from an entry on, and then what comes, until the chat is closed: as server-sent events.

    Who is cut off goes on with `Last-Event-ID`, at this server or another one, without a loss and without a repetition.
    """
    after = after if last is None else last
    if after >= feed.next and after >= (head := await feed.head()):
        raise BadCommandError(f"There is no entry {after}; the log ends at {head - 1}.")
    if feed.closed and after + 1 >= feed.next:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    words = stream(feed, after, partial, identity.expires)
    return StreamingResponse(words, media_type="text/event-stream", headers=headers)
