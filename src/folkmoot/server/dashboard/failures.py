"""What goes wrong: failures by cause, and chats that do not get on."""

from __future__ import annotations

from folkmoot.server.identity import Identity

from .frame import Site
from .grid import Column, Grid
from .relooking import Relooking, as_of
from .survey import FAILURES, KEPT, KINDS, MOST, STUCK, Findings, Trouble, grouped
from .widgets import button, element, empty, link, text

__all__ = ["pages"]

_COLUMNS = (
    Column("chat", "Chat", "id"),
    Column("what", "What", "tags"),
    Column("team", "Team"),
    Column("detail", "Detail"),
    Column("since", "For", "age"),
)
_SHOWN = 50
"""Chats of one cause that are named."""


def pages(site: Site) -> None:
    """Register the page."""

    @site.page("/failures")
    async def failures() -> None:
        identity = await site.identity()
        with site.frame("Failures", identity=identity):
            if site.admits(identity, "viewer"):
                await _Failures(site, identity).draw()


class _Failures(Relooking[Findings]):
    """The page as one viewer sees it."""

    def __init__(self, site: Site, identity: Identity) -> None:
        super().__init__(KEPT)
        self._site = site
        self._tenant = None if identity.all_tenants else identity.tenant
        self._shown: tuple[Trouble, ...] | None = None

    async def read(self) -> Findings:
        return await self._site.survey.look(self._tenant)

    def lay_out(self) -> None:
        with element("div", "toolbar"):
            self._at = element("span", "muted")
            button("Look again", self.again, kind="small push")
        text("h2", "Stuck chats")
        self._stuck = Grid("Stuck chats", _COLUMNS)
        self._none = element("div")
        with self._none:
            empty(
                "No chat is stuck", "Chats without a worker, past their deadline or without progress are listed here."
            )
        text("h2", "Failures by cause")
        self._causes = element("div", "causes")

    def show(self, found: Findings) -> None:
        limit = f" Only the newest {MOST} chats of each status were looked at." if found.cut else ""
        as_of(self._at, found.at, f"looked at again every {KEPT:.0f} s.{limit}")
        if found.troubles == self._shown:
            return
        self._shown = found.troubles
        stuck = [item for item in found.troubles if item.kind in STUCK]
        self._stuck.show([self._row(number, item) for number, item in enumerate(stuck)])
        self._stuck.set_visibility(bool(stuck))
        self._none.set_visibility(not stuck)
        self._causes.clear()
        with self._causes:
            groups = grouped(item for item in found.troubles if item.kind in FAILURES)
            for kind, cause, items in groups:
                self._cause(kind, cause, items)
            if not groups:
                empty("Nothing failed", "Runs that failed, calls that fail, and chats that were ended show up here.")

    def _row(self, number: int, item: Trouble) -> dict[str, object]:
        return {
            "id": f"{item.chat} {item.kind} {number}",
            "chat": item.chat,
            "href": self._site.path("chats", item.chat),
            "what": [{"text": KINDS[item.kind][0], "kind": "warning"}],
            "team": item.team,
            "detail": item.detail,
            "since": item.since.isoformat() if item.since else "",
        }

    def _cause(self, kind: str, cause: str, items: list[Trouble]) -> None:
        name, advice = KINDS[kind]
        chats = list(dict.fromkeys(item.chat for item in items))
        with element("details", "panel cause"):
            with element("summary"):
                text("span", name).classes("badge error")
                text("span", cause).classes("cause-text")
                text("span", f"{len(chats):,} {'chat' if len(chats) == 1 else 'chats'}").classes("num muted push")
            text("p", advice)
            text("p", items[0].detail[:2000]).classes("mono detail")
            with element("ul", "chats"):
                for chat in chats[:_SHOWN]:
                    with element("li"):
                        link(chat, self._site.path("chats", chat)).classes("mono")
            if len(chats) > _SHOWN:
                text("p", f"and {len(chats) - _SHOWN:,} more").classes("muted")
