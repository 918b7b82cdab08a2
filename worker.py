"""The application's worker process: connects, registers, and runs until it is told to stop.

`python worker.py`, with the environment variables of `folkmoot worker --help`: `TEMPORAL_ADDRESS` and the rest of
Temporal's environment configuration, `FOLKMOOT_TASK_QUEUE`, `FOLKMOOT_STORE`, `FOLKMOOT_DEPLOYMENT`,
`FOLKMOOT_BUILD_ID`, `FOLKMOOT_VERSIONING`, `FOLKMOOT_WEBHOOKS` with a secret for each, `FOLKMOOT_ALLOW_HTTP_WEBHOOKS`,
`OPENAI_API_KEY`, `OPENAI_BASE_URL`; what it tells of itself: `FOLKMOOT_METRICS_ADDRESS`, `FOLKMOOT_LOG_FORMAT`,
`FOLKMOOT_LOG_LEVEL`, `OTEL_EXPORTER_OTLP_ENDPOINT`; and `FOLKMOOT_DATABASE_URL`, the application's database, and
`APP_PURCHASE_RULES`, its rules for purchases.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from datetime import timedelta

from temporalio.worker import Interceptor, Worker

from activities import ACTIVITIES, tools_for
from activities.database import use
from activities.purchase_records import purchase_rules
from folkmoot import Folkmoot, FolkmootPlugin
from folkmoot.cli.serve import version_of
from folkmoot.cli.webhooks import allows_http, webhooks_of
from folkmoot.telemetry import Telemetry
from workflows import WORKFLOWS

logger = logging.getLogger("worker")

GRACE = timedelta(seconds=20)
"""Calls in flight may finish within this time after SIGTERM; then they are given back and another worker makes them."""


async def main(interceptors: Sequence[Interceptor] = (), telemetry: Telemetry | None = None) -> None:
    """Run the worker until SIGTERM or SIGINT.

    Args:
        interceptors: See each of its calls.
        telemetry: What it tells of itself.
    """
    # Before it polls: a worker without its database could only fail.
    database = await asyncio.to_thread(use, os.environ.get("FOLKMOOT_DATABASE_URL"))
    logger.info("the database is %s", database.shown)
    rules = await asyncio.to_thread(purchase_rules)
    plugin = FolkmootPlugin(
        tools=tools_for(rules),
        sinks=webhooks_of((os.environ.get("FOLKMOOT_WEBHOOKS") or "").split(), os.environ, allows_http(os.environ)),
        store=os.environ.get("FOLKMOOT_STORE") or None,
        telemetry=telemetry,
    )
    queue = os.environ.get("FOLKMOOT_TASK_QUEUE") or "folkmoot"
    version = version_of(
        os.environ.get("FOLKMOOT_DEPLOYMENT"),
        os.environ.get("FOLKMOOT_BUILD_ID"),
        os.environ.get("FOLKMOOT_VERSIONING"),
    )
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with await Folkmoot.connect(queue=queue, plugin=plugin) as moot:
        worker = Worker(
            moot.client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=ACTIVITIES,
            graceful_shutdown_timeout=GRACE,
            deployment_config=version,
            interceptors=interceptors,
        )
        async with worker:
            logger.info("worker of task queue %r in namespace %r is up", queue, moot.client.namespace)
            await stop.wait()


if __name__ == "__main__":
    watched = Telemetry.from_environment(service_name="folkmoot-worker", log_level="info")
    watched.set_up_logs(text="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main(telemetry=watched))
    watched.stop()
    # The SDK's threads can abort an interpreter that ends by itself (temporalio/sdk-python #300).
    logging.shutdown()
    os._exit(0)
