"""Whether anybody would carry out what a client asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from folkmoot.errors import NoWorkerError

__all__ = ["Workers"]

FRESH = timedelta(seconds=75)
"""A long poll lasts a minute, so a living worker was seen within this time."""


class Workers:
    """The workers of a task queue.

    Attributes:
        queue: The queue.
        own: A worker of this very process polls it, so nobody needs to be asked.
    """

    def __init__(self, client: Client, queue: str) -> None:
        self._client = client
        self.queue = queue
        self.own = False

    async def any(self) -> bool:
        """Whether a worker polled the queue lately."""
        if self.own:
            return True
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self.queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        response = await self._client.workflow_service.describe_task_queue(request)
        now = datetime.now(UTC)
        return any(now - poller.last_access_time.ToDatetime(UTC) < FRESH for poller in response.pollers)

    async def require(self) -> None:
        """Raise if there is none.

        Raises:
            NoWorkerError: With the queue's name.
        """
        if not await self.any():
            raise NoWorkerError(self.queue, self._client.namespace)
