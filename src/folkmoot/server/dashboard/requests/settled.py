"""What became of a request, and which one to look at next."""

from __future__ import annotations

from folkmoot.server.dashboard.errors import EXPECTED
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.widgets import element, link, text, time_of
from folkmoot.server.identity import Identity
from folkmoot.server.routes_requests import show_inbox
from folkmoot.server.schemas import Whose

from .decisions import Settled
from .wording import past, subject_of

__all__ = ["exact_text", "link_to_the_next", "show_settled"]

LOOKED_INTO = 50
"""Chats among which the next request is looked for."""


def show_settled(settled: Settled) -> None:
    """Draw what was decided, by whom, over what."""
    with element("section", "panel what").props('aria-labelledby="what-title"'):
        with element("div", "facts"):
            text("h2", f"{subject_of(settled.kind, settled.name, settled.path)}: {past(settled.verdict)}").props(
                "id=what-title"
            )
        with element("p", "muted"):
            text("span", f"{settled.who} · ")
            time_of(settled.time)
        for said in settled.notes:
            text("p", said).classes("as-said")
        if settled.subject:
            text("p", "Over exactly this").classes("label")
            exact_text(settled.subject, "What was decided")


async def link_to_the_next(site: Site, identity: Identity, chat: str, request: str) -> None:
    """Draw a link to what waits for somebody, the earliest deadline first, besides one request; none: nothing does."""
    try:
        inbox = await show_inbox(identity, site.chats, Whose.MINE, None, None, False, LOOKED_INTO, None)
    except EXPECTED:
        # What was decided stands whether or not this can be told.
        return
    following = next((item for item in inbox.requests if (item.chat, item.request) != (chat, request)), None)
    if following is not None:
        label = f"Next: {subject_of(following.kind, following.name, following.path)} in {following.chat}"
        link(label, site.path("inbox", following.chat, following.request)).classes("button primary")


def exact_text(content: str, label: str) -> None:
    """A text as it is, that can be scrolled by keyboard."""
    text("pre", content).classes("exact").props(f'tabindex=0 role=region aria-label="{label}"')
