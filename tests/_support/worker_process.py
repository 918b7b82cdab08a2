"""A worker as a process of its own, to be killed: `python -m tests._support.worker_process`.

It connects to `TEMPORAL_ADDRESS` with a `FolkmootPlugin` and polls the queue `FOLKMOOT_TASK_QUEUE`; its models are
those of the endpoint `OPENAI_BASE_URL`. It prints a line when it polls, and ends well on SIGTERM. Further variables:

- `WORKER_STORE`: the folder of its store.
- `WORKER_BOOKINGS`: the file to which the tool `book` adds a line of JSON for each attempt.
- `WORKER_BLOCK`: first attempts of `book` for these items (separated by commas) never end.
- `WORKER_OPTIONS`: JSON of `temporalio.worker.Worker`'s options.
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
from tests._support.impatient import STICKY, Impatient

BLOCKED = set(os.environ.get("WORKER_BLOCK", "").split(","))


@tool(options=ToolOptions(side_effects=True))
async def book(item: str, context: ToolContext) -> str:
    """Book an item."""
    line = {"item": item, "key": context.idempotency_key, "attempt": context.attempt, "pid": os.getpid()}
    _note(json.dumps(line) + "\n")
    if context.attempt == 1 and item in BLOCKED:
        await asyncio.Event().wait()
    return f"booked {item}"


def _note(line: str) -> None:
    with Path(os.environ["WORKER_BOOKINGS"]).open("a") as file:
        file.write(line)


async def main() -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = os.environ.get("WORKER_STORE")
    plugin = FolkmootPlugin(tools=[book], store=FolderStore(store) if store else None)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], plugins=[plugin], interceptors=[Impatient()])
    options = json.loads(os.environ.get("WORKER_OPTIONS", "{}"))
    async with Worker(client, task_queue=os.environ["FOLKMOOT_TASK_QUEUE"], **STICKY, **options):
        print("polling", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
