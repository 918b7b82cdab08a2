"""What every page of the dashboard has: who looks at it, header, navigation, theme, a place for what went wrong.

A page registers itself with `Site.page`, asks `Site.identity` who is there, and draws its content within `Site.frame`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from nicegui import ui

from folkmoot.client import Folkmoot
from folkmoot.errors import ChatNotFoundError
from folkmoot.server.authenticator import Authenticator
from folkmoot.server.chats import Chats
from folkmoot.server.feeds import Feeds
from folkmoot.server.identity import Identity, identity_of
from folkmoot.server.settings import Settings

from .boards import Boards
from .details import Details
from .errors import EXPECTED, lasting, told
from .pulse import Pulse, WorkerPulses
from .sessions import Sessions
from .survey import Survey
from .widgets import banner, button, element, link, live_region, on_gone, text

__all__ = ["PATH", "Site"]

PATH = "/dashboard"
"""Where the dashboard is on the server."""
BUILDING = 60.0
"""Seconds in which a page must be built: long enough that a server that is slow is told of by itself."""
_NAVIGATION = (
    ("Chats", "", "viewer"),
    ("Inbox", "inbox", None),
    ("Failures", "failures", "viewer"),
    ("Workers", "workers", "viewer"),
)
_THEMES = {"system": "System theme", "light": "Light", "dark": "Dark"}


@dataclass
class Site:
    """What pages work with.

    Attributes:
        moot: The server's client.
        settings: The server's.
        chats: The chats as callers may see them.
        feeds: What happens in them, as it happens.
        authenticator: Tells who somebody is.
        ui_url: Where Temporal's Web UI is; empty: nowhere.
    """

    moot: Folkmoot
    settings: Settings
    chats: Chats
    feeds: Feeds
    authenticator: Authenticator
    ui_url: str = ""
    sessions: Sessions = field(init=False)
    """The pages that are open."""
    boards: Boards = field(init=False)
    """The lists that are looked at."""
    details: Details = field(init=False)
    """What lists do not tell of chats."""
    survey: Survey = field(init=False)
    """What goes wrong in them."""
    pulse: Pulse = field(init=False)
    """Whether the Temporal server answers."""
    workers: WorkerPulses = field(init=False)
    """Whether the workers of chats that are followed answer."""
    _places: dict[str, _Places] = field(init=False, default_factory=dict[str, "_Places"])
    _styles: list[str] = field(init=False, default_factory=list[str])

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.authenticator)
        self.boards = Boards(self.moot.client)
        self.details = Details(self.moot.client, self.chats)
        self.survey = Survey(self.moot.client, self.chats, self.details)
        self.pulse = Pulse(self.moot.client)
        self.workers = WorkerPulses(self.chats)

    def page(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator: the coroutine function that builds the page of this path, which begins with "/"."""
        return ui.page(path, response_timeout=BUILDING)

    def path(self, *parts: str) -> str:
        """The address of a page: `site.path("chats", chat_id)`."""
        return "/".join([PATH, *(quote(part, safe="") for part in parts)]) if parts else f"{PATH}/"

    async def identity(self) -> Identity:
        """Who is signed in; nobody else gets as far as to a page."""
        client = ui.context.client
        found = identity_of(client.request)
        self.sessions.watch(client, found)
        return found

    def may(self, identity: Identity, role: str) -> bool:
        """Whether somebody may all that this role of the API may."""
        return identity.amounts_to(role)

    def admits(self, identity: Identity, role: str) -> bool:
        """Whether somebody may see a page; says so on it if they may not. For use within `frame`."""
        if self.may(identity, role):
            return True
        had = f"Yours is {identity.role!r}" if identity.role else "You have none"
        banner(f"This page takes the role {role!r}. {had}; ask an administrator for a token that has it.", kind="error")
        return False

    def temporal_ui(self, chat_id: str) -> str:
        """The address of a chat's workflow in Temporal's Web UI; empty: there is none."""
        if not self.ui_url:
            return ""
        namespace = quote(self.moot.client.namespace, safe="")
        return f"{self.ui_url.rstrip('/')}/namespaces/{namespace}/workflows/{quote(chat_id, safe='')}"

    def add_style(self, css: str) -> None:
        """Add rules to every page's style sheet."""
        self._styles.append(css)

    def command_line(self, command: str) -> None:
        """Show the command that does what was just done on the page, to be copied."""
        places = self._places.get(ui.context.client.id)
        if places is not None:
            places.command.show(command)

    def problem(self, error: Exception) -> None:
        """Show on the page that something failed."""
        places = self._places.get(ui.context.client.id)
        if places is not None:
            with places.problems:
                banner(told(error), kind="error", dismiss=True)

    def stop(self) -> None:
        """The server stops."""
        for part in (self.sessions, self.boards, self.details, self.pulse, self.workers):
            part.stop()

    @contextmanager
    def frame(self, title: str, *, identity: Identity) -> Generator[None]:
        """Draw a page around the content of the block; what fails in there is told on it.

        Args:
            title: The page's heading, and what the window is called.
            identity: Who looks at it.
        """
        client = ui.context.client
        ui.page_title(f"{title} · Folkmoot")
        for css in self._styles:
            ui.add_css(css)
        with client.layout:
            link("Skip to content", "#content").classes("skip").move(target_index=0)
            _header(self, identity).move(target_index=1)
        ui.on_exception(self.problem)
        with element("div", "page").props('id=content tabindex="-1"'):
            element("div", "connection banner warning").props("id=connection role=status aria-live=polite")
            with element("div", "page-head"):
                text("h1", title)
            problems, content, command = live_region(assertive=True), element("div", "body"), _CommandLine()
            self._places[client.id] = _Places(problems, command)
            on_gone(client, lambda: self._places.pop(client.id, None))
            with content:
                try:
                    yield
                except EXPECTED as error:
                    with banner(told(error), kind="error", retry=not lasting(error)):
                        if isinstance(error, ChatNotFoundError):
                            link("All chats", self.path()).classes("button small")


