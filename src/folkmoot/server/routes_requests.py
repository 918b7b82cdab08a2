"""What people are asked, and what they decide. Who decides is who the token names, never what a body says."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from folkmoot._chat.masking import MASK_GIVEN, has_mask
from folkmoot._temporal.filters import SAFE
from folkmoot.errors import BadCommandError

from .bodies import StrictRoute
from .dependencies import CHANGES, READS, AllChats, DueBefore, Known, NamedChat, PersonsChat
from .identity import Identity, Permission
from .inbox import Search, may_decide, people_of, person_request, search
from .refusals import ForbiddenError
from .schemas import HASH_NEEDED, Answer, Answered, Decide, Decision, Inbox, PersonRequests, Verdict, Whose
from .voting import allowed, send_vote

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["people"])

RequestId = Annotated[str, Path(min_length=1, max_length=200, description="The request's id.")]


@router.get("/inbox", summary="Show what people are asked", responses=READS)
async def show_inbox(
    identity: Known,
    chats: AllChats,
    whose: Annotated[
        Whose, Query(description="`mine`: what the caller may decide; `all`: what anybody may, for operators.")
    ] = Whose.MINE,
    role: Annotated[
        str | None,
        Query(min_length=1, max_length=200, pattern=SAFE, description="What this role may decide; wins over `whose`."),
    ] = None,
    due_before: DueBefore = None,
    overdue: Annotated[bool, Query(description="Only those whose deadline is over.")] = False,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many chats are looked into.")] = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")] = None,
) -> Inbox:
    """What people are asked over all chats of the tenant, in pages; within one, the earliest deadline first."""
    tenant = None if identity.all_tenants else identity.tenant
    wanted = Search(_people(identity, whose, role), _anyone(identity, role), tenant, due_before, overdue)
    return await search(chats, identity, wanted, limit, cursor)


@router.get("/chats/{id}/requests", summary="Show what people are asked in a chat", responses=READS)
async def list_requests(chat: NamedChat, identity: Known) -> PersonRequests:
    """What people are asked in a chat, oldest first. Secret arguments are masked.

    Who has not the role `viewer` sees the requests that name them, by id or role.
    """
    pending = await chat.pending()
    if not identity.may(Permission.READ):
        pending = [item for item in pending if may_decide(identity, item)]
        if not pending:
            identity.check(Permission.READ, ", or to be named by a request that is open")
    return PersonRequests(requests=[person_request(chat.id, item) for item in pending])


@router.post("/chats/{id}/requests/{request}/decision", summary="Decide", responses=CHANGES)
async def decide(http: Request, chat: PersonsChat, identity: Known, request: RequestId, body: Decide) -> Decision:
    """Vote on what people are asked to decide. A vote that does not count is 409, and the chat's log says so, too."""
    if body.verdict is Verdict.EDIT and has_mask(body.arguments):
        raise BadCommandError(MASK_GIVEN)
    found = await allowed(chat, identity, request)
    seen = body.hash or ("" if found is None else found.hash)
    vote = await send_vote(http.app.state.decision_key, chat, identity, request, seen, body)
    return Decision(chat=chat.id, request=request, verdict=vote.verdict, offset=vote.offset,
                    decided=vote.decided, missing=vote.missing)  # fmt: skip


@router.post("/chats/{id}/requests/{request}/answer", summary="Answer", responses=CHANGES)
async def answer(http: Request, chat: PersonsChat, identity: Known, request: RequestId, body: Answer) -> Answered:
    """Answer what a person is asked; where a tool call is to be approved, in the tool's place."""
    found = await allowed(chat, identity, request)
    if found is not None and found.verdicts:
        if not body.hash:
            raise BadCommandError(f"An answer in a tool's place {HASH_NEEDED}.")
        vote = Decide(verdict=Verdict.ANSWER, hash=body.hash, content=body.content)
        await send_vote(http.app.state.decision_key, chat, identity, request, body.hash, vote)
    elif body.hash and found is not None:
        raise BadCommandError(f"Request {request!r} wants a text only; a hash goes with what is decided.")
    else:
        await chat.answer(request, body.content, by=identity.by)
    return Answered(chat=chat.id, request=request)


def _people(identity: Identity, whose: Whose, role: str | None) -> tuple[str, ...] | None:
    """Whose requests are wanted.

    Raises:
        ForbiddenError: They are others', and the caller is no operator.
    """
    operator = identity.may(Permission.OPERATE)
    if role is not None:
        if role not in identity.roles and not operator:
            raise ForbiddenError(f"Role {role!r} is not yours; to see what others are asked takes the role 'operator'.")
        return (f"role:{role}",)
    if whose is Whose.MINE:
        return people_of(identity)
    if not operator:
        raise ForbiddenError("To see what others are asked takes the role 'operator'.")
    return None


def _anyone(identity: Identity, role: str | None) -> bool:
    """Whether what everybody may decide is among it: for those whose role lets them decide at all."""
    return role is None and identity.may(Permission.DECIDE)
