"""The Temporal plugin: everything a client and its workers need for Folkmoot chats."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from temporalio.client import ClientConfig
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
)
from temporalio.plugin import SimplePlugin
from temporalio.service import ConnectConfig, ServiceClient
from temporalio.worker import ReplayerConfig, Worker, WorkerConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from ._encryption.keys import KeyRing
from ._local import register_search_attributes
from ._spec import Carried
from ._temporal import names
from ._temporal.archive_workflow import ChatArchive
from ._temporal.archiving import Archiver
from ._temporal.chat_workflow import GroupChat
from ._temporal.custom_agents import check_agent
from ._temporal.encrypting import with_encryption, with_readable_failures
from ._temporal.notices_workflow import ChatNotices
from ._temporal.prices import PriceFunction
from ._temporal.registry import Registry
from ._temporal.worker_side import ReplaySide, WorkerSide
from .errors import FolkmootError
from .memory import Memory
from .models import Model, ModelRegistry
from .notices import Sink
from .signatures import public_keys, public_keys_of
from .store import Store, as_store
from .store.encrypted import encrypted
from .telemetry import Telemetry
from .tools import FunctionTool
from .workbench import Workbench

__all__ = ["FolkmootPlugin"]

HEARTBEAT_THROTTLE = timedelta(milliseconds=100)
"""Live text rides on heartbeats; the SDK's default would show it every 8 s. Other agents beat every 2 s."""


