"""The verb `demo`: a chat whose worker is killed in the middle of a turn, and goes on; then what that cost, counted."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from folkmoot.cli.connection import Connection, connected
from folkmoot.cli.verbs import Invocation, Settings, verb
from folkmoot.errors import FolkmootError
from folkmoot.store import FolderStore

from .performance import Model, Performance
from .proof import Proof
from .words import ScriptedWords

__all__ = ["VERBS"]

_SECONDS = 150.0
"""A bound for what never comes; the demo takes some 20 s."""


async def demo(
    invocation: Invocation,
    model: Annotated[
        str, typer.Option(envvar="FOLKMOOT_DEMO_MODEL", help="The model, where OPENAI_API_KEY is set.")
    ] = "gpt-4o-mini",
    in_memory: Annotated[
        bool, typer.Option("--in-memory", envvar="FOLKMOOT_IN_MEMORY", help="On a server that keeps nothing.")
    ] = False,
) -> None:
    """Run a chat of two agents, kill its worker in the middle of a turn, and show that nothing is lost or done twice.

    It uses the embedded server. Without OPENAI_API_KEY the model's words are scripted, and come over real HTTP.
    """
    chat_id = f"demo-{secrets.token_hex(3)}"
    async with _model(model) as chosen, connected(invocation, in_memory=in_memory, ui=True) as connection:
        with tempfile.TemporaryDirectory(prefix="folkmoot-demo-") as folder:
            _introduce(invocation, connection, chosen)
            # A queue of its own: the worker of a `folkmoot dev` next door must not lend a hand.
            environment = _environment(connection, chat_id, chosen)
            performance = Performance(
                invocation.screen, connection, chosen, Path(folder), environment, chat_id=chat_id, queue=chat_id
            )
            try:
                async with asyncio.timeout(_SECONDS):
                    proof = await performance.run()
            except TimeoutError:
                raise FolkmootError(f"The demo did not end within {_SECONDS:g} s.") from None
        _conclude(invocation, connection, proof, chat_id, kept=not in_memory)
    if proof.failures:
        raise FolkmootError(f"The demo did not prove what it should: {'; '.join(proof.failures)}.")


@asynccontextmanager
async def _model(name: str) -> AsyncGenerator[Model]:
    """The real endpoint where there is a key for it, else the scripted server, in this process."""
    if os.environ.get("OPENAI_API_KEY"):
        yield Model(name, {}, "OPENAI_API_KEY is set: the model is real, its requests are not counted")
        return
    try:
        from folkmoot._scripted.http import ScriptedServer
    except ImportError:
        raise FolkmootError("Without OPENAI_API_KEY the demo needs aiohttp: pip install 'folkmoot[testing]'") from None
    words = ScriptedWords()
    async with ScriptedServer(words) as server:
        said = f"no OPENAI_API_KEY: the model's words are scripted, over real HTTP from {server.base_url}"
        environment = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "scripted"}
        yield Model("scripted", environment, said, server=server, words=words)


def _environment(connection: Connection, queue: str, model: Model) -> dict[str, str]:
    """The worker's environment. What connects to another server does not go into that of an embedded one's worker."""
    base = {
        name: value for name, value in os.environ.items() if not (connection.embedded and name.startswith("TEMPORAL_"))
    }
    base |= model.environment
    base["TEMPORAL_ADDRESS"] = connection.address
    base["TEMPORAL_NAMESPACE"] = connection.client.namespace
    base["FOLKMOOT_TASK_QUEUE"] = queue
    if isinstance(connection.store, FolderStore):
        base["FOLKMOOT_STORE"] = str(connection.store.path.resolve())
    return base


def _introduce(invocation: Invocation, connection: Connection, model: Model) -> None:
    how = "adopted" if connection.adopted else "embedded"
    data = {"kind": "demo", "address": connection.address, "ui_url": connection.ui_url, "model": model.name}
    invocation.screen.emit({**data, "scripted": model.server is not None})
    invocation.screen.say("Folkmoot demo", "bold")
    invocation.screen.say(f"  server  Temporal at {connection.address} ({how})")
    invocation.screen.say(f"  model   {model.said}")


def _conclude(invocation: Invocation, connection: Connection, proof: Proof, chat_id: str, *, kept: bool) -> None:
    screen = invocation.screen
    screen.emit(proof.to_json())
    screen.say("\nWhat was counted", "bold")
    for call in proof.calls or ():
        again = "  the worker died during the first" if call.interrupted else ""
        times = "request " if call.requests == 1 else "requests"
        screen.say(f"  turn {call.turn}  {call.speaker:<7} {call.requests} {times}{again}")
    for line in proof.lines():
        screen.say(f"  {line}")
    if not kept:
        return
    options = _options(invocation.settings)
    screen.say("\nWhere to look", "bold")
    for command, what in (
        (f"show {chat_id}", "where the chat stands"),
        (f"tail {chat_id}", "its log"),
        (f"snapshots {chat_id}", "every point it can be read at"),
        (f"usage {chat_id}", "tokens by agent"),
        ("ls", "all chats"),
    ):
        screen.say(f"  folkmoot {command + options:<34} {what}")
    page = f"/namespaces/{connection.client.namespace}/workflows/{chat_id}"
    if connection.adopted and connection.ui_url:
        screen.say(f"  {connection.ui_url}{page}")
    elif connection.embedded:
        screen.say(f"  folkmoot {'dev' + options:<34} server with Web UI; the chat is at {page}")


def _options(settings: Settings) -> str:
    """What the commands need besides, where it was given as an option and not by the environment."""
    given = settings.data_dir
    return "" if given is None or os.environ.get("FOLKMOOT_DATA_DIR") else f" --data-dir {given}"


VERBS = [verb("demo", demo)]
