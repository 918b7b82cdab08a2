"""What a worker of Folkmoot chats consists of: activities, log cache and interceptor, over one registry and store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from temporalio.client import Client
from temporalio.worker import Interceptor, Replayer, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from folkmoot.store import Store
from folkmoot.store.measured import MeasuredStore

from . import names
from .activities import ChatActivities
from .chat_workflow import GroupChat
from .counted import Counted
from .encrypting import with_readable_failures
from .kill_points import ContinuePoints, armed
from .log_cache import LogCache
from .reader import LogReader
from .registry import Registry

__all__ = ["ReplaySide", "WorkerSide"]


class WorkerSide(Interceptor):
    """The activity side of one worker, and the interceptor by which its workflows reach it.

    Workflows get extern functions, the SDK's way out of the sandbox: one shows the log to the cache, another answers a
    validator's question about registered names, a third says what was not counted yet. None influences what a workflow
    does on replay.

    Args:
        registry: What the worker has registered.
        store: Where sealed parts of logs and large contents lie; None: nowhere.
    """

    def __init__(self, registry: Registry, store: Store | None) -> None:
        self.registry = registry
        self.cache = LogCache()
        self._counted = Counted()
        measured = None if store is None else MeasuredStore(store)
        self.reader = LogReader(self.cache, measured, self._replay)
        self.activities: Sequence[Callable[..., Any]] = ChatActivities(registry, self.reader).all

    def keep_in(self, store: Store) -> None:
        """Use a store from now on."""
        self.reader.keep_in(MeasuredStore(store))

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """Called once per worker and replayer."""
        functions = cast(dict[str, Any], input.unsafe_extern_functions)  # pyright: ignore[reportUnknownMemberType]
        functions[names.CACHE_EXTERN] = self.cache.show
        functions[names.CHECK_EXTERN] = self.registry.refusal
        functions[names.COUNT_EXTERN] = self._counted.uncounted
        return ContinuePoints if armed() else None

    async def _replay(self, client: Client, workflow_id: str, run_id: str) -> None:
        """Read a run's history by replaying it: the replayed workflow shows its log to the cache."""
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        replayer = Replayer(
            workflows=[GroupChat],
            namespace=client.namespace,
            data_converter=with_readable_failures(client.data_converter),
            interceptors=[ReplaySide(self)],
        )
        await replayer.replay_workflow(history, raise_on_replay_failure=True)


class ReplaySide(Interceptor):
    """The interceptor of a replayer: as a worker's, but what chats do is not counted again.

    Args:
        side: The worker's.
    """

    def __init__(self, side: WorkerSide) -> None:
        self._side = side

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """Called once per replayer."""
        found = self._side.workflow_interceptor_class(input)
        functions = cast(dict[str, Any], input.unsafe_extern_functions)  # pyright: ignore[reportUnknownMemberType]
        del functions[names.COUNT_EXTERN]
        return found
