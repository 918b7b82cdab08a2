"""The page of what was decided in a chat, and its export."""

from __future__ import annotations

from collections import deque

from fastapi import Request, Response
from nicegui import app

from folkmoot.errors import BadCommandError
from folkmoot.server.dashboard.conversation.following import SILENT
from folkmoot.server.dashboard.errors import soon
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.serving import attached, telling, who_may
from folkmoot.server.dashboard.widgets import element, empty, link, text, time_of
from folkmoot.server.identity import Identity, Permission

from .decisions import Settled, as_csv, as_json, decisions_of
from .settled import exact_text
from .wording import KINDS, asker_words, subject_of

__all__ = ["add_exports", "show_decisions"]

SHOWN = 200
"""Decisions on a page, the latest; the export has all."""


async def show_decisions(site: Site, identity: Identity, chat_id: str) -> None:
    """Draw the decisions of a chat, latest first.

    Raises:
        ChatNotFoundError: There is no such chat.
        TimeoutError: Nobody answers for it.
    """
    latest: deque[Settled] = deque(maxlen=SHOWN)
    count = 0
    async with site.chats.chat(chat_id, identity) as chat:
        # Not to wait for ever for a worker that is gone.
        async with soon(SILENT):
            await chat.status()
        async for item in decisions_of(chat):
            latest.append(item)
            count += 1
    with element("div", "toolbar"):
        link("Inbox", site.path("inbox")).classes("button quiet")
        link("The chat", site.path("chats", chat_id)).classes("button quiet")
        for kind in ("json", "csv"):
            made = link(f"Export as {kind.upper()}", site.path("chats", chat_id, f"decisions.{kind}"))
            made.classes("button push" if kind == "json" else "button").props("download")
    if not latest:
        empty("Nothing was decided here yet", "Approvals, answers and other decisions are listed here for good.")
        return
    shown = f"The latest {len(latest):,} of {count:,}" if count > len(latest) else f"{count:,}"
    text("p", f"{shown} {'decision' if count == 1 else 'decisions'}, latest first.").classes("muted")
    with element("ol", "settled"):
        for item in reversed(latest):
            with element("li", "panel"):
                _decision(site, chat_id, item)


def _decision(site: Site, chat_id: str, item: Settled) -> None:
    with element("div", "facts"):
        bad = item.verdict in ("reject", "failed")
        text("span", item.verdict).classes("badge error" if bad else "badge good")
        name = subject_of(item.kind, item.name, item.path)
        link(name, site.path("inbox", chat_id, item.request)).classes("mono")
        text("span", f"{KINDS.get(item.kind, item.kind)}, {asker_words(item.kind, item.path)}").classes("muted")
        time_of(item.time).classes("muted")
    text("p", item.who).classes("as-said")
    for said in item.notes:
        text("p", said).classes("as-said")
    if item.subject:
        with element("details"):
            text("summary", "Over exactly what")
            exact_text(item.subject, f"What was decided about {name}")
            if item.hash:
                with element("p", "muted hint"):
                    text("span", "Hash ")
                    text("code", item.hash)


def add_exports(site: Site) -> None:
    """Register the addresses of the export."""

    @app.get("/chats/{id}/decisions.{kind}")
    @telling
    async def export(request: Request, id: str, kind: str) -> Response:
        identity = who_may(request, Permission.READ)
        if kind not in ("json", "csv"):
            raise BadCommandError(f"Decisions are exported as json or csv; got {kind!r}.")
        async with site.chats.chat(id, identity) as chat:
            found = [item async for item in decisions_of(chat)]
        content = as_json(id, found) if kind == "json" else as_csv(id, found)
        media = "application/json" if kind == "json" else "text/csv; charset=utf-8"
        return Response(content, media_type=media, headers=attached(f"{id}-decisions.{kind}"))
