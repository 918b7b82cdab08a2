"""A store that is away delays what needs it, and loses nothing: no run fails, no model is paid twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot import FolderStore, Folkmoot, HistoryLimits, TextMessage
from folkmoot.store import open_store, patient
from tests._support.faulty_store import FaultyStore
from tests._support.s3_server import S3Server
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, kinds, until

LARGE = "word " * 20_000
HUGE = "word " * 100_000
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)
FORCED = HistoryLimits(events=1_000, resting_events=1_000, seal_bytes=500, forced_events=60)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be waited for seconds is not."""
    monkeypatch.setattr(patient, "PATIENCE", 0.0)


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return FaultyStore(tmp_path / "store")


async def test_a_large_task_that_cannot_be_read_is_waited_for(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites(["seen"], store=store)
    chat = await site.open()
    store.away = True
    # It is away for the worker; whoever asks for the run reaches it.
    async with Folkmoot(site.client, queue=site.queue, store=FolderStore(store.path)) as moot:
        asking = await moot.get(chat.id)
        run = asyncio.create_task(asking.run(task=TextMessage(content=LARGE, source="user")))
        assert (await until(chat, "waiting")).waiting_for == ("store",)
        store.away = False
        assert (await run).messages[-1].to_text() == "seen"
    assert site.model.total == 1
    assert "waiting" in await kinds(chat)
    assert (await chat.status()).waiting_for == ()


async def test_a_reply_stays_in_the_log_where_it_fits(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites([LARGE, "short"], store=store)
    chat = await site.open(site.team("a", "b", max_turns=2))
    store.away = True
    result = await chat.run(task="go")
    assert [message.to_text() for message in result.messages] == ["go", LARGE, "short"]
    assert store.refused > 0
    assert site.model.total == 2


async def test_a_reply_too_large_for_that_is_put_when_the_store_is_back(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites([HUGE], store=store)
    chat = await site.open()
    store.away = True
    run = asyncio.create_task(chat.run(task="go"))
    await eventually(lambda: store.refused >= 2, what="the reply was to be put twice")
    store.away = False
    assert (await run).messages[-1].to_text() == HUGE
    assert site.model.total == 1


async def test_a_task_that_fits_is_sent_without_the_store(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites(["seen"], store=store)
    chat = await site.open()
    store.away = True
    assert (await chat.run(task=LARGE)).messages[0].to_text() == LARGE


async def test_sealing_is_put_off(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites(store=store)
    chat = await site.open(site.team("a", "b", max_turns=4), limits=SEALING)
    store.away = True
    for number in range(2):
        await chat.run(task=f"task {number}")
    assert store.refused > 0
    store.away = False
    for number in range(2, 8):
        await chat.run(task=f"task {number}")

    async def sealed() -> bool:
        return (await site.handle(chat).query("status"))["segments"] > 0

    await eventually(sealed, what="a part was sealed")
    found = [event.message.to_text() async for event in chat.events(follow=False) if event.data.get("role") == "task"]
    assert found == [f"task {number}" for number in range(8)]


async def test_a_history_near_its_end_waits_for_the_store(sites: SiteFactory, store: FaultyStore) -> None:
    site = await sites(store=store)
    chat = await site.open(site.team("a", "b", max_turns=30), limits=FORCED)
    store.away = True
    run = asyncio.create_task(chat.run(task="go"))

    async def waits() -> bool:
        described = await site.handle(chat).describe()
        pending = described.raw_description.pending_activities
        return any(item.activity_type.name == "folkmoot.seal" and item.attempt > 3 for item in pending)

    await eventually(waits, what="sealing is tried again and again")
    store.away = False
    assert len((await run).messages) == 31
    assert (await chat.status()).continued > 0


async def test_a_killed_s3_server_delays_a_chat(sites: SiteFactory, tmp_path: Path) -> None:
    server = S3Server(tmp_path)
    server.start()
    try:
        site = await sites([HUGE, "short", "last"], store=open_store(server.url))
        chat = await site.open(site.team("a", "b", max_turns=1))
        assert (await chat.run(task="go")).messages[-1].to_text() == HUGE
        # What this process has kept of the content would hide that the server is gone.
        server.end()
        site.plugin.cache._chats.clear()
        run = asyncio.create_task(chat.run(task="again"))
        assert (await until(chat, "waiting")).waiting_for == ("store",)
        server.start()
        assert (await run).messages[-1].to_text() == "short"
    finally:
        server.end()
