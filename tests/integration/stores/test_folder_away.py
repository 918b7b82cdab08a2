"""A folder that is renamed or not mounted delays the chats that need it; when it is back, nothing is lost."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from folkmoot import HistoryLimits, TextMessage, local
from folkmoot.store import FolderStore, StoreUnavailableError, patient
from folkmoot.store.folder import MARKER
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, unique, until

LARGE = "word " * 20_000
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)
FORCED = HistoryLimits(events=1_000, resting_events=1_000, seal_bytes=500, forced_events=60)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be waited for seconds is not."""
    monkeypatch.setattr(patient, "PATIENCE", 0.0)


async def test_runs_wait_for_the_folder_and_go_on_with_all_that_was_said(sites: SiteFactory, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    site = await sites(store=store)
    chat = await site.open(site.team("a", "b", max_turns=4), limits=SEALING)
    await chat.run(task=TextMessage(content=LARGE, source="user"))

    async def sealed() -> bool:
        await chat.run(task="more")
        return (await site.handle(chat).query("status"))["segments"] > 0

    await eventually(sealed, what="a part was sealed")
    before = [event.message.to_text() async for event in chat.events(follow=False) if event.message]
    called = site.model.total
    elsewhere = store.path.rename(tmp_path / "elsewhere")
    # What this process has kept would hide that the folder is gone.
    site.plugin.cache._chats.clear()
    run = asyncio.create_task(chat.run(task="while it is away"))
    assert (await until(chat, "waiting")).waiting_for == ("store",)
    assert site.model.total == called, "nothing is said before the log is read"
    with pytest.raises(StoreUnavailableError, match="is away"):
        await site.moot.delete(chat.id, dry_run=True)
    assert not store.path.exists(), "the folder is not made again"
    elsewhere.rename(store.path)
    result = await run
    assert [message.to_text() for message in result.messages] == ["while it is away", *["hello"] * 4]
    assert site.model.total == called + 4
    after = [event.message.to_text() async for event in chat.events(follow=False) if event.message]
    assert after == [*before, *(message.to_text() for message in result.messages)]


async def test_a_history_near_its_end_waits_for_the_folder(sites: SiteFactory, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    await store.begin()
    site = await sites(store=store)
    chat = await site.open(site.team("a", "b", max_turns=30), limits=FORCED)
    elsewhere = store.path.rename(tmp_path / "elsewhere")
    run = asyncio.create_task(chat.run(task="go"))

    async def waits() -> bool:
        pending = (await site.handle(chat).describe()).raw_description.pending_activities
        return any(item.activity_type.name == "folkmoot.seal" and item.attempt > 1 for item in pending)

    await eventually(waits, what="sealing is tried again")
    assert not store.path.exists()
    elsewhere.rename(store.path)
    assert len((await run).messages) == 31
    assert (await store.size(chat=(await site.handle(chat).query("status"))["uuid"])).blobs > 0


async def test_nothing_is_deleted_while_it_is_away(sites: SiteFactory, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    site = await sites(store=store)
    chat = await site.open()
    await chat.run(task=TextMessage(content=LARGE, source="user"))
    uuid = (await site.handle(chat).query("status"))["uuid"]
    elsewhere = store.path.rename(tmp_path / "elsewhere")
    # A mount point is left, as an empty folder.
    store.path.mkdir()
    with pytest.raises(StoreUnavailableError, match=f"is away.*{MARKER}"):
        await site.moot.delete(chat.id, force=True)
    assert (await chat.status()).status == "idle", "it was refused before anything was done"
    store.path.rmdir()
    elsewhere.rename(store.path)
    assert (await store.size(chat=uuid)).blobs == 1
    [deleted] = await site.moot.delete(chat.id, force=True)
    assert deleted.blobs == 1


async def test_a_closed_chat_is_archived_when_it_is_back(
    sites: SiteFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(tmp_path / "store")
    await store.begin()
    site = await sites(store=store)
    chat = await site.open()
    await chat.run(task="go")
    elsewhere = store.path.rename(tmp_path / "elsewhere")
    with caplog.at_level(logging.INFO):
        await chat.close()
        await eventually(lambda: "It is tried again." in caplog.text, what="the archive was refused")
    assert "Traceback" not in caplog.text
    elsewhere.rename(store.path)

    async def archived() -> bool:
        return bool([data async for data in store.manifests(namespace="default", chat_id=chat.id)])

    await eventually(archived, what="the chat was archived")


async def test_an_embedded_worker_begins_its_own(tmp_path: Path) -> None:
    async with local(tmp_path / "data", models={}) as moot:
        assert (tmp_path / "data" / "store" / MARKER).is_file()
        assert moot._store is not None
        assert await moot._store.delete(chat="0" * 32) == (0, 0), "a chat that has kept nothing can be deleted"


# --- What is refused as it should be is no defect


async def test_refusals_leave_no_traceback_in_the_log(sites: SiteFactory, caplog: pytest.LogCaptureFixture) -> None:
    def broken(said: list[object]) -> str:
        raise RuntimeError(f"{len(said)} are too many")

    site = await sites(functions={"broken": broken})
    chat = await site.open(id=unique())
    await chat.run(task="go")
    with caplog.at_level(logging.INFO):
        with pytest.raises(Exception, match="2 are too many"):
            await chat.summarize(method="broken")
        with pytest.raises(Exception, match="state"):
            await chat.load_state({"type": "nothing"})
        await chat.close()
        archive = site.client.get_workflow_handle(f"folkmoot-archive-{(await site.handle(chat).result())['uuid']}")
        assert (await archive.result())["why"] == "This worker has no store."
    assert "Completing activity as failed" not in caplog.text
    assert "Traceback" not in caplog.text
