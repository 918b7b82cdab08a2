"""The page of a chat: its head, its views, and the buttons that steer it. Each view has an address of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from nicegui import ui

from folkmoot.errors import ChatNotFoundError
from folkmoot.server.dashboard.errors import EXPECTED
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.lost import not_now
from folkmoot.server.dashboard.widgets import banner, button, confirm, element, link, status_badge, text
from folkmoot.server.handles import RequestChat

from .asking import Asked, checkbox
from .deeds import DEEDS, Deed, command_line
from .files import add_files
from .looking import Look
from .panel_snapshots import show_snapshots
from .panel_state import show_state
from .panel_team import show_team
from .panel_timeline import show_timeline
from .panel_transcript import show_transcript

__all__ = ["pages"]

_HERE = Path(__file__).parent
_VIEWS = {
    "": "Transcript",
    "timeline": "Timeline",
    "team": "Team",
    "snapshots": "Snapshots",
    "state": "State and use",
}


def pages(site: Site) -> None:
    """Register the page."""
    site.add_style((_HERE / "conversation.css").read_text("utf-8"))
    script = f"<script>{(_HERE / 'conversation.js').read_text('utf-8')}</script>"
    add_files(site)

    @site.page("/chats/{id}")
    async def conversation(
        id: str,
        tab: str = "",
        at: int | None = None,
        turn: int | None = None,
        who: str = "",
        read: int | None = None,
        a: int | None = None,
        b: int | None = None,
        before: int | None = None,
    ) -> None:
        ui.add_head_html(script)
        identity = await site.identity()
        with site.frame(id, identity=identity):
            if not site.admits(identity, "viewer"):
                return
            try:
                look = await Look.at(site, identity, id)
            except ChatNotFoundError:
                raise
            except EXPECTED as error:
                not_now(error, site.temporal_ui(id))
                return
            _head(look)
            _views(look, tab)
            views: dict[str, Callable[[], Awaitable[None]]] = {
                "": lambda: show_transcript(look, at, turn),
                "timeline": lambda: show_timeline(look, at),
                "team": lambda: show_team(look, who),
                "snapshots": lambda: show_snapshots(look, before, read, None if a is None or b is None else (a, b)),
                "state": lambda: show_state(look),
            }
            if tab not in views:
                banner(f"There is no view {tab!r}; there are: {', '.join(_VIEWS.values())}.", kind="error")
                return
            await views[tab]()


def _head(look: Look) -> None:
    facts = element("div", "facts").props('role=status aria-live=polite aria-label="Where the chat stands"')
    deeds = element("div", "toolbar deeds").props('role=group aria-label="Steer the chat"')
    shown = ""

    async def draw() -> None:
        nonlocal shown
        status = look.status
        facts.clear()
        with facts:
            _facts(look)
        if shown != status.status:
            # Buttons that stay the same keep the focus.
            shown = status.status
            deeds.clear()
            with deeds:
                _deeds(look)

    with facts:
        _facts(look)
    shown = look.status.status
    with deeds:
        _deeds(look)
    look.watch(draw)


def _facts(look: Look) -> None:
    status = look.status
    status_badge(status.status)
    lines = [status.team, f"run {status.run}, turn {status.turn}"]
    if status.speakers:
        lines.append(f"speaking: {', '.join(status.speakers)}")
    if status.waiting_for:
        lines.append(f"waiting for {', '.join(status.waiting_for)}")
    lines.append(f"{status.tokens:,} tokens")
    for line in lines:
        text("span", line)
    if status.error:
        text("span", f"{status.error.get('type')}: {status.error.get('message')}").classes("failure")
    elif status.stop_reason and status.status == "idle":
        text("span", f"ended: {status.stop_reason}").classes("muted")


def _deeds(look: Look) -> None:
    if look.operates:
        for deed in DEEDS:
            if look.status.status in deed.statuses:
                _deed(look, deed)
    if any(reason.partition(":")[0] != "worker" for reason in look.status.waiting_for):
        link("To the inbox", look.site.path("inbox")).classes("button")
    if address := look.site.temporal_ui(look.id):
        link("Temporal’s Web UI", address).classes("button quiet").props("target=_blank rel=noopener")


def _deed(look: Look, deed: Deed) -> None:
    async def ask() -> None:
        asked = Asked()

        async def more() -> None:
            if deed.option is not None:
                checkbox(deed.option[1], asked, deed.option[0])

        if not await confirm(deed.title, list(deed.lines), deed.button, danger=deed.danger, more=more):
            return
        options = {name: True for name, ticked in asked.items() if ticked}

        async def do(chat: RequestChat) -> None:
            if deed.verb == "run":
                # What comes of it is followed, not waited for.
                await chat.start(None)
            else:
                await getattr(chat, deed.verb)(**options)

        of_chat = command_line("run", "TEAM", id=look.id) if deed.verb == "run" else ""
        await look.attempt(do, of_chat or command_line(deed.verb, look.id, **options))

    button(deed.button, ask, kind="danger" if deed.danger else "")


def _views(look: Look, here: str) -> None:
    with element("nav", "views").props('aria-label="Views of this chat"'):
        for tab, name in _VIEWS.items():
            made = link(name, look.path(tab=tab))
            if tab == here:
                made.props('aria-current="page"')
