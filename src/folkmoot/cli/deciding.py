"""The verbs by which people answer, decide and speak: answer, approve, reject, edit, settle, say."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from folkmoot.chat import Chat, Decision, PendingRequest

from .chats import a_chat
from .editor import edited
from .reading import ChatId
from .requests import As, RequestId, Roles, amounts_of, arguments_of, given_text, person_of, request_of
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS", "told"]

Hash = Annotated[
    str | None,
    typer.Option(
        "--hash",
        envvar="FOLKMOOT_HASH",
        help="Of what you looked at, from `folkmoot pending`; none: of what is pending now.",
    ),
]
Comment = Annotated[str, typer.Option(envvar="FOLKMOOT_COMMENT", help="For the log.")]
Reason = Annotated[str, typer.Option(envvar="FOLKMOOT_REASON", help="For whoever asked: models read it; '-': read it.")]


class Outcome(StrEnum):
    """What became of a call."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRY = "retry"


class When(StrEnum):
    """When the others hear what is said."""

    QUEUE = "queue"
    TURN = "turn"
    NOW = "now"


@dataclass(frozen=True)
class _Vote:
    """Somebody at work on a request of a chat."""

    chat: Chat
    request: str
    open: PendingRequest | None
    by: dict[str, Any] | None
    hash: str | None
    comment: str

    async def cast(self, verdict: str, **brings: Any) -> Decision:
        """Vote; on what is not open any more too, so that the chat tells what became of it."""
        now = "" if self.open is None else self.open.hash
        seen = now if self.hash is None else self.hash
        return await self.chat.decide(self.request, verdict, hash=seen, by=self.by, comment=self.comment, **brings)


@asynccontextmanager
async def _voting(
    invocation: Invocation,
    chat_id: str,
    request: str,
    by: str,
    role: list[str] | None,
    hash: str | None = None,
    comment: str = "",
    *,
    needed: bool = True,
) -> AsyncGenerator[_Vote]:
    who = person_of(by, role, needed=needed)
    async with a_chat(invocation, chat_id) as chat:
        found = await request_of(chat, request)
        yield _Vote(chat, request if found is None else found.request, found, who, hash or None, comment)


async def answer(
    invocation: Invocation,
    chat_id: ChatId,
    request: RequestId,
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", envvar="FOLKMOOT_ANSWER", show_envvar=True, help="The answer; '-': read it."),
    ],
    by: As = "",
    role: Roles = None,
    comment: Comment = "",
    hash: Hash = None,
) -> None:
    """Answer what a person is asked in a chat; where a tool is to be approved, answer in its place."""
    content = given_text(text)
    async with _voting(invocation, chat_id, request, by, role, hash, comment, needed=False) as vote:
        if vote.open is not None and vote.open.verdicts:
            if vote.by is None:
                person_of("", role, needed=True)
            await _emit(invocation, vote, "answer", await vote.cast("answer", content=content))
            return
        if vote.hash is not None or vote.comment:
            raise ValueError(f"--hash and --comment go with decisions; request {vote.request!r} wants a text only.")
        await vote.chat.answer(vote.request, content, by=vote.by)
        status = (await vote.chat.status()).status
    data = {"chat": chat_id, "command": "answer", "request": vote.request, "status": status}
    invocation.screen.emit(data, f"{chat_id}: {status}")


async def approve(
    invocation: Invocation,
    chat_id: ChatId,
    request: RequestId,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add", envvar="FOLKMOOT_ADD", help="How much more a budget gets, such as tokens=1000; several times."
        ),
    ] = None,
    by: As = "",
    role: Roles = None,
    comment: Comment = "",
    hash: Hash = None,
) -> None:
    """Approve of what an agent asks for; of a budget, with how much more it gets."""
    more = amounts_of(add or [])
    async with _voting(invocation, chat_id, request, by, role, hash, comment) as vote:
        if more and vote.open is not None and vote.open.kind != "budget":
            raise ValueError(f"--add is for budgets; request {vote.request!r} is about {vote.open.kind}.")
        await _emit(invocation, vote, "approve", await vote.cast("approve", arguments=more or None))


