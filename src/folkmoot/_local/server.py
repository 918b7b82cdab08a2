"""The server a process talks to: one that runs, one named by the environment, or one started here."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from temporalio.client import Plugin

from folkmoot._local.binary import obtain_cli
from folkmoot._local.environment import ADDRESS
from folkmoot._local.launch import Wanted, listens
from folkmoot._local.mending import MendingPlugin
from folkmoot._local.private import start_private
from folkmoot._local.progress import Progress
from folkmoot._local.shared import SharedServer, join, join_or_start
from folkmoot.errors import ServerUnavailableError

__all__ = ["Server", "ensure_server"]


@dataclass
class Server:
    """A Temporal server that answers. Stop it when done, or use it in `async with`."""

    address: str
    """host:port"""
    ui_url: str | None
    """URL of the web UI; None where there is none, or none is known."""
    namespace: str
    owned: bool
    """Whether its life depends on ours: true unless `TEMPORAL_ADDRESS` named it."""
    on_stop: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)
    plugins: Sequence[Plugin] = ()
    """For its clients: with them they notice that an owned server is broken, and go on with the one started anew."""

    async def stop(self) -> None:
        """Stop using the server; an owned one ends with its last user. The second call does nothing."""
        stop, self.on_stop = self.on_stop, None
        if stop is not None:
            await stop()

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def ensure_server(
    *,
    data_dir: Path | None,
    namespace: str = "default",
    ui: bool = False,
    port: int | None = None,
    on_progress: Progress | None = None,
    search_attributes: Mapping[str, str],
) -> Server:
    """A Temporal server, found or started.

    In this order: the server that runs on `data_dir`; the one `TEMPORAL_ADDRESS` names; one started with the
    Temporal CLI of this machine, which is fetched or built if there is none.

    Args:
        data_dir: Folder of the server's data, shared by all who name it. None: in memory, private to this
            process, and gone with it.
        namespace: The namespace to use; an embedded server makes it if it lacks it.
        ui: Start the server with Temporal's web UI. One that is adopted is taken as it is.
        port: Port of a server started here; its UI is 1000 above if that is free. None: any free port.
        on_progress: Told what takes long: a download or a build of the CLI.
        search_attributes: Name and type of those the namespace needs; registered on embedded servers. For a
            server named by `TEMPORAL_ADDRESS` the caller connects with the right credentials and calls
            `register_search_attributes`.

    Raises:
        ServerUnavailableError: The server named does not answer; or there is none and none can be started.
    """
    wanted = Wanted(namespace=namespace, search_attributes=search_attributes, ui=ui, port=port)
    if data_dir is not None:
        joined = await join(data_dir, wanted)
        if joined is not None:
            return _shared(joined, namespace)
    address = os.environ.get(ADDRESS)
    if address:
        await _check_listening(address)
        return Server(address=address, ui_url=None, namespace=namespace, owned=False)
    cli = await obtain_cli(on_progress)
    if data_dir is not None:
        return _shared(await join_or_start(data_dir, cli, wanted), namespace)
    own = await start_private(cli, wanted)
    return Server(
        own.endpoints.address,
        own.endpoints.ui_url,
        namespace,
        owned=True,
        on_stop=own.stop,
        plugins=[MendingPlugin(own.mend)],
    )


def _shared(server: SharedServer, namespace: str) -> Server:
    plugins = [MendingPlugin(server.mend)]
    return Server(server.address, server.ui_url, namespace, owned=True, on_stop=server.stop, plugins=plugins)


async def _check_listening(address: str) -> None:
    """Say plainly that the named server is not there; the SDK's own error does not name the variable."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ServerUnavailableError(f"{ADDRESS} is {address!r}; expected host:port.")
    if not await listens(host.strip("[]"), int(port)):
        raise ServerUnavailableError(f"No server answers on {address!r}, which {ADDRESS} names; start it or unset it.")
