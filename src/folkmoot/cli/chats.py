"""Existing chats for the verbs that ask, command or change them, and somebody who works on their queue."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.service import RPCError, RPCStatusCode

from folkmoot._client.workers import Workers
from folkmoot.chat import Chat
from folkmoot.client import Folkmoot
from folkmoot.errors import UnknownNameError

from .connection import Connection, connected, working
from .verbs import Invocation

__all__ = ["a_chat", "a_moot", "worked_on"]


@asynccontextmanager
async def a_chat(invocation: Invocation, chat_id: str) -> AsyncGenerator[Chat]:
    """An existing chat, able to answer.

    Chats answer through workers. On the embedded server, where nobody works on the chat's queue, a worker of this
    process does so for the time being: for commands and questions only, as it has not registered the chat's models
    and tools.

    Raises:
        ChatNotFoundError: There is none of that id.
        NoWorkerError: Nobody works on its queue, on a server that is not ours.
        ServerUnavailableError: There is no server.
    """
    async with _found(invocation, chat_id, None, no_remote_activities=True) as (_, chat):
        yield chat


@asynccontextmanager
async def a_moot(invocation: Invocation, chat_id: str, app: str | None = None) -> AsyncGenerator[tuple[Folkmoot, Chat]]:
    """An existing chat that is to be commanded, and the chats of its queue.

    As `a_chat`, but the worker that is here for the time being also looks at what a command brings or goes back to.

    Args:
        invocation: The call of the verb.
        chat_id: The chat.
        app: `module:attribute` of what that worker has registered.

    Raises:
        ChatNotFoundError: There is none of that id.
        NoWorkerError: Nobody works on its queue, on a server that is not ours.
        ServerUnavailableError: There is no server.
    """
    async with _found(invocation, chat_id, app) as found:
        yield found


@asynccontextmanager
async def _found(
    invocation: Invocation, chat_id: str, app: str | None, **options: Any
) -> AsyncGenerator[tuple[Folkmoot, Chat]]:
    async with connected(invocation, app=app, start=False) as connection:
        any_queue = connection.moot(invocation.settings.queue)
        chat = await any_queue.get(chat_id)
        queue = await _queue_of(connection, chat_id)
        if queue is None:
            yield any_queue, chat
            return
        async with worked_on(invocation, connection, queue, app, **options), connection.moot(queue) as moot:
            yield moot, await moot.get(chat_id)


async def _queue_of(connection: Connection, chat_id: str) -> str | None:
    """The chat's own queue, which need not be the one new chats are put on; None: only the store knows the chat."""
    try:
        return (await connection.client.get_workflow_handle(chat_id).describe()).task_queue
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return None


@asynccontextmanager
async def worked_on(
    invocation: Invocation, connection: Connection, queue: str, app: str | None = None, **options: Any
) -> AsyncGenerator[None]:
    """Somebody works on the queue: those who do already, and only they, as they know what chats of it need.

    Args:
        invocation: The call of the verb.
        connection: To the server.
        queue: Of the chats.
        app: What this process's worker has registered, as the command line names it.
        options: Of the worker that this process runs if it is ours to run one.

    Raises:
        NoWorkerError: Nobody does, on a server that is not ours.
        UnknownNameError: As the block raised it, with what to do where that worker was given no `app`.
    """
    if not connection.embedded:
        await Workers(connection.client, queue).require()
        yield
    elif await connection.has_worker(queue):
        yield
    else:
        try:
            async with working(invocation, connection, queue, **options):
                yield
        except UnknownNameError as error:
            if app is not None:
                raise
            hint = f"{error.hint} This command's own worker knows what --app names; none was given.".strip()
            raise UnknownNameError(error.kind, error.name, error.known, hint) from None
