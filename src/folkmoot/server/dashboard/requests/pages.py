"""The addresses of the inbox: the list, a request's card, the decisions of a chat and their export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nicegui import ui

from folkmoot.server.dashboard.conversation.following import SILENT
from folkmoot.server.dashboard.errors import EXPECTED, lasting, soon
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.lost import not_now
from folkmoot.server.dashboard.widgets import element, link, text
from folkmoot.server.identity import Identity, Permission
from folkmoot.server.inbox import may_decide

from .card import Card
from .history import add_exports, show_decisions
from .listing import Asked, Listing
from .sight import find
from .wording import title_of

__all__ = ["pages"]

_HERE = Path(__file__).parent


def pages(site: Site) -> None:
    """Register the pages."""
    site.add_style((_HERE / "requests.css").read_text("utf-8"))
    # What was opened stays so, as on the page of a chat.
    keeping = (_HERE.parent / "conversation" / "conversation.js").read_text("utf-8")
    script = f"<script>{keeping}</script><script>{(_HERE / 'requests.js').read_text('utf-8')}</script>"
    add_exports(site)

    @site.page("/inbox")
    async def inbox() -> None:
        identity = await _who(site)
        with site.frame("Inbox", identity=identity):
            await Listing(site, identity, Asked.of(ui.context.client.request.query_params)).draw()

    @site.page("/inbox/{chat}")
    async def decisions(chat: str) -> None:
        ui.add_head_html(script)
        identity = await site.identity()
        with site.frame(f"Decisions in {chat}", identity=identity):
            if site.admits(identity, "viewer"):
                await show_decisions(site, identity, chat)

    # Not "request": pages get the HTTP request under that name.
    @site.page("/inbox/{chat}/{id}")
    async def card(chat: str, id: str) -> None:
        ui.add_head_html(script)
        identity = await _who(site)
        try:
            found = await site.chats.find(chat, identity)
            async with soon(SILENT), site.chats.hold(found, identity) as held:
                asked = await find(held, id)
        except EXPECTED as error:
            with site.frame("Request", identity=identity):
                if lasting(error):
                    raise
                not_now(error)
            return
        title = "Request" if asked is None else title_of(asked.kind, asked.name, asked.path)
        with site.frame(title, identity=identity):
            reads = identity.may(Permission.READ)
            # Whom a request names may see it whatever else they may.
            if not reads and (asked is None or not may_decide(identity, asked)):
                site.admits(identity, "viewer")
                return
            with element("nav", "crumbs").props('aria-label="Where this is"'):
                link("Inbox", site.path("inbox"))
                if reads:
                    text("span", "in chat").classes("muted")
                    link(chat, site.path("chats", chat)).classes("mono")
                    link("Decisions of this chat", site.path("inbox", chat))
            await Card(site, identity, found, id).draw(asked)


async def _who(site: Site) -> Identity:
    """Who is signed in; the log tells which way they decided."""
    return replace(await site.identity(), channel="dashboard")
