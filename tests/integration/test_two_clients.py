"""Two clients at once: any number of processes may hold handles on one chat and see the same."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ChatBusyError, TaskResult
from tests.integration.conftest import SiteFactory, kinds, said, unique


async def test_one_of_two_runs_asked_at_once_wins(sites: SiteFactory) -> None:
    first = await sites([{"text": "one", "hold": "it"}])
    second = await sites(queue=first.queue, worker=False)
    chat_id = unique()
    chats = await asyncio.gather(first.open(id=chat_id), second.open(id=chat_id))
    runs = [asyncio.create_task(chat.run(task="go")) for chat in chats]
    await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
    first.model.release("it")
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ChatBusyError", "TaskResult"]
    assert (await kinds(chats[0])).count("run_started") == 1


async def test_a_client_without_a_worker_steers_and_reads_the_run_of_another(sites: SiteFactory) -> None:
    here = await sites([{"text": "one", "hold": "it"}, "two"])
    there = await sites(queue=here.queue, worker=False)
    chat = await here.open(here.team("a", "b", max_turns=2))
    other = await there.moot.get(chat.id)
    run = asyncio.create_task(chat.run(task="go"))
    await here.model.wait_for_requests(1)

    with pytest.raises(ChatBusyError):
        await other.run(task="mine")
    await other.pause()
    here.model.release("it")
    await other.resume()
    result = await run
    assert said(result.messages) == [("user", "go"), ("a", "one"), ("b", "two")]
    seen = [event.message async for event in other.events(follow=False) if event.message]
    assert seen == list(result.messages), "ids and times too"


async def test_run_and_stream_give_the_same_messages(sites: SiteFactory) -> None:
    here = await sites(["one", "two"])
    chat = await here.open(here.team("a", "b", max_turns=2))
    items = [item async for item in chat.run_stream(task="go")]
    assert isinstance(items[-1], TaskResult)
    assert said(items[:-1]) == [("user", "go"), ("a", "one"), ("b", "two")]
    assert items[-1].messages == items[:-1]


async def test_the_task_is_left_out_on_request(sites: SiteFactory) -> None:
    here = await sites(["one", "two"])
    chat = await here.open()
    result = await chat.run(task="go", output_task_messages=False)
    assert said(result.messages) == [("writer", "one")]
    items = [item async for item in chat.run_stream(task="go", output_task_messages=False)]
    assert said(items[:-1]) == [("writer", "two")]
