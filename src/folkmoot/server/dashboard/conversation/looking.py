"""What one who looks at a chat's page has: the chat, what of it was read last, and what they may do with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from folkmoot._chat.log import stretches
from folkmoot._chat.plan import Plan
from folkmoot._chat.specs import team_of
from folkmoot.chat import ChatEvent, ChatStatus
from folkmoot.server.chats import Found
from folkmoot.server.dashboard.errors import EXPECTED, soon, told
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.widgets import banner, live_region
from folkmoot.server.handles import RequestChat
from folkmoot.server.identity import Identity

from .following import SILENT, Following

__all__ = ["Look"]

QUIET = 0.7
"""Seconds that what is shown of a chat's state may be behind its log: it is asked for once for many entries."""


@dataclass
class Look:
    """One look at a chat.

    Attributes:
        site: The dashboard.
        identity: Who looks.
        found: The chat.
        status: Where it stands.
        state: Its folded state.
        plan: Its team.
    """

    site: Site
    identity: Identity
    found: Found
    status: ChatStatus
    state: dict[str, Any]
    plan: Plan
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _watchers: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])

    @classmethod
    async def at(cls, site: Site, identity: Identity, chat_id: str) -> Look:
        """Look at a chat.

        Raises:
            FolkmootError: There is no such chat, or it cannot be read now.
            TimeoutError: Nobody answers for it.
        """
        found = await site.chats.find(chat_id, identity)
        async with site.chats.hold(found, identity) as chat, soon(SILENT):
            status, state, spec = await asyncio.gather(
                chat.status(), chat.pages.query("state"), chat.pages.query("spec")
            )
        return cls(site, identity, found, status, state["state"], Plan(team_of(spec)))

    @property
    def id(self) -> str:
        """The chat's id."""
        return self.found.id

    @property
    def operates(self) -> bool:
        """Whether they may change the chat, and see arguments that are masked for others."""
        return self.site.may(self.identity, "operator")

    @property
    def designs(self) -> bool:
        """Whether they may bring a spec or a state of their own."""
        return self.site.may(self.identity, "designer")

    def path(self, **query: object) -> str:
        """The address of a view of the chat's page."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self.site.path("chats", self.id) + (f"?{urlencode(given)}" if given else "")

    @asynccontextmanager
    async def chat(self) -> AsyncGenerator[RequestChat]:
        """The chat, to be asked or told something in their name."""
        async with self.site.chats.hold(self.found, self.identity) as chat:
            yield chat

    def aside(self, offset: int) -> bool:
        """Whether an entry lies on a branch that was left; that the chat was opened does not."""
        ways = stretches(self.state.get("jumps", ()), self.status.head)
        return offset > 0 and not any(first <= offset < end for first, end in ways)

    # --- As it goes on -----------------------------------------------------------------------------------------------

    def watch(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Call something when the chat's state has changed, and was read again."""
        self._watchers.append(changed)

    def follow(
        self,
        after: int,
        entry: Callable[[ChatEvent], Awaitable[None]] | None = None,
        words: Callable[[str, str, int, str], None] | None = None,
    ) -> None:
        """Follow the chat for as long as the page is there.

        Args:
            after: Offset of the last entry the page has.
            entry: Takes each entry that comes.
            words: Takes words while they are being said.
        """
        client = ui.context.client
        place = ui.context.slot.parent
        trouble = self._trouble()

        async def came(event: ChatEvent) -> None:
            if entry is not None:
                with place:
                    await entry(event)
            self._changed.set()

        def said(message: str, source: str, start: int, content: str) -> None:
            if words is not None:
                with place:
                    words(message, source, start, content)

        following = Following(
            self.site.feeds,
            self.site.pulse,
            self.site.workers.of(self.found, self.identity),
            self.found,
            self.identity,
            after,
            entry=came,
            words=None if words is None else said,
            trouble=trouble,
        )
        tasks = [asyncio.create_task(following.run()), asyncio.create_task(self._refresh(place))]

        def over() -> None:
            for task in tasks:
                task.cancel()

        client.on_delete(over)  # pyright: ignore[reportUnknownMemberType] - NiceGUI leaves its type open

    def _trouble(self) -> Callable[[str], None]:
        """A place that says why the chat cannot be followed."""
        place = live_region()

        def tell(text: str) -> None:
            place.clear()
            if text:
                with place:
                    banner(f"{text} This page goes on by itself.", kind="warning")
            else:
                # What was asked for meanwhile has failed.
                self._changed.set()

        return tell

    async def _refresh(self, place: ui.element) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                async with self.chat() as chat:
                    self.status = await chat.status()
                    self.state = (await chat.pages.query("state"))["state"]
                with place:
                    for changed in self._watchers:
                        await changed()
            except EXPECTED:
                # The follower tells of it, and the next entry asks again.
                pass
            except Exception as error:  # noqa: BLE001 - whatever it is, the page must not stand still for ever
                told(error)
            await asyncio.sleep(QUIET)

    async def attempt(self, deed: Callable[[RequestChat], Awaitable[Any]], command: str) -> bool:
        """Do something with the chat; show the command that does it, or why it was refused.

        Args:
            deed: What is done.
            command: The same on the command line.
        """
        try:
            async with self.chat() as chat:
                await deed(chat)
        except (*EXPECTED, ValueError) as error:
            self.site.problem(error)
            return False
        self.site.command_line(command)
        self._changed.set()
        return True
