"""The verbs that work until they are told to stop: dev and worker."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from folkmoot._temporal.stopping import shut_down

from .connection import Connection, connected, polled
from .telling import telling
from .verbs import Invocation, verb
from .webhooks import AllowHttp, Webhooks, add_webhooks, webhooks_of

__all__ = ["VERBS", "App", "CodeFolder", "stop_signal", "version_of"]


class _Versioning(StrEnum):
    """What becomes of chats when another version of their deployment is made the current one."""

    AUTO_UPGRADE = "auto-upgrade"
    PINNED = "pinned"


_BEHAVIOURS: dict[str, VersioningBehavior] = {
    _Versioning.AUTO_UPGRADE: VersioningBehavior.AUTO_UPGRADE,
    _Versioning.PINNED: VersioningBehavior.PINNED,
}

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        envvar="FOLKMOOT_APP",
        help="module:attribute with the worker's models, tools, functions, agents and so on: a FolkmootPlugin, a "
        "mapping of its arguments, or a function that returns either.",
    ),
]
CodeFolder = Annotated[
    Path | None,
    typer.Option(
        envvar="FOLKMOOT_CODE_FOLDER",
        help="Folder in which agents may run code, as this user and without a sandbox; none: they may not.",
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        envvar="FOLKMOOT_GRACEFUL_SHUTDOWN_TIMEOUT",
        min=0,
        help="Seconds that calls in flight are given to finish when the worker is stopped.",
    ),
]


async def dev(
    invocation: Invocation,
    app: App = None,
    code_folder: CodeFolder = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="FOLKMOOT_PORT", min=1, max=65535, help="Port of a server that is started; none: any free one."
        ),
    ] = None,
    in_memory: Annotated[bool, typer.Option("--in-memory", envvar="FOLKMOOT_IN_MEMORY", help="Keep nothing.")] = False,
    webhook: Webhooks = None,
    allow_http_webhooks: AllowHttp = False,
    graceful_shutdown_timeout: Grace = 2.0,
) -> None:
    """Run the embedded server with Web UI, and a worker, until Ctrl-C. A server that runs already is adopted."""
    webhooks = webhooks_of(webhook, os.environ, allow_http_webhooks)
    with telling(invocation, "folkmoot-dev") as telemetry:
        async with connected(
            invocation,
            app=app,
            code_folder=code_folder,
            in_memory=in_memory,
            ui=True,
            port=port,
            telemetry=telemetry,
        ) as connection:
            add_webhooks(connection.plugin, webhooks)
            await _serve(invocation, connection, "dev", graceful_shutdown_timeout)


async def worker(
    invocation: Invocation,
    app: App = None,
    code_folder: CodeFolder = None,
    webhook: Webhooks = None,
    allow_http_webhooks: AllowHttp = False,
    graceful_shutdown_timeout: Grace = 10.0,
    deployment: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_DEPLOYMENT",
            help="Deployment that the worker is a version of; it gets chats once that version is made the current one. "
            "None: it takes chats without regard to versions.",
        ),
    ] = None,
    build_id: Annotated[
        str | None, typer.Option(envvar="FOLKMOOT_BUILD_ID", help="Which version of the deployment the worker is.")
    ] = None,
    versioning: Annotated[
        _Versioning | None,
        typer.Option(
            envvar="FOLKMOOT_VERSIONING",
            help="Whether chats go over to a new version of the deployment or stay with theirs; none: auto-upgrade.",
        ),
    ] = None,
) -> None:
    """Work on chats until SIGTERM or Ctrl-C, on the server that TEMPORAL_ADDRESS names or the embedded one."""
    version = version_of(deployment, build_id, versioning and versioning.value)
    webhooks = webhooks_of(webhook, os.environ, allow_http_webhooks)
    with telling(invocation, "folkmoot-worker") as telemetry:
        async with connected(invocation, app=app, code_folder=code_folder, telemetry=telemetry) as connection:
            add_webhooks(connection.plugin, webhooks)
            await _serve(invocation, connection, "worker", graceful_shutdown_timeout, version)


def version_of(
    deployment: str | None, build_id: str | None, versioning: str | None = None
) -> WorkerDeploymentConfig | None:
    """What makes a worker a version of a deployment; None if nothing is given.

    Args:
        deployment: Name of the deployment.
        build_id: Which version of it.
        versioning: What becomes of chats when another version is made the current one: `auto-upgrade`, as if none is
            given, or `pinned`.

    Raises:
        ValueError: Only a part is given, or the server would know no version of that name: it would leave such a
            worker without work and tell nobody.
    """
    if not deployment:
        for told, value in (("Build id", build_id), ("Versioning", versioning)):
            if value:
                raise ValueError(f"{told} {value!r} needs a deployment; expected --deployment or FOLKMOOT_DEPLOYMENT.")
        return None
    if not build_id:
        raise ValueError(f"Deployment {deployment!r} needs a build id; expected --build-id or FOLKMOOT_BUILD_ID.")
    if not deployment.strip() or set(deployment) & set(".:") or deployment.startswith("__"):
        raise ValueError(f"Deployment {deployment!r}: expected a name without '.' and ':' that begins not with '__'.")
    behaviour = _BEHAVIOURS.get(versioning or _Versioning.AUTO_UPGRADE)
    if behaviour is None:
        raise ValueError(f"Versioning {versioning!r}: expected one of {', '.join(_BEHAVIOURS)}.")
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment, build_id),
        use_worker_versioning=True,
        default_versioning_behavior=behaviour,
    )


async def _serve(
    invocation: Invocation,
    connection: Connection,
    name: str,
    grace: float,
    version: WorkerDeploymentConfig | None = None,
) -> None:
    queue = invocation.settings.queue
    stop = stop_signal()
    work = Worker(
        connection.client,
        task_queue=queue,
        graceful_shutdown_timeout=timedelta(seconds=grace),
        deployment_config=version,
    )
    running = asyncio.create_task(work.run())
    stopping = asyncio.create_task(stop.wait())
    ready = asyncio.create_task(_announce(invocation, connection, name, version))
    try:
        # A worker that fails for good, say by its credentials, ends by itself.
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done() and not running.done():
            invocation.screen.say("stopping; calls in flight finish or are given back" if grace else "stopping")
            if not await shut_down(work):
                return
        await running
    finally:
        stopping.cancel()
        ready.cancel()


async def _announce(
    invocation: Invocation, connection: Connection, name: str, version: WorkerDeploymentConfig | None
) -> None:
    """Say where everything is, once the worker polls: who waits for that line may start."""
    queue, screen = invocation.settings.queue, invocation.screen
    await polled(connection.client, queue)
    data = {
        "kind": name,
        "address": connection.address,
        "ui_url": connection.ui_url,
        "namespace": connection.client.namespace,
        "queue": queue,
        "adopted": connection.adopted,
        "data_dir": str(invocation.settings.folder) if connection.embedded else None,
        **_told(version),
    }
    told = "adopted" if connection.adopted else "started"
    ui = connection.ui_url or ("none: it was started without" if connection.embedded else "where your server has it")
    lines = [
        f"Temporal server  {connection.address} ({told})",
        f"Web UI           {ui}",
        f"Worker           polls task queue {queue!r} in namespace {connection.client.namespace!r}",
        *_lines_of(version, connection.address, connection.client.namespace),
        "Stop with Ctrl-C.",
    ]
    screen.emit(data, Text("\n".join(lines if name == "dev" else lines[2:])))


def _told(version: WorkerDeploymentConfig | None) -> dict[str, str]:
    """What is told of a worker's version as JSON."""
    if version is None:
        return {}
    (behaviour,) = (name for name, value in _BEHAVIOURS.items() if value == version.default_versioning_behavior)
    which = version.version
    return {"deployment": which.deployment_name, "build_id": which.build_id, "versioning": str(behaviour)}


def _lines_of(version: WorkerDeploymentConfig | None, address: str, namespace: str) -> list[str]:
    """The same for people, with the command that has the server give chats to it."""
    told = _told(version)
    if not told:
        return []
    names = ["--deployment-name", told["deployment"], "--build-id", told["build_id"]]
    command = shlex.join(["set-current-version", "--address", address, "--namespace", namespace, *names])
    return [
        f"Version          {told['build_id']!r} of deployment {told['deployment']!r}, {told['versioning']}",
        f"                 gets chats once it is current: temporal worker deployment {command}",
    ]


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, instead of ending the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


VERBS = [verb("dev", dev), verb("worker", worker)]
