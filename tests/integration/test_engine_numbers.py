"""A chat's behaviour has a number, which its history tells. A new one begins at a continue-as-new, and workers of an
older release leave such a chat to newer ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from folkmoot import Chat, HistoryLimits
from folkmoot._chat.state import ENGINE
from folkmoot._spec import to_json
from folkmoot._temporal.names import WORKFLOW
from folkmoot._temporal.payloads import ChatInput
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, unique, until, worker_on

NEXT = ENGINE + 1
OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
TOO_NEW = f"The chat has engine {NEXT}; this worker knows up to {ENGINE}. Deploy the newer release."


@contextmanager
def next_release() -> Iterator[None]:
    """Within the block the workers of this process are those of a release that has the next number."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("carry", "chat_workflow"):
            patch.setattr(f"folkmoot._temporal.{module}.ENGINE", NEXT)
        yield


async def refused(handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether a worker has failed a task of the workflow because the chat is too new for it; it lives on."""
    failures = [
        event.workflow_task_failed_event_attributes.failure.message
        for event in (await handle.fetch_history()).events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    assert set(failures) <= {TOO_NEW}
    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    return bool(failures)


async def engines(chat: Chat) -> list[int]:
    """The number each run of the chat began with."""
    return [event.data["engine"] async for event in chat.events(follow=False) if event.kind == "run_started"]


async def test_a_chat_of_a_newer_release_waits_for_a_worker_of_it(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    data = ChatInput(spec=to_json(site.agent()), engine=NEXT)
    # A task that the first worker has taken as it stops is given to the second one after this time.
    limit = timedelta(seconds=1)
    handle = await site.client.start_workflow(WORKFLOW, data, id=unique(), task_queue=site.queue, task_timeout=limit)
    async with worker_on(site.client, site.queue):
        await eventually(lambda: refused(handle), what="the worker leaves the chat alone")
    with next_release():
        async with worker_on(site.client, site.queue):
            chat = await site.moot.get(handle.id)
            await until(chat, "idle")
            assert (await chat.run(task="go")).messages[-1].to_text() == "hello"
            assert await engines(chat) == [NEXT]


async def test_a_chat_under_way_takes_the_new_number_when_it_continues_as_new(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    async with worker_on(site.client, site.queue):
        chat = await site.open(limits=OFTEN)
        await chat.run(task="go")
        assert (await chat.status()).continued == 0
    with next_release():
        async with worker_on(site.client, site.queue):
            await chat.run(task="go")
            assert await engines(chat) == [ENGINE, ENGINE], "the run was begun by the older release"

            async def continued() -> bool:
                await chat.run(task="go")
                return (await engines(chat))[-1] == NEXT

            await eventually(continued, what="a run of the new number")
            numbers = await engines(chat)
            assert numbers == sorted(numbers)
            assert (await chat.status()).continued > 0
    async with worker_on(site.client, site.queue):
        handle = site.handle(chat)
        await handle.signal("pause")
        await eventually(lambda: refused(handle), what="the older release's worker leaves the chat alone")
