"""The verb that deletes chats for good: delete."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from folkmoot._client.retention import Deletion
from folkmoot.errors import ChatBusyError

from .connection import Connection, connected
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS", "age_of"]

_AGE = re.compile(r"(\d+)(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


async def delete(
    invocation: Invocation,
    chat_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", envvar="FOLKMOOT_DELETE_ID", show_envvar=True, help="The closed chat's id."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_OLDER_THAN", help="Instead of one: every chat closed longer ago, e.g. 90d, 12h, 4w."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", envvar="FOLKMOOT_DELETE_FORCE", help="A living chat too; it is terminated.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", envvar="FOLKMOOT_DRY_RUN", help="Only tell what would be deleted.")
    ] = False,
) -> None:
    """Delete closed chats for good: their workflows, and all that the store keeps of them."""
    if bool(chat_id) == bool(older_than):
        raise typer.BadParameter("give either the ID of a chat or --older-than")
    if force and older_than:
        raise typer.BadParameter("--force is for a chat given by its ID: chats that live are of no age")
    than = age_of(older_than) if older_than else None
    async with connected(invocation, start=False) as connection:
        found = await _deleted(invocation, connection, chat_id or "", than, force=force, dry_run=dry_run)
    runs, blobs, size = (sum(getattr(item, name) for item in found) for name in ("runs", "blobs", "bytes"))
    summary = {"kind": "delete", "dry_run": dry_run, "chats": len(found), "runs": runs, "blobs": blobs, "bytes": size}
    what = f"{len(found)} chats, {runs} workflow runs, {blobs} blobs of {_size(size)}"
    invocation.screen.emit(summary, Text(f"{'would delete' if dry_run else 'deleted'} {what}"))


async def _deleted(
    invocation: Invocation,
    connection: Connection,
    chat_id: str,
    than: timedelta | None,
    *,
    force: bool,
    dry_run: bool,
) -> list[Deletion]:
    found: list[Deletion] = []
    async with connection.moot(invocation.settings.queue) as moot:
        if than is None:
            try:
                found = await moot.delete(chat_id, force=force, dry_run=dry_run)
            except ChatBusyError:
                raise ChatBusyError(
                    f"Chat {chat_id!r} is not closed. Close it before it is deleted (folkmoot close), or use --force.",
                    chat_id=chat_id,
                ) from None
            for deletion in found:
                _tell(invocation, deletion)
            return found
        async for deletion in moot.delete_older(than, dry_run=dry_run):
            # Told at once: what is gone is gone, whatever stops the rest.
            _tell(invocation, deletion)
            found.append(deletion)
    return found


def _tell(invocation: Invocation, deletion: Deletion) -> None:
    when = f"closed {deletion.closed}" if deletion.closed else "living"
    what = f"{deletion.runs} runs, {deletion.blobs} blobs of {_size(deletion.bytes)}"
    line = Text(clean(f"{deletion.id}  {deletion.team}  {when}  {what}"))
    invocation.screen.emit({"kind": "chat", **asdict(deletion)}, line)


def age_of(text: str) -> timedelta:
    """A number and a unit as an age.

    Raises:
        typer.BadParameter: It is none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"expected a number and s, m, h, d or w, as in 90d, got {text!r}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1_000:.1f} kB"


VERBS = [verb("delete", delete)]
