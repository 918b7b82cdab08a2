"""How many chats there are, for the process's metrics: counted in Temporal's visibility store now and then."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import NoReturn

from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot._telemetry.meters import show
from folkmoot._temporal.names import WORKFLOW

__all__ = ["keep_counting"]

_LOG = logging.getLogger(__name__)
EVERY = 15.0
"""Seconds between two counts."""
STATUSES = ("idle", "running", "pausing", "paused", "waiting")
_OPEN = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"


async def keep_counting(client: Client, every: float = EVERY) -> NoReturn:
    """Count until cancelled.

    Args:
        client: Connected.
        every: Seconds between two counts.
    """
    while True:
        try:
            await _count(client)
        except RPCError as error:
            _LOG.debug("chats could not be counted: %s", error)
        await asyncio.sleep(every)


async def _count(client: Client) -> None:
    for status in STATUSES:
        found = await client.count_workflows(f"{_OPEN} AND ChatStatus = '{status}'")
        show("folkmoot_chats", found.count, status=status)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    late = await client.count_workflows(f"{_OPEN} AND ChatDue < '{now}'")
    show("folkmoot_chats_overdue", late.count)
