"""`folkmoot worker --deployment --build-id` and `worker.py`: chats under way go over to a new version, or stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import (
    SetWorkerDeploymentCurrentVersionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.common import VersioningBehavior
from temporalio.service import RPCError

from folkmoot import AssistantAgent, Chat, Folkmoot, HistoryLimits
from tests._support.command_line import CommandLine, Running
from tests._support.waiting import eventually

ROOT = Path(__file__).parents[2]

APP = """
import os

from folkmoot import FolkmootPlugin


def build() -> str:
    "Tell who works."
    return os.environ["BUILD"]


plugin = FolkmootPlugin(tools=[build])
"""

ASKS = {"calls": [{"name": "build"}], "repeat": True}
LIMITS = HistoryLimits(events=20, resting_events=10, resting_age=0)
"""Such a chat continues as new every run or two."""


class Deployment:
    """A deployment and its workers, each a process that knows its build.

    Attributes:
        cli: Starts them.
        moot: A client.
        name: Its name.
    """

    def __init__(self, cli: CommandLine, moot: Folkmoot, name: str) -> None:
        self.cli = cli
        self.moot = moot
        self.name = name

    def worker(self, build: str, *options: str) -> Running:
        """A worker that polls."""
        arguments = ("--app", "my_app:plugin", "--deployment", self.name, "--build-id", build, *options)
        running = self.cli.start("worker", *arguments, BUILD=build)
        said = running.kind("worker")
        assert (said["deployment"], said["build_id"]) == (self.name, build)
        return running

    async def make_current(self, build: str) -> None:
        """Have the server give chats to that version."""
        client = self.moot.client
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=self.name, build_id=build, ignore_missing_task_queues=True
        )

        async def probe() -> bool:
            try:
                await client.workflow_service.set_worker_deployment_current_version(request)
            except RPCError:
                return False  # the server has not heard of the version's worker yet
            return True

        await eventually(probe, what=f"build {build} is current")

    async def open(self, **options: Any) -> Chat:
        """A chat whose agent tells who works."""
        agent = AssistantAgent("writer", "m", tools=["build"])
        return await self.moot.open(agent, id=f"chat-{uuid.uuid4().hex[:8]}", **options)

    async def shown(self, chat: Chat) -> tuple[str, str]:
        """Behaviour and build as the workflow's description shows them."""
        found = await self.moot.client.get_workflow_handle(chat.id).describe()
        info = found.raw_description.workflow_execution_info.versioning_info
        if info.deployment_version.deployment_name not in ("", self.name):
            raise AssertionError(f"{chat!r} is of another deployment: {info.deployment_version}")
        return VersioningBehavior(info.behavior).name, info.deployment_version.build_id

    async def routes_to(self, build: str) -> None:
        """Wait until new chats are that version's, which takes the server a second or so."""

        async def probe() -> bool:
            chat = await self.open()
            answer = await told(chat)
            await chat.close()
            return answer == build

        await eventually(probe, what=f"new chats are those of {build}")


async def told(chat: Chat) -> str:
    """Which build makes the chat's next step."""
    return (await chat.run(task="Who works?")).messages[-1].to_text()


@pytest.fixture
async def deployment(tmp_path: Path, server_address: str) -> AsyncIterator[Deployment]:
    queue, name = (f"{prefix}-{uuid.uuid4().hex[:8]}" for prefix in ("queue", "chats"))
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, FOLKMOOT_TASK_QUEUE=queue)
    cli.scripted_model([ASKS])
    cli.write("my_app.py", APP)
    try:
        async with await Folkmoot.connect(server_address, queue=queue) as moot:
            yield Deployment(cli, moot, name)
    finally:
        cli.close()


async def test_a_living_chat_goes_over_to_the_new_version(deployment: Deployment) -> None:
    old = deployment.worker("old")
    assert old.kind("worker")["versioning"] == "auto-upgrade"
    await deployment.make_current("old")
    chat = await deployment.open()
    assert await told(chat) == "old"
    assert await deployment.shown(chat) == ("AUTO_UPGRADE", "old")
    assert deployment.cli.json("replay", "--id", chat.id)[-1]["ok"], "as looked at before the deploy"
    deployment.worker("new")
    await deployment.make_current("new")
    await deployment.routes_to("new")

    async def moved() -> bool:
        return await told(chat) == "new"

    await eventually(moved, what="the chat has gone over")
    assert await deployment.shown(chat) == ("AUTO_UPGRADE", "new")
    assert old.end(signal.SIGTERM) == 0
    assert await told(chat) == "new"


async def test_a_pinned_chat_stays_when_it_continues_as_new_until_it_is_moved(deployment: Deployment) -> None:
    old = deployment.worker("old", "--versioning", "pinned")
    assert old.kind("worker")["versioning"] == "pinned"
    await deployment.make_current("old")
    chat = await deployment.open(limits=LIMITS)
    assert await told(chat) == "old"
    before = (await chat.status()).continued
    deployment.worker("new", "--versioning", "pinned")
    await deployment.make_current("new")
    await deployment.routes_to("new")

    async def continued() -> bool:
        assert await told(chat) == "old"
        return (await chat.status()).continued >= before + 2

    await eventually(continued, what="the chat has continued as new")
    assert await deployment.shown(chat) == ("PINNED", "old")

    await move(deployment.moot.client, chat.id)

    async def moved() -> bool:
        return await told(chat) == "new"

    await eventually(moved, what="the chat has been moved")
    assert old.end(signal.SIGTERM) == 0
    assert await told(chat) == "new"


async def move(client: Client, chat_id: str) -> None:
    """What `temporal workflow update-options --versioning-override-behavior auto_upgrade` does."""
    request = UpdateWorkflowExecutionOptionsRequest(namespace=client.namespace)
    request.workflow_execution.workflow_id = chat_id
    request.update_mask.paths.append("versioning_override")
    request.workflow_execution_options.versioning_override.auto_upgrade = True
    await client.workflow_service.update_workflow_execution_options(request)


async def test_the_applications_worker_is_a_version_too(deployment: Deployment) -> None:
    own = {"FOLKMOOT_DEPLOYMENT": deployment.name, "FOLKMOOT_BUILD_ID": "7", "FOLKMOOT_VERSIONING": "pinned"}
    command = [sys.executable, "worker.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=deployment.cli.environment | own)  # noqa: ASYNC220
    try:
        await deployment.make_current("7")
        chat = await deployment.moot.open(AssistantAgent("writer", "m"), id=f"chat-{uuid.uuid4().hex[:8]}")

        async def begun() -> bool:
            return await deployment.shown(chat) == ("PINNED", "7")

        await eventually(begun, what="the chat is of version 7")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_applications_worker_tells_what_is_missing() -> None:
    environment = {**os.environ, "FOLKMOOT_DEPLOYMENT": "chats", "FOLKMOOT_BUILD_ID": ""}
    command = [sys.executable, "worker.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ValueError: Deployment 'chats' needs a build id; expected --build-id or FOLKMOOT_BUILD_ID."
    )
