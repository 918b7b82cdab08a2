"""Many users of the HTTP API in one process. Arguments: the API's URL, how many, how their chats' ids begin.

The key that signs their tokens is in `FOLKMOOT_TOKEN_KEY`. What they are told to do, see `Crowd`.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from folkmoot._spec import to_json
from folkmoot.api_client.models import Entry
from folkmoot.server.tokens import issue, parse_keys

from .folkmoot_side import team
from .lines import serve
from .web_users import User, mistakes

__all__ = ["TENANT", "Crowd", "percentiles"]

TENANT = "web"
AT_ONCE = 50
CAUGHT_UP_SECONDS = 180.0


class Crowd:
    """The users.

    Args:
        url: The API's.
        count: How many.
        prefix: What their names, which are their chats' ids, begin with.
    """

    def __init__(self, url: str, count: int, prefix: str) -> None:
        keys = parse_keys(os.environ["FOLKMOOT_TOKEN_KEY"])
        spec: Any = to_json(team(1))
        names = [f"{prefix}-{number:04}" for number in range(count)]
        self._users = [
            User(url, name, issue(keys, name, roles=["designer"], tenant=TENANT), spec, chat=name) for name in names
        ]
        self._following: list[asyncio.Task[None]] = []
        self._failures: list[str] = []
        self._random = random.Random(count)

    async def handle(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked: arrive, work, check."""
        if asked["do"] == "arrive":
            return await self.arrive()
        if asked["do"] == "work":
            return await self.work(asked["until"], asked["pace"])
        if asked["do"] == "check":
            return await self.check()
        raise ValueError(f"unknown request {asked['do']!r}")

    async def arrive(self) -> dict[str, Any]:
        """Open the chats, or find them, and follow each."""
        began = time.perf_counter()

        async def one(user: User) -> None:
            await user.open()
            self._following.append(asyncio.create_task(user.follow()))

        await self._each(one)
        return {"seconds": time.perf_counter() - began, **self._sums()}

    async def work(self, until: int, pace: float) -> dict[str, Any]:
        """Let everybody give tasks until so many of theirs were answered.

        Args:
            until: Tasks of each.
            pace: Tasks a second of all together. Each user has a time for each task; who still waits then is late.
        """
        began, interval = time.monotonic(), len(self._users) / pace
        for user in self._users:
            user.took.clear()
            user.lags.clear()

        async def one(user: User) -> None:
            due = began + self._random.uniform(0, interval)
            while user.given < until:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await user.give()
                due += interval

        await self._each(one, len(self._users))
        took = percentiles([seconds for user in self._users for seconds in user.took])
        lags = percentiles([lag for user in self._users for lag in user.lags])
        return {"took": took, "lags": lags, **self._sums()}

    async def check(self) -> dict[str, Any]:
        """Read all logs, and compare them with what was asked for and what streams have brought."""
        logs: dict[str, list[Entry]] = {}

        async def one(user: User) -> None:
            logs[user.name] = await user.log()

        await self._each(one)
        until = time.monotonic() + CAUGHT_UP_SECONDS
        read = [user for user in self._users if user.name in logs]
        while any(len(user.streamed) < len(logs[user.name]) for user in read) and time.monotonic() < until:
            await asyncio.sleep(0.1)
        found = [mistake for user in read for mistake in mistakes(user, logs[user.name])]
        entries = sum(map(len, logs.values()))
        ended = [task for task in self._following if task.done()]
        self._failures += [f"a stream ended: {task.exception()!r}" for task in ended]
        return {"wrong": found, "entries": entries, "tasks": sum(user.given for user in self._users), **self._sums()}

    def _sums(self) -> dict[str, Any]:
        users = self._users
        sums = {"sent": sum(user.sent for user in users), "again": sum(user.again for user in users)}
        return {**sums, "failed": self._failures}

    async def _each(self, work: Callable[[User], Awaitable[None]], at_once: int = AT_ONCE) -> None:
        slots = asyncio.Semaphore(at_once)

        async def one(user: User) -> None:
            async with slots:
                try:
                    await work(user)
                except Exception as error:  # noqa: BLE001 - a request that came to nothing is what is looked for
                    self._failures.append(f"{user.name}: {error!r}")

        await asyncio.gather(*map(one, self._users))


def percentiles(values: Sequence[float]) -> list[float]:
    """The median and the 95th percentile; zeros of nothing."""
    if len(values) < 2:
        return [*values, *values] or [0.0, 0.0]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return [cuts[49], cuts[94]]


async def _end_with(parent: int) -> None:
    # The end of stdin is seen between two requests only, and one may take long.
    while os.getppid() == parent:
        await asyncio.sleep(1)
    os._exit(1)


async def main() -> None:
    url, count, prefix = sys.argv[1:]
    watching = asyncio.create_task(_end_with(os.getppid()))
    await serve({"ready": True}, Crowd(url, int(count), prefix).handle)
    watching.cancel()


if __name__ == "__main__":
    asyncio.run(main())
