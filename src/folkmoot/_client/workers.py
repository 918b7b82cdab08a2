"""Whether anybody would carry out what a client asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.pollers import Polls, pinned_to, polls_of
from folkmoot.errors import FolkmootError, NoWorkerError, error_from_wire

__all__ = ["Silence", "Workers"]


GRACE_SECONDS = 2.0
"""A worker that has just started is not listed at once."""
KNOWN_SECONDS = 5.0
"""So long workers that were seen are not asked for again."""
SILENT_SECONDS = 40.0
"""A worker that takes a question polls again at once. If none has for so long, those listed were killed, or hang."""
LONGEST_SECONDS = 60.0
"""So long a question may take workers that poll."""


class Workers:
    """The workers of a task queue.

    Attributes:
        queue: The queue.
        own: A worker of this very process polls it, so nobody needs to be asked.
    """

    def __init__(self, client: Client, queue: str) -> None:
        self._client = client
        self.queue = queue
        self.own = False
        self._polls = Polls({}, frozenset())
        self._seen = -KNOWN_SECONDS

    async def any(self) -> bool:
        """Whether a worker polled the queue lately, of whatever version."""
        return self.own or bool((await self._known()).last)

    async def absence(self, chat_id: str = "") -> str:
        """Why nobody would work on a chat, as a sentence; empty: somebody would.

        Args:
            chat_id: The chat, which may be pinned to a version of the workers; empty: any, so any version will do.
        """
        if self.own:
            return ""
        told = await self._why(chat_id)
        if told and asyncio.get_running_loop().time() - self._seen < KNOWN_SECONDS:
            # Since they were seen, another version may have been made the current one.
            self._seen = -KNOWN_SECONDS
            told = await self._why(chat_id)
        return told

    async def _why(self, chat_id: str) -> str:
        polls = await self._known()
        if not polls.last:
            return str(NoWorkerError(self.queue, self._client.namespace))
        if not chat_id or polls.last.keys() | polls.current == {""}:
            return ""
        pinned = await self._pinned(chat_id)
        if pinned and pinned not in polls.last:
            return (
                f"Chat {chat_id!r} is pinned to version {pinned!r}, of which no worker polls {self._place()}; those of "
                f"{_versions(polls.last)} do. Start one of it, or have the chat go over to the current version "
                "(docs/howto/upgrade.md)."
            )
        if pinned or polls.last.keys() & polls.current:
            return ""
        why = "it is not current" if not "".join(polls.current) else f"chats go to {_versions(polls.current)}"
        return (
            f"Workers of {_versions(polls.last)} poll {self._place()}, but get no chats: {why}. Make theirs the "
            "current one with `temporal worker deployment set-current-version`, or start workers that get chats."
        )

    async def require(self, chat_id: str = "") -> None:
        """Raise if there is none, nor one that is just starting.

        Args:
            chat_id: As for `absence`.

        Raises:
            NoWorkerError: With the queue's name, and why those that poll it do not count.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GRACE_SECONDS
        while told := await self.absence(chat_id):
            if loop.time() > deadline:
                raise self._error(told)
            await asyncio.sleep(0.1)

    async def unanswered(self, chat_id: str) -> FolkmootError:
        """The error of a question that nobody answers, though workers are listed."""
        pinned = await self._pinned(chat_id)
        which = f" of version {pinned!r}, to which it is pinned," if pinned else ""
        return self._error(
            f"No worker on {self._place()}{which} answers for chat {chat_id!r}, though the server lists some: they "
            "ended lately, or hang, or fail in this chat. See their logs, or start one with `folkmoot worker`."
        )

    async def last_poll(self, chat_id: str) -> datetime | None:
        """When a worker that may take the chat last began to poll, by the server's clock; None: not lately."""
        last = (await polls_of(self._client, self.queue)).last
        pinned = await self._pinned(chat_id)
        return last.get(pinned) if pinned else max(last.values(), default=None)

    async def _known(self) -> Polls:
        now = asyncio.get_running_loop().time()
        if now - self._seen >= KNOWN_SECONDS:
            self._polls = await polls_of(self._client, self.queue)
            if self._polls.last:
                self._seen = now
        return self._polls

    async def _pinned(self, chat_id: str) -> str:
        try:
            found = await self._client.get_workflow_handle(chat_id).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return ""  # Whoever asks for the chat is told so.
        return pinned_to(found.raw_description.workflow_execution_info.versioning_info)

    def _place(self) -> str:
        return f"task queue {self.queue!r} in namespace {self._client.namespace!r}"

    def _error(self, text: str) -> FolkmootError:
        details = {"queue": self.queue, "namespace": self._client.namespace}
        return error_from_wire(NoWorkerError.type, text, details)


class Silence:
    """How long the workers have left a question unanswered.

    Args:
        workers: They.
        chat_id: The chat that is asked.
    """

    def __init__(self, workers: Workers, chat_id: str) -> None:
        self._workers = workers
        self._chat_id = chat_id
        self._first = self._since = 0.0
        self._polled: datetime | None = None

    async def left(self) -> float:
        """After a question that timed out: the seconds that the next one may take.

        Raises:
            NoWorkerError: They have been silent for too long.
        """
        now = asyncio.get_running_loop().time()
        polled = self._polled
        with suppress(RPCError):  # The server restarts; so the question is made again.
            polled = await self._workers.last_poll(self._chat_id)
        if not self._first:
            self._first = self._since = now
        if polled != self._polled:
            self._polled, self._since = polled, now
        left = min(self._since + SILENT_SECONDS, self._first + LONGEST_SECONDS) - now
        if left <= 0:
            raise await self._workers.unanswered(self._chat_id)
        return left


def _versions(versions: Iterable[str]) -> str:
    return " and ".join(f"version {version!r}" if version else "no version" for version in sorted(versions))
