"""What routes ask for: who asks, the chats of this server, and the chat of a path for the time of the request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, BeforeValidator

from .chats import Chats
from .feeds import Feeds
from .handles import COMMAND_SECONDS, NotYetError, RequestChat, command_id
from .identity import Identity, Permission, identity_of, require
from .problems import problem_responses
from .schemas import ID_PATTERN
from .teams import Roster

__all__ = [
    "CHANGES",
    "READS",
    "Administrator",
    "AllChats",
    "AllFeeds",
    "AllTeams",
    "CommandedChat",
    "DesignedChat",
    "Designer",
    "DueBefore",
    "Id",
    "Key",
    "Known",
    "NamedChat",
    "Operator",
    "PersonsChat",
    "ReadChat",
    "Reader",
    "ThatLabel",
    "ThatOffset",
    "ThatTurn",
    "WholeChat",
    "in_time",
]

READS = problem_responses(401, 403, 404, 409, 422, 429, 503)
"""What every route that reads a chat may be refused with."""
CHANGES = problem_responses(401, 403, 404, 409, 413, 422, 429, 503)
"""And every one that changes one."""

Reader = Annotated[Identity, Depends(require(Permission.READ))]
Operator = Annotated[Identity, Depends(require(Permission.OPERATE))]
Designer = Annotated[Identity, Depends(require(Permission.DESIGN))]
Administrator = Annotated[Identity, Depends(require(Permission.ADMINISTER))]

Id = Annotated[str, Path(min_length=1, max_length=200, pattern=ID_PATTERN, description="The chat's id.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A text of the caller's own. A request that is sent again with the same key, by the same caller to "
        "the same path, is carried out once and answered alike.",
    ),
]


def _in_utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{time} has no time in UTC") from None


def _iso(given: object) -> object:
    # Numbers would be seconds since 1970, or milliseconds where there are more of them.
    if isinstance(given, str) and given.strip("+-. ").replace(".", "").isdecimal():
        raise ValueError(f"expected a time in ISO 8601, such as 2030-01-31T12:00:00Z, got {given!r}")
    return given


DueBefore = Annotated[
    datetime | None,
    BeforeValidator(_iso),
    Query(description="Only with a deadline before this time; without an offset it is UTC."),
    AfterValidator(lambda time: None if time is None else _in_utc(time)),
]
ThatOffset = Annotated[int | None, Query(alias="offset", ge=0, le=2**53, description="The snapshot at this offset.")]
ThatTurn = Annotated[
    int | None, Query(alias="turn", ge=1, le=2**53, description="The snapshot after this turn of the present branch.")
]
ThatLabel = Annotated[
    str | None, Query(alias="label", min_length=1, max_length=100, description="The snapshot of this name.")
]


def _chats(request: Request) -> Chats:
    return request.app.state.chats


def _feeds(request: Request) -> Feeds:
    return request.app.state.feeds


def _teams(request: Request) -> Roster:
    return request.app.state.teams


AllChats = Annotated[Chats, Depends(_chats)]
AllFeeds = Annotated[Feeds, Depends(_feeds)]
AllTeams = Annotated[Roster, Depends(_teams)]


async def _known(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False, scheme_name="bearer"))],
) -> Identity:
    """Whoever says who they are: a request may name people who have no role in the API."""
    return identity_of(request)


Known = Annotated[Identity, Depends(_known)]


async def _read(id: Id, identity: Reader, chats: AllChats) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity) as chat:
        yield chat


async def _named(id: Id, identity: Known, chats: AllChats) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity) as chat:
        yield chat


async def _operated(id: Id, identity: Operator, chats: AllChats) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity) as chat:
        yield chat


async def _commanded(
    request: Request, id: Id, identity: Operator, chats: AllChats, key: Key = None
) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity, _command(request, identity, key)) as chat:
        yield chat


async def _designed(
    request: Request, id: Id, identity: Designer, chats: AllChats, key: Key = None
) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity, _command(request, identity, key)) as chat:
        yield chat


async def _persons(
    request: Request, id: Id, identity: Known, chats: AllChats, key: Key = None
) -> AsyncIterator[RequestChat]:
    async with chats.chat(id, identity, _command(request, identity, key)) as chat:
        yield chat


def _command(request: Request, identity: Identity, key: str | None) -> str:
    return command_id(key, identity.subject, request.method, request.url.path)


NamedChat = Annotated[RequestChat, Depends(_named)]
"""For what people may see of a chat whose requests name them; the route sees to whether they do."""
ReadChat = Annotated[RequestChat, Depends(_read)]
WholeChat = Annotated[RequestChat, Depends(_operated)]
"""For what shows all of a chat, arguments included that are masked elsewhere."""
CommandedChat = Annotated[RequestChat, Depends(_commanded)]
DesignedChat = Annotated[RequestChat, Depends(_designed)]
"""For what makes a chat another: with other policies, say."""
PersonsChat = Annotated[RequestChat, Depends(_persons)]
"""For commands of people whom a request may name; the route sees to whether they may."""


@asynccontextmanager
async def in_time(what: str) -> AsyncGenerator[None]:
    """End a wait for what a chat does that takes too long for a request; the chat goes on with it.

    Raises:
        NotYetError: It took too long.
    """
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            yield
    except TimeoutError:
        raise NotYetError(
            f"{what} is under way for more than {COMMAND_SECONDS:.0f} s; the chat's log tells of it."
        ) from None
