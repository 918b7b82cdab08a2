"""The verbs that go back in time: branches, label, diff, rollback, fork."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, cast

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text
from rich.tree import Tree

from folkmoot._client.comparing import Comparison, Side
from folkmoot.chat import Branch, Chat, LabelledSnapshot

from .chats import a_chat, a_moot
from .conversation import message_json
from .reading import ChatId
from .screen import Screen, clean
from .serve import App
from .verbs import Invocation, verb

__all__ = ["VERBS", "At", "By", "Force", "Label", "Tenant", "Turn"]

At = Annotated[
    int | None, typer.Option("--at", metavar="OFFSET", envvar="FOLKMOOT_AT", min=0, help="Offset of the snapshot.")
]
Turn = Annotated[
    int | None,
    typer.Option("--turn", envvar="FOLKMOOT_TURN", min=1, help="The turn of the present branch it was taken after."),
]
Label = Annotated[str | None, typer.Option("--label", envvar="FOLKMOOT_LABEL", help="The name it was given.")]
By = Annotated[str, typer.Option("--by", envvar="FOLKMOOT_BY", help="Who asks for it, for the log.")]
Force = Annotated[bool, typer.Option("--force", envvar="FOLKMOOT_FORCE", help="End a run that is under way first.")]

Tenant = Annotated[str, typer.Option(envvar="FOLKMOOT_TENANT", help="Tenant of the new chat, to list chats by.")]

_UNBOUNDED = 1_000_000
_MOST = 60
"""Characters of a value that the text of a comparison shows."""
_PLAIN = ("run", "turn", "status", "stop_reason", "spoke", "pause")
"""Parts of the folded state that say something to people; of the others they are told how many there are."""


async def branches(invocation: Invocation, chat_id: ChatId) -> None:
    """Show the branches of a chat as a tree; '*': the chat is on it, or came through it."""
    async with a_chat(invocation, chat_id) as chat:
        found = await chat.branches()
    for branch in found:
        invocation.screen.emit(asdict(branch))
    if not invocation.screen.json:
        screen = invocation.screen
        tree = _tree(chat_id, found)
        screen.emit({}, tree if screen.out.is_terminal else _Uncut(tree))


class _Uncut:
    """A tree whose lines are as long as they are: in a pipe there is no width to fit, and rich would assume one."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._tree, options.update(width=_UNBOUNDED))


def _tree(chat_id: str, found: Sequence[Branch]) -> Tree:
    root = Tree(Text(clean(chat_id), style="bold"))
    places: dict[int | None, Tree] = {None: root}
    here = max((item.offset for branch in found for item in branch.snapshots if item.current), default=None)
    for branch in found:
        # A branch goes on after a snapshot of an earlier one.
        stands = f"; the chat stands at {here}" if any(item.offset == here for item in branch.snapshots) else ""
        node = places[branch.parent].add(Text(clean(_branch_line(branch) + stands)))
        places |= {item.offset: node for item in branch.snapshots}
    return root


def _branch_line(branch: Branch) -> str:
    first, last = branch.snapshots[0], branch.snapshots[-1]
    after = "" if branch.parent is None else f" after {branch.parent}"
    mark = " *" if branch.current else ""
    turns = f"turn {first.turn}" if first.turn == last.turn else f"turns {first.turn} to {last.turn}"
    at = (
        f"snapshot {first.offset}"
        if first is last
        else f"{len(branch.snapshots)} snapshots, {first.offset} to {last.offset}"
    )
    labels = ", ".join(f"{name} at {item.offset}" for item in branch.snapshots for name in item.labels)
    return f"{branch.offset}{mark}{after}: {turns}, {at}" + (f"; {labels}" if labels else "")


