"""The snapshots on a page: the tree; read one, compare two, name, roll back, fork."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from folkmoot.chat import Comparison, LabelledSnapshot
from folkmoot.errors import ChatExistsError
from folkmoot.server.dashboard.errors import EXPECTED
from folkmoot.server.dashboard.widgets import button, confirm, element, empty, link, text
from folkmoot.server.handles import RequestChat

from .asking import Asked, checkbox, field
from .deeds import command_line
from .looking import Look
from .markup import prose
from .tree import Row, rows_of

__all__ = ["show_snapshots"]

ROWS = 100
"""Snapshots on a page."""
_REASONS = {"turn": "after a turn", "wait": "at a wait", "load": "a state was loaded", "change": "the team was changed"}


async def show_snapshots(look: Look, before: int | None, read: int | None, pair: tuple[int, int] | None) -> None:
    """Draw them.

    Args:
        look: Who looks at which chat.
        before: Only snapshots before this offset; None: the newest.
        read: Offset of one to be read.
        pair: Offsets of two to be compared.
    """
    if read is not None:
        await _read(look, read)
    if pair is not None:
        await _compare(look, *pair)
    place = element("section")

    async def draw() -> None:
        async with look.chat() as chat:
            found = await chat.snapshots()
        place.clear()
        with place:
            _tree(look, found, before, pair)

    await draw()
    look.watch(draw)
    look.follow(look.status.head - 1)


def _tree(look: Look, found: Sequence[LabelledSnapshot], before: int | None, pair: tuple[int, int] | None) -> None:
    rows = [row for row in rows_of(found) if before is None or row.snapshot.offset < before]
    if not rows:
        empty("No snapshots yet", "There is one after every turn, and at every wait.")
        return
    shown = rows[:ROWS]
    newest = [row.snapshot.offset for row in shown[:2]]
    chosen = pair or (newest[-1], newest[0])
    with element("form").props(f'method=get action="{look.path()}"'):
        element("input").props("type=hidden name=tab value=snapshots")
        with element("div", "toolbar table-head"):
            text("p", f"{len(found):,} snapshots; those on the present branch are marked.").classes("muted")
            if look.operates:
                button("Compare A with B", kind="small push").props("type=submit")
        with (
            element("div", "table-wrap").props('tabindex=0 role=region aria-label="Snapshots"'),
            element("table", "table snapshots"),
        ):
            with element("thead"), element("tr"):
                names = ("Offset", "Turn", "Who, or what is waited for", "Tokens", "Taken")
                for name in ("A", "B", *names, "Do") if look.operates else names:
                    text("th", name).props("scope=col").classes("num" if name in ("Turn", "Tokens") else "")
            with element("tbody"):
                for row in shown:
                    _row(look, row, chosen)
    if len(rows) > ROWS:
        older = look.path(tab="snapshots", before=shown[-1].snapshot.offset)
        link(f"{len(rows) - ROWS:,} older ones", older).classes("button small")


def _row(look: Look, row: Row, chosen: tuple[int, int]) -> None:
    snapshot = row.snapshot
    offset = snapshot.offset
    with element("tr", "on-branch" if snapshot.current else "off-branch"):
        if look.operates:
            _choices(offset, chosen)
        with element("td", "tree").style(f"padding-left: {0.75 + 1.1 * min(row.depth, 8):.2f}rem"):
            text("span", "●" if snapshot.current else "○").props("aria-hidden=true").classes("knot")
            link(str(offset), look.path(at=max(0, offset - 20)))
            if row.last:
                text("span", "present").classes("badge good")
            elif snapshot.current:
                text("span", "on the present branch").classes("visually-hidden")
            if row.begins and row.depth:
                text("span", f"goes on after {row.parent}").classes("muted begins")
            for label in snapshot.labels:
                text("span", label).classes("badge label")
        text("td", str(snapshot.turn)).classes("num turn")
        who = ", ".join(snapshot.speakers)
        text("td", who if snapshot.reason == "turn" else f"{_REASONS[snapshot.reason]} {who}".strip())
        text("td", f"{snapshot.tokens:,}").classes("num used")
        with element("td", "when"):
            text("time", snapshot.time[:19].replace("T", " ")).props(f'datetime="{snapshot.time}"')
        if look.operates:
            _deeds(look, snapshot)


def _choices(offset: int, chosen: tuple[int, int]) -> None:
    """What is compared."""
    for name, place in zip("ab", chosen, strict=True):
        with element("td", "check"):
            box = element("input").props(
                f'type=radio name={name} value={offset} data-keep={name}-{offset} aria-label="{name.upper()}: {offset}"'
            )
            if place == offset:
                box.props("checked")


def _deeds(look: Look, snapshot: LabelledSnapshot) -> None:
    """What can be done with one."""
    offset = snapshot.offset
    with element("td", "do"):
        link("Read", look.path(tab="snapshots", read=offset)).classes("button quiet small").props(
            f'aria-label="Read {offset}" data-keep=read-{offset}'
        )
        if look.status.status != "closed":
            button("Label", lambda: _label(look, snapshot), kind="quiet small").props(
                f'aria-label="Label {offset}" data-keep=label-{offset}'
            )
            back = button("Roll back", lambda: _roll_back(look, snapshot), kind="quiet small")
            back.props(f'aria-label="Roll back {offset}" data-keep=back-{offset}')
        fork = button("Fork", lambda: _fork(look, snapshot), kind="quiet small")
        fork.props(f'aria-label="Fork {offset}" data-keep=fork-{offset}')


# --- Reading and comparing -------------------------------------------------------------------------------------------


async def _read(look: Look, offset: int) -> None:
    with element("section", "panel reading").props("aria-labelledby=reading"):
        text("h2", f"Snapshot {offset}").props("id=reading")
        if not look.operates:
            text("p", "The whole state takes the role 'operator'.").classes("muted")
            return
        async with look.chat() as chat:
            found = await chat.snapshot(offset)
        told = found["snapshot"]
        text(
            "p",
            f"Turn {told['turn']} of run {told['run']}, {told['tokens']:,} tokens so far, {_REASONS[told['reason']]}.",
        )
        with element("div", "toolbar"):
            link("Transcript there", look.path(at=max(0, offset - 60))).classes("button small")
            link("Download its state", f"{look.path()}/state.json?offset={offset}").classes("button small").props(
                "download"
            )
        with element("details"):
            text("summary", "The folded state there")
            text("pre", json.dumps(found["state"], ensure_ascii=False, indent=2)).props("tabindex=0")


async def _compare(look: Look, first: int, second: int) -> None:
    with element("section", "panel comparing").props("aria-labelledby=comparing"):
        text("h2", f"{first} and {second}").props("id=comparing")
        if not look.operates:
            text("p", "Comparing shows whole messages, and takes the role 'operator'.").classes("muted")
            return
        async with look.chat() as chat:
            found = await chat.compare(first, second)
        shared = "nothing" if found.shared < 0 else f"everything up to offset {found.shared}"
        text("p", f"Both have {shared}.").classes("muted")
        with element("div", "sides"):
            for name, side in (("A", found.first), ("B", found.second)):
                with element("div"):
                    text("h3", f"Only in {name}: {side.snapshot.offset}")
                    _side(side)
        _differences(found)
    look.site.command_line(command_line("diff", look.id, first, second))


def _side(side: Any) -> None:
    count = len(side.messages)
    text("p", f"{count} message{'' if count == 1 else 's'} and events, {side.tokens:,} tokens").classes("muted")
    with element("ol", "seen"):
        for message in side.messages[:50]:
            with element("li"):
                text("p", f"{message.source} · {message.type}").classes("label")
                ui.html(prose(message.to_text()), sanitize=True)
    if count > 50:
        text("p", f"and {count - 50} more").classes("muted")
    for call in side.tool_calls:
        text("p", f"Tool {call['name']} of {call['agent']}: {call.get('content')}")


def _differences(found: Comparison) -> None:
    if not found.state:
        return
    with element("details"):
        text("summary", f"{len(found.state)} differences in the folded state")
        with (
            element("div", "table-wrap").props('tabindex=0 role=region aria-label="Differences"'),
            element("table", "table"),
        ):
            with element("thead"), element("tr"):
                for name in ("Where", "A", "B"):
                    text("th", name).props("scope=col")
            with element("tbody"):
                for path, values in found.state.items():
                    with element("tr"):
                        text("td", path).classes("mono")
                        for value in values:
                            text("td", json.dumps(value, ensure_ascii=False)[:300]).classes("mono")


# --- Doing -----------------------------------------------------------------------------------------------------------


async def _label(look: Look, snapshot: LabelledSnapshot) -> None:
    asked = Asked()

    async def more() -> None:
        field("Name", asked, "name", hint="1 to 100 characters; a snapshot that has it loses it.")
        for number, label in enumerate(snapshot.labels):
            checkbox(f"Take away “{label}”", asked, f"away {number}")

    if not await confirm(f"Label snapshot {snapshot.offset}", [], "Save", more=more):
        return
    name, subject = str(asked.get("name", "")), look.identity.subject
    for number, label in enumerate(snapshot.labels):
        if asked.get(f"away {number}"):
            command = command_line("label", look.id, label, remove=True, by=subject)
            await look.attempt(lambda chat, label=label: chat.unlabel(label), command)
    if name or not any(asked.values()):
        command = command_line("label", look.id, name, at=snapshot.offset, by=subject)
        await look.attempt(lambda chat: chat.label(name, snapshot.offset), command)


async def _roll_back(look: Look, snapshot: LabelledSnapshot) -> None:
    offset = snapshot.offset
    crossed = await _crossed(look, offset)
    if crossed is None:
        return
    asked = Asked()
    undoable = [call for call in crossed if call.get("compensate")]
    busy = look.status.status not in ("idle", "closed")

    async def more() -> None:
        _warning(crossed)
        if undoable:
            names = ", ".join(dict.fromkeys(str(call["compensate"]) for call in undoable))
            checkbox(
                f"Undo them: run {names} for {len(undoable)} of these calls, the latest first.", asked, "compensate"
            )
        if busy:
            checkbox("Force: end the run under way first. Its calls are cancelled.", asked, "force")

    lines = [
        "The chat goes on from there with its next run: messages, conditions and whose turn it is are as they were.",
        "What came after stays readable as a branch. Use of tokens goes on counting.",
        "What people were being asked there they are asked again.",
    ]
    if busy:
        lines.insert(0, "A run is under way: without force this is refused.")
    if not await confirm(f"Roll back to {offset}?", lines, "Roll back", danger=True, more=more):
        return
    force, compensate = bool(asked.get("force")), bool(asked.get("compensate"))
    command = command_line("rollback", look.id, offset, force=force, compensate=compensate, yes=bool(crossed))

    async def deed(chat: RequestChat) -> None:
        await chat.rollback(offset, force=force, compensate=compensate)

    await look.attempt(deed, command)


async def _fork(look: Look, snapshot: LabelledSnapshot) -> None:
    offset = snapshot.offset
    crossed = await _crossed(look, offset)
    if crossed is None:
        return
    asked = Asked(name=f"{look.id}-{datetime.now(UTC):%H%M%S}")

    async def more() -> None:
        _warning(crossed)
        field("Id of the new chat", asked, "name")

    lines = [
        "A new chat goes on from there; this one goes on by itself, and nothing in flight is touched.",
        "Calls in flight are not copied: the turn is taken up again by the new chat's next run.",
        "Its use of tokens begins at zero.",
    ]
    if not await confirm(f"Fork from {offset}?", lines, "Fork", more=more):
        return
    new = str(asked.get("name", "")).strip()

    async def deed(chat: RequestChat) -> None:
        if await look.site.chats.claim(new, look.found.tenant) is not None:
            raise ChatExistsError(f"A chat {new!r} is there already; a fork needs an id of its own.", chat_id=new)
        await chat.fork(new, offset=offset, tenant=look.found.tenant)

    command = command_line("fork", look.id, new, at=offset, tenant=look.found.tenant)
    if await look.attempt(deed, command):
        ui.run_javascript(f"location.assign({json.dumps(look.site.path('chats', new))})")


async def _crossed(look: Look, offset: int) -> list[Mapping[str, Any]] | None:
    """The calls with side effects made after a snapshot; None: it cannot be told, and the page says why."""
    try:
        async with look.chat() as chat:
            return await chat.crossing(offset)
    except EXPECTED as error:
        look.site.problem(error)
        return None


def _warning(crossed: Sequence[Mapping[str, Any]]) -> None:
    if not crossed:
        text("p", "No tool calls with side effects were made after it.").classes("muted")
        return
    with element("div", "banner warning crossed"):
        count = len(crossed)
        calls, are = ("call", "It is") if count == 1 else ("calls", "They are")
        text("p", f"{count} tool {calls} with side effects came after it. {are} not undone:")
        with element("ul"):
            for call in crossed:
                undo = f"; {call['compensate']} undoes it" if call.get("compensate") else "; nothing undoes it"
                failed = " (failed)" if call.get("is_error") else ""
                text("li", f"{call['agent']} called {call['name']}({call.get('arguments', '')}){failed}{undo}")
