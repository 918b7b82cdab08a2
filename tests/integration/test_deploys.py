"""A deploy in which a worker does not know a new tool: the chat waits for one that does, visibly, and goes on."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ChatCancelled, UnknownNameError
from tests.integration.conftest import SiteFactory, until, worker_on

CALL = {"calls": [{"name": "lookup", "arguments": {"word": "moot"}}]}


def lookup(word: str) -> str:
    """Look a word up."""
    return f"{word}: an assembly"


async def test_a_tool_unknown_to_the_worker_is_waited_for(sites: SiteFactory) -> None:
    new = await sites([{"text": "lost", "hold": "never"}, CALL, "done"], tools=[lookup], worker=False)
    old = await sites(queue=new.queue, worker=False)
    async with worker_on(new.client, new.queue):
        chat = await new.open(new.agent(tools=["lookup"], max_tool_iterations=2))
        run = asyncio.create_task(chat.run(task="go"))
        await new.model.wait_for_requests(1)
    # The worker that knows the tool is gone, in the middle of the model call.
    async with worker_on(old.client, new.queue):
        waiting = await until(chat, "waiting")
        assert waiting.waiting_for == ("worker:tool:lookup",)
        snapshot = (await chat.snapshots())[-1]
        assert (snapshot.reason, snapshot.speakers) == ("wait", ("worker:tool:lookup",))
        with pytest.raises(UnknownNameError, match="lookup"):
            await old.open(old.agent(tools=["lookup"]))
    async with worker_on(new.client, new.queue):
        result = await run
    assert [message.type for message in result.messages][-2:] == ["ToolCallExecutionEvent", "TextMessage"]
    assert result.messages[-1].to_text() == "done"
    assert new.model.total == 3, "the lost call, the one that asks for the tool, and the answer"


async def test_a_run_is_refused_where_the_worker_lacks_a_name(sites: SiteFactory) -> None:
    new = await sites(tools=[lookup], worker=False)
    old = await sites(queue=new.queue, worker=False)
    async with worker_on(new.client, new.queue):
        chat = await new.open(new.agent(tools=["lookup"]))
    async with worker_on(old.client, new.queue):
        with pytest.raises(UnknownNameError) as refused:
            await (await old.moot.get(chat.id)).run(task="go")
        assert (refused.value.kind, refused.value.name, refused.value.known) == ("tool", "lookup", ())
        assert (await chat.status()).run == 0


async def test_a_waiting_chat_can_be_cancelled(sites: SiteFactory) -> None:
    new = await sites([{"text": "lost", "hold": "never"}], tools=[lookup], worker=False)
    old = await sites(queue=new.queue, worker=False)
    async with worker_on(new.client, new.queue):
        chat = await new.open(new.agent(tools=["lookup"]))
        run = asyncio.create_task(chat.run(task="go"))
        await new.model.wait_for_requests(1)
    async with worker_on(old.client, new.queue):
        await until(chat, "waiting")
        await chat.cancel()
        with pytest.raises(ChatCancelled):
            await run
        status = await until(chat, "idle")
        assert status.waiting_for == ()
