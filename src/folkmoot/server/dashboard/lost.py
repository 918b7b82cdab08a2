"""Pages that are not there, and pages that cannot be built."""

from __future__ import annotations

from nicegui import app as pages
from nicegui import ui

from .errors import lasting, told
from .frame import Site
from .widgets import banner, element, empty, link, text

__all__ = ["not_now", "pages_of_the_lost"]

TRY_AGAIN = 5
"""Seconds after which a page that could not be built is asked for again."""


def not_now(error: Exception, temporal_ui: str = "") -> None:
    """Say that nobody can tell what the page is to show, as while no worker is there, and look again in a while."""
    banner(f"{told(error)} This page tries again by itself.", kind="warning", retry=True)
    if temporal_ui:
        link("Temporal’s Web UI", temporal_ui).props("target=_blank rel=noopener")
    ui.run_javascript(f"setTimeout(() => location.reload(), {TRY_AGAIN * 1000})")


def pages_of_the_lost(site: Site) -> None:
    """Register them; every other page must be there before."""

    @site.page("/{path:path}")
    async def nowhere(path: str) -> None:
        identity = await site.identity()
        ui.context.client.status_code = 404
        with site.frame("Not found", identity=identity):
            empty("There is no such page", f"Nothing is at {site.path()}{path}. The pages are named above.")

    def failed(error: Exception) -> None:
        with element("div", "page").props("id=content"):
            text("h1", "This page cannot be shown")
            banner(told(error), kind="error", retry=not lasting(error))
            link("Chats", site.path())

    pages.on_page_exception(failed)  # pyright: ignore[reportUnknownMemberType]
