"""How the business processes call their activities, and find the one process of a request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

__all__ = ["AlreadyStartedError", "Recorder", "started"]

T = TypeVar("T")

_ATTEMPT = timedelta(seconds=10)
"""So long after a worker is lost another one tries."""
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


class AlreadyStartedError(Exception):
    """The id is that of another request."""


class Recorder:
    """Calls the activities that write things down, each to its end: nothing is left half-way by a cancellation.

    Attributes:
        cancelled: Whether the process was cancelled during one of them.
    """

    def __init__(self) -> None:
        self.cancelled = False

    async def record(self, activity: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Call an activity, for as long as it takes: a database comes back.

        Raises:
            ActivityError: It refuses.
        """
        call = workflow.start_activity(activity, args=args, start_to_close_timeout=_ATTEMPT, retry_policy=_RETRY)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            self.cancelled = True
            return await call


async def started(
    client: Client, process: str, request: BaseModel, id: str, queue: str, result: type[T]
) -> WorkflowHandle[Any, T]:
    """Start a process, or find the one that was started with the very same request.

    Args:
        client: Connected with a `FolkmootPlugin`.
        process: The workflow's name.
        request: What it is about.
        id: The workflow's id.
        queue: Task queue of the application's workers.
        result: What it comes to.

    Raises:
        AlreadyStartedError: The id is that of another request.
    """
    digest = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
    try:
        return await client.start_workflow(
            process,
            request,
            id=id,
            task_queue=queue,
            # A process fails if its request was refused; nothing was written, and it may be sent again.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            memo={"request": digest},
            result_type=result,
        )
    except WorkflowAlreadyStartedError:
        handle = client.get_workflow_handle(id, result_type=result)
        if (await (await handle.describe()).memo()).get("request") != digest:
            raise AlreadyStartedError(f"{id!r} is the process of another request.") from None
        return handle
