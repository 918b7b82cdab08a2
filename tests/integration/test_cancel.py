"""Cancel in a model call and in a tool: the run ends now, no tool call is left dangling, the chat can run again."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import CancellationToken, ChatCancelled
from tests.integration.conftest import Site, SiteFactory, kinds, until

CALL = {"calls": [{"name": "dig", "arguments": {}}]}


async def test_cancel_in_a_model_call(sites: SiteFactory) -> None:
    site = await sites([{"text": "never", "hold": "never"}, "again"])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.cancel()
    with pytest.raises(ChatCancelled, match=chat.id):
        await run
    assert not run.cancelled(), "it is our error, not asyncio's"
    result = await chat.run(task=None)
    assert [message.to_text() for message in result.messages] == ["again"]
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["go"], "the task is delivered once"


async def test_cancel_in_a_tool_leaves_no_call_dangling(sites: SiteFactory) -> None:
    digging, stopped = asyncio.Event(), asyncio.Event()

    async def dig() -> str:
        """Dig."""
        digging.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return "done"

    site = await sites([CALL, "all right"], tools=[dig])
    chat = await site.open(site.agent(tools=["dig"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    await digging.wait()
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    await stopped.wait()

    await chat.run(task="go on")
    sent = site.model.requests[1]["messages"]
    calls = [call["id"] for message in sent for call in message.get("tool_calls", ())]
    results = [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    assert calls
    assert calls == results, "every call in the context has its result"


async def test_cancel_by_token(sites: SiteFactory) -> None:
    site = await sites([{"text": "never", "hold": "never"}])
    chat = await site.open()
    token = CancellationToken()
    run = asyncio.create_task(chat.run(task="go", cancellation_token=token))
    await site.model.wait_for_requests(1)
    token.cancel()
    with pytest.raises(ChatCancelled):
        await run
    await until(chat, "idle")


async def test_cancel_while_paused(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    site.model.release("it")
    await until(chat, "paused")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    assert (await chat.run(task=None)).messages[0].to_text() == "two"


async def test_cancel_while_idle_is_noted(site: Site) -> None:
    chat = await site.open()
    await chat.cancel()
    assert await kinds(chat) == ["opened", "noted"]
