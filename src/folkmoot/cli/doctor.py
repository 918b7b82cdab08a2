"""The verb `doctor`: whether all that chats need is there, and how to mend what is not."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from folkmoot._client.checks import Finding, Look, found, looks_at_server
from folkmoot._client.reaching import look_at_database, look_at_encryption, look_at_models, look_at_store
from folkmoot.errors import FolkmootError

from .connection import connected
from .screen import clean
from .serve import App
from .verbs import Invocation, verb

__all__ = ["VERBS"]

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_MENDS = {"store": "see FOLKMOOT_STORE, and that this process may write there (docs/howto/store.md)"}
_MEND = "see the log of the Temporal server"
_IN_NAMESPACE = {"search attributes", "workers", "clock", "encryption"}
"""What there is nothing to say of without a namespace."""


async def doctor(
    invocation: Invocation,
    app: App = None,
    strict: Annotated[
        bool, typer.Option("--strict", envvar="FOLKMOOT_STRICT", help="Exit with 1 for warnings, too.")
    ] = False,
) -> None:
    """Look at all that chats need, from the server to the models, and tell how to mend what is wrong."""
    counts: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        looks = await _server_looks(invocation, stack, app)
        looks["models"] = look_at_models
        database = os.environ.get("FOLKMOOT_DATABASE_URL")
        if database:
            looks["database"] = lambda: look_at_database(database)
        missing = False
        for name, look in looks.items():
            if missing and name in _IN_NAMESPACE:
                continue
            finding = await found(name, look, mend=_MENDS.get(name, _MEND))
            missing = missing or (name == "namespace" and finding.level == "fail")
            counts[finding.level] += 1
            _show(invocation, finding)
    summary = {"kind": "doctor", **{level: counts[level] for level in _STYLES}}
    told = ", ".join(f"{counts[level]} {level}" for level in _STYLES if counts[level])
    invocation.screen.emit(summary, Text(told))
    if counts["fail"] or (strict and counts["warn"]):
        raise typer.Exit(1)


async def _server_looks(invocation: Invocation, stack: AsyncExitStack, app: str | None) -> dict[str, Look]:
    """What to look at on the server, and in the store of the application; both without one where none answers."""
    try:
        connection = await stack.enter_async_context(connected(invocation, app=app, start=False))
    except (FolkmootError, OSError, RuntimeError) as error:
        finding = Finding("server", "fail", str(error), "start it, and see TEMPORAL_ADDRESS and TEMPORAL_TLS_*")
        return {"server": lambda: _done(finding), "store": lambda: look_at_store(invocation.settings.store())}
    return {
        **looks_at_server(connection.client, invocation.settings.queue),
        "encryption": lambda: look_at_encryption(connection.client),
        "store": lambda: look_at_store(connection.store),
    }


async def _done(finding: Finding) -> Finding:
    return finding


def _show(invocation: Invocation, finding: Finding) -> None:
    line = Text(f"{finding.level:<4}  ", style=_STYLES[finding.level])
    line.append(f"{finding.name:<17}  {clean(finding.text)}", style="default")
    if finding.mend:
        line.append(f"\n{'':<25}{clean(finding.mend)}", style="default")
    invocation.screen.emit({"kind": "finding", **asdict(finding)}, line)


VERBS = [verb("doctor", doctor)]
