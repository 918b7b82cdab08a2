"""Deleting chats: workflows, segments, contents and manifest, and nothing of any other chat."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from folkmoot import Chat, ChatBusyError, ChatNotFoundError, FolderStore, Folkmoot, HistoryLimits, TextMessage
from folkmoot._chat.state import ENGINE
from folkmoot._spec import to_json
from folkmoot._temporal.names import WORKFLOW
from folkmoot.store import Store, open_store
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, unique, until, worker_on

LARGE = "word " * 20_000
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


async def closed(site: Site, store: Store, id: str = "", **options: object) -> Chat:
    """A chat with segments and a large content, closed and archived."""
    chat = await site.open(site.team("a", "b", max_turns=3), id=id or unique(), limits=SEALING, **options)
    await chat.run(task=TextMessage(content=f"{chat.id} {LARGE}", source="user"))
    for number in range(4):
        await chat.run(task=f"task {number}")
    await chat.close()
    uuid = await uuid_of(site, chat)

    async def archived() -> bool:
        return any([uuid.encode() in data async for data in store.manifests(namespace="default", chat_id=chat.id)])

    await eventually(archived, within=90, what="the chat was archived")
    return chat


async def uuid_of(site: Site, chat: Chat) -> str:
    return (await site.handle(chat).query("status"))["uuid"]


async def test_a_chat_is_deleted_wholly_and_no_other_is_touched(sites: SiteFactory, url: str) -> None:
    store = open_store(url)
    site = await sites(store=store)
    chat, other = await closed(site, store), await closed(site, store)
    mine, others = await uuid_of(site, chat), await uuid_of(site, other)
    kept = await store.size(chat=others)
    dry = await site.moot.delete(chat.id, dry_run=True)
    assert (await store.size(chat=mine)).blobs == dry[0].blobs > 2
    assert await site.moot.delete(chat.id) == dry
    [deletion] = dry
    assert (deletion.uuid, deletion.manifest, deletion.team) == (mine, True, "RoundRobinGroupChat")
    assert deletion.runs > 1
    assert deletion.closed
    assert await store.size(chat=mine) == (0, 0)
    assert [data async for data in store.manifests(namespace="default", chat_id=chat.id)] == []
    assert await store.size(chat=others) == kept
    assert len([event async for event in other.events(follow=False)]) > 10
    with suppress(ChatNotFoundError):
        # The server takes its time to forget; asked again meanwhile, nothing is left to delete in the store.
        [again] = await site.moot.delete(chat.id)
        assert (again.uuid, again.blobs, again.manifest) == (mine, 0, False)


async def test_a_living_chat_needs_force(sites: SiteFactory, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    site = await sites(store=store)
    chat = await closed(site, store)
    first = await uuid_of(site, chat)
    again = await site.open(id=chat.id, replace=True)
    await again.run(task=TextMessage(content=LARGE, source="user"))
    second = await uuid_of(site, again)
    with pytest.raises(ChatBusyError, match="not closed"):
        await site.moot.delete(chat.id)
    assert (await store.size(chat=first)).blobs > 0
    assert (await again.status()).status == "idle"
    found = await site.moot.delete(chat.id, force=True)
    assert {item.uuid for item in found} == {first, second}
    assert [(item.uuid, item.closed) for item in found if not item.closed] == [(second, "")]
    assert list(tmp_path.glob("*-*")) == []
    assert await store.size(chat=first) == await store.size(chat=second) == (0, 0)


async def test_by_age_only_what_was_closed_before_is_deleted(
    sites: SiteFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--temporal-address"):
        pytest.skip("it deletes every closed chat of the server, which is not this test's own")
    store = FolderStore(tmp_path)
    site = await sites(store=store)
    chat = await closed(site, store)
    living = await site.open()
    await living.run(task="go")
    ids = {chat.id, living.id}
    assert ids.isdisjoint([item.id async for item in site.moot.delete_older(timedelta(days=1))])
    dry = [item async for item in site.moot.delete_older(timedelta(), dry_run=True)]
    assert [item.id for item in dry if item.id in ids] == [chat.id]
    uuid = await uuid_of(site, chat)
    assert (await store.size(chat=uuid)).blobs > 0
    # Closed chats that other tests left on this server go as well.
    found = [item async for item in site.moot.delete_older(timedelta()) if item.id in ids]
    assert [item.uuid for item in found] == [uuid]
    assert await store.size(chat=uuid) == (0, 0)
    assert (await until(living, "idle")).turn == 1
    with pytest.raises(ValueError, match="age that is not negative"):
        await anext(site.moot.delete_older(timedelta(days=-1)))


async def test_chats_of_queues_without_workers_hold_up_no_others(
    sites: SiteFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--temporal-address"):
        pytest.skip("it deletes every closed chat of the server, which is not this test's own")
    site = await sites(store=FolderStore(tmp_path))
    # As workflows of a user's open them: their input does not tell their uuids.
    away = f"{site.queue}-away"
    given = {"spec": to_json(site.team()), "engine": ENGINE}
    handle = await site.client.start_workflow(WORKFLOW, given, id=(begun := unique()), task_queue=away)
    never = await site.client.start_workflow(WORKFLOW, given, id=unique(), task_queue=unique("nobody"))
    async with worker_on(site.client, away):
        await (await Folkmoot(site.client, queue=away).get(begun)).close()
        await handle.result()
    await never.terminate(reason="by hand")

    async def deleted() -> bool:
        seen.update([item.id async for item in site.moot.delete_older(timedelta())])
        return {begun, never.id} <= seen

    seen: set[str] = set()
    await eventually(deleted, what="both are deleted")


async def test_what_was_never_there(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(store=FolderStore(tmp_path))
    with pytest.raises(ChatNotFoundError, match="'no such'"):
        await site.moot.delete("no such")