class FolkmootPlugin(SimplePlugin):
    """Give it to `Client.connect(..., plugins=[FolkmootPlugin(...)])`; workers of that client inherit it.

    Args:
        models: Models by the name specs use; a function is called once, when the model is first needed.
        tools: Function tools, or plain functions, by their own names.
        functions: Functions of conditions, selections, edges, approvals and the like, by the name specs use; in a list
            each by its own name.
        agents: Custom agents by the name specs use: an object (ours or AutoGen's), or a class or function that makes
            one of `name` and `description`, as far as it has such parameters.
        memories: Memory stores by the name specs use.
        workbenches: Live workbenches by the name specs use, MCP servers among them. Each is started when it is first
            needed, and stopped with the worker.
        code_folder: The folder in which agents may run code, each chat in one of its own; None: they may not. The code
            runs as this process's user: give such workers a container of their own.
        decision_keys: Public keys of those who sign decisions (see `folkmoot.signatures`), as texts; None: those of the
            environment. Requests that take signed decisions only need one.
        check_namespace: Before a worker polls, register the search attributes chats write (a chat whose namespace lacks
            one is stuck). False where the worker may not ask and they are known to be there.
        price: What a model call costs: a function of the model's name and the tokens of prompt and completion, sync or
            async. Budgets with a cost need it; where it fails the chat goes on, and the cost of that call is unknown.
        sinks: Who is told of requests to people and ends of runs, by the name that teams' `notify` uses, such as a
            `Webhook`. There is always `log` (see `notices.LogSink`), unless another one is given.
        store: Where sealed parts of long chats, large contents and closed chats lie: a store, or its URL (see
            `open_store`). The workers and clients of a chat need the same.
        encryption: Keys with which all payloads and the store's contents are encrypted; None: those of the environment
            (`FOLKMOOT_ENCRYPTION_KEYS`), if there are any. The workers and clients of a chat need the same.
        telemetry: What the processes of its clients and workers tell of themselves (see `folkmoot.telemetry`); None:
            nothing.

    Raises:
        ValueError: Two tools or functions have one name, or the environment's keys are none.
        TypeError: An agent is neither an agent nor makes one, or functions have no names to be known by.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Model | Callable[[], Model]] | None = None,
        tools: Sequence[FunctionTool | Callable[..., Any]] = (),
        functions: Mapping[str, Callable[..., Any]] | Sequence[Callable[..., Any]] | None = None,
        agents: Mapping[str, Any] | None = None,
        memories: Mapping[str, Memory] | None = None,
        workbenches: Mapping[str, Workbench] | None = None,
        code_folder: str | Path | None = None,
        sinks: Mapping[str, Sink] | None = None,
        price: PriceFunction | None = None,
        store: Store | str | Path | None = None,
        decision_keys: Sequence[str] | None = None,
        check_namespace: bool = True,
        encryption: KeyRing | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        by_name: dict[str, FunctionTool] = {}
        for item in tools:
            tool = item if isinstance(item, FunctionTool) else FunctionTool(item)
            if tool.name in by_name:
                raise ValueError(f"Two tools are named {tool.name!r}; names are how specs refer to tools.")
            by_name[tool.name] = tool
        of_tools = Carried()
        for tool in by_name.values():
            if tool.options.approval is not None:
                tool.options.approval.carry(of_tools)
        for name, agent in (agents or {}).items():
            check_agent(name, agent)
        self.registry = Registry(
            ModelRegistry(models or {}),
            by_name,
            {**of_tools.functions, **_by_name(functions or {})},
            dict(agents or {}),
            dict(memories or {}),
            dict(workbenches or {}),
            None if code_folder is None else Path(code_folder),
            price,
        )
        # Read here: in a workflow's sandbox what checks signatures cannot be imported.
        self.registry.decision_keys = (
            public_keys_of(os.environ) if decision_keys is None else public_keys(" ".join(decision_keys))
        )
        self.registry.add_sinks(sinks or {})
        self.store = as_store(store)
        self._check_namespace = check_namespace
        keys = KeyRing.from_environment() if encryption is None else encryption
        self._keys = keys
        side = WorkerSide(self.registry, encrypted(self.store, keys))
        self.cache = side.cache
        self._side = side
        self.telemetry = telemetry
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "folkmoot.FolkmootPlugin",
            data_converter=partial(_converter, keys, encryption is not None),
            interceptors=[side],
            activities=[*side.activities, Archiver(side.reader).archive],
            workflows=[GroupChat, ChatArchive, ChatNotices],
            workflow_runner=_runner,
            workflow_failure_exception_types=[FolkmootError],
        )

    def keep_in(self, store: Store) -> None:
        """Use a store for clients that are made from now on, and their workers, unless there is one already."""
        if self.store is None:
            self.store = store
            kept = encrypted(store, self._keys)
            assert kept is not None
            self._side.keep_in(kept)

    def observe(self, telemetry: Telemetry) -> None:
        """Have clients that are made from now on, and their workers, tell of themselves, unless they do already."""
        self.telemetry = self.telemetry or telemetry

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """See `temporalio.client.Plugin`."""
        config = super().configure_client(config)
        if self.telemetry is not None and self.telemetry.tracer is not None:
            # Only where it is wanted: OpenTelemetry may not be installed.
            from ._temporal.tracing import Tracing

            config["interceptors"] = [*config.get("interceptors", ()), Tracing(self.telemetry.tracer)]
        return config

    async def connect_service_client(
        self, config: ConnectConfig, next: Callable[[ConnectConfig], Awaitable[ServiceClient]]
    ) -> ServiceClient:
        """See `temporalio.client.Plugin`. A runtime of one's own stays.

        Raises:
            OSError: The address of the metrics is in use.
        """
        if self.telemetry is not None:
            self.telemetry.start()
            config.runtime = config.runtime or self.telemetry.runtime()
        return await super().connect_service_client(config, next)

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """See `temporalio.worker.Plugin`."""
        config = super().configure_replayer(config)
        config["data_converter"] = with_readable_failures(config.get("data_converter") or DataConverter())
        given = config.get("interceptors", ())
        config["interceptors"] = [ReplaySide(self._side) if item is self._side else item for item in given]
        return config

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """See `temporalio.worker.Plugin`."""
        config = super().configure_worker(config)
        # The worker has filled in the SDK's default by now, so absence would tell nothing.
        longest = config["max_heartbeat_throttle_interval"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        config["max_heartbeat_throttle_interval"] = min(longest, HEARTBEAT_THROTTLE)
        return config

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        """See `temporalio.worker.Plugin`.

        Raises:
            ServerUnavailableError: Search attributes are missing and may not be added; the text says who can.
        """
        if self._check_namespace:
            await register_search_attributes(worker.client, names.SEARCH_ATTRIBUTES)
        if self.registry.models.calls_openai:
            # The first model call would else hold up the worker's event loop for a second or two.
            await asyncio.to_thread(ModelRegistry.prepare)
        try:
            await super().run_worker(worker, next)
        finally:
            await self.registry.stop_workbenches()
            await self.registry.close_sinks()
            if self.store is not None:
                await self.store.close()

    async def close(self) -> None:
        """Close the connections of the registered models and sinks and of the store."""
        await self.registry.models.close()
        await self.registry.close_sinks()
        if self.store is not None:
            await self.store.close()


def _by_name(functions: Mapping[str, Callable[..., Any]] | Sequence[Callable[..., Any]]) -> dict[str, Any]:
    """Functions by the name specs use.

    Raises:
        TypeError: They are neither a mapping nor a list of functions with names.
        ValueError: Two have one name.
    """
    if isinstance(functions, Mapping):
        return dict(functions)
    if isinstance(cast(object, functions), str) or not isinstance(cast(object, functions), Sequence):
        raise TypeError(f"Expected functions by name, or a list of functions, got {functions!r}.")
    found: dict[str, Any] = {}
    for function in functions:
        name = getattr(function, "__name__", None)
        if not callable(function) or not isinstance(name, str) or name == "<lambda>":
            raise TypeError(f"{function!r} has no name of its own; give it as functions={{'name': ...}}.")
        if name in found:
            raise ValueError(f"Two functions are named {name!r}; names are how specs refer to functions.")
        found[name] = function
    return found


class _Converter(PydanticPayloadConverter):
    """Pydantic's, made once: the SDK makes one for every activation and Pydantic's schemas with it."""

    _made: tuple[EncodingPayloadConverter, ...] = ()

    def __init__(self) -> None:
        if not _Converter._made:
            super().__init__()
            _Converter._made = tuple(self.converters.values())
        else:
            CompositePayloadConverter.__init__(self, *_Converter._made)


def _converter(keys: KeyRing | None, given: bool, converter: DataConverter | None) -> DataConverter:
    """Our converters in place of the default ones; a codec, and converters of one's own, stay as they are."""
    converter = converter or DataConverter()
    if converter.payload_converter_class is DefaultPayloadConverter:
        converter = dataclasses.replace(converter, payload_converter_class=_Converter)
    return with_encryption(converter, keys, given=given)


def _runner(runner: WorkflowRunner | None) -> WorkflowRunner:
    """Pass folkmoot through the sandbox, for users' own workflows that import it.

    Importing its pydantic models again for each workflow instance costs 320 ms. What the sandbox then misses inside
    it, lint forbids.
    """
    if isinstance(runner, SandboxedWorkflowRunner):
        restrictions = runner.restrictions.with_passthrough_modules("folkmoot", "openai", "docstring_parser")
        return dataclasses.replace(runner, restrictions=restrictions)
    if runner is None:
        raise ValueError("expected a workflow runner")
    return runner
