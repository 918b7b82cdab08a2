"""Small parts of pages: plain HTML elements with the classes of the dashboard's style sheet.

Style sheet: `static/dashboard.css`. Buttons: `primary`, `danger`, `quiet`, `small`. Texts: `muted`, `num` (tabular
numerals), `mono`. Boxes: `panel`, `toolbar`, `banner`, `empty`, `table-wrap`. Tables: `table`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast

from nicegui import Client, ui

__all__ = [
    "STATUSES",
    "Text",
    "banner",
    "button",
    "confirm",
    "element",
    "empty",
    "link",
    "live_region",
    "on_gone",
    "status_badge",
    "text",
    "time_of",
]

STATUSES = ("running", "waiting", "pausing", "paused", "idle", "closed", "failed")
Handler = Callable[..., Any]


def on_gone(client: Client, do: Callable[[], Any]) -> None:
    """Do something when a page is gone for good."""
    client.on_delete(do)  # pyright: ignore[reportUnknownMemberType]


class Text(ui.element):
    """An element that holds nothing but a text, which may change."""

    def __init__(self, tag: str, content: str) -> None:
        super().__init__(tag)
        self.text = content

    @property
    def text(self) -> str:
        """What it says."""
        return self._text or ""

    @text.setter
    def text(self, content: str) -> None:
        if content != self._text:
            self._text = content
            self.update()

    @property
    def address(self) -> str:
        """Where it leads to, as a link."""
        return cast(dict[str, str], self.props).get("href", "")

    @address.setter
    def address(self, address: str) -> None:
        if address != self.address:
            self.props["href"] = address
            self.update()


def element(tag: str, classes: str = "") -> ui.element:
    """An HTML element."""
    made = ui.element(tag)
    return made.classes(classes) if classes else made


def text(tag: str, content: str) -> Text:
    """An HTML element with a text."""
    return Text(tag, content)


def link(label: str, address: str) -> Text:
    """A link; addresses are those of `Site.path`, or of elsewhere."""
    made = text("a", label)
    made.address = address
    return made


def time_of(time: str) -> Text:
    """A time, ISO 8601 in UTC, which the page shows in the reader's zone."""
    made = text("time", f"{time[:16].replace('T', ' ')} UTC")
    made.props["datetime"] = time
    return made


def button(label: str, on_click: Handler | None = None, *, kind: str = "") -> Text:
    """A button.

    Args:
        label: What it says.
        on_click: What is done; may be a coroutine function.
        kind: Words of `primary`, `danger`, `quiet`, `small`.
    """
    made = text("button", label)
    made.classes(f"button {kind}".strip()).props("type=button")
    if on_click is not None:
        made.on("click", lambda _: on_click())
    return made


def status_badge(status: str) -> Text:
    """A chat's status, told by a word and, besides, by a colour."""
    known = status if status in STATUSES else "idle"
    return text("span", status).classes(f"badge {known}")


def banner(
    content: str,
    *,
    kind: Literal["info", "warning", "error", "good"] = "info",
    retry: bool | Callable[[], Any] = False,
    dismiss: bool = False,
) -> ui.element:
    """Something that must be read.

    Args:
        content: What it says.
        kind: How bad it is.
        retry: A button to try again: by loading the page, or by this function.
        dismiss: A button that takes the banner away.
    """
    with element("div", f"banner {kind}").props("role=alert" if kind == "error" else "role=status") as made:
        text("p", content)
        if callable(retry):
            button("Try again", retry, kind="small")
        elif retry:
            button("Try again", kind="small").on("click", js_handler="() => location.reload()")
        if dismiss:
            button("Dismiss", made.delete, kind="quiet small")
    return made


def empty(title: str, hint: str) -> ui.element:
    """Says that there is nothing, and what to do next."""
    with element("div", "empty") as made:
        text("p", title).classes("empty-title")
        text("p", hint).classes("muted")
    return made


def live_region(*, assertive: bool = False) -> ui.element:
    """A place whose changes are read out to those who do not see them; empty, it takes no room."""
    return element("div", "live").props(f"aria-live={'assertive' if assertive else 'polite'}")


async def confirm(
    title: str,
    lines: list[str],
    action: str,
    *,
    danger: bool = False,
    more: Callable[[], Awaitable[None]] | None = None,
) -> bool:
    """Ask before something is done; Escape, and everything but the action's button, is no.

    Args:
        title: What is asked.
        lines: What happens then, to work in flight too.
        action: What the button says that does it.
        danger: It cannot be taken back.
        more: Draws further content.
    """
    with ui.dialog() as dialog, element("div", "dialog") as box:
        heading = text("h2", title)
        for line in lines:
            text("p", line)
        if more is not None:
            await more()
        with element("div", "actions"):
            cancel = button("Cancel", lambda: dialog.submit(False), kind="quiet")
            do = button(action, lambda: dialog.submit(True), kind="danger" if danger else "primary")
            (cancel if danger else do).props("autofocus")
    heading.props(f'id="title-{heading.id}"')
    box.props("role=document")
    dialog.props(f'aria-labelledby="title-{heading.id}"')
    # Not before it is hidden: it gives the focus back to where it was.
    dialog.on("hide", lambda _: dialog.delete())
    return bool(await dialog)
