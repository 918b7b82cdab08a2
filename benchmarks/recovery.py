"""After kill -9 in the middle of a model call: how long until the next worker makes the call again.

Everything has its default settings.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

from folkmoot.client import Folkmoot
from folkmoot.store import FolderStore

from . import folkmoot_side
from .dialogue import REPLY, task
from .lines import Child
from .report import say, spread

__all__ = ["measure_recovery", "recovery_line"]

HOLD = "mid-turn"
PHASE = 0.35
"""Seconds by which the kill comes later each time, so that it meets every phase of the heartbeat."""


async def measure_recovery(address: str, store: Path, times: int) -> list[dict[str, float]]:
    """Kill a worker during a call and start another at once, so many times."""
    script = [{"text": REPLY}, {"hold": HOLD, "text": REPLY, "repeat": True}]
    return [await _once(address, store, script, number, times) for number in range(times)]


async def _once(address: str, store: Path, script: list[dict[str, Any]], number: int, times: int) -> dict[str, float]:
    say(f"recovery {number + 1} of {times}")
    async with (
        Child("benchmarks.model_side", json.dumps(script)) as model,
        await Folkmoot.connect(address, queue=folkmoot_side.QUEUE, store=FolderStore(store)) as moot,
    ):
        arguments = ("benchmarks.folkmoot_side", address, model.ready["url"], str(store))
        async with Child(*arguments) as first:
            chat = await moot.open(folkmoot_side.team(2), f"recovery-{uuid.uuid4()}")
            running = asyncio.create_task(chat.run(task=task(number)))
            # The first call is answered, the second held.
            await model.ask("wait", total=2)
            await asyncio.sleep(number * PHASE)
            await first.kill()
        start = time.perf_counter()
        async with Child(*arguments):
            ready = time.perf_counter() - start
            await model.ask("wait", total=3)
            again = time.perf_counter() - start
            await model.ask("release", hold=HOLD)
            await running
            done = time.perf_counter() - start
            await chat.close()
    return {"ready": ready, "again": again, "done": done}


def recovery_line(results: list[dict[str, float]]) -> str:
    """Seconds from the new worker's start: median, best and worst."""
    again, done = spread([item["again"] for item in results]), spread([item["done"] for item in results])
    return (
        f"From the new worker's start to the first new attempt, {len(results)} times: {again:.1f} s; "
        f"to the run's end: {done:.1f} s."
    )
