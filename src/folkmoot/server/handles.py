"""A chat's handle as one request has it: commands carry who asks, and the id that its Idempotency-Key stands for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from temporalio.client import Client

from folkmoot._chat.log import Entry
from folkmoot._chat.people import person_of
from folkmoot._client.commands import Accepted, Commands
from folkmoot._client.pages import LogPages
from folkmoot._client.people import By, When
from folkmoot._client.running import Previews
from folkmoot._client.tasks import log_task
from folkmoot._client.workers import Workers
from folkmoot.chat import Chat, ChatEvent, Task
from folkmoot.errors import ServerUnavailableError
from folkmoot.messages import BaseChatMessage, task_messages
from folkmoot.store import Store

from .messages import check_sources
from .runs import RunState, read_run

__all__ = ["COMMAND_SECONDS", "NotYetError", "RequestChat", "command_id"]

COMMAND_SECONDS = 30.0
"""So long a request waits for what becomes of its command."""


def command_id(key: str | None, *scope: str) -> str:
    """The id of the command that an Idempotency-Key stands for; empty: there is no key.

    Args:
        key: The key.
        scope: Who sent it, and for what: the same key of somebody else, or for another verb, is another command.
    """
    if not key:
        return ""
    return f"http-{hashlib.sha256(repr((key, *scope)).encode()).hexdigest()[:40]}"


class NotYetError(ServerUnavailableError):
    """A command was taken in, and what becomes of it is not known within the time of a request."""


class _Commands(Commands):
    """Commands of one request.

    Args:
        by: Who asks, as commands take it.
        command: The id of the command; empty: each gets one of its own.
    """

    def __init__(
        self, client: Client, chat_id: str, workers: Workers, pages: LogPages, by: Mapping[str, Any], command: str
    ) -> None:
        super().__init__(client, chat_id, workers, pages)
        self._by = {"by": dict(by)}
        self._command = command

    async def signal(self, verb: str, fields: Mapping[str, Any] | None = None, *, command: str = "") -> Entry:
        return await super().signal(verb, {**self._by, **(fields or {})}, command=command or self._command)

    async def update(self, verb: str, fields: Mapping[str, Any], *, command: str = "") -> Accepted:
        return await super().update(verb, {**self._by, **fields}, command=command or self._command)

    async def outcome(self, command: str, after: int, kind: str = "") -> Entry:
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                return await super().outcome(command, after, kind)
        except TimeoutError:
            raise NotYetError(
                f"Chat {self._chat_id!r} has taken the command in and not carried it out within "
                f"{COMMAND_SECONDS:.0f} s; its log tells what becomes of it, under {command!r}."
            ) from None


class RequestChat(Chat):
    """A chat as one request sees it."""

    def __init__(
        self,
        client: Client,
        chat_id: str,
        workers: Workers,
        store: Store | None,
        pages: LogPages,
        forks: Callable[..., Awaitable[Chat]],
        by: Mapping[str, Any],
        command: str,
    ) -> None:
        super().__init__(client, chat_id, workers, store, pages, forks)
        self._commands = _Commands(client, chat_id, workers, pages, by, command)
        self._by = person_of(by)

    @property
    def pages(self) -> LogPages:
        """Its log."""
        return self._pages

    async def start(self, task: Task, *, echo: bool = True) -> tuple[int, int]:
        """Start a run, and do not wait for its end.

        Args:
            task: What to do (see `run`).
            echo: False: the task is not part of the result.

        Raises:
            FolkmootError: The run was refused; or a task comes in the name of a participant.
            ValueError: A bad task.

        Returns:
            The run's number, and the offset of the entry it began with.
        """
        await self._check_sources(task)
        fields = await log_task(task, self._pages.put if self._stores else None, self._spec)
        accepted = await self._commands.update("run", fields if echo else {**fields, "echo": False})
        entry = await self._commands.outcome(accepted.command, accepted.after)
        return entry.data["run"], entry.offset

    async def say(
        self, message: str | BaseChatMessage, *, when: When = "queue", by: By = None, command: str = ""
    ) -> int:
        """See `Chat.say`; in the name of no participant."""
        await self._check_sources(message)
        return await super().say(message, when=when, by=by, command=command)

    async def _check_sources(self, task: Task) -> None:
        messages = task_messages(task)
        if messages:
            check_sources(await self._spec(), messages, self._by)

    async def run_state(self, run: int, after: int, wait: float = 0) -> RunState | None:
        """What is known of a run; None: there is none of that number from `after` on.

        Args:
            run: Its number.
            after: Offset of the entry it began with, or of an earlier one.
            wait: Seconds to wait for its end.
        """
        return await read_run(self._pages, self._event, run, after, wait)

    async def uuid(self) -> str:
        """The id that no other chat ever has."""
        return (await self._pages.query("status"))["uuid"]

    async def spec(self) -> dict[str, Any]:
        """The JSON of its team as it is now."""
        return await self._pages.query("spec")

    async def shows_words(self) -> bool:
        """Whether anybody in it shows words while saying them."""
        return bool((await self._memo()).get("stream", False))

    def previews(self) -> Previews:
        """Their words, as long as they are being said."""
        return Previews(self._client, self.id)

    async def event(self, entry: Entry) -> ChatEvent:
        """An entry of the log as readers see it."""
        return await self._event(entry)

    async def page(self, after: int, limit: int) -> tuple[list[ChatEvent], bool]:
        """So many entries after an offset, and whether there are more."""
        found: list[ChatEvent] = []
        async for event in self.events(after=after, follow=False):
            if len(found) == limit:
                return found, True
            found.append(event)
        return found, False
