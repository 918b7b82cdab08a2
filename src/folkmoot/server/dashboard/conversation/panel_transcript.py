"""The transcript on a page: a window of the log, which goes on with what comes if it is the latest; a message box."""

from __future__ import annotations

from dataclasses import replace

from nicegui import ui
from nicegui.events import GenericEventArguments

from folkmoot.chat import ChatEvent
from folkmoot.errors import BadCommandError
from folkmoot.server.dashboard.errors import EXPECTED, told
from folkmoot.server.dashboard.widgets import Text, button, element, link, text

from .deeds import command_line
from .inherited import Origin, origin_in, read_inherited
from .looking import Look
from .markup import item_html
from .transcript import Item, Transcript
from .window import SIZE, Window, read_window

__all__ = ["show_transcript"]

MOST = 150
"""Items on a page that goes on; the oldest leave it."""
_WHEN = {
    "queue": "as the next task, once the run is over",
    "turn": "after the turn under way",
    "now": "now, breaking that turn off",
}


async def show_transcript(look: Look, at: int | None, turn: int | None) -> None:
    """Draw it.

    Args:
        look: Who looks at which chat.
        at: Offset where the window begins, about; None: the latest.
        turn: Number of a turn to show; goes before `at`.
    """
    async with look.chat() as chat:
        if turn is not None:
            try:
                at = max(0, (await chat.find(turn=turn)).offset - SIZE // 2)
            except BadCommandError as error:
                look.site.problem(error)
                turn = None
        window = await read_window(chat, look.status.head, at)
    _way_through(look, window, turn)
    for origin in filter(None, map(origin_in, window.events)):
        await _inherited(look, origin)
    shown = _Shown(look)
    shown.draw(window)
    if turn is not None:
        ui.run_javascript(f"folkmootChat.show('turn-{turn}')")
    if window.latest:
        look.follow(window.end - 1, shown.add, shown.say)
        if turn is None:
            ui.run_javascript("folkmootChat.follow()")
    else:
        look.follow(look.status.head - 1)
    if look.operates and look.status.status != "closed":
        _message_box(look)


def _way_through(look: Look, window: Window, turn: int | None) -> None:
    """Links to the other windows, and a jump to a turn."""
    with element("nav", "toolbar way-through").props('aria-label="Places in the log"'):
        if window.first > 0:
            link("Beginning", look.path(at=0)).classes("button small")
            link("Earlier", look.path(at=max(0, window.first - SIZE))).classes("button small")
        if not window.latest:
            link("Later", look.path(at=window.end)).classes("button small")
            link("Latest", look.path()).classes("button small")
        last = max(window.first, window.end - 1)
        shown = f"{window.first:,} to {last:,} of {window.head:,}"
        text("span", f"Entries from {window.first:,} on" if window.latest else f"Entries {shown}").classes("muted")
        with element("form", "jump push").props(f'method=get action="{look.path()}"'):
            text("label", "Turn").props("for=jump")
            field = element("input", "input").props("id=jump name=turn type=number min=1 required")
            if turn is not None:
                field.props(f"value={turn}")
            button("Show", kind="small").props("type=submit")


async def _inherited(look: Look, origin: Origin) -> None:
    """What was said before the fork, in the chat that was forked."""
    with element("details", "inherited").props("open data-keep=inherited"):
        text("summary", f"Said before the fork, in chat {origin.chat}")
        try:
            items, first = await read_inherited(look, origin)
        except EXPECTED as error:
            text("p", f"It cannot be shown: {told(error)} This chat has it as a part of its state.").classes("muted")
            return
        there = look.site.path("chats", origin.chat)
        with element("p", "muted"):
            text("span", f"The last {SIZE} entries. " if first else "")
            link(f"Chat {origin.chat} at offset {origin.offset}", f"{there}?at={max(0, origin.offset - SIZE // 2)}")
        with element("div", "transcript").props('role=group aria-label="Said before the fork"'):
            hues = {path: number for number, path in enumerate(look.plan.seats)}
            for item in items:
                hue = hues.setdefault(item.speaker, len(hues))
                made = ui.html(item_html(item, hue=hue, origin=origin.chat), sanitize=True)
                if item.turn is not None and item.kind == "turn":
                    made.props(f"id=turn-{item.turn}")


class _Shown:
    """The items that are on the page."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._transcript = Transcript()
        self._drawn: dict[int, ui.html] = {}
        # Each participant has a colour of its own as long as there are enough.
        self._hues = {path: number for number, path in enumerate(look.plan.seats)}
        self._words: dict[str, tuple[ui.element, Text]] = {}
        with element("div", "transcript").props(
            'role=log aria-live=polite aria-label="Transcript" id=transcript'
        ) as at:
            self._place = at
        self._live = element("div", "transcript").props('aria-label="Being said now" role=group id=words')
        self._live.set_visibility(False)

    def draw(self, window: Window) -> None:
        """Draw a window's items."""
        for event in window.events:
            self._transcript.add(event)
        with self._place:
            for item in self._transcript.items:
                self._put(item)

    def _put(self, item: Item) -> None:
        hue = self._hues.setdefault(item.speaker, len(self._hues))
        content = item_html(item, aside=self._look.aside(item.offset), hue=hue)
        known = self._drawn.get(item.offset)
        if known is not None:
            known.set_content(content)
            return
        made = self._drawn[item.offset] = ui.html(content, sanitize=True)
        if item.turn is not None and item.kind == "turn":
            made.props(f"id=turn-{item.turn}")
        # What is given a part later stands where it began.
        later = sum(offset > item.offset for offset in self._drawn)
        if later:
            made.move(target_index=len(self._drawn) - 1 - later)

    async def add(self, event: ChatEvent) -> None:
        """An entry has come."""
        changed = self._transcript.add(event)
        if event.message is not None:
            self._said(event.message.id or "")
        if event.kind in ("rolled_back", "loaded"):
            goes_on = event.data.get("to", -1)
            self._look.state.setdefault("jumps", []).append((event.offset, goes_on))
        self._look.status = replace(self._look.status, head=event.offset + 1)
        with self._place:
            for item in changed:
                self._put(item)
            if event.kind in ("rolled_back", "loaded"):
                for item in self._transcript.items:
                    self._put(item)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        over = len(self._drawn) - MOST
        if over <= 0:
            return
        for offset in sorted(self._drawn)[:over]:
            self._drawn.pop(offset).delete()
        self._transcript.drop_before(min(self._drawn))

    def say(self, message: str, source: str, start: int, content: str) -> None:
        """Words are being said that the log does not have yet."""
        if message not in self._words:
            with self._live, element("article", "said turn words") as box:
                with element("header"):
                    text("h3", source)
                    text("span", "is saying").classes("muted")
                self._words[message] = (box, text("p", ""))
        spoken = self._words[message][1]
        spoken.text = spoken.text[:start] + content
        self._live.set_visibility(True)

    def _said(self, message: str) -> None:
        """The log has the whole of it now."""
        had = self._words.pop(message, None)
        if had is not None:
            had[0].delete()
        self._live.set_visibility(bool(self._words))


def _message_box(look: Look) -> None:
    """What is typed stays in the browser until the chat has it: nothing is lost with a refusal or a restart."""
    with element("form", "message-box panel").props('aria-label="Say something" onsubmit="return false"') as form:
        text("label", "Say something to the chat").props("for=say")
        element("textarea", "textarea").props(
            f'id=say rows=2 data-draft="{look.found.first_run_id}" aria-describedby=say-hint'
        )
        with element("div", "toolbar"):
            text("label", "It is heard").props("for=say-when").classes("muted")
            with element("select", "select").props("id=say-when"):
                for value, told in _WHEN.items():
                    text("option", told).props(f"value={value}")
            text("span", "Ctrl+Enter sends").classes("muted").props("id=say-hint")
            send = button("Say", kind="primary push").props("type=submit")

    async def said(event: GenericEventArguments) -> None:
        content, when = event.args
        if not str(content).strip():
            look.site.problem(ValueError("There is nothing to say: the message is empty."))
            return
        command = command_line(
            "say", look.id, content, when=None if when == "queue" else when, by=look.identity.subject
        )
        if await look.attempt(lambda chat: chat.say(str(content), when=when), command):
            ui.run_javascript("folkmootChat.sent()")

    send.on("click", said, js_handler="() => emit(folkmootChat.said())")
    form.on("keydown.ctrl.enter", said, js_handler="() => emit(folkmootChat.said())")