async def reject(
    invocation: Invocation,
    chat_id: ChatId,
    request: RequestId,
    reason: Reason = "",
    by: As = "",
    role: Roles = None,
    comment: Comment = "",
    hash: Hash = None,
) -> None:
    """Reject what an agent asks for, with a reason that its model reads."""
    async with _voting(invocation, chat_id, request, by, role, hash, comment) as vote:
        await _emit(invocation, vote, "reject", await vote.cast("reject", reason=given_text(reason)))


async def edit(
    invocation: Invocation,
    chat_id: ChatId,
    request: RequestId,
    arguments: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_ARGUMENTS",
            metavar="JSON",
            help="All arguments, as they are to be: JSON, @FILE, or '-' to read them; none: in your editor.",
        ),
    ] = None,
    by: As = "",
    role: Roles = None,
    comment: Comment = "",
    hash: Hash = None,
) -> None:
    """Change the arguments of what an agent asks for, and approve of that."""
    given = None if arguments is None else arguments_of(arguments)
    if given is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("Without a terminal there is no editor: give --arguments JSON, @FILE or '-'.")
    async with _voting(invocation, chat_id, request, by, role, hash, comment) as vote:
        if given is None and vote.open is not None:
            text = await edited(vote.open.arguments)
            if text is None:
                invocation.screen.note("left as it was")
                raise typer.Exit(1)
            given = arguments_of(text)
        await _emit(invocation, vote, "edit", await vote.cast("edit", arguments=given))


async def settle(
    invocation: Invocation,
    chat_id: ChatId,
    request: RequestId,
    outcome: Annotated[
        Outcome,
        typer.Argument(
            metavar="OUTCOME",
            envvar="FOLKMOOT_OUTCOME",
            show_envvar=True,
            help="succeeded, failed, or retry: it is made once more, under the same key.",
        ),
    ],
    result: Annotated[
        str | None, typer.Option(envvar="FOLKMOOT_RESULT", help="Of a call that succeeded; '-': read it.")
    ] = None,
    reason: Reason = "",
    by: As = "",
    role: Roles = None,
    comment: Comment = "",
    hash: Hash = None,
) -> None:
    """Tell what became of a call whose outcome nobody knows."""
    if (outcome == Outcome.SUCCEEDED) != (result is not None):
        raise ValueError("--result TEXT tells what a call that succeeded came to, and goes with succeeded only.")
    if reason and outcome != Outcome.FAILED:
        raise ValueError(f"--reason tells why a call failed; it does not go with {outcome.value}.")
    brings = {"content": None if result is None else given_text(result), "reason": given_text(reason)}
    async with _voting(invocation, chat_id, request, by, role, hash, comment) as vote:
        await _emit(invocation, vote, "settle", await vote.cast(outcome.value, **brings))


async def _emit(invocation: Invocation, vote: _Vote, command: str, decision: Decision) -> None:
    status = (await vote.chat.status()).status
    data = {"chat": vote.chat.id, "command": command, **asdict(decision), "status": status}
    invocation.screen.emit(data, Text(clean(f"{vote.chat.id}: {told(decision)}")))


def told(decision: Decision) -> str:
    """What came of a vote, in words."""
    if decision.decided is not None:
        return f"decided: {decision.decided}"
    left = "it is still open" if decision.verdict == "reject" else f"{decision.missing} more must agree"
    return f"the vote counts: {decision.verdict}; {left}"


async def say(
    invocation: Invocation,
    chat_id: ChatId,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", envvar="FOLKMOOT_SAY", show_envvar=True, help="What; '-': read it.")
    ],
    when: Annotated[
        When,
        typer.Option(
            envvar="FOLKMOOT_WHEN",
            help="queue: a task of its own, once the run is over; turn: after the current turn; now: breaking it off.",
        ),
    ] = When.QUEUE,
    by: As = "",
    role: Roles = None,
) -> None:
    """Say something into a chat, whatever it is doing; to an idle chat it is the task of a run."""
    who = person_of(by, role)
    content = given_text(text)
    if not content.strip():
        raise ValueError("There is nothing to say: TEXT is empty.")
    async with a_chat(invocation, chat_id) as chat:
        offset = await chat.say(content, when=when.value, by=who)
        status = (await chat.status()).status
    data = {"chat": chat_id, "command": "say", "when": when.value, "offset": offset, "status": status}
    invocation.screen.emit(data, f"{chat_id}: {status}")


VERBS = [verb(work.__name__, work) for work in (answer, approve, reject, edit, settle, say)]
