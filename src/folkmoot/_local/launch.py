"""What the embedded server is started with, and waiting until it serves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot._local import spawn
from folkmoot._local.namespace import ensure_namespace, register_search_attributes
from folkmoot._local.ports import LOOPBACK, free_port, is_free
from folkmoot.errors import ServerUnavailableError

__all__ = [
    "Endpoints",
    "Wanted",
    "choose_endpoints",
    "prepare",
    "server_command",
    "spawner",
    "wait_until_serving",
]

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.02
_UI_OFFSET = 1000
"""Distance of the web UI's port from the server's, as in Temporal's own documentation."""

DYNAMIC_CONFIG = {
    # The default caps the one shard of a dev server at 10 activities a second.
    "history.transferProcessorMaxPollRPS": "2000",
    "system.enableActivityEagerExecution": "true",
    # Timers fire on a grid of 1 s without.
    "history.timerProcessorMaxTimeShift": '"10ms"',
}


@dataclass(frozen=True)
class Wanted:
    """What a user asks of a server, whoever starts it."""

    namespace: str
    search_attributes: Mapping[str, str]
    ui: bool
    port: int | None


@dataclass(frozen=True)
class Endpoints:
    """Where a server is to listen."""

    port: int
    ui_port: int | None

    @property
    def address(self) -> str:
        """host:port of the server."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """URL of the web UI, None without one."""
        return None if self.ui_port is None else f"http://{LOOPBACK}:{self.ui_port}"


def choose_endpoints(wanted: Wanted) -> Endpoints:
    """The ports for a new server: those asked for, else free ones.

    Raises:
        ServerUnavailableError: The port asked for is taken.
    """
    if wanted.port is None:
        return Endpoints(free_port(), free_port() if wanted.ui else None)
    if not is_free(wanted.port):
        raise ServerUnavailableError(f"Port {wanted.port} is in use; give another port, or none for a free one.")
    if not wanted.ui:
        return Endpoints(wanted.port, None)
    beside = wanted.port + _UI_OFFSET
    return Endpoints(wanted.port, beside if is_free(beside) else free_port())


def server_command(cli: Path, endpoints: Endpoints, wanted: Wanted, database: Path | None) -> list[str]:
    """The command line of the server; without a database file its data is in memory."""
    command = [str(cli), "server", "start-dev", "--log-level", "error"]
    command += ["--ip", LOOPBACK, "--port", str(endpoints.port), "--namespace", wanted.namespace]
    command += ["--headless"] if endpoints.ui_port is None else ["--ui-port", str(endpoints.ui_port)]
    if database is not None:
        command += ["--db-filename", str(database)]
    for key, value in DYNAMIC_CONFIG.items():
        command += ["--dynamic-config-value", f"{key}={value}"]
    for name, kind in wanted.search_attributes.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return command


def spawner(mode: str, target: str) -> list[str]:
    """What goes before a server's command line; see the module `spawn`."""
    # Isolated and without site packages: nothing of the user's environment runs, and it starts faster.
    return [sys.executable, "-I", "-S", str(Path(spawn.__file__)), mode, target]


async def wait_until_serving(address: str, namespace: str, is_alive: Callable[[], bool]) -> Client | None:
    """Connect as soon as the server answers.

    Returns:
        A client; None if the server's process ended, or did not answer within 30 s.
    """
    host, port = address.rsplit(":", 1)
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while is_alive():
                # The SDK's connect takes seconds to give up; a bare one tells at once that nobody listens.
                if await listens(host, int(port)):
                    try:
                        return await Client.connect(address, namespace=namespace)
                    except (RPCError, RuntimeError):
                        pass  # it listens but does not serve yet
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        return None
    return None


async def listens(host: str, port: int) -> bool:
    """Whether anything accepts connections there now."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def prepare(client: Client, wanted: Wanted) -> None:
    """Make the namespace and the search attributes that the user wants, where the server lacks them."""
    await ensure_namespace(client)
    await register_search_attributes(client, wanted.search_attributes)
