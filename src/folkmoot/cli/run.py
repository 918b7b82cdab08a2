"""The verb `run`: open a chat, or find the one that lives, run it and show the conversation as it happens."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from folkmoot._spec import carried
from folkmoot.chat import Chat
from folkmoot.embedded import register
from folkmoot.messages import BaseChatMessage, TaskResult

from .chats import worked_on
from .connection import Connection, connected
from .conversation import Conversation
from .loading import load_team
from .people import asking
from .requests import As, Roles, person_of
from .screen import clean
from .serve import App, CodeFolder
from .verbs import Invocation, verb

__all__ = ["VERBS"]


async def run(
    invocation: Invocation,
    team_source: Annotated[
        str,
        typer.Argument(metavar="TEAM", envvar="FOLKMOOT_TEAM_FILE", help="A team's JSON file, or module:attribute."),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            "--task", "-t", envvar="FOLKMOOT_TASK", help="What to do; '-': read it; none: go on where it ended."
        ),
    ] = None,
    chat_id: Annotated[
        str | None, typer.Option("--id", envvar="FOLKMOOT_CHAT_ID", help="The chat's id; none: a new one.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", envvar="FOLKMOOT_REPLACE", help="Start anew if that chat was closed.")
    ] = False,
    tenant: Annotated[str, typer.Option(envvar="FOLKMOOT_TENANT", help="Tenant of a new chat, to list chats by.")] = "",
    by: As = "",
    role: Roles = None,
    app: App = None,
    code_folder: CodeFolder = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", envvar="FOLKMOOT_IN_MEMORY", help="On a server that keeps nothing.")
    ] = False,
) -> None:
    """Run a team's chat and show the conversation live.

    What it asks people is put to whoever sits at this terminal; `folkmoot answer` and `approve` do so from elsewhere.
    Without a server configured it uses the embedded one, and works on the chat itself unless a worker does.
    """
    who = person_of(by, role)
    team = load_team(team_source)
    if task == "-":
        task = sys.stdin.read()
    chat_id = chat_id or f"{team.name}-{secrets.token_hex(3)}"
    async with connected(invocation, app=app, code_folder=code_folder, in_memory=in_memory) as connection:
        register(connection.plugin, carried(team))
        async with worked_on(invocation, connection, invocation.settings.queue, app):
            moot = connection.moot(invocation.settings.queue)
            async with moot:
                chat = await moot.open(team, chat_id, replace=replace, tenant=tenant)
                await _converse(invocation, connection, chat, task, who)


async def _converse(
    invocation: Invocation, connection: Connection, chat: Chat, task: str | None, who: dict[str, Any] | None
) -> None:
    screen, conversation = invocation.screen, Conversation(invocation.screen)
    screen.emit(
        {"kind": "chat", "chat": chat.id, "address": connection.address},
        Text(clean(f"chat {chat.id} on {connection.address}"), style="dim"),
    )
    try:
        async with asking(screen, chat, conversation, who) as saw:
            async for item in chat.run_stream(task=task, by=who):
                if isinstance(item, TaskResult):
                    conversation.break_off()
                    await _result(invocation, chat, item)
                else:
                    conversation.show(item)
                    saw(item)
    except asyncio.CancelledError:
        conversation.break_off()
        screen.note(
            f"left; the run is durable and goes on while a worker runs. See it: folkmoot tail -f {chat.id}, "
            f"end it: folkmoot cancel {chat.id}"
        )
        raise


async def _result(invocation: Invocation, chat: Chat, result: TaskResult) -> None:
    usages = [message.models_usage for message in result.messages if message.models_usage is not None]
    prompt = sum(usage.prompt_tokens for usage in usages)
    completion = sum(usage.completion_tokens for usage in usages)
    status = await chat.status()
    said = sum(isinstance(message, BaseChatMessage) for message in result.messages)
    data = {
        "kind": "result",
        "chat": chat.id,
        "stop_reason": result.stop_reason,
        "messages": said,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "turns": status.turn,
        "run": status.run,
        "head": status.head,
    }
    reason = result.stop_reason or "done"
    line = f"\n{reason} · {said} messages · {prompt + completion:,} tokens ({prompt:,} in, {completion:,} out)"
    invocation.screen.emit(data, Text(clean(line), style="bold"))


VERBS = [verb("run", run)]
