"""The team on a page: its picture, the same in words, why who spoke last did, and what a model will see next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nicegui import ui

from folkmoot.agents import AssistantAgent, CodeExecutorAgent
from folkmoot.server.dashboard.widgets import element, link, text
from folkmoot.teams import SelectorGroupChat

from .drawing import describe, draw
from .looking import Look
from .why import Choices
from .window import read_window

__all__ = ["show_team"]


async def show_team(look: Look, who: str) -> None:
    """Draw it.

    Args:
        look: Who looks at which chat.
        who: Whose model's view is shown; empty: nobody's.
    """
    with element("div", "team-page"):
        picture = element("section", "panel").props("aria-labelledby=team-picture")
        choice = element("section", "panel").props("aria-labelledby=team-why aria-live=polite")

    async def redraw() -> None:
        picture.clear()
        choice.clear()
        with picture:
            _picture(look)
        with choice:
            await _why(look)

    await redraw()
    look.watch(redraw)
    with element("section", "panel").props("aria-labelledby=team-next"):
        text("h2", "What a model will see next").props("id=team-next")
        await _next(look, who)
    look.follow(look.status.head - 1)


def _picture(look: Look) -> None:
    text("h2", look.plan.root.team.name).props("id=team-picture")
    speaking = ", ".join(look.status.speakers)
    text("p", f"Speaking: {speaking}" if speaking else "Nobody is speaking.").classes("muted")
    with element("div", "picture-frame").props('tabindex=0 role=region aria-label="Picture of the team"'):
        # All that is not ours in it, names and conditions, is escaped where it is drawn.
        ui.html(draw(look.plan, look.status.speakers), sanitize=False)
    with element("details").props("data-keep=words"):
        text("summary", "The team in words")
        with element("ul", "outline"):
            for depth, line in describe(look.plan, look.status.speakers):
                text("li", line).style(f"margin-left: {depth * 1.25}rem")


async def _why(look: Look) -> None:
    text("h2", "Why this speaker").props("id=team-why")
    async with look.chat() as chat:
        window = await read_window(chat, look.status.head)
    found = Choices(look.plan).read(window.events)[-5:][::-1]
    if not found:
        text("p", "Nobody has spoken lately.").classes("muted")
        return
    with element("ol", "choices"):
        for choice in found:
            with element("li"):
                with element("p"):
                    link(f"Turn {choice.turn}", look.path(at=choice.offset))
                    text("span", f" {choice.scope}: " if choice.scope else ": ")
                    text("span", choice.reason)
                if choice.steps:
                    with element("details").props(f"data-keep=why-{choice.offset}"):
                        text("summary", "How it came to that")
                        with element("ul"):
                            for step in choice.steps:
                                text("li", step)


async def _next(look: Look, who: str) -> None:
    if not look.operates:
        text("p", "It shows arguments that are hidden elsewhere, and takes the role 'operator'.").classes("muted")
        return
    seats = look.plan.seats.items()
    known = [path for path, seat in seats if isinstance(seat.agent, AssistantAgent | CodeExecutorAgent)]
    nodes = look.plan.nodes.values()
    known += [node.manager_path for node in nodes if isinstance(node.team, SelectorGroupChat)]
    if not known:
        text("p", "Nobody in this team has a model of ours to ask.").classes("muted")
        return
    with element("form", "toolbar").props(f'method=get action="{look.path()}"'):
        element("input").props("type=hidden name=tab value=team")
        text("label", "Model of").props("for=who")
        with element("select", "select").props("id=who name=who"):
            for path in known:
                option = text("option", path)
                option._props["value"] = path  # pyright: ignore[reportPrivateUsage] - any characters, as `link` does
                if path == who:
                    option.props("selected")
        text("button", "Show").classes("button").props("type=submit")
    if not who:
        return
    async with look.chat() as chat:
        view = await chat.context(who)
    said = sum(message["type"] != "SystemMessage" for message in view.messages)
    left = f" The conversation has {view.whole}." if view.whole != said else ""
    more = f" Functions that will still change them: {', '.join(view.unapplied)}." if view.unapplied else ""
    text("p", f"{len(view.messages)} messages, about {view.tokens:,} tokens.{left}{more}").classes("muted")
    with element("ol", "seen"):
        for message in view.messages:
            with element("li"):
                source = message.get("source")
                text("p", message["type"] + (f" from {source}" if source else "")).classes("label")
                text("pre", _content(message)).props("tabindex=0")


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
