"""Reset while idle, paused and running: the conversation is forgotten, the log is not; a running chat refuses."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ChatBusyError, ChatCancelled
from tests.integration.conftest import Site, SiteFactory, kinds, said, until

REFUSAL = "The group chat is currently running. It must be stopped before it can be reset."


async def test_reset_while_idle_forgets_what_was_said(sites: SiteFactory) -> None:
    site = await sites(["first", "second"])
    chat = await site.open(site.team("a", "b"))
    await chat.run(task="one")
    await chat.reset()
    result = await chat.run(task="two")

    assert said(result.messages) == [("user", "two"), ("a", "second")], "the first participant speaks again"
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["two"], "the model sees nothing from before the reset"
    log = [event.message.to_text() async for event in chat.events(follow=False) if event.message]
    assert log == ["one", "first", "two", "second"], "the log still has it"


async def test_reset_while_running_is_refused_with_autogens_text(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    with pytest.raises(ChatBusyError, match=REFUSAL):
        await chat.reset()
    site.model.release("it")
    assert (await run).messages[-1].to_text() == "one", "the run was not disturbed"
    assert "refused" in await kinds(chat)


async def test_reset_while_a_paused_run_is_refused_too(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    site.model.release("it")
    await until(chat, "paused")
    with pytest.raises(RuntimeError, match=REFUSAL):
        await chat.reset()
    assert (await chat.status()).status == "paused"
    await chat.resume()
    assert len((await run).messages) == 3


async def test_reset_of_an_idle_paused_chat(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="one")
    await chat.pause()
    await chat.reset()
    assert "reset" in await kinds(chat)
    run = asyncio.create_task(chat.run(task="two"))
    await until(chat, "paused")
    await chat.resume()
    await run
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["two"]


async def test_forced_reset_ends_the_run_and_late_results_enter_no_view(sites: SiteFactory) -> None:
    site = await sites([{"text": "too late", "hold": "it"}, "fresh"])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="old"))
    await site.model.wait_for_requests(1)
    await chat.reset(force=True)
    with pytest.raises(ChatCancelled):
        await run
    site.model.release("it")
    result = await chat.run(task="new")
    assert said(result.messages) == [("user", "new"), ("writer", "fresh")]
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["new"]
