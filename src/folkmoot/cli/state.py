"""The verbs that take a chat's state elsewhere, or put one in: save, load, resume, export, import, context."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.text import Text

from folkmoot._client.old_messages import Ending, OldMessages, resumed
from folkmoot._spec import AgentSpec, carried
from folkmoot.chat import Chat
from folkmoot.client import Folkmoot
from folkmoot.embedded import register
from folkmoot.errors import ChatNotFoundError
from folkmoot.teams import TeamSpec

from .chats import a_chat, a_moot, worked_on
from .connection import connected
from .history import At, By, Force, Label, Tenant, Turn
from .loading import load_team
from .reading import ChatId
from .screen import Screen, clean
from .serve import App
from .verbs import Invocation, verb

__all__ = ["VERBS"]

Part = Annotated[
    str | None,
    typer.Option(
        envvar="FOLKMOOT_PART", help="Only of this participant (its path), or of a condition: [PATH/]termination."
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", envvar="FOLKMOOT_OUTPUT", help="File to write; none: print it.")
]
Team = Annotated[
    str | None,
    typer.Option(
        "--team",
        envvar="FOLKMOOT_OPEN_TEAM",
        help="Open the chat with this team if there is none: a JSON file, or module:attribute.",
    ),
]
StateFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        envvar="FOLKMOOT_STATE_FILE",
        show_envvar=True,
        help="The state's JSON, ours or AutoGen's; '-': read it.",
    ),
]
MessagesFile = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE",
        envvar="FOLKMOOT_MESSAGES_FILE",
        show_envvar=True,
        help="A JSON list of old messages: ours, AutoGen's, or AutoGen 0.2's; '-': read it.",
    ),
]


async def save(
    invocation: Invocation,
    chat_id: ChatId,
    part: Part = None,
    at: At = None,
    turn: Turn = None,
    label: Label = None,
    output: Output = None,
) -> None:
    """Save a chat's state, now or at a snapshot, as AutoGen's JSON; at any time."""
    async with a_chat(invocation, chat_id) as chat:
        state = await chat.save_state(part, offset=at, turn=turn, label=label)
    _write(invocation.screen, {"chat": chat_id, "command": "save", "part": part}, state, output)


def _write(screen: Screen, told: Mapping[str, Any], document: Mapping[str, Any], output: Path | None) -> None:
    """Print a document, or write it to a file and tell of it.

    Raises:
        ValueError: The file cannot be written; the text names it.
    """
    if output is None:
        # Only ASCII: words of models cannot steer a terminal, nor break off a pipe of another encoding.
        text = json.dumps(document, indent=None if screen.json else 2)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    try:
        size = output.write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")
    except OSError as error:
        raise ValueError(f"File {str(output)!r} cannot be written: {error.strerror}.") from None
    line = Text(clean(f"{told['chat']}: {size:,} bytes written to {str(output)!r}"))
    screen.emit({**told, "file": str(output), "bytes": size}, line)


async def load(
    invocation: Invocation,
    chat_id: ChatId,
    file: StateFile,
    part: Part = None,
    team_source: Team = None,
    app: App = None,
    force: Force = False,
    by: By = "",
) -> None:
    """Have a chat take over a saved state, as a whole or not at all; what was stays as a branch."""
    state = _json_object(file)
    if part is not None and team_source is not None:
        raise ValueError("A chat is opened with a whole state; give --part or --team, not both.")
    team = None if team_source is None else load_team(team_source)
    async with _placed(invocation, chat_id, team, app) as (moot, chat):
        if chat is not None:
            await chat.load_state(state, part, force=force, by=by)
        else:
            assert team is not None
            chat = await moot.open(team, chat_id, state=state)
        status = (await chat.status()).status
    data = {"chat": chat_id, "command": "load", "part": part, "status": status}
    invocation.screen.emit(data, Text(clean(f"{chat_id}: {status}")))


async def resume(
    invocation: Invocation,
    chat_id: ChatId,
    file: MessagesFile = None,
    team_source: Team = None,
    app: App = None,
    termination: Annotated[
        str | None,
        typer.Option(
            metavar="keep|remove|TEXT=REPLACEMENT",
            envvar="FOLKMOOT_TERMINATION",
            help="What becomes of a text in the last message that ends chats; none: it is kept, with a warning.",
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PARTICIPANT", envvar="FOLKMOOT_NAMES", help="Whom a name in the messages means; repeatable."
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(envvar="FOLKMOOT_MAX_TOKENS", min=1, help="Keep only the newest messages of so many tokens."),
    ] = None,
    force: Force = False,
    by: By = "",
) -> None:
    """Let a paused chat go on; or, with a FILE of old messages, have a chat go on from them.

    With --team the chat is opened if there is none.
    """
    if file is None:
        await _go_on(
            invocation,
            chat_id,
            {"--team": team_source, "--termination": termination, "--names": names, "--max-tokens": max_tokens},
        )
        return
    old = OldMessages(_read(file), names=_names(names or ()), max_tokens=max_tokens)
    ending = _ending(termination)
    team = None if team_source is None else load_team(team_source)
    if invocation.settings.log_level is None:
        # The library logs its warnings; here they are told as the verb's own words.
        logging.getLogger("folkmoot.client").setLevel(logging.ERROR)
    async with _placed(invocation, chat_id, team, app) as (moot, chat):
        if chat is not None:
            warnings = await chat.load_messages(old, termination=ending, force=force, by=by)
        else:
            assert team is not None
            state, warnings = await resumed(team, old, ending)
            chat = await moot.open(team, chat_id, state=state)
        status = (await chat.status()).status
    for warning in warnings if not invocation.screen.json else ():
        invocation.screen.note(f"warning: {warning}")
    data = {"chat": chat_id, "command": "resume", "status": status, "warnings": warnings}
    invocation.screen.emit(data, Text(clean(f"{chat_id}: {status}")))


async def _go_on(invocation: Invocation, chat_id: str, of_messages: Mapping[str, object]) -> None:
    """What AutoGen calls resume: the pause ends."""
    if given := [name for name, value in of_messages.items() if value]:
        raise ValueError(f"{', '.join(given)} is for a FILE of old messages; give one.")
    async with a_chat(invocation, chat_id) as chat:
        await chat.resume()
        status = (await chat.status()).status
    data = {"chat": chat_id, "command": "resume", "status": status}
    invocation.screen.emit(data, Text(clean(f"{chat_id}: {status}")))


@asynccontextmanager
async def _placed(
    invocation: Invocation, chat_id: str, team: TeamSpec | AgentSpec | None, app: str | None
) -> AsyncGenerator[tuple[Folkmoot, Chat | None]]:
    """The chat, or None if it is to be opened with the team, and where.

    Raises:
        ChatNotFoundError: There is none, and no team to open it with.
        ChatExistsError: It lives with another team.
        ChatClosedError: It was closed, and there is a team to open it with.
    """
    if team is None:
        async with a_moot(invocation, chat_id, app) as found:
            yield found
        return
    async with connected(invocation, app=app) as connection:
        register(connection.plugin, carried(team))
        queue = invocation.settings.queue
        async with worked_on(invocation, connection, queue, app), connection.moot(queue) as moot:
            try:
                await moot.get(chat_id)
            except ChatNotFoundError:
                yield moot, None
            else:
                yield moot, await moot.open(team, chat_id)


async def export(
    invocation: Invocation,
    chat_id: ChatId,
    at: At = None,
    turn: Turn = None,
    label: Label = None,
    output: Output = None,
) -> None:
    """Write a chat, now or at a snapshot, as one JSON document that `import` opens anew on any server."""
    async with a_chat(invocation, chat_id) as chat:
        document = await chat.export(at, turn=turn, label=label)
    _write(invocation.screen, {"chat": chat_id, "command": "export"}, document, output)


async def import_(
    invocation: Invocation,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            envvar="FOLKMOOT_IMPORT_FILE",
            show_envvar=True,
            help="A chat that `export` wrote; '-': read it.",
        ),
    ],
    chat_id: ChatId,
    replace: Annotated[
        bool, typer.Option("--replace", envvar="FOLKMOOT_REPLACE", help="Start anew if that chat was closed.")
    ] = False,
    tenant: Tenant = "",
    app: App = None,
) -> None:
    """Open a chat that goes on from an exported one."""
    document = _json_object(file)
    queue = invocation.settings.queue
    async with (
        connected(invocation, app=app) as connection,
        worked_on(invocation, connection, queue, app),
        connection.moot(queue) as moot,
    ):
        chat = await moot.import_chat(document, chat_id, replace=replace, tenant=tenant)
        status = (await chat.status()).status
    data = {"chat": chat_id, "command": "import", "source": document.get("chat"), "status": status}
    invocation.screen.emit(data, Text(clean(f"{chat_id}: {status}")))


async def context(
    invocation: Invocation,
    chat_id: ChatId,
    agent: Annotated[
        str,
        typer.Argument(
            metavar="AGENT",
            envvar="FOLKMOOT_AGENT",
            show_envvar=True,
            help="A participant's name or path, or the manager's of a team that selects with a model.",
        ),
    ],
) -> None:
    """Show what a participant's model would see next; no model is called."""
    async with a_chat(invocation, chat_id) as chat:
        view = await chat.context(agent)
    screen = invocation.screen
    if screen.json:
        screen.emit({"chat": chat_id, "agent": agent, **asdict(view)})
        return
    for message in view.messages:
        screen.say(f"{message['type'].removesuffix('Message').lower()} {message.get('source', '')}".strip(), "bold")
        content = message["content"]
        screen.say(content if isinstance(content, str) else json.dumps(content, indent=2))
        screen.say("")
    told = f"{len(view.messages)} messages, about {view.tokens:,} tokens, of {view.whole} in the conversation"
    if view.unapplied:
        told += f"; not applied here: {', '.join(view.unapplied)}"
    screen.say(told, "dim")


