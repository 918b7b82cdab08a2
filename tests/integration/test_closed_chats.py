"""A closed chat: commands say so, its log stays readable, and its id is free again for who asks for that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from folkmoot import Chat, ChatBusyError, ChatCancelled, ChatClosedError
from tests.integration.conftest import Site, SiteFactory, kinds, said

VERBS: dict[str, Callable[[Chat], Awaitable[object]]] = {
    "run": lambda chat: chat.run(task="go"),
    "pause": lambda chat: chat.pause(),
    "resume": lambda chat: chat.resume(),
    "reset": lambda chat: chat.reset(),
    "stop": lambda chat: chat.stop(),
    "cancel": lambda chat: chat.cancel(),
    "close": lambda chat: chat.close(),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_every_command_says_that_it_is_closed(site: Site, verb: str) -> None:
    chat = await site.open()
    await chat.close()
    await site.handle(chat).result()
    with pytest.raises(ChatClosedError, match=chat.id):
        await VERBS[verb](chat)
    with pytest.raises(ChatClosedError, match=chat.id):
        await VERBS[verb](await site.moot.get(chat.id))


async def test_its_log_stays_readable(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="go")
    await chat.close()
    await site.handle(chat).result()
    again = await site.moot.get(chat.id)
    assert (await kinds(again))[-1] == "closed"
    assert (await again.status()).status == "closed"
    assert [event.kind async for event in again.events()][-1] == "closed", "a follower comes to an end"


async def test_opening_a_closed_id_names_the_way_out(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="old")
    await chat.close()
    await site.handle(chat).result()
    with pytest.raises(ChatClosedError, match="replace=True"):
        await site.open(id=chat.id)
    fresh = await site.open(site.team("other"), id=chat.id, replace=True)
    assert await kinds(fresh) == ["opened"]
    assert said((await fresh.run(task="new")).messages) == [("user", "new"), ("other", "hello")]
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["new"]


async def test_replace_does_not_touch_a_living_chat(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="go")
    again = await site.open(id=chat.id, replace=True)
    assert (await again.status()).turn == 1


async def test_closing_a_running_chat_needs_force(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    with pytest.raises(ChatBusyError, match="force"):
        await chat.close()
    await chat.close(force=True)
    with pytest.raises((ChatCancelled, ChatClosedError)):
        await run
    await site.handle(chat).result()


async def test_a_chat_terminated_from_outside(site: Site) -> None:
    chat = await site.open()
    await site.handle(chat).terminate(reason="an operator")
    with pytest.raises(ChatClosedError, match="terminated"):
        await chat.run(task="go")
