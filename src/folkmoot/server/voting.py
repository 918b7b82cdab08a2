"""Votes in the name of who is signed in: who may give one, how it is signed. The API and the dashboard give them so."""

from __future__ import annotations

from folkmoot.chat import Decision, PendingRequest
from folkmoot.signatures import DecisionClaims, DecisionKey, decision_digest, sign_decision

from .handles import RequestChat
from .identity import Identity
from .inbox import may_decide
from .problems import refusing_bad_input
from .refusals import ForbiddenError
from .schemas import Decide

__all__ = ["allowed", "send_vote"]


async def allowed(chat: RequestChat, identity: Identity, request: str) -> PendingRequest | None:
    """The request, if it is open.

    Raises:
        ForbiddenError: It does not name the caller, and their role is too low for what everybody may decide.
    """
    found = next((item for item in await chat.pending() if item.request == request), None)
    if not may_decide(identity, found):
        raise ForbiddenError(f"Request {request!r} does not name you, and you do not have the role 'approver'.")
    return found


async def send_vote(
    key: DecisionKey | None, chat: RequestChat, identity: Identity, request: str, seen: str, body: Decide
) -> Decision:
    """A vote in the caller's name, signed where the server has a key."""
    with refusing_bad_input():
        return await chat.decide(
            request,
            body.verdict.value,
            hash=seen,
            by=identity.by,
            reason=body.reason,
            comment=body.comment,
            arguments=body.arguments,
            content=body.content,
            signature=await _signature(key, chat, identity, request, seen, body),
        )


async def _signature(
    key: DecisionKey | None, chat: RequestChat, identity: Identity, request: str, seen: str, body: Decide
) -> str:
    if key is None:
        return ""
    by = identity.by
    more = decision_digest(arguments=body.arguments, content=body.content, reason=body.reason, comment=body.comment)
    claims = DecisionClaims(
        chat=await chat.uuid(),
        request=request,
        hash=seen,
        verdict=body.verdict.value,
        digest=more,
        subject=by["subject"],
        roles=tuple(by["roles"]),
        channel=by["channel"],
    )
    return sign_decision(claims, key)
