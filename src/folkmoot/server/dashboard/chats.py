"""The list of chats: live, filtered by its address, with commands for several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from temporalio.client import WorkflowExecution

from folkmoot.server.identity import Identity
from folkmoot.server.listing import summary_of
from folkmoot.server.schemas import ChatState

from .boards import COUNTED, LIMIT, Board, View
from .bulk import VERBS, Outcome, Verb, command_lines, command_them
from .details import Detail
from .errors import EXPECTED, told
from .frame import Site
from .grid import Column, Grid
from .query import Filters
from .widgets import Text, banner, button, confirm, element, empty, link, live_region, on_gone, text, time_of

__all__ = ["pages", "row_of"]

_COLUMNS = (
    Column("id", "Chat", "id"),
    Column("status", "Status", "status"),
    Column("team", "Team"),
    Column("speaker", "Speaker"),
    Column("waiting", "Waiting for", "tags"),
    Column("turn", "Turn", "num"),
    Column("tokens", "Tokens", "num"),
    Column("cost", "Cost", "num"),
    Column("age", "Age", "age"),
)
_TENANT = Column("tenant", "Tenant")
_ORDER = (
    ChatState.RUNNING,
    ChatState.WAITING,
    ChatState.PAUSING,
    ChatState.PAUSED,
    ChatState.IDLE,
    ChatState.CLOSED,
)
_FIELDS = (
    ("search", "Chat id begins with", "e.g. invoice-"),
    ("team", "Team", "exact name"),
    ("waiting", "Waiting for", "e.g. role:finance"),
)


def pages(site: Site) -> None:
    """Register the page."""

    @site.page("/")
    async def chats() -> None:
        identity = await site.identity()
        with site.frame("Chats", identity=identity):
            if site.admits(identity, "viewer"):
                filters = Filters.of(ui.context.client.request.query_params)
                await _List(site, identity, filters).draw()


class _List:
    """The list as one viewer sees it."""

    def __init__(self, site: Site, identity: Identity, filters: Filters) -> None:
        self._site = site
        self._identity = identity
        self._filters = filters
        self._chosen: list[str] = []
        self._error: ui.element | None = None
        self._drawn: Board | None = None

    async def draw(self) -> None:
        """Draw it, and keep it as the chats are.

        Raises:
            FolkmootError: An address asks for what there is not.
            RPCError: The server does not answer.
        """
        site, client = self._site, ui.context.client
        wanted = self._filters.wanted(self._identity)
        self._view = view = View(wanted, self._filters.cursor or None)
        self._statuses()
        self._form()
        board = await site.boards.join(view, self._changed)
        on_gone(client, lambda: site.boards.leave(view, self._changed))
        self._place = client.content
        self._stale = live_region()
        if site.may(self._identity, "operator"):
            self._bulk()
        self._results = live_region()
        columns = [*_COLUMNS]
        if self._identity.all_tenants:
            columns.insert(3, _TENANT)
        choose = self._choose if site.may(self._identity, "operator") else None
        self._grid = Grid("Chats, newest first", columns, choose)
        self._none = element("div")
        with self._none:
            self._empty()
        self._pager()
        self._changed(board)
        await self._recount()
        ui.timer(COUNTED, self._recount, immediate=False)

    def _statuses(self) -> None:
        """Links to the chats of each status."""
        self._counts: dict[str, Text] = {}
        with element("nav", "tabs").props('aria-label="Status"'):
            for status in ("", *_ORDER):
                with link("", self._site.path() + self._filters.but(status=str(status))) as tab:
                    text("span", str(status).capitalize() or "All")
                    self._counts[str(status) or "all"] = text("span", "").classes("count")
                if self._filters.status == str(status):
                    tab.props('aria-current="true"')

    def _count(self, counts: Mapping[str, int]) -> None:
        for status, shown in self._counts.items():
            number = f"{counts.get(status, 0):,}"
            if shown.text != number:
                shown.text = number

    async def _recount(self) -> None:
        try:
            self._count(await self._site.boards.counts(self._view.now()))
        except EXPECTED:
            # The list itself tells that nothing comes.
            return

    def _form(self) -> None:
        filters = self._filters
        with element("form", "toolbar filters").props(f'method=get action="{self._site.path()}" role=search'):
            if filters.status:
                _hidden("status", filters.status)
            for name, label, hint in _FIELDS:
                _field(name, label, getattr(filters, name), hint)
            if self._identity.all_tenants:
                _field("tenant", "Tenant", filters.tenant, "of all")
            with element("div", "field inline"):
                box = element("input").props("type=checkbox name=due value=overdue id=filter-due")
                if filters.due:
                    box.props("checked")
                text("label", "Past due").props("for=filter-due")
            button("Filter", kind="primary").props("type=submit")
            if filters.any:
                link("Clear", self._site.path()).classes("button quiet")

    def _bulk(self) -> None:
        with element("div", "toolbar bulk").props('role=group aria-label="Commands for the selected chats"'):
            self._selected = text("span", "").classes("muted").props("aria-live=polite")
            self._buttons = [button(verb.label, self._asks(verb), kind="small") for verb in VERBS]
        self._choose([])

    def _asks(self, verb: Verb) -> Any:
        async def ask() -> None:
            ids = self._chosen
            many = f"{len(ids)} chats" if len(ids) > 1 else f"chat {ids[0]}"
            named = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
            lines = [verb.effect] + ([named] if len(ids) > 1 else [])
            if not await confirm(f"{verb.label} {many}?", lines, verb.label, danger=verb.danger):
                return
            for one in self._buttons:
                one.props("disabled")
            outcomes = await command_them(self._site.chats, self._identity, verb, ids)
            self._show(verb, outcomes)
            self._grid.clear_choice()
            self._choose([])
            self._site.command_line(command_lines(verb, ids))
            self._site.boards.look()

        return ask

    def _show(self, verb: Verb, outcomes: list[Outcome]) -> None:
        """What became of each."""
        failed = [item for item in outcomes if not item.done]
        self._results.clear()
        with self._results:
            done = len(outcomes) - len(failed)
            said = f"{verb.label}: {done} of {len(outcomes)} chats took it."
            with banner(said, kind="warning" if failed else "good", dismiss=True):
                with element("details", "outcomes") as more:
                    text("summary", "Result per chat")
                    with element("ul"):
                        for item in [*failed, *(item for item in outcomes if item.done)]:
                            with element("li"):
                                link(item.id, self._site.path("chats", item.id)).classes("mono")
                                text("span", item.text).classes("" if item.done else "bad")
                if failed:
                    more.props("open")

    def _choose(self, ids: list[str]) -> None:
        self._chosen = ids
        self._selected.text = f"{len(ids)} selected" if ids else "Select chats to pause, resume or stop them"
        for one in self._buttons:
            one.props("disabled" if not ids else "", remove="disabled" if ids else "")

    def _pager(self) -> None:
        with element("nav", "toolbar pager").props('aria-label="Pages"'):
            self._at = text("span", "").classes("muted")
            if self._filters.cursor:
                link("First page", self._site.path() + self._filters.but()).classes("button push")
            self._next = link("Next page", "").classes("button" if self._filters.cursor else "button push")

    def _empty(self) -> None:
        if self._filters.any:
            empty("No chat is like that", "Take a filter away, or clear them all.")
        else:
            empty(
                "No chats yet",
                "Open one: folkmoot run TEAM.json, or POST /v1/chats. It is listed here within a second.",
            )

    def _changed(self, board: Board) -> None:
        """Show a look at the list."""
        with self._place:
            self._drawn = board
            self._tell(board)
            if board.error is None:
                self._draw_rows()
                self._site.details.want(board.chats, self._redraw)

    def _redraw(self) -> None:
        if not self._grid.is_deleted:
            with self._place:
                self._draw_rows()

    def _draw_rows(self) -> None:
        assert self._drawn is not None
        board, details = self._drawn, self._site.details
        rows = [row_of(chat, details.of(chat), self._site.path("chats", chat.id)) for chat in board.chats]
        self._grid.show(rows)
        self._grid.set_visibility(bool(rows))
        self._none.set_visibility(not rows)
        self._next.set_visibility(board.following is not None)
        if board.following is not None:
            address = self._site.path() + self._filters.but(cursor=board.following, due=self._due())
            self._next.address = address
        self._at.text = f"{len(rows)} chats, newest first; {LIMIT} to a page. Kept up to date."

    def _due(self) -> str:
        """Before when deadlines on this page are, so that the next one is of the same list."""
        view = self._view
        time = view.now().due_before if self._filters.due else None
        return "" if time is None else time.isoformat(timespec="minutes")

    def _tell(self, board: Board) -> None:
        """Say that the list is old, while it is."""
        if board.error is None:
            if self._error is not None:
                self._stale.clear()
                self._error = None
        elif self._error is None:
            with self._stale:
                self._error = banner(told(board.error), kind="warning", retry=self._site.boards.look)
                if board.at:
                    with self._error, element("p").move(target_index=1):
                        text("span", "What is shown is of ")
                        time_of(board.at.isoformat())


def row_of(chat: WorkflowExecution, detail: Detail | None, address: str) -> dict[str, Any]:
    """A chat as a row of the list."""
    line = summary_of(chat)
    waits = [{"text": item, "kind": ""} for item in line.waiting_for]
    known = detail or Detail()
    return {
        "id": line.id,
        "href": address,
        "status": str(line.status),
        "failure": ": ".join(known.error) if known.error and line.status == ChatState.IDLE else "",
        "team": line.team,
        "tenant": line.tenant,
        "speaker": ", ".join(known.speakers) if line.status not in (ChatState.IDLE, ChatState.CLOSED) else "",
        "waiting": waits,
        "turn": f"{max(line.turns, known.turn):,}",
        "tokens": f"{max(line.tokens, known.tokens):,}",
        "cost": "" if known.cost is None else f"{known.cost:,.4f}",
        "age": line.started.isoformat(),
    }


def _hidden(name: str, value: str) -> None:
    field = element("input").props(f"type=hidden name={name}")
    field.props["value"] = value


def _field(name: str, label: str, value: str, hint: str) -> None:
    with element("div", "field"):
        text("label", label).props(f"for=filter-{name}")
        field = element("input", "input").props(f"id=filter-{name} name={name} autocomplete=off spellcheck=false")
        field.props["value"] = value
        field.props["placeholder"] = hint
