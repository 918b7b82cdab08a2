"""The verbs that work until they are told to stop: dev and worker."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from temporalio.worker import Worker

from .connection import Connection, connected, polled
from .verbs import Invocation, verb

__all__ = ["VERBS", "App", "CodeFolder", "stop_signal"]

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        envvar="FOLKMOOT_APP",
        help="module:attribute with the worker's models, tools, functions, agents and so on: a FolkmootPlugin, a "
        "mapping of its arguments, or a function that returns either.",
    ),
]
CodeFolder = Annotated[
    Path | None,
    typer.Option(
        envvar="FOLKMOOT_CODE_FOLDER",
        help="Folder in which agents may run code, as this user and without a sandbox; none: they may not.",
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        envvar="FOLKMOOT_GRACEFUL_SHUTDOWN_TIMEOUT",
        min=0,
        help="Seconds that calls in flight are given to finish when the worker is stopped.",
    ),
]


async def dev(
    invocation: Invocation,
    app: App = None,
    code_folder: CodeFolder = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="FOLKMOOT_PORT", min=1, max=65535, help="Port of a server that is started; none: any free one."
        ),
    ] = None,
    in_memory: Annotated[bool, typer.Option("--in-memory", envvar="FOLKMOOT_IN_MEMORY", help="Keep nothing.")] = False,
    graceful_shutdown_timeout: Grace = 2.0,
) -> None:
    """Run the embedded server with Web UI, and a worker, until Ctrl-C. A server that runs already is adopted."""
    async with connected(
        invocation, app=app, code_folder=code_folder, in_memory=in_memory, ui=True, port=port
    ) as connection:
        await _serve(invocation, connection, "dev", graceful_shutdown_timeout)


async def worker(
    invocation: Invocation, app: App = None, code_folder: CodeFolder = None, graceful_shutdown_timeout: Grace = 10.0
) -> None:
    """Work on chats until SIGTERM or Ctrl-C, on the server that TEMPORAL_ADDRESS names or the embedded one."""
    async with connected(invocation, app=app, code_folder=code_folder) as connection:
        await _serve(invocation, connection, "worker", graceful_shutdown_timeout)


async def _serve(invocation: Invocation, connection: Connection, name: str, grace: float) -> None:
    queue = invocation.settings.queue
    stop = stop_signal()
    work = Worker(connection.client, task_queue=queue, graceful_shutdown_timeout=timedelta(seconds=grace))
    running = asyncio.create_task(work.run())
    stopping = asyncio.create_task(stop.wait())
    ready = asyncio.create_task(_announce(invocation, connection, name))
    try:
        # A worker that fails for good, say by its credentials, ends by itself.
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done() and not running.done():
            invocation.screen.say("stopping; calls in flight finish or are given back" if grace else "stopping")
            await work.shutdown()
        await running
    finally:
        stopping.cancel()
        ready.cancel()


async def _announce(invocation: Invocation, connection: Connection, name: str) -> None:
    """Say where everything is, once the worker polls: who waits for that line may start."""
    queue, screen = invocation.settings.queue, invocation.screen
    await polled(connection.client, queue)
    data = {
        "kind": name,
        "address": connection.address,
        "ui_url": connection.ui_url,
        "namespace": connection.client.namespace,
        "queue": queue,
        "adopted": connection.adopted,
        "data_dir": str(invocation.settings.folder) if connection.embedded else None,
    }
    told = "adopted" if connection.adopted else "started"
    ui = connection.ui_url or ("none: it was started without" if connection.embedded else "where your server has it")
    lines = [
        f"Temporal server  {connection.address} ({told})",
        f"Web UI           {ui}",
        f"Worker           polls task queue {queue!r} in namespace {connection.client.namespace!r}",
        "Stop with Ctrl-C.",
    ]
    screen.emit(data, Text("\n".join(lines if name == "dev" else lines[2:])))


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, instead of ending the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


VERBS = [verb("dev", dev), verb("worker", worker)]
