"""Which server a verb works against, and who does the work there.

An address in the options or in Temporal's environment configuration names the server. Without one it is the embedded
server of the data folder, which is adopted, or started for as long as the verb takes.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfigProfile
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker

from folkmoot._client.workers import Workers
from folkmoot._local import ensure_server
from folkmoot._local.health import local_pollers
from folkmoot._local.launch import listens
from folkmoot._local.locks import is_held
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot._temporal.stopping import running
from folkmoot.client import Folkmoot
from folkmoot.errors import ServerUnavailableError
from folkmoot.plugin import FolkmootPlugin
from folkmoot.store import FolderStore, Store
from folkmoot.store.measured import MeasuredStore
from folkmoot.telemetry import Telemetry, forwarded_logs

from .loading import load_plugin
from .verbs import Invocation, Settings

__all__ = ["Connection", "connected", "polled", "working"]

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Connection:
    """A server a verb works against.

    Attributes:
        client: Connected, with `plugin`.
        plugin: What a worker made of the client has registered.
        address: host:port.
        ui_url: The Web UI, where one is known.
        embedded: It is the server of a data folder, or a private one.
        adopted: It ran before; others use it.
        store: Where sealed segments and large contents lie.
    """

    client: Client
    plugin: FolkmootPlugin
    address: str
    ui_url: str | None
    embedded: bool
    adopted: bool
    store: Store | None

    def moot(self, queue: str) -> Folkmoot:
        """Chats on this server, for workers of that queue."""
        store = None if self.store is None else MeasuredStore(self.store)
        return Folkmoot(self.client, queue=queue, store=store)

    async def has_worker(self, queue: str) -> bool:
        """Whether somebody works on the queue.

        The server tells who polled lately. On the embedded one workers are processes of this machine, so
        those that are gone since do not count.
        """
        if self.embedded:
            return any(_lives(identity) for identity in await local_pollers(self.client, queue))
        return await Workers(self.client, queue).any()


@asynccontextmanager
async def connected(
    invocation: Invocation,
    *,
    app: str | None = None,
    code_folder: Path | None = None,
    start: bool = True,
    in_memory: bool = False,
    ui: bool = False,
    port: int | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncGenerator[Connection]:
    """The server the settings name; else the embedded one.

    Args:
        invocation: The call of the verb.
        app: `module:attribute` of the plugin for workers made of the client.
        code_folder: Where agents may run code, with those workers; None: nowhere, unless the plugin says.
        start: False: an embedded server without any data is not started.
        in_memory: A private server that keeps nothing, whatever the settings name.
        ui: Start an embedded server with Temporal's Web UI.
        port: Port of an embedded server; None: any free one.
        telemetry: What the process tells of itself; None: nothing.

    Raises:
        ServerUnavailableError: No server answers, or none can be started; or there are no data to read.
    """
    _logs_to_stderr(telemetry)
    settings = invocation.settings
    remote = None if in_memory else _configured(settings)
    if remote is not None:
        store = settings.store()
        plugin = load_plugin(app, store, code_folder, named=settings.store_url is not None)
        if telemetry is not None:
            plugin.observe(telemetry)
        moot = await _connect(settings, remote, plugin)
        try:
            yield Connection(moot.client, plugin, remote, None, False, True, plugin.store or store)
        finally:
            await moot.close()
        return
    folder = None if in_memory else settings.folder
    if folder is not None and not start and not _has_data(folder):
        raise ServerUnavailableError(
            f"There are no chats in {str(folder)!r} and TEMPORAL_ADDRESS is not set; "
            "`folkmoot run` or `folkmoot dev` starts a server there."
        )
    async with _embedded(
        invocation, folder, app=app, code_folder=code_folder, ui=ui, port=port, telemetry=telemetry
    ) as connection:
        yield connection


@asynccontextmanager
async def _embedded(
    invocation: Invocation,
    folder: Path | None,
    *,
    app: str | None,
    code_folder: Path | None,
    ui: bool,
    port: int | None,
    telemetry: Telemetry | None,
) -> AsyncGenerator[Connection]:
    settings = invocation.settings
    store = settings.store(folder / "store" if folder is not None else None)
    # Before the server is started: what is wrong with the user's module is told at once.
    plugin = load_plugin(app, store, code_folder, named=settings.store_url is not None)
    if telemetry is not None:
        plugin.observe(telemetry)
    adopted = folder is not None and is_held(folder / "server.alive")
    with invocation.screen.waiting("starting the embedded Temporal server") as on_progress:
        server = await ensure_server(
            data_dir=folder,
            namespace=settings.namespace or "default",
            ui=ui,
            port=port,
            on_progress=on_progress,
            search_attributes=SEARCH_ATTRIBUTES,
        )
    async with server:
        client = await Client.connect(server.address, namespace=server.namespace, plugins=[plugin, *server.plugins])
        if settings.store_url is None and isinstance(store, FolderStore):
            # It lies with the server's data: where those are, it is not away.
            await store.begin()
        try:
            yield Connection(client, plugin, server.address, server.ui_url, True, adopted, plugin.store or store)
        finally:
            await plugin.close()


def _logs_to_stderr(telemetry: Telemetry | None) -> None:
    """Have the SDK's core log through Python: by itself it writes to standard output, amid what `--json` prints."""
    counting = None if telemetry is None else telemetry.runtime()
    runtime = counting or Runtime(telemetry=TelemetryConfig(logging=forwarded_logs()))
    Runtime.set_default(runtime, error_if_already_set=False)


def _configured(settings: Settings) -> str | None:
    """The address in the options, the environment, or Temporal's configuration file."""
    if settings.address:
        return settings.address
    return ClientConfigProfile.load(profile=settings.profile).address or None


async def _connect(settings: Settings, address: str, plugin: FolkmootPlugin) -> Folkmoot:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ServerUnavailableError(f"The address of the Temporal server is {address!r}; expected host:port.")
    # The SDK takes seconds to find out that nobody listens.
    if not await listens(host.strip("[]"), int(port)):
        raise ServerUnavailableError(
            f"No Temporal server answers at {address!r}; start it, or leave TEMPORAL_ADDRESS and --address away "
            "for the embedded one."
        )
    return await Folkmoot.connect(
        address,
        namespace=settings.namespace,
        profile=settings.profile,
        queue=settings.queue,
        store=plugin.store,
        plugin=plugin,
    )


def _has_data(folder: Path) -> bool:
    return (folder / "temporal.db").exists() or is_held(folder / "server.alive")


def _lives(identity: str) -> bool:
    """Whether the process of a worker's identity, `pid@host`, runs on this machine."""
    pid = identity.partition("@")[0]
    if not pid.isdigit():
        return True  # an identity of the user's own choice tells no process
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@asynccontextmanager
async def working(invocation: Invocation, connection: Connection, queue: str, **options: Any) -> AsyncGenerator[None]:
    """A worker in this process, until the block ends; it polls when the block begins."""
    if invocation.settings.log_level is None:
        # What fails in a chat is told by the verb that looks at it, without the traceback a worker logs.
        logging.getLogger("temporalio").setLevel(logging.ERROR)
    async with running(Worker(connection.client, task_queue=queue, **options)):
        await polled(connection.client, queue)
        yield


async def polled(client: Client, queue: str) -> None:
    """Wait until the server has seen a worker on the queue."""
    workers = Workers(client, queue)
    while not await workers.any():
        await asyncio.sleep(_POLL_SECONDS)
