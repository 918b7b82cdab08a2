"""Who works on chats: task queues, their pollers and backlog, and versions of deployments, as the server sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import ListWorkerDeploymentsRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.pollers import FRESH, KINDS, describe_queue, polled
from folkmoot.server.listing import Wanted, list_page

__all__ = ["Deployment", "Fleet", "Queue", "Worker", "read_fleet", "workers_of"]

MOST = 500
"""Chats by which queues are found, the newest that live."""
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that polls.

    Attributes:
        identity: What it calls itself.
        queue: The task queue.
        does: `chats` (their workflows), `calls` (to models, tools and so on), or both.
        seen: When it last began to poll.
        version: Its deployment and build id; empty: it has none.
    """

    identity: str
    queue: str
    does: tuple[str, ...]
    seen: datetime
    version: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A task queue.

    Attributes:
        name: Its name.
        workers: Who polls it.
        chats: Living chats of those that were looked at.
        backlog: Tasks that wait for a worker.
        oldest: Seconds for which the oldest of them waits.
    """

    name: str
    workers: tuple[Worker, ...] = ()
    chats: int = 0
    backlog: int = 0
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of workers with versions.

    Attributes:
        name: Its name.
        current: The build id that chats get.
        ramping: One that some of them get.
        ramp: How many of them, in percent.
    """

    name: str
    current: str
    ramping: str = ""
    ramp: float = 0.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """All of it.

    Attributes:
        queues: The queues, by name.
        deployments: The deployments.
        at: When this was seen.
        cut: There are more living chats than were looked at.
    """

    queues: tuple[Queue, ...]
    deployments: tuple[Deployment, ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    cut: bool = False


async def read_fleet(client: Client, tenant: str | None, queue: str) -> Fleet:
    """Who works on the chats of a tenant.

    Args:
        client: The server's.
        tenant: Only the queues of its chats; None: of all chats, with the deployments.
        queue: The queue of new chats.

    Raises:
        RPCError: The server does not answer.
        TimeoutError: It answers too slowly.
    """
    async with asyncio.timeout(PATIENCE):
        chats, following = await list_page(client, Wanted(living=True, tenant=tenant), MOST, None)
        counts = {queue: 0}
        for chat in chats:
            counts[chat.task_queue] = counts.get(chat.task_queue, 0) + 1
        queues = await asyncio.gather(*(_queue(client, name, counts[name]) for name in sorted(counts)))
        deployments = await _deployments(client) if tenant is None else []
    return Fleet(tuple(queues), tuple(deployments), cut=following is not None)


async def _queue(client: Client, name: str, chats: int) -> Queue:
    answers = await asyncio.gather(*(describe_queue(client, name, does, stats=True) for does in KINDS))
    found = dict(zip(KINDS, answers, strict=True))
    pollers = ((does, poller) for does, answer in found.items() for poller in answer.pollers)
    stats = [answer.stats for answer in found.values()]
    return Queue(
        name,
        tuple(workers_of(name, pollers, datetime.now(UTC))),
        chats,
        sum(item.approximate_backlog_count for item in stats),
        max(item.approximate_backlog_age.ToTimedelta().total_seconds() for item in stats),
    )


def workers_of(queue: str, pollers: Iterable[tuple[str, PollerInfo]], now: datetime) -> list[Worker]:
    """The workers among the pollers of a queue that were there lately, by identity."""
    found: dict[str, Worker] = {}
    for does, poller in pollers:
        seen = polled(poller)
        if now - seen > FRESH:
            continue
        options = poller.deployment_options
        version = f"{options.deployment_name} {options.build_id}".strip() if options.deployment_name else ""
        known = found.get(poller.identity)
        kinds = tuple(dict.fromkeys((*(known.does if known else ()), does)))
        last = max(seen, known.seen) if known else seen
        found[poller.identity] = Worker(
            poller.identity, queue, kinds, last, version or (known.version if known else "")
        )
    return [found[identity] for identity in sorted(found)]


async def _deployments(client: Client) -> list[Deployment]:
    try:
        answer = await client.workflow_service.list_worker_deployments(
            ListWorkerDeploymentsRequest(namespace=client.namespace, page_size=100)
        )
    except RPCError as error:
        # Older servers have none.
        if error.status in (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED):
            return []
        raise
    found: list[Deployment] = []
    for item in answer.worker_deployments:
        routing = item.routing_config
        found.append(
            Deployment(
                item.name,
                routing.current_deployment_version.build_id,
                routing.ramping_deployment_version.build_id,
                routing.ramping_version_percentage,
            )
        )
    return found
