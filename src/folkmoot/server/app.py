"""The application: routes over a connected client. It keeps no chat: any instance serves any of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.client import Folkmoot
from folkmoot.processes import Process

from . import (
    routes_chats,
    routes_control,
    routes_health,
    routes_log,
    routes_processes,
    routes_requests,
    routes_runs,
    routes_state,
    routes_teams,
    routes_time,
)
from .chats import Chats
from .feeds import Feeds
from .guards import guard
from .handles import NotYetError
from .observing import Observed
from .problems import response_to
from .routes_codec import mount_codec
from .settings import Settings
from .teams import Roster, TeamSource, read_teams

__all__ = ["create_app"]

PREFIX = "/v1"
DEADLINE = 120.0
"""Seconds after which a request is given up, whatever it waits for; streams are not."""
_DESCRIPTION = """Group chats of AI agents as durable Temporal workflows.

A chat has a log of entries with consecutive offsets; runs, snapshots, requests and decisions are entries of it.
Errors are problem details (RFC 9457) whose `code` never changes. `Idempotency-Key` makes a POST safe to send again."""
_ROUTERS = (
    routes_teams.router,
    routes_chats.router,
    routes_runs.router,
    routes_log.router,
    routes_control.router,
    routes_time.router,
    routes_state.router,
    routes_requests.router,
    routes_processes.router,
)


def create_app(
    moot: Folkmoot,
    settings: Settings,
    *,
    teams: TeamSource = None,
    processes: Sequence[Process[Any]] = (),
    dashboard: bool = False,
    ui_url: str = "",
) -> FastAPI:
    """The API as an ASGI application.

    Args:
        moot: Connected; whoever made it closes it.
        settings: Who may ask, and for how much.
        teams: Specs by name that chats can be opened with, or the folder their JSON files are in.
        processes: The application's business processes that can be started.
        dashboard: With the operators' dashboard; one application of a process may have it.
        ui_url: Where Temporal's Web UI is, for the dashboard's links; empty: nowhere.

    Raises:
        ImportError: The dashboard needs NiceGUI.
        ValueError: A team or the file of people is bad.
        OSError: One cannot be read.
    """
    app = FastAPI(
        title="Folkmoot",
        version=version("folkmoot"),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    chats = Chats(moot, [f"{process.name}-" for process in processes])
    app.state.chats = chats
    app.state.feeds = Feeds(chats)
    app.state.teams = Roster(read_teams(teams), settings.named_teams)
    app.state.processes = {process.name: process for process in processes}
    app.state.decision_key = settings.decision_key
    app.state.readying = routes_health.Readying(moot.client, chats.store)
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(routes_health.router)
    app.add_middleware(_Deadline)
    authenticator = guard(app, settings)
    app.add_middleware(Observed)
    if dashboard:
        from .dashboard import mount

        mount(app, settings, authenticator, ui_url=ui_url)
    mount_codec(app, moot.client, settings.cors_origins)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    yield
    app.state.feeds.stop()


def _operation_id(route: APIRoute) -> str:
    return route.name


class _Deadline:
    """ASGI middleware: gives up what takes too long, as while no worker or server comes back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith("/events"):
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        deadline = asyncio.timeout(DEADLINE)
        try:
            async with deadline:
                await self.app(scope, receive, watched)
        except TimeoutError:
            if started or not deadline.expired():
                raise
            error = NotYetError(f"Nothing came of it within {DEADLINE:.0f} s.")
            await response_to(scope["path"], error)(scope, receive, send)
