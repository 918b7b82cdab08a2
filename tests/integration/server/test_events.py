"""The log as server-sent events: followed, resumed, ended, one follower for many readers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from folkmoot import FolderStore, HistoryLimits
from folkmoot._client.follower import Follower
from folkmoot._spec import to_json
from folkmoot.server import feeds
from folkmoot.server.identity import Identity
from tests._support.waiting import eventually
from tests.integration.server.conftest import Api, ApiFactory, opened, problem
from tests.integration.server.streams import entries, events, rest

ANYBODY = Identity(subject="anybody", all_tenants=True)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


@pytest.fixture
async def real(apis: ApiFactory) -> Api:
    """An instance behind uvicorn."""
    return await apis(real=True)


async def test_a_stream_begins_with_the_log_and_ends_with_the_chat(real: Api) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    run = (await client.post(f"/chats/{chat_id}/runs", json={"task": "one"}, params={"wait": 30})).json()
    assert run["status"] == "stopped"
    async with events(client, chat_id) as stream:
        first = await entries(stream, run["offset"] + 1)
        await client.post(f"/chats/{chat_id}/runs", json={"task": "two"}, params={"wait": 30})
        await client.post(f"/chats/{chat_id}/close")
        others = await rest(stream)
    assert others[-1].name == "end"
    offsets = [*first, *(event.id for event in others if event.name == "entry")]
    assert offsets == list(range(len(offsets)))
    log = (await client.get(f"/chats/{chat_id}/log", params={"limit": 1000})).json()["entries"]
    assert [event.data for event in others if event.name == "entry"] == log[len(first) :]
    done = await client.get(f"/chats/{chat_id}/events", headers={"Last-Event-ID": str(offsets[-1])})
    assert done.status_code == 204


async def test_a_reader_resumes_without_loss_or_repetition_across_continue_as_new(
    apis: ApiFactory, tmp_path: Path
) -> None:
    api = await apis(store=FolderStore(tmp_path), real=True)
    other = await apis(site=api.site, real=True)
    chat = await api.site.open(api.site.team("a", "b", max_turns=4), limits=SEALING)
    clients = [await api.client(), await other.client()]

    async def runs() -> None:
        for number in range(6):
            await chat.run(task=f"task {number}")
        await chat.close()

    running = asyncio.create_task(runs())
    found: list[int] = []
    ended = False
    while not ended:
        client = clients[len(found) % 2]
        async with events(client, chat.id, last=found[-1] if found else None) as stream:
            taken = 0
            async for event in stream:
                if event.name == "end":
                    ended = True
                elif event.id is not None:
                    found.append(event.id)
                    taken += 1
                if taken == 7:
                    break
    await running
    assert (await chat.status()).continued > 0
    head = (await chat.status()).head
    assert found == list(range(head))


async def test_many_readers_of_a_chat_share_one_follower_which_ends_with_the_last(real: Api) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    polling = Follower.polling

    async def read() -> list[int]:
        async with events(client, chat_id) as stream:
            return [event.id async for event in stream if event.id is not None]

    readers = [asyncio.create_task(read()) for _ in range(20)]
    await eventually(lambda: Follower.polling > polling, what="the chat is followed")
    await client.post(f"/chats/{chat_id}/runs", json={"task": "one"}, params={"wait": 30})
    assert real.app.state.feeds.open == 1
    assert real.app.state.chats.held == 1
    await eventually(lambda: Follower.polling == polling + 1, what="one follower polls for all of them")
    await client.post(f"/chats/{chat_id}/close")
    found = await asyncio.gather(*readers)
    assert all(offsets == list(range(len(offsets))) for offsets in found)
    assert len({len(offsets) for offsets in found}) == 1
    await eventually(lambda: real.app.state.feeds.open == 0, what="the feed is gone")
    await eventually(lambda: real.app.state.chats.held == 0, what="the chat is let go")


async def test_a_reader_that_goes_away_is_noticed(real: Api) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    async with events(client, chat_id) as stream:
        assert await entries(stream, 1) == [0]
        assert real.app.state.feeds.open == 1
    await eventually(lambda: real.app.state.feeds.open == 0, what="the feed is gone")


async def test_a_slow_reader_is_dropped_with_a_comment(real: Api) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    reader = feeds.Reader(partial=False)
    found = await real.app.state.chats.find(chat_id, ANYBODY)
    async with real.app.state.feeds.feed(found, ANYBODY) as feed:
        feed.join(reader)
        for number in range(feeds.QUEUE):
            assert reader.give(feeds.Frame(number, b""))
        # The next entry finds its queue full.
        await client.post(f"/chats/{chat_id}/pause")
        await eventually(lambda: reader not in feed._readers, what="it is dropped")
        frame = await reader.take(1)
        assert frame.last
        assert b"Last-Event-ID" in frame.data
        assert not frame.data.startswith(b"id:")


async def test_a_quiet_stream_shows_that_it_is_alive(real: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "HEARTBEAT", 0.05)
    client = await real.client()
    chat_id = await opened(client, real, "a")
    async with events(client, chat_id, last=0) as stream:
        assert [(await anext(stream)).data for _ in range(3)] == ["still here"] * 3


async def test_a_stream_ends_when_the_token_does(real: Api) -> None:
    client = await real.client(lifetime=timedelta(seconds=2))
    chat_id = await opened(client, real, "a")
    async with events(client, chat_id) as stream:
        last = (await rest(stream))[-1]
    assert "expired" in last.data


async def test_a_server_that_stops_ends_its_streams(real: Api) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    async with events(client, chat_id) as stream:
        assert await entries(stream, 1) == [0]
        real.app.state.feeds.stop()
        assert "reconnect" in (await rest(stream))[-1].data


@pytest.mark.parametrize("last", ["7", "-2", "x"])
async def test_a_place_that_is_not_there_is_refused(real: Api, last: str) -> None:
    client = await real.client()
    chat_id = await opened(client, real, "a")
    response = await client.get(f"/chats/{chat_id}/events", headers={"Last-Event-ID": last})
    assert response.status_code == 422


async def test_live_words_come_while_they_are_said(apis: ApiFactory) -> None:
    words = "Hear ye, hear ye, the moot is met."
    api = await apis([{"text": words, "chunks": 12, "chunk_delay": 0.1}], real=True)
    client = await api.client()
    chat_id = await opened(client, api, team=to_json(api.site.agent(model_client_stream=True)))
    async with events(client, chat_id, partial=True) as stream, events(client, chat_id) as plain:
        assert await entries(stream, 1) == [0]
        await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
        await client.post(f"/chats/{chat_id}/close")
        found = await rest(stream)
        without = await rest(plain)
    chunks = [event.data for event in found if event.name == "partial"]
    assert len(chunks) > 1
    assert chunks[0]["start"] == 0
    assert words.startswith("".join(chunk["content"] for chunk in chunks))
    said = [event.data["message"] for event in found if event.name == "entry" and event.data["message"]]
    (final,) = [message for message in said if message["source"] == "writer"]
    assert {chunk["message"] for chunk in chunks} == {final["id"]}
    assert all(event.name != "partial" for event in without)


async def test_another_tenants_chat_cannot_be_followed(real: Api) -> None:
    client = await real.client(tenant="acme")
    chat_id = await opened(client, real, "a")
    stranger = await real.client(tenant="other")
    problem(await stranger.get(f"/chats/{chat_id}/events"), 404, "ChatNotFoundError")
