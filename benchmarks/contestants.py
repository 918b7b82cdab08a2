"""The three contestants, each behind the same two questions: run so many chats of so many turns; what did it cost."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from temporalio.client import Client

from folkmoot.chat import Chat
from folkmoot.client import Folkmoot
from folkmoot.store import FolderStore

from . import floor, folkmoot_side
from .dialogue import task
from .lines import Child

__all__ = ["AutoGen", "Contestant", "FloorRuns", "FolkmootRuns", "Sample", "floor_runs", "folkmoot_runs", "run_chat"]

SETTLE = 1.3
"""Seconds after a run in which a worker ends what it still does for it: a new chat continues as new after 1 s."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement.

    Attributes:
        wall: Seconds until the caller had the result, opening included.
        cpu: Seconds of the worker process, user and system, until it was at rest again.
        prompt_tokens: A quarter of the bytes posted to the model: whether the contestants asked the same.
        rss: Resident bytes of the worker process afterwards.
    """

    wall: float
    cpu: float
    prompt_tokens: int
    rss: float


class Contestant(Protocol):
    """Who is measured."""

    @property
    def name(self) -> str: ...

    async def measure(self, turns: int, chats: int) -> Sample: ...


class FloorRuns:
    """The bare Temporal floor."""

    name = "floor"

    def __init__(self, client: Client, worker: Child) -> None:
        self._client = client
        self._worker = worker

    async def measure(self, turns: int, chats: int) -> Sample:
        before, start = await self._worker.ask("usage"), time.perf_counter()
        results = await asyncio.gather(*(self._run(turns) for _ in range(chats)))
        wall = time.perf_counter() - start
        return await _sample(self._worker, before["cpu"], wall, sum(results))

    async def _run(self, turns: int) -> int:
        result = await self._client.execute_workflow(
            "Floor", args=[turns, False], id=f"floor-{uuid.uuid4()}", task_queue=floor.QUEUE, result_type=dict
        )
        return result["prompt_tokens"]


class FolkmootRuns:
    """Folkmoot with its default settings."""

    name = "folkmoot"

    def __init__(self, moot: Folkmoot, worker: Child) -> None:
        self.moot = moot
        self._worker = worker

    async def measure(self, turns: int, chats: int) -> Sample:
        before, start = await self._worker.ask("usage"), time.perf_counter()
        handles = await asyncio.gather(*(run_chat(self.moot, turns, number) for number in range(chats)))
        wall = time.perf_counter() - start
        sample = await _sample(self._worker, before["cpu"], wall, 0)
        used = 0
        for chat in handles:
            used += sum(agent["prompt_tokens"] for agent in (await chat.usage()).values())
            await chat.close()
        return Sample(sample.wall, sample.cpu, used, sample.rss)


class AutoGen:
    """AutoGen in memory, its state saved to a file after every turn."""

    name = "autogen"

    def __init__(self, process: Child) -> None:
        self._process = process

    async def measure(self, turns: int, chats: int) -> Sample:
        done = await self._process.ask("run", turns=turns, chats=chats)
        after = await self._process.ask("usage")
        return Sample(done["wall"], done["cpu"], done["prompt_tokens"], after["rss"])


async def run_chat(moot: Folkmoot, turns: int, number: int = 0) -> Chat:
    """Open a chat and run it to its end."""
    chat = await moot.open(folkmoot_side.team(turns), f"bench-{uuid.uuid4()}")
    result = await chat.run(task=task(number))
    if len(result.messages) != turns + 1:
        raise RuntimeError(f"expected {turns} replies, got {len(result.messages) - 1}: {result.stop_reason!r}")
    return chat


async def _sample(worker: Child, cpu_before: float, wall: float, prompt_tokens: int) -> Sample:
    await asyncio.sleep(SETTLE)
    after = await worker.ask("usage")
    return Sample(wall, after["cpu"] - cpu_before, prompt_tokens, after["rss"])


@asynccontextmanager
async def floor_runs(address: str, model_url: str, turns: int) -> AsyncGenerator[FloorRuns]:
    """The floor's worker, ready; `turns` is the most a run will have."""
    async with Child("benchmarks.floor", address, model_url, str(turns)) as worker:
        yield FloorRuns(await Client.connect(address), worker)


@asynccontextmanager
async def folkmoot_runs(address: str, model_url: str, store: Path) -> AsyncGenerator[FolkmootRuns]:
    """Folkmoot's worker, ready."""
    async with (
        Child("benchmarks.folkmoot_side", address, model_url, str(store)) as worker,
        await Folkmoot.connect(address, queue=folkmoot_side.QUEUE, store=FolderStore(store)) as moot,
    ):
        yield FolkmootRuns(moot, worker)
