"""What people are asked: the verbs inbox, over all chats, and pending, of one chat in full."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from folkmoot.client import InboxItem

from .chats import a_chat
from .connection import connected
from .reading import ChatId, add_row, new_table
from .requests import As, Roles, details, roles_of, short_time
from .retention import age_of
from .verbs import Invocation, verb

__all__ = ["VERBS", "time_of"]

_SHOWN = 8
"""Characters of a request's id that a list of many shows: enough to name it by."""


async def inbox(
    invocation: Invocation,
    by: As = "",
    role: Roles = None,
    everybody: Annotated[
        bool, typer.Option("--all", envvar="FOLKMOOT_ALL", help="Whatever anybody is asked, whoever you are.")
    ] = False,
    overdue: Annotated[
        bool, typer.Option("--overdue", envvar="FOLKMOOT_OVERDUE", help="Only what is past its deadline.")
    ] = False,
    due_before: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_DUE_BEFORE",
            help="Only what is due by then: a time such as 2026-12-24T18:00, or how long from now, such as 2h or 3d.",
        ),
    ] = None,
    tenant: Annotated[str | None, typer.Option(envvar="FOLKMOOT_TENANT", help="Only of this tenant's chats.")] = None,
    limit: Annotated[
        int, typer.Option(envvar="FOLKMOOT_LIMIT", min=1, help="At most so many, the first due first.")
    ] = 100,
) -> None:
    """List what people are asked in all chats: with --as and --role what you may answer or decide, else everything."""
    now = datetime.now(UTC)
    roles = [f"role:{name}" for name in roles_of(role)]
    people = [*([by.strip()] if by.strip() else []), *roles]
    until = None if due_before is None else time_of(due_before, now)
    async with connected(invocation, start=False) as connection:
        moot = connection.moot(invocation.settings.queue)
        wanted = min((time for time in (until, now if overdue else None) if time is not None), default=None)
        asked = moot.inbox(
            None if everybody or not people else people,
            tenant=tenant or None,
            due_before=None if wanted is None else wanted.isoformat(),
        )
        found = [item async for item in asked if wanted is None or (item.due is not None and _time(item.due) < wanted)]
    found.sort(key=lambda item: (item.due or "~", item.since))
    _list(invocation, found[:limit], len(found) - limit)


def time_of(text: str, now: datetime) -> datetime:
    """A time given as ISO 8601, local if it has no zone, or as how long from now.

    Raises:
        ValueError: It is neither.
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    try:
        return now + age_of(text)
    except (typer.BadParameter, OverflowError):
        raise ValueError(
            f"--due-before takes a time such as 2026-12-24T18:00, or 2h or 3d from now; got {text!r}."
        ) from None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _list(invocation: Invocation, found: list[InboxItem], left_out: int) -> None:
    screen = invocation.screen
    for item in found:
        screen.emit(asdict(item))
    if screen.json:
        return
    if not found:
        screen.say("Nobody is asked anything.")
        return
    table = new_table("Chat", "Request", "Kind", "What", "Since", "Due", "Who")
    for column in table.columns[:2]:
        # An id that is cut off answers nothing.
        column.no_wrap = True
    for item in found:
        asked = ", ".join(name.removeprefix("person:") for name in item.who)
        due = f"{short_time(item.due)}{' overdue' if item.overdue else ''}"
        what = ": ".join(filter(None, (item.path, item.name)))
        add_row(table, item.chat, item.request[:_SHOWN], item.kind, what, short_time(item.since), due, asked)
    screen.emit({}, table)
    if left_out > 0:
        screen.note(f"and {left_out} more; --limit shows more of them")
    for chat, more in {item.chat: item.more for item in found if item.more}.items():
        screen.note(f"{chat} asks {more} more: folkmoot pending {chat}")


async def pending(invocation: Invocation, chat_id: ChatId) -> None:
    """List what people are asked in a chat, oldest first: tool, exact arguments, who may decide, votes and hash."""
    async with a_chat(invocation, chat_id) as chat:
        found = await chat.pending()
    screen = invocation.screen
    for request in found:
        screen.emit({"chat": chat_id, **asdict(request)})
    if screen.json:
        return
    if not found:
        screen.say("Nobody is asked anything.")
        return
    table = new_table("Request", "Kind", "Who", "Since", "Question")
    table.columns[0].no_wrap = True
    for request in found:
        add_row(table, request.request, request.kind, request.path, short_time(request.since), request.prompt)
    screen.emit({}, table)
    for request in found:
        if request.verdicts or request.approvers or request.deadline is not None:
            screen.say("")
            screen.out.print(details(request), soft_wrap=True)


VERBS = [verb(work.__name__, work) for work in (inbox, pending)]
