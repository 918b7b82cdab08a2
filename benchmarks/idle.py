"""Many idle chats: what they cost a worker in memory, and how long waking one takes that no worker has in its cache."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folkmoot import AssistantAgent, Folkmoot, RoundRobinGroupChat
from folkmoot.store import FolderStore

from .dialogue import AGENTS, MODEL
from .folkmoot_side import QUEUE
from .lines import Child
from .report import say, spread, table

__all__ = ["idle_table", "measure_idle"]

STEP = 500
AT_ONCE = 20
WOKEN = 20


def team() -> RoundRobinGroupChat:
    """One turn a run."""
    agents = [AssistantAgent(agent.name, model_client=MODEL, system_message=agent.system) for agent in AGENTS]
    return RoundRobinGroupChat(agents, max_turns=1)


async def measure_idle(folder: Path, worker: tuple[str, str, str], chats: int) -> list[dict[str, Any]]:
    """Open chats, each with one turn behind it, until there are so many; a sample every 500 and at the beginning."""
    file = folder / "idle.jsonl"
    samples: list[dict[str, Any]] = (
        [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    )
    opened = samples[-1]["chats"] if samples else 0
    while opened < chats:
        # The first sample is that of an all but empty server.
        until = min(chats, opened + STEP if opened else WOKEN)
        async with Child("benchmarks.folkmoot_side", *worker) as child:
            async with await Folkmoot.connect(worker[0], queue=QUEUE, store=FolderStore(worker[2])) as moot:
                await _open(moot, range(opened, until))
            used = await child.ask("usage")
        # A worker that has seen none of them.
        async with (
            Child("benchmarks.folkmoot_side", *worker),
            await Folkmoot.connect(worker[0], queue=QUEUE, store=FolderStore(worker[2])) as moot,
        ):
            await (await moot.get(_id(0))).run(task="Warm up.")
            step = max(1, until // WOKEN)
            times = [await _wake(moot, number) for number in range(1, until, step)]
        opened = until
        samples.append({"chats": opened, "rss": used["rss"], "wake": times})
        with file.open("a") as out:
            print(json.dumps(samples[-1]), file=out)
        say(f"{opened} idle chats, {used['rss'] / 2**20:.0f} MiB")
    return samples


def _id(number: int) -> str:
    return f"idle-{number:05}"


async def _open(moot: Folkmoot, numbers: range) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            chat = await moot.open(team(), _id(number))
            if (await chat.status()).run == 0:
                await chat.run(task="Begin.")

    await asyncio.gather(*map(one, numbers))


async def _wake(moot: Folkmoot, number: int) -> float:
    """Seconds of a run of one turn."""
    chat = await moot.get(_id(number))
    began = time.perf_counter()
    await chat.run(task="Wake up.")
    return time.perf_counter() - began


def idle_table(samples: Sequence[dict[str, Any]]) -> str:
    """One line per thousand chats, and the first."""
    lines = [
        [
            str(sample["chats"]),
            f"{sample['rss'] / 2**20:.0f}",
            f"{spread([seconds * 1_000 for seconds in sample['wake']]):.0f}",
        ]
        for place, sample in enumerate(samples)
        if place % 2 == 0 or place == len(samples) - 1
    ]
    return table(("idle chats", "worker RSS MiB after 500 more", "waking one, ms: median (least–most)"), lines)
