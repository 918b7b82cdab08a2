"""A chat of 2,000 turns under default limits, which continues as new several times.

Restartable: kill it and start it again. Server data and store lie in one folder; what was run is not run again.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from temporalio.client import Client

from folkmoot._local import ensure_server
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.chat import Chat
from folkmoot.client import Folkmoot
from folkmoot.store import FolderStore

from . import folkmoot_side
from .dialogue import REPLY, task
from .history import runs_of
from .lines import Child
from .report import say, table

__all__ = ["measure_soak", "soak_table"]

LENGTHS = (200, 2000)


async def measure_soak(folder: Path) -> list[dict[str, Any]]:
    """Run a chat of each length, or go on with those an earlier call began."""
    folder.mkdir(parents=True, exist_ok=True)
    server = await ensure_server(data_dir=folder / "server", search_attributes=SEARCH_ATTRIBUTES)
    script = json.dumps([{"text": REPLY, "repeat": True}])
    store = FolderStore(folder / "store")
    async with server, Child("benchmarks.model_side", script) as model:
        worker = Child("benchmarks.folkmoot_side", server.address, model.ready["url"], str(store.path))
        async with worker, await Folkmoot.connect(server.address, store=store) as moot:
            client = await Client.connect(server.address)
            results: list[dict[str, Any]] = []
            for turns in LENGTHS:
                chat = await moot.open(folkmoot_side.team(turns), f"soak-{turns}")
                await _to_the_end(chat)
                usage = await worker.ask("usage")
                runs = await runs_of(client, chat.id)
                results.append({"turns": turns, "runs": runs, "rss": usage["rss"], "peak": usage["peak"]})
            return results


async def _to_the_end(chat: Chat) -> None:
    """Run the chat, or wait for the run an earlier process began."""
    status = await chat.status()
    if status.run == 0:
        running = asyncio.create_task(chat.run(task=task(0)))
    else:
        running = asyncio.create_task(_ended(chat, status.head))
    while not (await asyncio.wait({running}, timeout=10))[0]:
        say(f"{chat.id}: turn {(await chat.status()).turn}")
    await running


async def _ended(chat: Chat, head: int) -> None:
    async for event in chat.events(after=head - 2):
        if event.kind == "run_ended":
            return


def soak_table(results: list[dict[str, Any]]) -> str:
    """One line per chat: bytes over all its runs."""
    lines: list[list[str]] = []
    for result in results:
        runs = result["runs"]
        total = sum(run["bytes"] for run in runs)
        lines.append(
            [
                str(result["turns"]),
                str(len(runs)),
                f"{sum(run['events'] for run in runs) / result['turns']:.2f}",
                f"{total / result['turns']:.0f}",
                ", ".join(str(run["bytes"]) for run in runs),
                f"{result['rss'] / 2**20:.0f}",
            ]
        )
    head = ("turns", "runs", "events/turn", "bytes/turn over all runs", "bytes by run", "worker RSS MiB")
    return table(head, lines)
