"""The image's health check is green exactly while a worker of this host polls the task queue.

The application's own worker is tried with the environment that the compose file gives it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests._support.waiting import eventually
from tests.conftest import ClientFactory

WORKER = Path(__file__).parents[2] / "worker.py"


@workflow.defn
class Idle:
    """A workflow to poll for."""

    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


async def check(address: str, queue: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "folkmoot._local.health",
        env=os.environ | {"TEMPORAL_ADDRESS": address, "FOLKMOOT_TASK_QUEUE": queue},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_it_is_red_without_a_worker(server_address: str) -> None:
    code, said = await check(server_address, "empty")
    assert code == 1
    assert "no worker of this host polls task queue 'empty'" in said


async def test_it_is_red_without_a_server() -> None:
    code, said = await check("127.0.0.1:1", "empty")
    assert code == 1
    assert "the server cannot be asked" in said


async def pollers(client: Client, queue: str) -> set[str]:
    """Identities of all who poll the queue, whatever their host."""
    reply = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return {poller.identity for poller in reply.pollers}


@pytest.mark.parametrize(("identity", "code"), [(None, 0), ("1@elsewhere", 1)])
async def test_it_is_green_with_a_worker_of_this_host_only(
    server_address: str, client_factory: ClientFactory, identity: str | None, code: int
) -> None:
    queue = f"health-{code}"
    client = await client_factory()
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Idle],
        identity=identity,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await eventually(lambda: pollers(client, queue), what="the worker's first poll")
        assert (await check(server_address, queue))[0] == code


async def test_the_applications_worker_is_green_until_it_is_told_to_stop(
    server_address: str, client_factory: ClientFactory, tmp_path: Path
) -> None:
    environment = {
        "TEMPORAL_ADDRESS": server_address,
        "TEMPORAL_NAMESPACE": "default",
        "FOLKMOOT_TASK_QUEUE": "application",
        "FOLKMOOT_STORE": str(tmp_path),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), env=os.environ | environment, stderr=asyncio.subprocess.DEVNULL
    )
    client = await client_factory()
    try:
        await eventually(lambda: pollers(client, "application"), what="the worker's first poll")
        assert await check(server_address, "application") == (0, "")
    finally:
        process.send_signal(signal.SIGTERM)
        code = await process.wait()
    assert code == 0