def _header(site: Site, identity: Identity) -> ui.element:
    here = ui.context.client.request.url.path.rstrip("/").removeprefix(PATH).strip("/").partition("/")[0]
    with element("header", "top") as header:
        link("Folkmoot", site.path()).classes("brand")
        with element("nav", "menu").props('aria-label="Dashboard"'):
            for name, place, role in _NAVIGATION:
                if role is None or site.may(identity, role):
                    item = link(name, site.path(place) if place else site.path())
                    if here == place or (here == "chats" and not place):
                        item.props('aria-current="page"')
        with element("div", "who"):
            with element("select", "select small").props('id=theme aria-label="Theme"'):
                for value, label in _THEMES.items():
                    text("option", label).props(f'value="{value}"')
            if site.settings.auth == "none":
                text("span", "No sign-in").classes("muted")
            else:
                text("span", identity.name or identity.subject).classes("name").props(f'title="{_rank(identity)}"')
                with element("form").props(f'method=post action="{PATH}/logout"'):
                    button("Sign out", kind="quiet small").props("type=submit")
    return header


def _rank(identity: Identity) -> str:
    tenant = "all tenants" if identity.all_tenants else f"tenant {identity.tenant}" if identity.tenant else "no tenant"
    return f"{identity.role or 'no role'}, {tenant}"


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a page is told something that happens while it is open."""

    problems: ui.element
    command: _CommandLine


class _CommandLine:
    """The place at the end of a page for the command that does what was done on it."""

    def __init__(self) -> None:
        with element("div", "command-line").props("role=status aria-live=polite") as self._place:
            text("span", "Same on the command line:").classes("muted")
            self._code = text("code", "")
            button("Copy", kind="quiet small").on("click", js_handler=_COPY)
        self._place.set_visibility(False)

    def show(self, command: str) -> None:
        self._code.text = command
        self._code.update()
        self._place.set_visibility(True)


_COPY = "(event) => folkmoot.copy(event.currentTarget)"
