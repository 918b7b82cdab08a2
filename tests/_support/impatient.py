"""A lost worker is noticed within seconds: for tests that kill workers, and would else wait for Temporal's ten seconds.

What is late is only done again by another worker, so the times change nothing but how long a test waits. A call that
is still under way after its heartbeat timeout is made again too: they are long enough for a busy machine.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import temporalio.client
import temporalio.worker
from temporalio.client import StartWorkflowInput, WorkflowHandle
from temporalio.worker import (
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

__all__ = ["STICKY", "Impatient"]

HEARTBEAT = timedelta(seconds=5)
"""A lost worker's calls are made again after this."""
TASK = timedelta(seconds=5)
"""And this after a workflow's task that it had begun, another does it."""
STICKY = {"sticky_queue_schedule_to_start_timeout": timedelta(seconds=2)}
"""The option of a worker: this long after a workflow's next task another takes it over."""


class Impatient(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """Shortens the timeouts of workflows that a client starts, and of the activities that a worker's workflows start.

    Workers get it from their client.
    """

    def intercept_client(self, next: temporalio.client.OutboundInterceptor) -> temporalio.client.OutboundInterceptor:
        """See `temporalio.client.Interceptor`."""
        return _Client(next)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """See `temporalio.worker.Interceptor`."""
        return _Inbound


class _Client(temporalio.client.OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.task_timeout = TASK
        return await super().start_workflow(input)


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> Any:
        if input.heartbeat_timeout is not None:
            input.heartbeat_timeout = min(input.heartbeat_timeout, HEARTBEAT)
        return super().start_activity(input)
