"""People speak into running chats on a real server: from a client, and from a workflow."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import BadCommandError, Chat, RoundRobinGroupChat, TextMessage, UserProxyAgent
from tests._support.waiting import eventually
from tests.integration.callers import Sayer
from tests.integration.conftest import SiteFactory, unique, worker_on


async def texts(chat: Chat) -> list[str]:
    found = [event.message async for event in chat.events(follow=False) if event.message is not None]
    return [f"{message.source}: {message.to_text()}" for message in found if message.type == "TextMessage"]


async def ended(chat: Chat, run: int) -> None:
    """Wait until that run is over."""

    async def over() -> bool:
        status = await chat.status()
        return (status.status, status.run) == ("idle", run)

    await eventually(over, what=f"run {run} is over")


async def test_what_is_queued_is_a_run_of_its_own(sites: SiteFactory) -> None:
    site = await sites(["a1", "a2"])
    chat = await site.open(RoundRobinGroupChat([UserProxyAgent("person"), site.agent("a")], max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await eventually(chat.pending, what="the person is asked")
    offset = await chat.say("and then?", by="ann")
    await chat.answer(request.request, "Yes.")
    assert [message.to_text() for message in (await run).messages if message.type == "TextMessage"] == [
        "go",
        "Yes.",
        "a1",
    ]
    (request,) = await eventually(chat.pending, what="the person is asked in the next run")
    await chat.answer(request.request, "No.")
    await ended(chat, 2)
    assert await texts(chat) == ["user: go", "person: Yes.", "a: a1", "user: and then?", "person: No.", "a: a2"]
    (entry,) = [event async for event in chat.events(follow=False) if event.kind == "said"]
    assert (entry.offset, entry.data["by"], entry.data["when"]) == (offset, "ann", "queue")


async def test_now_breaks_off_a_model_call(sites: SiteFactory) -> None:
    site = await sites([{"text": "never mind", "delay": 60}, "Berlin, then."])
    chat = await site.open(site.agent("a"))
    run = asyncio.create_task(chat.run(task="Where do we meet?"))
    await eventually(lambda: site.model.requests, what="the first call")
    await chat.say(TextMessage(source="boss", content="Not in Rome."), when="now")
    assert (await run).messages[-1].to_text() == "Berlin, then."
    assert [item["content"] for item in site.model.requests[1]["messages"][1:]] == ["Where do we meet?", "Not in Rome."]


async def test_idle_it_begins_a_run(sites: SiteFactory) -> None:
    site = await sites(["hello"])
    chat = await site.open(site.agent("a"))
    await chat.say("hi", when="now", command="c-1")
    await chat.say("hi", when="now", command="c-1")
    await ended(chat, 1)
    assert await texts(chat) == ["user: hi", "a: hello"]


async def test_bad_words_are_refused_at_once(sites: SiteFactory) -> None:
    site = await sites([])
    chat = await site.open(site.agent("a"))
    with pytest.raises(BadCommandError, match="'when' must be one of queue, turn, now, got 'later'"):
        await chat.say("hi", when="later")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Task list cannot be empty"):
        await chat.say([])  # type: ignore[arg-type]
    handle = site.client.get_workflow_handle(chat.id)
    head = (await chat.status()).head
    await handle.signal("say")
    await handle.signal("say", {"message": 7})
    refused = [event.data["error"]["message"] async for event in chat.events(after=head - 1, follow=False)]
    assert [text.partition(":")[0] for text in refused] == ["Bad payload for 'say'", "Bad payload for 'say'"]


async def test_a_workflow_says_something(sites: SiteFactory) -> None:
    site = await sites(["a1", "b1"], worker=False)
    async with worker_on(site.client, site.queue, workflows=[Sayer]):
        chat_id = unique()
        await site.client.execute_workflow(
            Sayer.run, {"chat": chat_id, "queue": site.queue}, id=unique("caller"), task_queue=site.queue
        )
        chat = await site.moot.get(chat_id)
        await ended(chat, 1)
        assert await texts(chat) == ["user: hear me", "a: a1"]