async def label(
    invocation: Invocation,
    chat_id: ChatId,
    name: Annotated[
        str, typer.Argument(metavar="NAME", envvar="FOLKMOOT_LABEL_NAME", show_envvar=True, help="1 to 100 characters.")
    ],
    at: At = None,
    turn: Turn = None,
    remove: Annotated[bool, typer.Option("--remove", envvar="FOLKMOOT_REMOVE", help="Take the name away.")] = False,
    by: By = "",
) -> None:
    """Give a snapshot of a chat a name, the last one if none is said; one that has the name loses it."""
    if remove and (at, turn) != (None, None):
        raise ValueError("--remove takes a name from whatever snapshot has it; leave --at and --turn away.")
    async with a_chat(invocation, chat_id) as chat:
        if remove:
            await chat.unlabel(name, by=by)
            found = None
        else:
            found = await chat.label(name, at, turn=turn, by=by)
    data = {"chat": chat_id, "command": "label", "label": name}
    if found is None:
        invocation.screen.emit({**data, "snapshot": None}, Text(clean(f"{chat_id}: {name!r} was taken away")))
    else:
        told = Text(clean(f"{chat_id}: {name!r} is {_point(found)}"))
        invocation.screen.emit({**data, "snapshot": asdict(found)}, told)


def _point(snapshot: LabelledSnapshot) -> str:
    return f"the snapshot at {snapshot.offset}, turn {snapshot.turn}"


async def diff(
    invocation: Invocation,
    chat_id: ChatId,
    first: Annotated[
        str,
        typer.Argument(metavar="A", envvar="FOLKMOOT_FIRST", show_envvar=True, help="A snapshot: label or [@]offset."),
    ],
    second: Annotated[
        str, typer.Argument(metavar="B", envvar="FOLKMOOT_SECOND", show_envvar=True, help="Another: likewise.")
    ],
) -> None:
    """Compare two snapshots of a chat: what only one of them has, and where their states differ."""
    async with a_chat(invocation, chat_id) as chat:
        found = await chat.compare(await _named(chat, first), await _named(chat, second))
    if invocation.screen.json:
        sides = {"first": _side(found.first), "second": _side(found.second)}
        invocation.screen.emit({"chat": chat_id, "shared": found.shared, **sides, "state": dict(found.state)})
    else:
        _show(invocation.screen, found)


async def _named(chat: Chat, named: str) -> int | str:
    """The snapshot somebody named on the command line: its offset, after an `@` if a label reads the same; or a label.

    Raises:
        ValueError: It may be both.
    """
    number = named.removeprefix("@")
    if not number.isascii() or not number.isdigit():
        return named
    if number == named:
        found = await chat.snapshots()
        labelled = next((item.offset for item in found if named in item.labels), None)
        if labelled is not None and any(item.offset == int(number) != labelled for item in found):
            raise ValueError(
                f"{named!r} is the label of the snapshot at {labelled}, and the offset of another; "
                f"say @{labelled} or @{number}."
            )
        return int(number) if labelled is None else labelled
    return int(number)


def _side(side: Side) -> dict[str, Any]:
    return {
        "snapshot": asdict(side.snapshot),
        "messages": [message_json(message) for message in side.messages],
        "tool_calls": [dict(call) for call in side.tool_calls],
        "tokens": side.tokens,
    }


def _show(screen: Screen, found: Comparison) -> None:
    screen.say("nothing in common" if found.shared < 0 else f"the same up to entry {found.shared}", "dim")
    for mark, style, side in (("-", "red", found.first), ("+", "green", found.second)):
        counts = f"{len(side.messages)} messages and events, {len(side.tool_calls)} tool calls, {side.tokens:,} tokens"
        screen.say(f"{mark * 3} {side.snapshot.offset}, turn {side.snapshot.turn}: {counts}", f"bold {style}")
        for message in side.messages:
            screen.line(Text(clean(f"{mark} {message.source}: {' '.join(message.to_text().split())}"), style=style))
    plain = {path: values for path, values in found.state.items() if path in _PLAIN}
    for path, (one, other) in plain.items():
        screen.line(Text(clean(f"{path.replace('_', ' ')}: {_brief(one)} | {_brief(other)}")))
    if inner := len(found.state) - len(plain):
        screen.say(f"and {inner} parts of the engine's own state, which --json shows", "dim")


def _brief(value: object) -> str:
    text = ", ".join(map(str, cast(Sequence[object], value))) if isinstance(value, list) else str(value)
    text = "none" if value in (None, "", []) else " ".join(text.split())
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


