"""The verb that holds the code installed here against the chats that are under way: replay."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from folkmoot._client.replaying import BreakingChat, replay_chats

from .connection import connected
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS"]


async def replay(
    invocation: Invocation,
    where: Annotated[
        str,
        typer.Option(
            "--filter",
            envvar="FOLKMOOT_REPLAY_FILTER",
            help="A condition in Temporal's list filter language, e.g. 'ChatTurns > 100'.",
        ),
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(envvar="FOLKMOOT_REPLAY_LIMIT", min=1, help="At most so many, newest first; none: all."),
    ] = None,
    chat_id: Annotated[
        str | None, typer.Option("--id", envvar="FOLKMOOT_REPLAY_ID", help="Only the chat of this id.")
    ] = None,
) -> None:
    """Replay the live chats of a namespace with the code installed here; exit code 1 if any would break."""
    if invocation.settings.log_level is None:
        # The SDK warns of every replay that fails, at length; the verb tells it in a line.
        logging.getLogger("temporalio").setLevel(logging.ERROR)

    def tell(_: str, broken: BreakingChat | None) -> None:
        if broken is not None:
            shown = Text(clean(f"{broken.id}  run {broken.run_id}  {broken.error}"))
            invocation.screen.emit({"kind": "breaking", **asdict(broken)}, shown)

    async with connected(invocation, start=False) as connection:
        report = await replay_chats(connection.client, filter=where, limit=limit, id=chat_id or None, on_chat=tell)
    told = f"{report.replayed} live chats of namespace {report.namespace!r} replayed"
    end = f"{len(report.breaking)} would break with the code installed here" if report.breaking else "all would go on"
    summary = {
        "kind": "replay",
        "namespace": report.namespace,
        "replayed": report.replayed,
        "breaking": len(report.breaking),
        "ok": report.ok,
    }
    invocation.screen.emit(summary, Text(f"{told}: {end}." if report.replayed else "No live chats."))
    if not report.ok:
        raise typer.Exit(1)


VERBS = [verb("replay", replay)]
