"""A store by its URL wherever a store is taken: a chat whose large contents another client reads from it."""

from __future__ import annotations

from pathlib import Path

from folkmoot import Folkmoot, TextMessage, local
from folkmoot.store import FolderStore, open_store
from tests._support.s3_server import S3Server
from tests.integration.conftest import SiteFactory

LARGE = "word " * 20_000


async def test_a_client_reads_what_the_workers_store_holds(sites: SiteFactory, url: str, server_address: str) -> None:
    store = open_store(url)
    site = await sites(["seen"], store=store)
    chat = await site.open()
    await chat.run(task=TextMessage(content=LARGE, source="user"))
    async with await Folkmoot.connect(server_address, queue=site.queue, store=url) as moot:
        late = await moot.get(chat.id)
        texts = [event.message.to_text() async for event in late.events(follow=False) if event.message]
    assert texts == [LARGE, "seen"]
    assert LARGE.encode() not in str([entry.data async for entry in chat.events(follow=False)]).encode()
    await store.close()


async def test_an_embedded_worker_uses_it(tmp_path: Path, s3: S3Server) -> None:
    before = len(s3.keys)
    async with local(tmp_path / "data", store=s3.url) as moot:
        assert repr(moot._store) == "ObjectStore('s3://chats/some/prefix')"
        name = await moot._store.put(LARGE.encode(), chat="0" * 32)
        assert await moot._store.get(name, chat="0" * 32) == LARGE.encode()
    assert len(s3.keys) == before + 1
    async with local(tmp_path / "data") as moot:
        assert repr(moot._store) == repr(FolderStore(tmp_path / "data" / "store"))
