"""What is asked in dialogs: fields and boxes, and what was filled in."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from folkmoot.server.dashboard.widgets import element, text

__all__ = ["Asked", "checkbox", "field"]


class Asked(dict[str, Any]):
    """What was filled in, by name."""


def field(label: str, asked: Asked, name: str, *, hint: str = "") -> ui.element:
    """A line of text."""

    def changed(event: GenericEventArguments) -> None:
        asked[name] = event.args

    with element("div", "field"):
        made = element("input", "input")
        made.on("input", changed, js_handler="(event) => emit(event.target.value)")
        made.props(f"id=ask-{made.id} type=text autocomplete=off")
        # As an attribute (`^` in Vue): a property would be set again with every change of the page, over what is typed.
        made._props["^value"] = asked.get(name, "")  # pyright: ignore[reportPrivateUsage] - any characters
        text("label", label).props(f"for=ask-{made.id}").move(target_index=0)
        if hint:
            text("span", hint).classes("muted")
    return made


def checkbox(label: str, asked: Asked, name: str) -> ui.element:
    """A box to be ticked."""

    def changed(event: GenericEventArguments) -> None:
        asked[name] = bool(event.args)

    with element("label", "tick") as made:
        box = element("input").props("type=checkbox")
        box.on("change", changed, js_handler="(event) => emit(event.target.checked)")
        text("span", label)
    return made
