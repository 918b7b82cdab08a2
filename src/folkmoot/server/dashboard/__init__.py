"""The operators' dashboard: pages of the API server, in its process, over the same client."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.routing import Mount

from folkmoot.server.authenticator import Authenticator
from folkmoot.server.chats import Chats
from folkmoot.server.feeds import Feeds
from folkmoot.server.settings import Settings

from .assets import FOLDER, HEAD, ICON
from .door import Door
from .frame import PATH, Site
from .lost import pages_of_the_lost
from .signing import pages_of_signing

__all__ = ["PATH", "Site", "mount"]

RECONNECT = 20.0
"""Seconds for which a page whose connection broke is kept as it is; later it is built anew."""


def mount(app: FastAPI, settings: Settings, authenticator: Authenticator, *, ui_url: str = "") -> Site:
    """Put the dashboard into an application, once per process.

    Args:
        app: The API.
        settings: Its settings.
        authenticator: Tells who somebody is, for the API too.
        ui_url: Where Temporal's Web UI is; empty: nowhere.
    """
    chats: Chats = app.state.chats
    feeds: Feeds = app.state.feeds
    site = Site(chats.moot, settings, chats, feeds, authenticator, ui_url)
    pages.add_static_files("/static", FOLDER)
    ui.add_head_html(HEAD, shared=True)
    pages_of_signing(site)
    for register in _pages():
        register(site)
    pages_of_the_lost(site)
    pages.on_shutdown(site.stop)  # pyright: ignore[reportUnknownMemberType]
    ui.run_with(  # pyright: ignore[reportUnknownMemberType]
        app,
        mount_path=PATH,
        title="Folkmoot",
        favicon=ICON,
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=RECONNECT,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )
    route = next(cast(Mount, route) for route in app.routes if getattr(route, "path", None) == PATH)
    app.add_middleware(Door, mount=route, settings=settings, sessions=site.sessions)
    return site


def _pages() -> list[Callable[[Site], None]]:
    from . import chats, conversation, failures, requests, workers

    return [chats.pages, conversation.pages, requests.pages, failures.pages, workers.pages]
