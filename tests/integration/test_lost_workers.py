"""A worker that falls silent in a tool: what may be repeated is, of what may not people say what became of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from folkmoot import ChatFailedError, FolkmootPlugin, FunctionTool, OpenAIChatModel, ToolContext, ToolOptions
from folkmoot._temporal.worker_side import WorkerSide
from tests._support.waiting import eventually
from tests.integration.conftest import KEY, MODEL, Site, SiteFactory, kinds, until, worker_on

CALL = {"calls": [{"name": "pay", "arguments": {}}]}


class Payments:
    """A tool whose first call blocks its worker's whole event loop, so that not even heartbeats get out."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.released = threading.Event()

    async def pay(self, context: ToolContext) -> str:
        """Pay."""
        self.keys.append(context.idempotency_key)
        if len(self.keys) == 1:
            self.released.wait(60)
        return f"paid at attempt {context.attempt}"


@contextmanager
def activity_worker(site: Site, tool: FunctionTool) -> Iterator[None]:
    """A worker for activities only, in a thread with a loop of its own.

    It takes one at a time: the SDK's core would go on taking attempts for a worker whose loop is blocked.
    """
    up, stop = threading.Event(), threading.Event()

    async def work() -> None:
        model = OpenAIChatModel(MODEL, base_url=site.model.base_url, api_key=KEY)
        plugin = FolkmootPlugin(models={MODEL: model}, tools=[tool])
        client = await Client.connect(site.address, data_converter=pydantic_data_converter)
        activities = WorkerSide(plugin.registry, None).activities
        async with Worker(client, task_queue=site.queue, activities=activities, max_concurrent_activities=1):
            up.set()
            await asyncio.to_thread(stop.wait)
        await plugin.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),), daemon=True)
    thread.start()
    up.wait()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def test_what_must_not_be_repeated_ends_as_unknown_outcome(sites: SiteFactory) -> None:
    payments = Payments()
    options = ToolOptions(retryable=False, heartbeat_timeout=1.0, unknown_outcome="fail")
    tool = FunctionTool(payments.pay, options=options)
    site = await sites([CALL, "thanks"], tools=[tool], worker=False)
    async with worker_on(site.client, site.queue, no_remote_activities=True):
        with activity_worker(site, tool):
            chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
            try:
                with pytest.raises(ChatFailedError, match=r"'pay' is unknown: .*worker was lost") as failed:
                    await chat.run(task="go")
            finally:
                payments.released.set()
            assert failed.value.error_type == "UnknownOutcomeError"
            assert len(payments.keys) == 1, "it was not run again"
            assert (await chat.run(task=None)).messages[-1].to_text() == "thanks"
            assert "tool" in await kinds(chat), "the call has an outcome in the log"


async def test_of_what_must_not_be_repeated_people_are_asked(sites: SiteFactory) -> None:
    payments = Payments()
    tool = FunctionTool(payments.pay, options=ToolOptions(retryable=False, heartbeat_timeout=1.0))
    site = await sites([CALL, "thanks"], tools=[tool], worker=False)
    async with worker_on(site.client, site.queue, no_remote_activities=True):
        with activity_worker(site, tool):
            chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
            run = asyncio.create_task(chat.run(task="go"))
            try:
                status = await until(chat, "waiting")
            finally:
                payments.released.set()
            assert status.waiting_for == ("outcome:writer",)
            (request,) = await chat.pending()
            assert "The outcome of the call of 'pay' is unknown" in request.prompt
            assert "its worker was lost" in request.prompt
            await chat.decide(request.request, "retry", by="ann")
            assert (await run).messages[-1].to_text() == "thanks"
    assert len(payments.keys) == 2
    assert len(set(payments.keys)) == 1


async def test_what_may_be_repeated_is_with_the_same_key(sites: SiteFactory) -> None:
    payments = Payments()
    tool = FunctionTool(payments.pay, options=ToolOptions(heartbeat_timeout=1.0, initial_interval=0.01))
    site = await sites([CALL], tools=[tool], worker=False)
    async with worker_on(site.client, site.queue, no_remote_activities=True):
        with activity_worker(site, tool):
            chat = await site.open(site.agent(tools=["pay"]))
            run = asyncio.create_task(chat.run(task="go"))
            await eventually(lambda: payments.keys, what="the first attempt")
            with activity_worker(site, tool):
                try:
                    result = await run
                finally:
                    payments.released.set()
    assert result.messages[-1].to_text().startswith("paid at attempt ")
    assert len(payments.keys) == 2
    assert len(set(payments.keys)) == 1
