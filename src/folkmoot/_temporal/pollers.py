"""Who polls a task queue, as the server sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, VersioningBehavior, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionVersioningInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client

__all__ = ["FRESH", "KINDS", "Polls", "describe_queue", "fresh_pollers", "pinned_to", "polled", "polls_of"]

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


@dataclass(frozen=True)
class Polls:
    """Which versions of workers polled a task queue for workflow tasks lately, and which of them get such.

    A version is `deployment:build`; empty: workers without one.

    Attributes:
        last: When a worker of each version that polled last began to, by version.
        current: The versions that get new chats and those that are pinned to none: one, or two while one is ramped up.
    """

    last: dict[str, datetime]
    current: frozenset[str]


async def polls_of(client: Client, queue: str) -> Polls:
    """Who polled a queue for workflow tasks lately.

    Raises:
        RPCError: The server did not answer.
    """
    found = await describe_queue(client, queue)
    oldest = datetime.now(UTC) - FRESH
    last: dict[str, datetime] = {}
    for poller in found.pollers:
        if (time := polled(poller)) >= oldest:
            version = _version_of(poller)
            last[version] = max(time, last.get(version, time))
    routing = found.versioning_info
    current = {_name(routing.current_deployment_version)}
    if routing.ramping_version_percentage > 0:
        current.add(_name(routing.ramping_deployment_version))
    return Polls(last, frozenset(current))


def pinned_to(info: WorkflowExecutionVersioningInfo) -> str:
    """The version that a workflow is pinned to, as `Polls` names it; empty: to none."""
    if info.HasField("versioning_override"):
        return _name(info.versioning_override.pinned.version)
    pinned = info.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
    return _name(info.deployment_version) if pinned else ""


def _version_of(poller: PollerInfo) -> str:
    options = poller.deployment_options
    # Workers without versioning may have a build id, too.
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return ""
    return f"{options.deployment_name}:{options.build_id}"


def _name(version: WorkerDeploymentVersion) -> str:
    return f"{version.deployment_name}:{version.build_id}" if version.build_id else ""