async def rollback(
    invocation: Invocation,
    chat_id: ChatId,
    offset: Annotated[
        int | None,
        typer.Argument(metavar="OFFSET", envvar="FOLKMOOT_AT", show_envvar=True, min=0, help="Offset of the snapshot."),
    ] = None,
    turn: Turn = None,
    label: Label = None,
    force: Force = False,
    compensate: Annotated[
        bool,
        typer.Option(
            "--compensate", envvar="FOLKMOOT_COMPENSATE", help="Have the tools run that undo crossed calls, if named."
        ),
    ] = False,
    app: App = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", envvar="FOLKMOOT_YES", help="Do not ask where tool calls with effects are crossed."
        ),
    ] = False,
    by: By = "",
) -> None:
    """Go back to a snapshot of a chat: its next run goes on from there. What came after stays as a branch.

    Calls of tools with side effects that came after it are told; at a terminal it asks before it crosses any.
    """
    screen = invocation.screen
    async with a_moot(invocation, chat_id, app) as (_, chat):
        found = await chat.find(offset, turn=turn, label=label)
        asks = not yes and not screen.json and sys.stdin.isatty() and sys.stdout.isatty()
        if asks and (calls := await chat.crossing(found.offset)):
            _tell_crossed(screen, calls)
            if not await _confirmed(screen, f"Go back to {_point(found)}? [y/N] "):
                screen.note("left as it was")
                raise typer.Exit(1)
        done = await chat.rollback(found.offset, force=force, compensate=compensate, by=by)
        status = (await chat.status()).status
    if not asks:
        _tell_crossed(screen, done.crossed)
    for call in done.compensated if not screen.json else ():
        failed = "failed: " if call["is_error"] else ""
        screen.note(f"{call['name']} for {call['offset']}: {failed}{call['content']}")
    data = {"chat": chat_id, "command": "rollback", "snapshot": asdict(done.snapshot), "offset": done.offset}
    calls = {"crossed": [dict(call) for call in done.crossed], "compensated": [dict(call) for call in done.compensated]}
    line = Text(clean(f"{chat_id}: {status}, back at {_point(done.snapshot)}"))
    screen.emit({**data, **calls, "status": status}, line)


async def fork(
    invocation: Invocation,
    chat_id: ChatId,
    new_id: Annotated[
        str, typer.Argument(metavar="NEWID", envvar="FOLKMOOT_NEW_ID", show_envvar=True, help="The new chat's id.")
    ],
    at: At = None,
    turn: Turn = None,
    label: Label = None,
    tenant: Tenant = "",
    app: App = None,
) -> None:
    """Open a chat that goes on from a snapshot of another, or from where that one is now."""
    screen = invocation.screen
    async with a_moot(invocation, chat_id, app) as (_, chat):
        place = None
        if (at, turn, label) != (None, None, None):
            place = (await chat.find(at, turn=turn, label=label)).offset
        new = await chat.fork(new_id, offset=place, tenant=tenant)
        status = (await new.status()).status
    _tell_crossed(screen, new.crossed)
    calls = [dict(call) for call in new.crossed]
    data = {"chat": new_id, "command": "fork", "source": chat_id, "offset": place, "crossed": calls, "status": status}
    screen.emit(data, Text(clean(f"{new_id}: {status}, forked from {chat_id}")))


def _tell_crossed(screen: Screen, calls: Sequence[Mapping[str, Any]]) -> None:
    if screen.json or not calls:
        return
    screen.note("tool calls with side effects that were made after it:")
    for call in calls:
        failed = " (failed)" if call["is_error"] else ""
        undo = f", which {call['compensate']} undoes" if "compensate" in call else ""
        screen.note(f"  {call['offset']:>5}  {call['agent']}: {call['name']}({call['arguments']}){failed}{undo}")


async def _confirmed(screen: Screen, question: str) -> bool:
    """Whether the person at the terminal says yes."""
    # As in `people`: no thread sits in `input`, so that Ctrl-C ends the verb.
    loop, keyboard, ready = asyncio.get_running_loop(), sys.stdin.fileno(), asyncio.Event()
    screen.out.print(Text(clean(question)), end="")
    loop.add_reader(keyboard, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(keyboard)
    return os.read(keyboard, 4096).strip().lower() in (b"y", b"yes")


VERBS = [verb(work.__name__, work) for work in (branches, label, diff, rollback, fork)]
