"""A worker for the repertoire, as a process of its own: `python -m tests.acceptance.kill.worker`.

Variables as in `tests._support.worker_process`, without `WORKER_BLOCK`, and with `WORKER_CODE`: the folder in which
code may be run. In the file `WORKER_BOOKINGS` are also the turns that the counter has begun; the first time a
performance whose take is `blocked` comes to a second turn, that turn never ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import Worker

from folkmoot import FolderStore, FolkmootPlugin, ToolContext, ToolOptions, tool
from tests._support.counter import Counter
from tests._support.impatient import STICKY, Impatient
from tests._support.repertoire import permit

_NOTES = Path(os.environ["WORKER_BOOKINGS"])


@tool(options=ToolOptions(side_effects=True))
async def book(item: str, context: ToolContext) -> str:
    """Book an item."""
    _write(json.dumps({"item": item, "key": context.idempotency_key}))
    return f"booked {item}"


@tool
async def give_back(item: str, outcome: str, context: ToolContext) -> str:
    """Undo a booking."""
    _write(json.dumps({"item": item, "key": context.idempotency_key, "outcome": outcome}))
    return f"gave back {item}"


def _note(line: str) -> bool:
    before = _NOTES.read_text().splitlines() if _NOTES.exists() else []
    _write(line)
    return line.startswith("turn 2:") and "-blocked]" in line and line not in before


def _write(line: str) -> None:
    with _NOTES.open("a") as file:
        file.write(line + "\n")


def _counter(name: str, description: str) -> Counter:
    return Counter(name, description, _note)


async def main() -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    plugin = FolkmootPlugin(
        tools=[book, give_back],
        agents={"counter": _counter},
        functions={"permit": permit},
        store=FolderStore(os.environ["WORKER_STORE"]),
        code_folder=os.environ["WORKER_CODE"],
    )
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], plugins=[plugin], interceptors=[Impatient()])
    options = json.loads(os.environ["WORKER_OPTIONS"])
    async with Worker(client, task_queue=os.environ["FOLKMOOT_TASK_QUEUE"], **STICKY, **options):
        print("polling", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
