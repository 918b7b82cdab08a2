"""The verb `serve`: the HTTP API over a Temporal server, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from folkmoot.telemetry import Telemetry

from .connection import Connection, connected
from .loading import load_processes
from .serve import stop_signal
from .telling import telling
from .verbs import Invocation, verb

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

__all__ = ["VERBS", "server_of"]

_MISSING = "`folkmoot serve` needs {name!r}; install it with: pip install 'folkmoot[server]'"
_NO_DASHBOARD = "The dashboard needs 'nicegui'; install it with: pip install 'folkmoot[dashboard]'"
_BACKLOG = 2048
"""Connections that wait to be taken."""


async def serve(
    invocation: Invocation,
    host: Annotated[
        str | None, typer.Option(envvar="FOLKMOOT_API_HOST", help="Address to listen on; none: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="FOLKMOOT_API_PORT", min=0, max=65535, help="Port to listen on; none: 8080; 0: any free one."
        ),
    ] = None,
    trusted_proxies: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_TRUSTED_PROXIES",
            help="Proxies whose X-Forwarded-Proto and X-Forwarded-For are believed: addresses and networks, with "
            "blanks in between; none: this machine's; '*': anybody's.",
        ),
    ] = None,
    teams: Annotated[
        Path | None,
        typer.Option(
            envvar="FOLKMOOT_TEAMS", help="Folder with the JSON files of teams that chats can be opened with by name."
        ),
    ] = None,
    named_teams: Annotated[
        bool | None,
        typer.Option(
            "--named-teams/--any-teams",
            envvar="FOLKMOOT_NAMED_TEAMS",
            help="Chats are opened with, and changed to, the teams of --teams only; not told: the role designer may "
            "bring others.",
        ),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_PROCESSES",
            help="module:attribute of the application's business processes that can be started: a list of "
            "folkmoot.processes.Process, or a function that returns one.",
        ),
    ] = None,
    dashboard: Annotated[
        bool | None,
        typer.Option(
            "--dashboard/--no-dashboard",
            envvar="FOLKMOOT_DASHBOARD",
            help="With the operators' dashboard; not told: if what it needs is installed.",
        ),
    ] = None,
    temporal_ui_url: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_TEMPORAL_UI_URL",
            help="Where Temporal's Web UI is, for the dashboard's links; none: that of the embedded server.",
        ),
    ] = None,
    graceful_shutdown_timeout: Annotated[
        float,
        typer.Option(
            envvar="FOLKMOOT_GRACEFUL_SHUTDOWN_TIMEOUT",
            min=0,
            help="Seconds that requests under way are given to finish when the server is stopped.",
        ),
    ] = 10.0,
) -> None:
    """Serve the HTTP API and the operators' dashboard until SIGTERM or Ctrl-C.

    The chats are those of the server that TEMPORAL_ADDRESS names, or of the embedded one. Who may do what is
    told by environment variables (see the docs on the API). Workers are processes of their own.
    """
    try:
        from folkmoot.server.app import create_app
        from folkmoot.server.claims import roles_of
        from folkmoot.server.settings import Settings
        from folkmoot.server.teams import read_teams
    except ModuleNotFoundError as error:
        raise ImportError(_MISSING.format(name=(error.name or "").partition(".")[0])) from error
    shown = _can_show() if dashboard is None else dashboard
    if shown and not _can_show():
        raise ImportError(_NO_DASHBOARD)
    proxies = None if trusted_proxies is None else roles_of(trusted_proxies)
    settings = Settings.from_environment(host=host, port=port, trusted_proxies=proxies, named_teams=named_teams)
    known, offered = read_teams(teams), load_processes(processes)
    # Before anything is started: a port that is in use is told at once.
    with _listening(settings.host, settings.port) as listener, telling(invocation, "folkmoot-api") as telemetry:
        async with connected(invocation, telemetry=telemetry) as connection:
            moot = connection.moot(invocation.settings.queue)
            ui_url = temporal_ui_url or connection.ui_url or ""
            app = create_app(moot, settings, teams=known, processes=offered, dashboard=shown, ui_url=ui_url)
            async with _counting(connection, telemetry):
                server = server_of(app, settings.trusted_proxies, graceful_shutdown_timeout)
                await _serve(invocation, connection, app, server, listener, graceful_shutdown_timeout, shown)


def _can_show() -> bool:
    return importlib.util.find_spec("nicegui") is not None


@contextlib.asynccontextmanager
async def _counting(connection: Connection, telemetry: Telemetry) -> AsyncGenerator[None]:
    """Count the namespace's chats as long as the block runs, if anybody can see what was counted."""
    from folkmoot.server.census import keep_counting

    counting = asyncio.create_task(keep_counting(connection.client)) if telemetry.metrics_address else None
    try:
        yield
    finally:
        if counting is not None:
            counting.cancel()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """A socket that listens.

    Raises:
        OSError: It cannot; names the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host.strip("[]"), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(f"The API cannot listen on {host}:{port}: {error.strerror or error}") from None
    with listener:
        yield listener


def server_of(app: FastAPI, trusted_proxies: Sequence[str], grace: float) -> uvicorn.Server:
    """What serves an application over HTTP.

    Args:
        app: The application.
        trusted_proxies: Who may tell scheme and client of a request; see `Settings`.
        grace: Seconds that requests under way have when it stops; 0: none.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """One that leaves signals to us: streams are to be told to end before it waits for them."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            forwarded_allow_ips=list(trusted_proxies),
            # 0 would be no limit.
            timeout_graceful_shutdown=max(1, round(grace)),
        )
    )


async def _serve(
    invocation: Invocation,
    connection: Connection,
    app: FastAPI,
    server: uvicorn.Server,
    listener: socket.socket,
    grace: float,
    shown: bool,
) -> None:
    stop = stop_signal()
    running = asyncio.create_task(server.serve([listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        while not (server.started or running.done()):
            await asyncio.sleep(0.01)
        if server.started:
            _announce(invocation, connection, listener, shown)
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            invocation.screen.say("stopping; requests under way finish" if grace else "stopping")
            app.state.feeds.stop()
            server.should_exit = True
            server.force_exit = not grace
        await running
    finally:
        stopping.cancel()


def _announce(invocation: Invocation, connection: Connection, listener: socket.socket, shown: bool) -> None:
    """Say where everything is: who waits for that line may start."""
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    namespace, queue = connection.client.namespace, invocation.settings.queue
    data: dict[str, Any] = {
        "kind": "serve",
        "url": url,
        "address": connection.address,
        "namespace": namespace,
        "queue": queue,
        "adopted": connection.adopted,
        "dashboard": f"{url}/dashboard" if shown else None,
    }
    lines = [
        f"API              {url}/v1",
        f"Documentation    {url}/docs",
        *([f"Dashboard        {url}/dashboard"] if shown else []),
        f"Temporal server  {connection.address}, namespace {namespace}; new chats on task queue {queue!r}",
        "Stop with Ctrl-C.",
    ]
    invocation.screen.emit(data, Text("\n".join(lines)))


VERBS = [verb("serve", serve)]
