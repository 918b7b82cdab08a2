"""Lists and dashboards: search attributes and the current details tell where chats stand, without asking a worker."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ChatInfo, ChatNotFoundError, HistoryLimits
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, unique, until


async def listed(site: Site, count: int, filter_: str = "", **options: str) -> list[ChatInfo]:
    """The list, once it has so many."""

    async def probe() -> list[ChatInfo] | None:
        found = [info async for info in site.moot.list(filter_, **options)]
        return found if len(found) == count else None

    found = await eventually(probe, what=f"{count} chats with {filter_} {options}")
    assert found is not None
    return found


async def test_a_chat_in_the_list_from_opening_to_closing(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    tenant = unique("tenant")
    chat = await site.open(site.team("a", name="scribes"), tenant=tenant)
    (info,) = await listed(site, 1, status="idle", tenant=tenant)
    assert (info.id, info.team, info.turns) == (chat.id, "scribes", 0)

    run = asyncio.create_task(chat.run(task="go"))
    await listed(site, 1, status="running", tenant=tenant)
    await chat.pause()
    await listed(site, 1, status="pausing", tenant=tenant)
    site.model.release("it")
    await listed(site, 1, status="paused", tenant=tenant)
    await chat.resume()
    await run
    (info,) = await listed(site, 1, status="idle", tenant=tenant)
    assert info.turns == 1
    assert info.tokens == (await chat.status()).tokens > 0

    await chat.close()
    found = await eventually(lambda: _closed(site, tenant))
    assert found


async def _closed(site: Site, tenant: str) -> bool:
    return [info.status async for info in site.moot.list(tenant=tenant)] == ["closed"]


@pytest.mark.parametrize("tenant", ["o'tenant", 'a"b', "a\\b", "a\nb"])
async def test_a_tenant_that_lists_could_not_find_is_refused(site: Site, tenant: str) -> None:
    chat_id = unique("chat")
    with pytest.raises(ValueError, match="tenant must be a text without quotes"):
        await site.moot.open(site.team("a"), chat_id, tenant=tenant)
    with pytest.raises(ChatNotFoundError):
        await site.moot.get(chat_id)


async def test_filters(site: Site) -> None:
    tenant = unique("tenant")
    for name in ("red", "blue"):
        chat = await site.open(site.team("a", name=name), tenant=tenant)
        if name == "blue":
            await chat.run(task="go")
    (info,) = await listed(site, 1, team="red", tenant=tenant)
    assert info.team == "red"
    (info,) = await listed(site, 1, "ChatTurns > 0", tenant=tenant)
    assert info.team == "blue"
    await listed(site, 2, tenant=tenant)
    assert len([info async for info in site.moot.list(tenant=tenant, limit=1)]) == 1


async def test_a_chat_that_continued_is_one_line(site: Site) -> None:
    tenant = unique("tenant")
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0)
    chat = await site.open(site.team("a", max_turns=4), tenant=tenant, limits=limits)
    for _ in range(4):
        await chat.run(task="go")
    assert (await chat.status()).continued > 0
    (info,) = await listed(site, 1, tenant=tenant)
    assert (info.id, info.team, info.turns) == (chat.id, "RoundRobinGroupChat", 16)


async def test_current_details(sites: SiteFactory) -> None:
    site = await sites([{"status": 400, "message": "too bad"}, "one"])
    chat = await site.open(site.team("a", name="scribes"))
    assert "**scribes**: idle" in await details(site, chat.id)
    await asyncio.wait([asyncio.create_task(chat.run(task="go"))])
    text = await details(site, chat.id)
    assert "idle, run 1, turn 1" in text
    assert "Last run failed: ModelCallError" in text
    await chat.run(task=None)
    await until(chat, "idle")
    assert "Last run: Maximum number of turns 1 reached." in await details(site, chat.id)


async def details(site: Site, chat_id: str) -> str:
    """What Temporal's own UI shows on top of the workflow's page."""
    metadata = await site.client.get_workflow_handle(chat_id).query("__temporal_workflow_metadata")
    return str(metadata)
