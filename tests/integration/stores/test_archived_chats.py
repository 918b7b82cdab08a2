"""A closed chat stays readable when the server has forgotten it: its log, snapshots, status and usage."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.service import RPCError

from folkmoot import Chat, ChatNotFoundError, FolderStore, HistoryLimits, TextMessage
from folkmoot._temporal.names import ARCHIVE_ID
from folkmoot.store import StoreUnavailableError
from tests._support.faulty_store import FaultyStore
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, kinds

SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


async def archived(site: Site, chat: Chat) -> dict[str, object]:
    """What the chat's archive workflow says at its end."""
    uuid = (await site.handle(chat).query("status"))["uuid"]

    async def ended() -> dict[str, object] | None:
        try:
            return await site.client.get_workflow_handle(ARCHIVE_ID + uuid).result()
        except RPCError:
            return None  # the server has not started it yet

    found = await eventually(ended, within=90, what="the chat was archived")
    assert found is not None
    return found


async def forget(site: Site, *chats: Chat) -> None:
    """Let the server forget chats, as it does after the retention time."""
    for chat in chats:
        runs = {item.run_id async for item in site.client.list_workflows(f"WorkflowId = '{chat.id}'")}
        for run_id in {*runs, (await site.handle(chat).describe()).run_id}:
            execution = WorkflowExecution(workflow_id=chat.id, run_id=run_id)
            request = DeleteWorkflowExecutionRequest(namespace=site.client.namespace, workflow_execution=execution)
            with suppress(RPCError):
                await site.client.workflow_service.delete_workflow_execution(request)

    async def gone() -> bool:
        for chat in chats:
            with suppress(RPCError):
                await site.handle(chat).describe()
                return False
        return True

    # It was measured to take its time: 20 to 35 s.
    await eventually(gone, within=120, what="the server has forgotten the chats")


async def test_what_was_readable_stays_so(sites: SiteFactory, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    site = await sites(["large " * 20_000, {"text": "hello", "repeat": True}], store=store)
    chats = [await site.open(site.team("a", "b", max_turns=3), limits=limits) for limits in (None, SEALING)]
    before: list[Any] = []
    for chat in chats:
        for number in range(4):
            await chat.run(task=TextMessage(content=f"task {number} " * 20_000, source="user"))
        await chat.close()
        assert (await archived(site, chat))["archived"] is True
        before.append(await told(chat))
    # An id that was used twice: the later chat is meant.
    fresh = await site.open(id=chats[0].id, replace=True)
    await fresh.run(task="new")
    await fresh.close()
    await archived(site, fresh)
    before[0] = await told(fresh)
    assert (await chats[1].status()).continued > 0
    await forget(site, *chats)

    other = await sites(queue=site.queue, worker=False, store=store)
    for chat, expected in zip(chats, before, strict=True):
        late = await other.moot.get(chat.id)
        assert await told(late) == expected
        status, _, snapshots, events = expected
        assert status.status == "closed"
        assert [event.kind async for event in late.events()][-1] == "closed", "a follower comes to an end"
        assert (await late.snapshot(snapshots[-1].offset))["snapshot"]["turn"] == snapshots[-1].turn
        rest = [event.offset async for event in late.events(after=2, follow=False)]
        assert rest == list(range(3, len(events)))


async def told(chat: Chat) -> tuple[Any, ...]:
    """All that can be read of a chat."""
    events = [event async for event in chat.events(follow=False)]
    return await chat.status(), await chat.usage(), await chat.snapshots(), events


async def test_without_a_store_nothing_is_archived(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open()
    await chat.close()
    assert await archived(site, chat) == {"archived": False, "why": "This worker has no store."}


async def test_a_store_that_is_away_delays_the_archive_not_the_closing(sites: SiteFactory, tmp_path: Path) -> None:
    store = FaultyStore(tmp_path)
    site = await sites(store=store)
    chat = await site.open()
    await chat.run(task="go")
    store.away = True
    await chat.close()
    await site.handle(chat).result()
    again = await site.open(id=chat.id, replace=True)
    assert await kinds(again) == ["opened"], "the id is free at once"
    await eventually(lambda: store.refused > 0, what="the store was asked")
    assert [data async for data in FolderStore(tmp_path).manifests(namespace="default")] == []
    store.away = False

    async def written() -> bool:
        return [data async for data in store.manifests(namespace="default")] != []

    await eventually(written, what="the manifest")


async def test_a_store_that_is_away_is_no_chat_that_is_gone(sites: SiteFactory, tmp_path: Path) -> None:
    store = FaultyStore(tmp_path)
    site = await sites(store=store)
    store.away = True
    with pytest.raises(StoreUnavailableError):
        await site.moot.get("never-was")
    store.away = False
    with pytest.raises(ChatNotFoundError):
        await site.moot.get("never-was")


async def test_closing_many_at_once(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(store=FolderStore(tmp_path))
    chats = [await site.open() for _ in range(5)]
    await asyncio.gather(*(chat.close() for chat in chats))
    assert [(await archived(site, chat))["archived"] for chat in chats] == [True] * 5
