"""Workers poll, but none that a chat is given to: readers and commands are told why, and a run that is on says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import WorkerDeploymentConfig

from folkmoot import NoWorkerError
from folkmoot._client import workers
from folkmoot._temporal.pollers import Polls, polls_of
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, unique, worker_on


def version(deployment: str, build: str) -> WorkerDeploymentConfig:
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=deployment, build_id=build),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


async def make_current(client: Client, deployment: str, build: str, queue: str) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build, ignore_missing_task_queues=True
    )

    async def probe() -> bool:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            return False  # the server has not heard of the version's workers yet
        return f"{deployment}:{build}" in (await polls_of(client, queue)).current

    await eventually(probe, what=f"build {build} is current")


async def test_a_version_that_is_not_current(sites: SiteFactory, caplog: pytest.LogCaptureFixture) -> None:
    site = await sites(worker=False)
    name = unique("deployment")
    async with worker_on(site.client, site.queue, deployment_config=version(name, "q1")):
        chat = await site.open()
        told = rf"version '{name}:q1' poll task queue '{site.queue}'.*not current"
        for ask in (chat.status, lambda: chat.run(task="go")):
            with pytest.raises(NoWorkerError, match=told) as refused:
                await ask()
            assert (refused.value.queue, refused.value.namespace) == (site.queue, "default")
        assert [record for record in caplog.records if "is not current" in record.getMessage()], "opening said so"
        await make_current(site.client, name, "q1", site.queue)
        assert len((await chat.run(task="go")).messages) == 2, "the chat waited for the version"


async def test_a_chat_pinned_to_a_version_that_is_gone(
    sites: SiteFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = await sites(worker=False)
    name = unique("deployment")
    async with worker_on(site.client, site.queue, deployment_config=version(name, "p2")):
        async with worker_on(site.client, site.queue, deployment_config=version(name, "p1")):
            await make_current(site.client, name, "p1", site.queue)
            chat = await site.open()
            await chat.run(task="go")
            await make_current(site.client, name, "p2", site.queue)
        monkeypatch.setattr(workers, "SILENT_SECONDS", 1.0)
        with pytest.raises(NoWorkerError, match=f"version '{name}:p1', .* answers for chat '{chat.id}'"):
            await chat.status()

        async def a_minute_later(client: Client, queue: str) -> Polls:
            # The server lists workers for a while after they ended.
            found = await polls_of(client, queue)
            return replace(found, last={each: when for each, when in found.last.items() if each == f"{name}:p2"})

        monkeypatch.setattr(workers, "polls_of", a_minute_later)
        monkeypatch.setattr(workers, "KNOWN_SECONDS", 0.0)
        told = f"pinned to version '{name}:p1', of which no worker polls.* those of version '{name}:p2' do"
        for ask in (chat.status, lambda: chat.run(task="go")):
            with pytest.raises(NoWorkerError, match=told):
                await ask()
        await chat._pages.follower.look_for_workers()
        await chat._pages.follower.look_for_workers()
        assert len([record for record in caplog.records if "is pinned to" in record.getMessage()]) == 1
        other = await site.open()
        assert len((await other.run(task="go")).messages) == 2, "the others go on"
