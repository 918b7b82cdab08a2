"""Pages that are not there, and pages that cannot be built."""

from __future__ import annotations

from nicegui import app as pages
from nicegui import ui

from .errors import told
from .frame import Site
from .widgets import banner, element, empty, link, text

__all__ = ["pages_of_the_lost"]


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
            banner(told(error), kind="error", retry=True)
            link("Chats", site.path())

    pages.on_page_exception(failed)  # pyright: ignore[reportUnknownMemberType]
