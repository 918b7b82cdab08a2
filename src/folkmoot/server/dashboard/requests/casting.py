"""Votes and answers, in the name of who is signed in: the API's own way, and so signed as it signs them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from folkmoot.chat import Decision, PendingRequest
from folkmoot.errors import BadCommandError
from folkmoot.server.dashboard.bulk import AT_ONCE, Outcome
from folkmoot.server.dashboard.conversation.deeds import command_line
from folkmoot.server.dashboard.errors import EXPECTED, told
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.identity import Identity
from folkmoot.server.problems import refusing_bad_input
from folkmoot.server.schemas import Decide, Verdict
from folkmoot.server.voting import allowed, send_vote

from .wording import past

__all__ = ["Pick", "Vote", "answer", "give", "give_all", "outcome_of", "pick_all", "same_command", "who_says"]

_COUNTED = ("cost", "seconds")
"""Limits of budgets of which there are parts."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as somebody gives it.

    Attributes:
        verdict: See `PendingRequest.verdicts`.
        hash: Of what they looked at.
        reason: For whoever asked.
        comment: For the log.
        arguments: What the arguments are changed to; with the approval of a budget, how much more.
        content: The answer in the tool's place, or the result.
    """

    verdict: str
    hash: str
    reason: str = ""
    comment: str = ""
    arguments: dict[str, Any] | None = None
    content: str | None = None

    @classmethod
    def of(cls, verdict: str, filled: Mapping[str, str], kind: str) -> Vote:
        """The vote that a form was filled in for.

        Args:
            verdict: Its button's.
            filled: Its fields by name; `hash` is that of what the page showed.
            kind: The request's.

        Raises:
            BadCommandError: The arguments are no JSON object, or an amount is no number.
        """
        arguments = content = None
        if verdict == "edit":
            arguments = _object(filled.get("arguments", ""))
        elif verdict in ("answer", "succeeded"):
            content = filled.get("content", "")
        elif verdict == "approve" and kind == "budget":
            arguments = _amounts(filled) or None
        reason, comment = filled.get("reason", "").strip(), filled.get("comment", "").strip()
        return cls(verdict, filled.get("hash", ""), reason, comment, arguments, content)


def _object(text: str) -> dict[str, Any]:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise BadCommandError(f"The arguments are no JSON: {error}") from None
    if not isinstance(value, dict):
        shown = text.strip()[:100]
        raise BadCommandError(f'The arguments must be a JSON object, such as {{"amount": 12}}; got {shown!r}.')
    return cast(dict[str, Any], value)


def _amounts(filled: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, text in filled.items():
        name = field.removeprefix("add.")
        if name == field or not text.strip():
            continue
        try:
            found[name] = float(text) if name in _COUNTED else int(text)
        except ValueError:
            raise BadCommandError(
                f"How much more of {name!r}: expected a number, got {text.strip()[:100]!r}."
            ) from None
    return found


async def give(site: Site, identity: Identity, chat_id: str, request: str, vote: Vote) -> Decision:
    """Vote on a request.

    Raises:
        FolkmootError: The vote does not count, and why.
    """
    with refusing_bad_input():
        body = Decide(
            verdict=Verdict(vote.verdict),
            hash=vote.hash,
            reason=vote.reason,
            comment=vote.comment,
            arguments=vote.arguments,
            content=vote.content,
        )
    async with site.chats.chat(chat_id, identity) as chat:
        await allowed(chat, identity, request)
        return await send_vote(site.settings.decision_key, chat, identity, request, vote.hash, body)


async def answer(site: Site, identity: Identity, chat_id: str, request: str, content: str) -> None:
    """Answer what a person is asked.

    Raises:
        FolkmootError: The answer does not count, and why.
    """
    async with site.chats.chat(chat_id, identity) as chat:
        await allowed(chat, identity, request)
        await chat.answer(request, content, by=identity.by)


# --- Several at once --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """One of several requests that are decided together.

    Attributes:
        chat: The chat's id.
        id: The request's.
        request: What was read of it, which the vote binds to; None: it is not open any more, or cannot be read.
        why: Why it cannot be decided together with others; empty: it can.
    """

    chat: str
    id: str
    request: PendingRequest | None
    why: str = ""


async def pick_all(site: Site, identity: Identity, wanted: Sequence[tuple[str, str]]) -> list[Pick]:
    """What is asked under these ids of chats and requests, each chat asked once, a few at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def of(chat_id: str) -> list[Pick]:
        ids = [request for chat, request in wanted if chat == chat_id]
        async with slots:
            try:
                async with site.chats.chat(chat_id, identity) as chat:
                    found = {item.request: item for item in await chat.pending()}
            except EXPECTED as error:
                return [Pick(chat_id, request, None, told(error)) for request in ids]
        return [_pick(chat_id, request, found.get(request)) for request in ids]

    chats = dict.fromkeys(chat for chat, _ in wanted)
    picks = {(pick.chat, pick.id): pick for group in await asyncio.gather(*map(of, chats)) for pick in group}
    return [picks[one] for one in wanted]


