"""Chats as a whole: opened, listed, shown, deleted, forked, brought in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response

from folkmoot._client.old_messages import resumed
from folkmoot._temporal.filters import SAFE
from folkmoot.chat import Chat
from folkmoot.errors import BadCommandError, ChatClosedError, ChatExistsError, PayloadTooLargeError

from .bodies import StrictRoute
from .chats import Chats, Found, Opener, missing
from .dependencies import (
    CHANGES,
    READS,
    Administrator,
    AllChats,
    AllTeams,
    Designer,
    DueBefore,
    Id,
    Key,
    Operator,
    ReadChat,
    Reader,
    in_time,
)
from .handles import command_id
from .identity import Identity
from .listing import Wanted, list_page, summary_of
from .messages import old_messages_of, task_of
from .problems import refusing_bad_input
from .routes_runs import run_of
from .schemas import (
    ChatOpened,
    ChatPage,
    ChatState,
    ChatStatus,
    Deletion,
    Deletions,
    ForkChat,
    Forked,
    ImportChat,
    OpenChat,
    Run,
)

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/chats", tags=["chats"])


@router.post(
    "",
    summary="Open a chat",
    status_code=201,
    responses={**CHANGES, 200: {"description": "It lived already.", "model": ChatOpened}},
)
async def open_chat(
    request: Request,
    response: Response,
    identity: Operator,
    chats: AllChats,
    teams: AllTeams,
    body: OpenChat,
    key: Key = None,
) -> ChatOpened:
    """Open a chat, or find the one of that id and team that lives; with a task, start a run in it.

    A spec in place of a team's name, and a state or messages to begin with, take the role `designer`. Names of models,
    tools and functions in a spec are those that the workers have registered.
    """
    team = teams.pick(body.team, identity)
    if body.state is not None or body.messages is not None:
        teams.check_state(identity)
    tenant = identity.tenant_of(body.tenant)
    task = task_of(body.task)
    chat_id = body.id or _new_id(key, identity, request)
    await chats.claim(chat_id, tenant)
    state, warnings = body.state, list[str]()
    if body.messages is not None:
        if state is not None:
            raise BadCommandError("Give a state or messages to begin with, not both.")
        state, warnings = await resumed(team, old_messages_of(body.messages))
    async with _opening(chats, chat_id, tenant) as opener, in_time(f"Opening chat {chat_id!r}"):
        with refusing_bad_input():
            await opener.open(team, chat_id, tenant=tenant, state=state, replace=body.replace)
        created = opener.created
    found = await _opened(chats, chat_id, identity, tenant)
    run: Run | None = None
    if task is not None:
        async with chats.hold(found, identity, command_id(key, identity.subject, "open", chat_id)) as chat:
            try:
                with refusing_bad_input():
                    number, offset = await chat.start(task)
            except (BadCommandError, PayloadTooLargeError):
                if created:
                    await opener.withdraw(found)
                raise
            run = run_of(chat_id, number, offset)
    response.status_code = 201 if created else 200
    response.headers["Location"] = request.url_for("get_chat", id=chat_id).path
    told = warnings if created else []
    return ChatOpened(id=chat_id, team=team.name, tenant=tenant, created=created, run=run, warnings=told)


@router.get("", summary="List chats", responses=READS)
async def list_chats(
    identity: Reader,
    chats: AllChats,
    status: Annotated[ChatState | None, Query(description="Only of this status.")] = None,
    team: Annotated[
        str | None, Query(max_length=200, pattern=SAFE, description="Only of the team of this name.")
    ] = None,
    waiting_for: Annotated[
        str | None,
        Query(max_length=300, pattern=SAFE, description="Only what waits for this, e.g. `approval:role:finance`."),
    ] = None,
    prefix: Annotated[
        str | None, Query(max_length=200, pattern=SAFE, description="Only ids that begin with this.")
    ] = None,
    due_before: DueBefore = None,
    tenant: Annotated[
        str | None, Query(max_length=200, pattern=SAFE, description="Only of this tenant; for who sees more than one.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many on the page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")] = None,
) -> ChatPage:
    """Chats, newest first, in pages. The list follows the chats within a second or so and asks no worker."""
    whose = None if tenant is None and identity.all_tenants else identity.tenant_of(tenant)
    wanted = Wanted(status, team, waiting_for, prefix, due_before, whose)
    found, following = await list_page(chats.moot.client, wanted, limit, cursor)
    return ChatPage(chats=[summary_of(item) for item in found], next=following)


@router.get("/{id}", summary="Show a chat", responses=READS)
async def get_chat(chat: ReadChat) -> ChatStatus:
    """Where a chat stands now."""
    return ChatStatus.of(chat.id, await chat.status())


@router.delete("/{id}", summary="Delete a chat", responses=CHANGES)
async def delete_chat(
    id: Id,
    identity: Administrator,
    chats: AllChats,
    force: Annotated[bool, Query(description="A living one, too; it is ended first.")] = False,
) -> Deletions:
    """Delete all chats that had this id: their histories, and what the store keeps of them. It cannot be undone."""
    before = await chats.find(id, identity)
    if not await chats.all_visible(id, identity):
        raise missing(id)
    found = await chats.moot.delete(id, force=force)
    await chats.gone(id, before.first_run_id)
    return Deletions(deleted=[Deletion.model_validate(item) for item in found])


@router.post("/{id}/fork", summary="Fork a chat", status_code=201, responses=CHANGES)
async def fork_chat(
    request: Request, id: Id, identity: Operator, chats: AllChats, body: ForkChat, key: Key = None
) -> Forked:
    """Open a chat of the same tenant that goes on from a snapshot of this one, which goes on by itself."""
    source = await chats.find(id, identity)
    new = body.id or _new_id(key, identity, request)
    if await chats.claim(new, source.tenant) is not None and body.id is None:
        return Forked(id=new, source=id, crossed=[])
    async with _opening(chats, new, source.tenant) as opener, in_time(f"Forking chat {id!r}"):
        chat: Chat = await opener.fork(id, new, tenant=source.tenant, **body.named())
    await _opened(chats, new, identity, source.tenant)
    return Forked(id=new, source=id, crossed=[dict(call) for call in chat.crossed])


@router.post("/import", summary="Import a chat", status_code=201, responses=CHANGES)
async def import_chat(
    request: Request, identity: Designer, chats: AllChats, teams: AllTeams, body: ImportChat, key: Key = None
) -> ChatOpened:
    """Open a chat that goes on from an exported one, of whatever server. It brings its team's spec along."""
    teams.check_own(identity)
    tenant = identity.tenant_of(body.tenant)
    chat_id = body.id or _new_id(key, identity, request)
    found = await chats.claim(chat_id, tenant)
    created = body.id is not None or found is None
    if created:
        async with _opening(chats, chat_id, tenant) as opener, in_time(f"Importing chat {chat_id!r}"):
            with refusing_bad_input():
                await opener.import_chat(body.document, chat_id, replace=body.replace, tenant=tenant)
            created = opener.created
    found = await _opened(chats, chat_id, identity, tenant)
    async with chats.hold(found, identity) as chat:
        team = (await chat.status()).team
    return ChatOpened(id=chat_id, team=team, tenant=tenant, created=created)


def _new_id(key: str | None, identity: Identity, request: Request) -> str:
    """An id for a new chat; the same for the same key, so that what is sent twice opens one chat."""
    command = command_id(key, identity.tenant, identity.subject, request.url.path)
    return f"chat-{(command.removeprefix('http-') or uuid4().hex)[:20]}"


@asynccontextmanager
async def _opening(chats: Chats, id: str, tenant: str) -> AsyncGenerator[Opener]:
    """Opens a chat with an id that is claimed; what is said of one that has it by now is for its own tenant only.

    Raises:
        ChatExistsError: A chat has the id.
        ChatClosedError: One had it.
    """
    async with chats.opener() as opener:
        try:
            yield opener
        except (ChatExistsError, ChatClosedError):
            await chats.claim(id, tenant)
            raise


async def _opened(chats: Chats, id: str, identity: Identity, tenant: str) -> Found:
    """The chat just opened, or found; another tenant may have been quicker with the id.

    Raises:
        ChatExistsError: It was.
    """
    found = await chats.find(id, identity)
    if found.tenant != tenant:
        raise ChatExistsError(f"The id {id!r} is taken.", chat_id=id)
    return found
