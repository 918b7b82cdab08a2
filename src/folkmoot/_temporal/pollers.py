"""Who polls a task queue, as the server sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

__all__ = ["fresh_pollers"]

FRESH = timedelta(seconds=75)
"""A poll lasts up to one minute, so a living worker has begun one within this time."""


async def fresh_pollers(client: Client, queue: str) -> list[str]:
    """Identities of the workers that polled the queue for workflow tasks lately.

    Raises:
        RPCError: The server did not answer.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    response = await client.workflow_service.describe_task_queue(request)
    oldest = datetime.now(UTC) - FRESH
    return [poller.identity for poller in response.pollers if poller.last_access_time.ToDatetime(UTC) >= oldest]
