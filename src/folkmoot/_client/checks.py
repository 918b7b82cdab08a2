"""What chats need of a Temporal server, looked at from outside: for `folkmoot doctor`, `setup` and the API."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetSystemInfoRequest,
    ListWorkerDeploymentsRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._local.namespace import retention_of, search_attributes_of
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot._temporal.pollers import FRESH, KINDS, describe_queue, polled
from folkmoot.errors import FolkmootError

__all__ = ["Finding", "attributes_refused", "found", "looks_at_server", "span"]

PATIENCE = 15.0
"""Seconds that one look may take."""
_SKEW_WARN = timedelta(seconds=1)
_SKEW_FAIL = timedelta(seconds=30)
"""Beyond that a living worker looks as if it were gone: pollers count as fresh for 75 s, and poll for 60."""
_SHORT_RETENTION = timedelta(days=1)
_PROBE_QUEUE = "folkmoot-doctor"
"""A task queue on which nothing is ever started."""
_EMPTY = {
    "Keyword": "{} = 'none'",
    "KeywordList": "{} = 'none'",
    "Int": "{} < 0",
    "Datetime": "{} < '1970-01-01T00:00:00Z'",
}
"""Conditions that no chat meets."""

Level = Literal["ok", "warn", "fail"]
Look = Callable[[], Awaitable["Finding"]]


@dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes:
        name: What was looked at.
        level: `fail`: chats cannot work so; `warn`: somebody should know.
        text: What is there, in a sentence without a full stop.
        mend: What to do about it; empty where nothing is to be done.
    """

    name: str
    level: Level
    text: str
    mend: str = ""


