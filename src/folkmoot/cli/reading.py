"""The verbs that only look: ls, show, tail, snapshots, usage. They add nothing to a chat's history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from folkmoot.budgets import BudgetUse
from folkmoot.chat import ChatEvent, ChatStatus
from folkmoot.client import ChatInfo

from .chats import a_chat
from .connection import connected
from .conversation import entry_line, message_json
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS", "ChatId", "add_row", "new_table"]

ChatId = Annotated[
    str, typer.Argument(metavar="ID", envvar="FOLKMOOT_CHAT_ID", show_envvar=True, help="The chat's id.")
]


async def ls(
    invocation: Invocation,
    status: Annotated[str | None, typer.Option(envvar="FOLKMOOT_STATUS", help="Only chats of this status.")] = None,
    team: Annotated[str | None, typer.Option(envvar="FOLKMOOT_TEAM", help="Only chats of this team.")] = None,
    tenant: Annotated[str | None, typer.Option(envvar="FOLKMOOT_TENANT", help="Only chats of this tenant.")] = None,
    where: Annotated[
        str,
        typer.Option(
            "--filter",
            envvar="FOLKMOOT_FILTER",
            help="A condition in Temporal's list filter language, e.g. 'ChatTurns > 100'.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(envvar="FOLKMOOT_LIMIT", min=1, help="At most so many, newest first.")] = 100,
) -> None:
    """List chats, newest first."""
    found: list[ChatInfo] = []
    async with connected(invocation, start=False) as connection:
        moot = connection.moot(invocation.settings.queue)
        async for info in moot.list(where, status=status, team=team, tenant=tenant, limit=limit):
            found.append(info)
            if invocation.screen.json:
                invocation.screen.emit(asdict(info))
    if invocation.screen.json:
        return
    if not found:
        invocation.screen.say("No chats.")
        return
    table = new_table("ID", "Status", "Team", ">Turns", ">Tokens", "Waiting for", "Started")
    for info in found:
        waiting = ", ".join(info.waiting_for)
        started = info.started.replace("T", " ")[:16]
        add_row(table, info.id, info.status, info.team, info.turns, f"{info.tokens:,}", waiting, started)
    invocation.screen.emit({}, table)


async def show(invocation: Invocation, chat_id: ChatId) -> None:
    """Show where a chat stands."""
    async with a_chat(invocation, chat_id) as chat:
        status = await chat.status()
    invocation.screen.emit({"chat": chat_id, **asdict(status)}, _grid(_facts(chat_id, status)))


def _facts(chat_id: str, status: ChatStatus) -> dict[str, object]:
    error = status.error
    return {
        "Chat": chat_id,
        "Team": status.team,
        "Status": status.status,
        "Speaking": ", ".join(status.speakers),
        "Waiting for": ", ".join(status.waiting_for),
        "Runs": status.run,
        "Turns": status.turn,
        "Tokens": f"{status.tokens:,}",
        "Last run ended": status.stop_reason or "",
        "Error": "" if error is None else f"{error.get('agent') or ''} {error['type']}: {error['message']}".strip(),
        "Log": f"{status.head} entries",
        "Continued as new": f"{status.continued} times" if status.continued else "",
    }


async def tail(
    invocation: Invocation,
    chat_id: ChatId,
    after: Annotated[
        int,
        typer.Option(envvar="FOLKMOOT_AFTER", min=-1, help="Offset of the last entry known; -1: from the start."),
    ] = -1,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", envvar="FOLKMOOT_FOLLOW", help="Go on with what comes, until it is closed."),
    ] = False,
) -> None:
    """Print a chat's log, and with --follow what is added to it."""
    async with a_chat(invocation, chat_id) as chat:
        async for event in chat.events(after=after, follow=follow):
            if invocation.screen.json:
                invocation.screen.emit(_event_json(event))
            else:
                invocation.screen.line(entry_line(event))


def _event_json(event: ChatEvent) -> dict[str, Any]:
    message = None if event.message is None else message_json(event.message)
    return {
        "offset": event.offset,
        "kind": event.kind,
        "time": event.time,
        "data": dict(event.data),
        "message": message,
    }


async def snapshots(invocation: Invocation, chat_id: ChatId) -> None:
    """List the points a chat can be read at, rolled back to or forked from; '*': on the present branch."""
    async with a_chat(invocation, chat_id) as chat:
        found = await chat.snapshots()
    if invocation.screen.json:
        for snapshot in found:
            invocation.screen.emit(asdict(snapshot))
        return
    table = new_table(">Offset", ">Turn", ">Run", "Speakers", "Reason", ">Tokens", "Time", "Branch", "Labels")
    table.columns[6].no_wrap = True
    for item in found:
        time, labels = item.time.replace("T", " ")[:19], ", ".join(item.labels)
        who, tokens = ", ".join(item.speakers), f"{item.tokens:,}"
        # What a chat waits for is nobody who speaks.
        who, reason = ("", f"wait for {who}") if item.reason == "wait" else (who, item.reason)
        branch = f"{item.branch} *" if item.current else item.branch
        add_row(table, item.offset, item.turn, item.run, who, reason, tokens, time, branch, labels)
    invocation.screen.emit({}, table)


async def usage(invocation: Invocation, chat_id: ChatId) -> None:
    """Show a chat's model calls, tokens and money by agent, over its whole life, and how far its budgets are used."""
    async with a_chat(invocation, chat_id) as chat:
        agents, budgets = await chat.usage(), await chat.budgets()
    columns = sorted({name for counts in agents.values() for name in counts})
    table = new_table("Agent", *(f">{_title(name)}" for name in columns))
    for agent, counts in agents.items():
        add_row(table, agent, *(_count(name, counts.get(name, 0)) for name in columns))
    if len(agents) > 1:
        totals = {name: sum(each.get(name, 0) for each in agents.values()) for name in columns}
        add_row(table, "total", *(_count(name, total) for name, total in totals.items()))
    limits = {"budgets": [asdict(item) for item in budgets]} if budgets else {}
    invocation.screen.emit({"chat": chat_id, "agents": agents, **limits}, Group(table, *_budget_table(budgets)))


def _count(name: str, value: int) -> str:
    return f"{value / 1_000_000:,.6f}" if name == "cost" else f"{value:,}"


def _budget_table(budgets: Sequence[BudgetUse]) -> Iterator[Table]:
    if budgets:
        table = new_table("Budget", "Limit", ">Used", ">Of", ">Extended")
        for item in budgets:
            amounts = (_amount(amount) for amount in (item.used, item.max, item.extended))
            add_row(table, item.path or "the chat", item.limit.replace("_", " "), *amounts)
        yield table


def _amount(amount: float) -> str:
    return f"{amount:,.6f}".rstrip("0").rstrip(".") if amount % 1 else f"{amount:,.0f}"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def new_table(*titles: str) -> Table:
    """An empty table; a title with `>` before it is that of a column of numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title.removeprefix(">"), justify="right" if title.startswith(">") else "left")
    return table


def add_row(table: Table, *cells: object) -> None:
    """A row; what the cells say cannot steer the terminal."""
    table.add_row(*(Text(clean(str(cell))) for cell in cells))


def _grid(facts: Mapping[str, object]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value != "":
            grid.add_row(Text(name, style="bold"), Text(clean(str(value))))
    return grid


VERBS = [verb(work.__name__, work) for work in (ls, show, tail, snapshots, usage)]
