"""`local()`: server and worker in this process, for scripts, notebooks, tests and single machines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from temporalio.client import Client
from temporalio.worker import Worker

from ._encryption.keys import KeyRing
from ._local import Progress, default_data_folder, ensure_server
from ._spec import AgentSpec, Carried, carried
from ._temporal import names
from ._temporal.prices import PriceFunction
from ._temporal.stopping import stop
from .agents import LiveAgent, as_opened
from .chat import Chat
from .client import Folkmoot, connect_options
from .memory import Memory
from .models import Model
from .notices import Sink
from .plugin import FolkmootPlugin
from .store import FolderStore, Store, as_store
from .teams import TeamSpec
from .tools import FunctionTool
from .workbench import Workbench

__all__ = ["IN_MEMORY", "default_data_folder", "local"]

IN_MEMORY = ":memory:"
"""`data_dir` of a server that keeps nothing."""


@asynccontextmanager
async def local(
    data_dir: str | Path | None = None,
    *,
    models: Mapping[str, Model | Callable[[], Model]] | None = None,
    tools: Sequence[FunctionTool | Callable[..., Any]] = (),
    functions: Mapping[str, Callable[..., Any]] | None = None,
    agents: Mapping[str, Any] | None = None,
    memories: Mapping[str, Memory] | None = None,
    workbenches: Mapping[str, Workbench] | None = None,
    code_folder: str | Path | None = None,
    sinks: Mapping[str, Sink] | None = None,
    price: PriceFunction | None = None,
    store: Store | str | Path | None = None,
    encryption: KeyRing | None = None,
    namespace: str = "default",
    queue: str = names.DEFAULT_QUEUE,
    ui: bool = False,
    on_progress: Progress | None = None,
) -> AsyncGenerator[Folkmoot]:
    """Run a server and a worker in this process, for use in `async with`.

    The server is found, fetched or built (see the docs on the embedded server); its data is kept between runs. The
    worker starts with the first chat that is opened or asked for, when what its spec carries has been registered, so
    that it never takes a call it could not make.

    Args:
        data_dir: Folder of the server's data and the store; None: the user's data folder. `":memory:"` keeps nothing.
        models: Models by the name specs use, besides those that specs carry.
        tools: Tools that specs name.
        functions: Functions that specs name.
        agents: Custom agents that specs name: objects, classes or factories.
        memories: Memory stores that specs name.
        workbenches: Live workbenches that specs name, MCP servers among them.
        code_folder: Where agents may run code; None: they may not.
        sinks: Who is told of requests to people and ends of runs, by the name that teams' `notify` uses.
        price: What a model call costs; see `FolkmootPlugin`.
        store: Another store than the data folder's, or its URL (see `folkmoot.store.open_store`).
        encryption: Keys with which all is encrypted; None: the environment's (see `FolkmootPlugin`).
        namespace: The namespace to use.
        queue: The task queue.
        ui: Start a new server with Temporal's Web UI.
        on_progress: Told what takes long, with a fraction or None.

    Raises:
        ServerUnavailableError: There is no server and none can be had; the text names every way to get one.
    """
    folder = None if data_dir == IN_MEMORY else Path(data_dir) if data_dir is not None else default_data_folder()
    used = FolderStore(folder / "store") if store is None and folder is not None else as_store(store)
    plugin = FolkmootPlugin(
        models=models,
        tools=tools,
        functions=functions,
        agents=agents,
        memories=memories,
        workbenches=workbenches,
        code_folder=code_folder,
        sinks=sinks,
        price=price,
        store=used,
        encryption=encryption,
    )
    server = await ensure_server(
        data_dir=folder,
        namespace=namespace,
        ui=ui,
        on_progress=on_progress,
        search_attributes=names.SEARCH_ATTRIBUTES,
    )
    async with server:
        # A server that the environment names may want TLS and a key, which the environment names too.
        config = {} if server.owned else connect_options()
        config.update(target_host=server.address, namespace=server.namespace)
        client = await Client.connect(**config, plugins=[plugin, *server.plugins])
        if store is None and isinstance(used, FolderStore):
            # It lies with the server's data: where those are, it is not away.
            await used.begin()
        async with _Embedded(client, plugin=plugin, queue=queue, store=used) as moot:
            yield moot


class _Embedded(Folkmoot):
    """A `Folkmoot` with a worker of its own."""

    _worker: Worker | None = None

    async def open(self, team: TeamSpec | AgentSpec | LiveAgent, id: str, **options: Any) -> Chat:
        """See `Folkmoot.open`; what the spec carries is registered first."""
        spec = as_opened(team)
        if isinstance(spec, TeamSpec | AgentSpec):  # pyright: ignore[reportUnnecessaryIsInstance]
            await self._bring(spec)
        return await super().open(spec, id, **options)

    async def _bring(self, spec: TeamSpec | AgentSpec) -> None:
        assert self._plugin is not None
        register(self._plugin, carried(spec))
        await self._start()

    async def get(self, id: str) -> Chat:
        """See `Folkmoot.get`."""
        await self._start()
        return await super().get(id)

    async def _start(self) -> None:
        if self._worker is None:
            # The plugin of the client brings workflow, activities and interceptor.
            self._worker = Worker(self.client, task_queue=self.queue)
            await self._worker.__aenter__()
            self._workers.own = True

    async def close(self) -> None:
        """Stop following, then the worker: calls in flight are given back and made again by the next one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await stop(worker)
        await super().close()


def register(plugin: FolkmootPlugin, found: Carried) -> None:
    """Register what a spec carries; the same name again replaces what it stood for, as in a notebook cell run twice."""
    registry = plugin.registry
    registry.tools.update(found.tools)
    registry.functions.update(found.functions)
    registry.agents.update(found.agents)
    registry.memories.update(cast(dict[str, Memory], found.memories))
    registry.workbenches.update(cast(dict[str, Workbench], found.workbenches))
    for name, model in found.models.items():
        registry.models.register(name, cast(Model, model))