def _pick(chat: str, id: str, request: PendingRequest | None) -> Pick:
    if request is None:
        return Pick(chat, id, None, "It is not open any more.")
    if "approve" not in request.verdicts:
        return Pick(chat, id, request, "It wants an answer of its own.")
    return Pick(chat, id, request)


async def give_all(site: Site, identity: Identity, picks: Sequence[Pick], verdict: str, reason: str) -> list[Outcome]:
    """Vote alike on several requests; one that refuses it keeps none of the others from it."""
    slots = asyncio.Semaphore(AT_ONCE)
    # Models read why something was rejected; why it was approved is for the log.
    why, comment = (reason, "") if verdict == "reject" else ("", reason)

    async def one(pick: Pick) -> Outcome:
        if pick.request is None or pick.why:
            return Outcome(pick.id, pick.why, False)
        async with slots:
            try:
                vote = Vote(verdict, pick.request.hash, why, comment)
                return Outcome(pick.id, outcome_of(await give(site, identity, pick.chat, pick.id, vote)), True)
            except (*EXPECTED, ValueError) as error:
                return Outcome(pick.id, told(error), False)

    return [*await asyncio.gather(*map(one, picks))]


def outcome_of(decision: Decision) -> str:
    """What a vote came to."""
    if decision.decided is not None:
        return f"Decided: {past(decision.decided)}."
    said = past(decision.verdict)
    return f"Your vote counts: {said}. {decision.missing} more must agree."


def who_says(identity: Identity, approvers: Sequence[str]) -> dict[str, object]:
    """The options of the command line that say who decides, with those roles by which they may."""
    named = identity.subject in approvers
    counted = () if named else tuple(role for role in identity.roles if f"role:{role}" in approvers)
    return {"as": identity.subject, "role": counted}


def same_command(chat: str, asked: PendingRequest, vote: Vote, identity: Identity) -> str:
    """The vote as a line of a shell."""
    request, kind = asked.request, asked.kind
    arguments = None if vote.arguments is None else json.dumps(vote.arguments, ensure_ascii=False)
    options = {"hash": vote.hash, **who_says(identity, asked.approvers), "comment": vote.comment}
    if kind == "outcome":
        options |= {"result": vote.content, "reason": vote.reason}
        return command_line("settle", chat, request, vote.verdict, **options)
    if vote.verdict == "answer":
        return command_line("answer", chat, request, vote.content or "", **options)
    if vote.verdict == "edit":
        return command_line("edit", chat, request, **options, arguments=arguments)
    if vote.verdict == "reject":
        return command_line("reject", chat, request, **options, reason=vote.reason)
    more = "".join(f" --add {name}={amount}" for name, amount in (vote.arguments or {}).items())
    return command_line("approve", chat, request, **options) + more