async def found(name: str, look: Look, *, mend: str = "") -> Finding:
    """The finding of a look; one that fails or hangs is a finding, too.

    Args:
        name: What is looked at.
        look: The look.
        mend: What to do if it fails.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return await look()
    except TimeoutError:
        return Finding(name, "fail", f"no answer within {PATIENCE:.0f} s", mend)
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            return Finding(name, "warn", f"the server does not let us look: {error.message}")
        return Finding(name, "fail", error.message, mend)
    except (FolkmootError, OSError, ValueError, RuntimeError, ImportError) as error:
        return Finding(name, "fail", str(error) or type(error).__name__, mend)


def looks_at_server(client: Client, queue: str) -> dict[str, Look]:
    """What to look at on a server that answers, by name."""
    return {
        "server": lambda: _server(client),
        "namespace": lambda: _namespace(client),
        "search attributes": lambda: _attributes(client),
        "workers": lambda: _workers(client, queue),
        "clock": lambda: _clock(client),
    }


async def attributes_refused(client: Client) -> str | None:
    """Why the namespace takes no question about search attributes of chats; None: it takes them.

    Whoever may list chats may ask this; an attribute that is missing makes it a bad question.

    Raises:
        RPCError: The server does not answer, or there is no such namespace.
    """
    conditions = [_EMPTY[kind].format(name) for name, kind in SEARCH_ATTRIBUTES.items()]
    try:
        await client.list_workflows(" AND ".join(conditions), page_size=1).fetch_next_page()
    except RPCError as error:
        if error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        return error.message
    return None


async def _server(client: Client) -> Finding:
    told = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    address = client.service_client.config.target_host
    return Finding("server", "ok", f"{address} answers, Temporal {told.server_version or 'of no known version'}")


async def _namespace(client: Client) -> Finding:
    name, command = client.namespace, f"folkmoot setup --namespace {client.namespace}"
    try:
        retention = await retention_of(client)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return Finding("namespace", "fail", f"there is no namespace {name!r}", command)
    text = f"{name!r} keeps closed chats for {span(retention)}"
    if retention < _SHORT_RETENTION:
        return Finding("namespace", "warn", text, f"{command} --retention 7d")
    return Finding("namespace", "ok", text)


async def _attributes(client: Client) -> Finding:
    name, command = "search attributes", f"folkmoot setup --namespace {client.namespace}"
    try:
        present = await search_attributes_of(client)
    except RPCError as error:
        if error.status != RPCStatusCode.PERMISSION_DENIED:
            raise
        # Temporal Cloud: only administrators may list them.
        refused = await attributes_refused(client)
        if refused is not None:
            return Finding(name, "fail", refused, "have an administrator add those of docs/reference/wire.md")
        return Finding(name, "ok", f"all {len(SEARCH_ATTRIBUTES)} can be asked for")
    missing = [each for each in SEARCH_ATTRIBUTES if each not in present]
    wrong = [
        f"{each} is {present[each]} and should be {kind}"
        for each, kind in SEARCH_ATTRIBUTES.items()
        if present.get(each, kind) != kind
    ]
    if wrong:
        remove = f"use another namespace, or: temporal operator search-attribute remove --namespace {client.namespace}"
        return Finding(name, "fail", "; ".join(wrong), remove)
    if missing:
        return Finding(name, "fail", f"missing: {', '.join(missing)}", command)
    return Finding(name, "ok", f"all {len(present.keys() & SEARCH_ATTRIBUTES)} are there with their types")


async def _workers(client: Client, queue: str) -> Finding:
    oldest = datetime.now(UTC) - FRESH
    pollers = {
        what: [poller for poller in (await describe_queue(client, queue, what)).pollers if polled(poller) >= oldest]
        for what in KINDS
    }
    for what, fresh in pollers.items():
        if not fresh:
            mend = f"start one: folkmoot worker --queue {queue} --app MODULE:PLUGIN"
            return Finding("workers", "fail", f"none takes {what} of task queue {queue!r}", mend)
    versions = Counter(_version(poller) for poller in pollers["chats"])
    told = ", ".join(
        f"{count} of {version}" if version else f"{count} unversioned" for version, count in versions.items()
    )
    text = f"task queue {queue!r}: {told}"
    idle = await _idle_deployments(client, pollers["chats"])
    if idle:
        mend = "temporal worker deployment set-current-version --deployment-name NAME --build-id ID"
        return Finding("workers", "warn", f"{text}; no version is current of {', '.join(idle)}: it gets no chats", mend)
    return Finding("workers", "ok", text)


def _version(poller: PollerInfo) -> str:
    options = poller.deployment_options
    return f"{options.deployment_name}:{options.build_id}" if options.deployment_name else ""


async def _idle_deployments(client: Client, pollers: list[PollerInfo]) -> list[str]:
    """Deployments of these workers of which no version is the current one."""
    names = {poller.deployment_options.deployment_name for poller in pollers} - {""}
    if not names:
        return []
    listed = await client.workflow_service.list_worker_deployments(
        ListWorkerDeploymentsRequest(namespace=client.namespace)
    )
    current = {
        each.name
        for each in listed.worker_deployments
        if each.routing_config.current_deployment_version.build_id
        or each.routing_config.ramping_deployment_version.build_id
    }
    return sorted(names - current)


async def _clock(client: Client) -> Finding:
    skew, uncertain = await _skew(client)
    text = f"{_milliseconds(abs(skew))} {'behind' if skew >= timedelta(0) else 'ahead of'} the server's"
    text = f"{text}, give or take {_milliseconds(uncertain)}"
    if abs(skew) > _SKEW_WARN + uncertain:
        level: Level = "fail" if abs(skew) > _SKEW_FAIL else "warn"
        return Finding("clock", level, text, "have NTP set the clocks of both machines (timedatectl set-ntp true)")
    return Finding("clock", "ok", text)


async def _skew(client: Client) -> tuple[timedelta, timedelta]:
    """How far the server's clock is ahead of ours, and how far that may be off.

    No request of Temporal's tells the time. But a poll is entered with the server's time at once, and we know when we
    began it and when it was to be seen.
    """
    identity = f"doctor-{uuid.uuid4().hex}"
    queue = TaskQueue(name=_PROBE_QUEUE)
    request = PollWorkflowTaskQueueRequest(namespace=client.namespace, task_queue=queue, identity=identity)
    began = datetime.now(UTC)
    poll = asyncio.create_task(
        client.workflow_service.poll_workflow_task_queue(request, timeout=timedelta(seconds=PATIENCE))
    )
    try:
        while True:
            entered = [
                polled(poller)
                for poller in (await describe_queue(client, _PROBE_QUEUE)).pollers
                if poller.identity == identity
            ]
            seen = datetime.now(UTC)
            if entered:
                return entered[0] - (began + (seen - began) / 2), (seen - began) / 2
            if poll.done():
                # What it was refused with; nothing is ever started there.
                poll.result()
                raise RuntimeError("the server's time cannot be told: its poll ended at once")
            await asyncio.sleep(0.02)
    finally:
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)


def _milliseconds(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def span(time: timedelta) -> str:
    """A time in words."""
    days, hours = time / timedelta(days=1), time / timedelta(hours=1)
    number, unit = (days, "day") if days >= 1 else (hours, "hour")
    return f"{number:g} {unit}{'' if number == 1 else 's'}"