def _read(source: str) -> str:
    """A file's text; `-`: what comes in.

    Raises:
        ValueError: It cannot be read; the text names it.
    """
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"There is no file {source!r}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"File {source!r} cannot be read: {error}") from None


def _json_object(source: str) -> dict[str, Any]:
    text = _read(source)
    try:
        found: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"File {source!r} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"File {source!r} holds no JSON object, but {text.strip()[:60]!r}.")
    return cast(dict[str, Any], found)


def _ending(text: str | None) -> Ending:
    """What `--termination` says.

    Raises:
        ValueError: Nothing that could be done.
    """
    if text is None or text == "keep" or text == "remove":
        return text
    old, equals, new = text.partition("=")
    if not old or not equals:
        raise ValueError(f"--termination is keep, remove or TEXT=REPLACEMENT, got {text!r}.")
    return {old: new}


def _names(given: Sequence[str]) -> dict[str, str]:
    """What `--names` says.

    Raises:
        ValueError: One of them is no NAME=PARTICIPANT.
    """
    found: dict[str, str] = {}
    for item in given:
        name, _, participant = item.partition("=")
        if not name or not participant:
            raise ValueError(f"--names takes NAME=PARTICIPANT, got {item!r}.")
        found[name] = participant
    return found


VERBS = [verb(work.__name__.rstrip("_"), work) for work in (save, load, resume, export, import_, context)]
