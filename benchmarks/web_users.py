"""Users of the HTTP API, as their programs are: each has a chat, gives it tasks, follows its log, and asks again.

What was not answered is sent again with the same Idempotency-Key until it is; a stream that breaks is read on.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import httpx2 as httpx

from folkmoot.api_client import AuthenticatedClient, ProblemError, events, expect
from folkmoot.api_client.api.chats import get_chat, open_chat
from folkmoot.api_client.api.log import read_log
from folkmoot.api_client.api.runs import start_run
from folkmoot.api_client.api.steering import close_chat
from folkmoot.api_client.models import Entry, OpenChat, Problem, Run, RunStatus, StartRun

__all__ = ["User", "mistakes", "task"]

PAUSE = 0.5
"""Seconds before something is sent again."""
PATIENCE = 180.0
"""Seconds after which a user gives up."""
WAIT = 60
_AGAIN = {429, 502, 503, 504}
"""Answers that mean: not now."""
_NO_TLS = ssl.create_default_context()
"""One for all clients: each would make its own, though they speak plain HTTP."""

T = TypeVar("T")


def task(name: str, number: int) -> str:
    """What a user asks for."""
    return f"Task {number} of {name}."


@dataclass
class User:
    """Somebody with one chat.

    Attributes:
        url: Where the API is.
        name: Who it is.
        token: Says so.
        spec: JSON of the chat's team.
        chat: The chat's id; empty: the API makes one.
        given: Tasks that were answered.
        waiting: A request is under way.
        sent: Requests, the first attempt of each.
        again: Further attempts.
        streamed: Offsets of the entries that the stream brought.
        lags: Seconds from an entry's time until the stream brought it.
        took: Seconds of each task, from the first attempt until it was answered.
    """

    url: str
    name: str
    token: str
    spec: Mapping[str, Any]
    chat: str = ""
    given: int = 0
    waiting: bool = False
    sent: int = 0
    again: int = 0
    streamed: list[int] = field(default_factory=list[int])
    lags: list[float] = field(default_factory=list[float])
    took: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self._client = AuthenticatedClient(
            base_url=self.url, token=self.token, timeout=httpx.Timeout(2 * WAIT), verify_ssl=_NO_TLS
        )

    async def open(self) -> None:
        """Open the chat, or find the one that an earlier attempt or process opened."""
        body = OpenChat.from_dict({"team": self.spec, **({"id": self.chat} if self.chat else {})})
        key = f"{self.name}-open"
        self.chat = (await self._insist(lambda: self._open(body, key))).id
        status = await self._insist(lambda: get_chat.asyncio(self.chat, client=self._client))
        # The last one may be under way: given again, it is waited for.
        self.given = max(0, status.run - 1)

    async def give(self) -> Run:
        """Give the next task, and wait for what becomes of it."""
        number = self.given + 1
        body = StartRun(task=task(self.name, number))
        began = time.perf_counter()
        while True:
            run = await self._insist(lambda: self._run(body, f"{self.name}-{number}"))
            if run.status != RunStatus.RUNNING:
                break
        self.took.append(time.perf_counter() - began)
        self.given = number
        return run

    async def follow(self) -> None:
        """Read along until the chat is closed."""
        since = time.time()
        async for entry in events(self._client, self.chat, patience=PATIENCE):
            self.streamed.append(entry.offset)
            made = datetime.fromisoformat(entry.time).timestamp()
            if made > since:
                self.lags.append(time.time() - made)

    async def close(self) -> None:
        """Close the chat."""
        key = f"{self.name}-close"
        await self._insist(lambda: close_chat.asyncio(self.chat, client=self._client, idempotency_key=key))

    async def log(self) -> list[Entry]:
        """All of the chat's log."""
        found: list[Entry] = []
        more = True
        while more:
            after = found[-1].offset if found else -1
            page = await self._insist(lambda: read_log.asyncio(self.chat, client=self._client, after=after))  # noqa: B023
            found += page.entries
            more = page.more
        return found

    async def leave(self) -> None:
        """Hang up."""
        await self._client.get_async_httpx_client().aclose()

    async def _open(self, body: OpenChat, key: str) -> Any:
        return await open_chat.asyncio(client=self._client, body=body, idempotency_key=key)

    async def _run(self, body: StartRun, key: str) -> Run | Problem | None:
        return await start_run.asyncio(self.chat, client=self._client, body=body, wait=WAIT, idempotency_key=key)

    async def _insist(self, send: Callable[[], Awaitable[T | Problem | None]]) -> T:
        """What the API answers, however often it has to be asked.

        Raises:
            ProblemError: It refuses, or did nothing but put off.
            httpx2.TransportError: Nobody was there.
        """
        until = time.monotonic() + PATIENCE
        self.sent += 1
        self.waiting = True
        try:
            while True:
                try:
                    return expect(await send())
                except (httpx.TransportError, ProblemError) as error:
                    refused = isinstance(error, ProblemError) and error.status not in _AGAIN
                    if refused or time.monotonic() > until:
                        raise
                self.again += 1
                await asyncio.sleep(PAUSE)
        finally:
            self.waiting = False


def mistakes(user: User, log: Sequence[Entry]) -> list[str]:
    """What is wrong with a chat whose user has had their tasks answered: nothing is lost, nothing done twice.

    Args:
        user: The user, and what the stream has brought.
        log: All of the log.
    """
    offsets = list(range(len(log)))
    told = [message.additional_properties["content"] for message in (entry.message for entry in log) if message]
    counts = {text: told.count(text) for text in (task(user.name, number + 1) for number in range(user.given))}
    answers = [entry for entry in log if entry.message and entry.message.additional_properties["source"] != "user"]
    ends = [entry.data.additional_properties for entry in log if entry.kind == "run_ended"]
    starts = [entry.data.additional_properties["run"] for entry in log if entry.kind == "run_started"]
    runs = list(range(1, user.given + 1))
    wrong = {
        "offsets of the log": [entry.offset for entry in log] != offsets,
        "offsets of the stream": user.streamed != offsets,
        "tasks": any(count != 1 for count in counts.values()),
        "runs begun": starts != runs,
        "runs ended": [(end["run"], end["status"]) for end in ends] != [(run, "stopped") for run in runs],
        "messages": len(told) != 2 * user.given,
        "answers": len(answers) != user.given,
    }
    return [f"{user.name}: {name}" for name, is_wrong in wrong.items() if is_wrong]
