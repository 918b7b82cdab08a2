"""Who polls a task queue, as the server sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client

__all__ = ["FRESH", "KINDS", "describe_queue", "fresh_pollers", "polled"]

KINDS = {
    "chats": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "calls": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
"""What a worker polls for, in words: chats' workflows, and calls to models, tools and so on."""

FRESH = timedelta(seconds=75)
"""A poll lasts up to one minute, so a living worker has begun one within this time."""


async def describe_queue(
    client: Client, queue: str, does: str = "chats", *, stats: bool = False
) -> DescribeTaskQueueResponse:
    """A task queue as the server sees it.

    Args:
        client: The server's.
        queue: Its name.
        does: What its pollers poll for, one of `KINDS`.
        stats: With its backlog.

    Raises:
        RPCError: The server did not answer.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=KINDS[does],
        report_stats=stats,
    )
    return await client.workflow_service.describe_task_queue(request)


def polled(poller: PollerInfo) -> datetime:
    """When a worker last began to poll."""
    return poller.last_access_time.ToDatetime(UTC)


async def fresh_pollers(client: Client, queue: str) -> list[str]:
    """Identities of the workers that polled the queue for workflow tasks lately.

    Raises:
        RPCError: The server did not answer.
    """
    oldest = datetime.now(UTC) - FRESH
    return [item.identity for item in (await describe_queue(client, queue)).pollers if polled(item) >= oldest]
