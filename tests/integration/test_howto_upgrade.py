"""The versioned worker of the how-to runs chats; those under way go over to a new version, or stay where they are."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import pytest
import typer.main
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from folkmoot import AssistantAgent, Folkmoot, FolkmootPlugin
from folkmoot._local import ensure_server
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.cli.app import app
from folkmoot.cli.replay import replay
from folkmoot.testing import ScriptedModel
from tests._support.documents import ROOT, python_blocks, run_block
from tests._support.waiting import eventually

DOCUMENT = "docs/howto/upgrade.md"


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Of a server of its own: a deployment takes over the task queue for good."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    async with await ensure_server(data_dir=None, search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server.address


async def make_current(client: Client, build: str) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace="default", deployment_name="chats", build_id=build, ignore_missing_task_queues=True
    )

    async def probe() -> bool:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            return False  # the server has not heard of the version's workers yet
        return True

    await eventually(probe, what=f"build {build} is current")


@pytest.mark.parametrize("behaviour", ["AUTO_UPGRADE", "PINNED"])
async def test_chats_under_way_and_a_new_version(address: str, behaviour: str) -> None:
    (program,) = python_blocks(DOCUMENT)

    async def version(build: str) -> tuple[Folkmoot, Worker]:
        model = ScriptedModel([{"text": f"of {build}", "repeat": True}], name="m")
        moot = await Folkmoot.connect(address, plugin=FolkmootPlugin(models={"m": model}))
        text = program.replace("2026-11-21.1", build).replace("AUTO_UPGRADE", behaviour)
        return moot, (await run_block(text, {"client": moot.client}))["worker"]

    async def speaks(moot: Folkmoot, chat_id: str) -> str:
        return (await (await moot.get(chat_id)).run(task="Go on")).messages[-1].to_text()

    moot, old = await version("old")
    _, new = await version("new")
    agent = AssistantAgent("writer", "m")
    async with moot, old:
        await make_current(moot.client, "old")
        await eventually(moot._workers.any, what="the worker polls")
        await moot.open(agent, id="early")
        assert await speaks(moot, "early") == "of old"
        async with new:
            await make_current(moot.client, "new")

            async def opened_late() -> bool:
                # What the server routes follows within a second or so.
                chat = await moot.open(agent, id="late", replace=True)
                if await speaks(moot, "late") == "of new":
                    return True
                await chat.close()
                return False

            await eventually(opened_late, what="new chats are the new version's")

            async def moved() -> bool:
                return await speaks(moot, "early") == "of new"

            if behaviour == "AUTO_UPGRADE":
                await eventually(moved, what="the chat has gone over")
            else:
                assert not await moved()


def test_every_option_of_the_verb_is_told() -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    own = set(inspect.signature(replay).parameters)
    options = [item.opts[0] for item in typer.main.get_command(app).commands["replay"].params if item.name in own]
    assert len(options) == 3
    assert all(f"`{option} " in text for option in options)
