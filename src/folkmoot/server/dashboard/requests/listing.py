"""The inbox: what people are asked over all chats, by deadline, to be opened one by one or decided together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments

from folkmoot._chat.people import ANYONE
from folkmoot.errors import BadCommandError
from folkmoot.server.claims import ROLES
from folkmoot.server.dashboard.bulk import Outcome
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.grid import Column, Grid
from folkmoot.server.dashboard.relooking import Relooking
from folkmoot.server.dashboard.widgets import banner, button, confirm, element, empty, link, live_region, text
from folkmoot.server.identity import Identity, Permission
from folkmoot.server.routes_requests import show_inbox
from folkmoot.server.schemas import Inbox, InboxItem, Whose

from .casting import Pick, give_all, pick_all
from .wording import EVERYBODY, KINDS, due_words, exact, subject_of

__all__ = ["Asked", "Listing"]

EVERY = 3.0
"""Seconds between two looks at what lists of chats tell."""
LIMIT = 200
"""Chats that a page looks into: within it, the earliest deadline comes first."""
MOST = 50
"""Requests that are decided together, at most: each is shown before."""
_COLUMNS = (
    Column("what", "Request", "id"),
    Column("kind", "Kind"),
    Column("due", "Due", "tags"),
    Column("chat", "Chat"),
    Column("path", "Participant"),
    Column("who", "May decide", "tags"),
    Column("since", "Waiting for", "age"),
)
_ROLE = "role:"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests an address asks for.

    Attributes:
        whose: `mine`, `all`, or `role:NAME`.
        overdue: Only those whose deadline is over.
        cursor: Of the page.
    """

    whose: str = "mine"
    overdue: bool = False
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Those of a query string.

        Raises:
            BadCommandError: Nobody's requests are called so.
        """
        whose = query.get("whose", "") or "mine"
        if whose not in ("mine", "all") and not whose.startswith(_ROLE):
            raise BadCommandError(f"Whose {whose!r}: expected mine, all, or role:NAME.")
        return cls(whose, bool(query.get("overdue")), query.get("cursor", ""))

    def query(self, **changes: str) -> str:
        """The query string with other values, from the first page on; begins with "?" unless it is empty."""
        given = {"whose": self.whose, "overdue": "1" if self.overdue else "", **changes}
        if given["whose"] == "mine":
            del given["whose"]
        given = {name: value for name, value in given.items() if value}
        return f"?{urlencode(given)}" if given else ""


class Listing(Relooking[Inbox]):
    """The inbox as one person sees it."""

    def __init__(self, site: Site, identity: Identity, asked: Asked) -> None:
        super().__init__(EVERY)
        self._site = site
        self._identity = identity
        self._asked = asked
        self._chosen: list[str] = []
        self._together: ui.element | None = None
        self._items: dict[str, InboxItem] = {}

    def lay_out(self) -> None:
        """Draw whose requests there are to see, commands for several, the table and its pager."""
        self._tabs()
        decides = self._identity.may(Permission.DECIDE) or self._asked.whose != "all"
        if decides:
            self._bulk()
        self._results = live_region()
        self._grid = Grid("What people are asked, earliest deadline first", _COLUMNS, self._choose if decides else None)
        self._none = element("div")
        with self._none:
            self._empty()
        with element("nav", "toolbar pager").props('aria-label="Pages"'):
            self._count = text("span", "").classes("muted")
            if self._asked.cursor:
                link("First page", self._site.path("inbox") + self._asked.query()).classes("button push")
            self._next = link("Next page", "").classes("button" if self._asked.cursor else "button push")

    async def read(self) -> Inbox:
        """Read it the way the API does, with what that refuses."""
        asked, chats = self._asked, self._site.chats
        role = asked.whose.removeprefix(_ROLE) if asked.whose.startswith(_ROLE) else None
        whose = Whose.ALL if asked.whose == "all" else Whose.MINE
        return await show_inbox(self._identity, chats, whose, role, None, asked.overdue, LIMIT, asked.cursor or None)

    # --- Drawing -----------------------------------------------------------------------------------------------------

    def _tabs(self) -> None:
        mine = sorted(role for role in self._identity.roles if role not in ROLES)
        tabs = [("mine", "Mine"), *((f"{_ROLE}{role}", role) for role in mine)]
        if self._asked.whose.startswith(_ROLE) and self._asked.whose not in dict(tabs):
            tabs.append((self._asked.whose, self._asked.whose.removeprefix(_ROLE)))
        if self._identity.may(Permission.OPERATE):
            tabs.append(("all", "All"))
        with element("nav", "tabs").props('aria-label="Whose requests"'):
            for whose, label in tabs:
                tab = link(label, self._site.path("inbox") + self._asked.query(whose=whose))
                if self._asked.whose == whose:
                    tab.props('aria-current="true"')
            shown = "1" if not self._asked.overdue else ""
            only = link("Overdue only", self._site.path("inbox") + self._asked.query(overdue=shown)).classes("push")
            if self._asked.overdue:
                only.props('aria-current="true"')

    def show(self, found: Inbox) -> None:
        """Show what people are asked by now."""
        items = {_row_id(item): item for item in found.requests}
        self._items = items
        rows = [self._row(name, item) for name, item in items.items()]
        self._grid.show(rows)
        self._grid.set_visibility(bool(rows))
        self._none.set_visibility(not rows)
        if self._together is not None:
            self._together.set_visibility(bool(rows))
        self._next.set_visibility(found.next is not None)
        if found.next is not None:
            self._next.address = self._site.path("inbox") + self._asked.query(cursor=found.next)
        late = sum(item.overdue for item in found.requests)
        one = "1 request" if len(rows) == 1 else f"{len(rows):,} requests"
        self._count.text = f"{one}, {late:,} overdue; the earliest deadline first. Kept up to date." if rows else ""

    def _row(self, name: str, item: InboxItem) -> dict[str, Any]:
        words = due_words(item.due)
        kind = "error" if item.overdue else ""
        return {
            "id": name,
            "what": subject_of(item.kind, item.name, item.path),
            "href": self._site.path("inbox", item.chat, item.request),
            "kind": KINDS.get(item.kind, item.kind),
            "due": [{"text": words or "overdue", "kind": kind}] if words or item.overdue else [],
            "chat": item.chat,
            "path": item.path or "the chat",
            "who": [{"text": EVERYBODY if who == ANYONE else who, "kind": ""} for who in item.who],
            "since": item.since,
        }

    def _empty(self) -> None:
        if self._asked.overdue:
            empty("Nothing is overdue", "Requests whose deadline is over, and which still wait, are listed here.")
        elif self._asked.whose == "mine":
            empty("Nothing waits for you", "What a chat asks of you, or of a role of yours, is listed here at once.")
        else:
            empty("Nobody is asked anything", "What chats ask people to approve or to answer is listed here at once.")

    # --- Several at once ---------------------------------------------------------------------------------------------

    def _bulk(self) -> None:
        self._together = element("div", "toolbar bulk")
        with self._together.props('role=group aria-label="Decide the selected requests"'):
            self._selected = text("span", "").classes("muted").props("aria-live=polite")
            self._buttons = [
                button("Approve", lambda: self._ask("approve"), kind="small"),
                button("Reject", lambda: self._ask("reject"), kind="small"),
            ]
        self._choose([])

    def _choose(self, ids: list[str]) -> None:
        self._chosen = ids
        some = 0 < len(ids) <= MOST
        hint = "Select requests to approve or reject them together"
        too_many = f"; at most {MOST} are decided together" if len(ids) > MOST else ""
        self._selected.text = f"{len(ids)} selected{too_many}" if ids else hint
        for one in self._buttons:
            one.props("" if some else "disabled", remove="disabled" if some else "")

    async def _ask(self, verdict: str) -> None:
        items = [self._items[name] for name in self._chosen if name in self._items]
        picks = await pick_all(self._site, self._identity, [(item.chat, item.request) for item in items])
        ready = [pick for pick in picks if not pick.why]
        label, said = verdict.capitalize(), [""]
        count = "1 request" if len(ready) == 1 else f"{len(ready)} requests"

        async def more() -> None:
            self._shown(picks)
            with element("div", "field"):
                why = "Reason; models read it" if verdict == "reject" else "Comment, for the log"
                made = text("textarea", "").classes("textarea").props("id=bulk-reason rows=2")
                text("label", why).props("for=bulk-reason").move(target_index=0)
                made.on("input", lambda event: _keep(said, event), js_handler="(event) => emit(event.target.value)")

        lines = ["You decide over exactly what is shown here; what changes meanwhile is refused."]
        if not await confirm(f"{label} {count}?", lines, label, danger=verdict == "reject", more=more) or not ready:
            return
        outcomes = await give_all(self._site, self._identity, picks, verdict, said[0].strip())
        self._tell(label, picks, outcomes)
        self._grid.clear_choice()
        self._choose([])
        await self.again()

    def _shown(self, picks: list[Pick]) -> None:
        """Each of them, with what is to be decided."""
        scrolls = element("div", "picks").props('tabindex=0 role=group aria-label="What is decided"')
        with scrolls, element("ul"):
            for pick in picks:
                with element("li"):
                    name = (
                        pick.id
                        if pick.request is None
                        else subject_of(pick.request.kind, pick.request.name, pick.request.path)
                    )
                    text("strong", name)
                    text("span", f" in {pick.chat}").classes("muted")
                    if pick.why:
                        text("p", f"Left out: {pick.why}").classes("bad")
                    elif pick.request is not None:
                        text("pre", exact(pick.request) or pick.request.prompt)

    def _tell(self, label: str, picks: list[Pick], outcomes: list[Outcome]) -> None:
        """What became of each."""
        pairs = sorted(zip(picks, outcomes, strict=True), key=lambda pair: pair[1].done)
        done = sum(item.done for item in outcomes)
        self._results.clear()
        with self._results:
            said = f"{label}: {done} of {len(outcomes)} votes count."
            with banner(said, kind="good" if done == len(outcomes) else "warning", dismiss=True):
                with element("details", "outcomes") as more:
                    text("summary", "Result per request")
                    with element("ul"):
                        for pick, outcome in pairs:
                            with element("li"):
                                link(f"{pick.id[:8]} in {pick.chat}", self._site.path("inbox", pick.chat, pick.id))
                                text("span", outcome.text).classes("" if outcome.done else "bad")
                if done < len(outcomes):
                    more.props("open")


def _keep(place: list[str], event: GenericEventArguments) -> None:
    place[0] = str(event.args)


def _row_id(item: InboxItem) -> str:
    """What a row is called by those who do not see it; no two are called the same."""
    return f"{subject_of(item.kind, item.name, item.path)} in {item.chat}, request {item.request[:8]}"
