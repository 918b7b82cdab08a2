"""The chats under way are replayed with the code at hand: what would break is told with its chat, run and reason."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from folkmoot import BadCommandError, Chat, ChatClosedError, ChatNotFoundError, HistoryLimits
from folkmoot._chat.engine import Chat as Engine
from folkmoot._client import replaying
from folkmoot._client.replaying import BreakingChat, ReplayReport, replay_chats
from folkmoot._temporal import calls, names
from folkmoot.testing import fetch_histories
from tests.integration.conftest import Site, SiteFactory, unique

HELD = {"text": "at last", "hold": "held"}
OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
CHATS = 230


@pytest.fixture
def tenant() -> str:
    """So that a test finds its own chats only."""
    return unique("tenant")


def of(tenant: str) -> str:
    return f"ChatTenant = '{tenant}'"


async def check(site: Site, tenant: str, chats: int) -> ReplayReport:
    """A report on all of the tenant's live chats, once the server lists so many."""

    async def listed() -> list[str]:
        return [info.id async for info in site.moot.list(of(tenant)) if info.status != "closed"]

    async with asyncio.timeout(30):
        while len(await listed()) != chats:
            await asyncio.sleep(0.01)
    return await replay_chats(site.client, filter=of(tenant))


def change_the_engine(patch: pytest.MonkeyPatch) -> None:
    """As a careless release might: an agent asks for a tool where it asked for its model."""
    patch.setitem(calls.ACTIVITIES, "model", names.ACTIVITY_TOOL)


async def run_id(site: Site, chat: Chat) -> str:
    return str((await site.handle(chat).describe()).run_id)


async def test_the_same_code_carries_all_chats_on_and_none_notices(sites: SiteFactory, tenant: str) -> None:
    site = await sites(["hello", HELD])
    fresh, ran, speaking = [await site.open(tenant=tenant) for _ in range(3)]
    await ran.run(task="one")
    run = asyncio.create_task(speaking.run(task="two"))
    await site.model.wait_for_requests(2)
    before = [len((await fetch_histories(site.client, chat.id))[-1].events) for chat in (fresh, ran, speaking)]
    requests = len(site.model.requests)
    report = await check(site, tenant, 3)
    assert report == ReplayReport(site.client.namespace, 3, ())
    assert report.ok
    after = [len((await fetch_histories(site.client, chat.id))[-1].events) for chat in (fresh, ran, speaking)]
    assert after == before
    assert len(site.model.requests) == requests
    site.model.release("held")
    assert (await run).messages[-1].to_text() == "at last"


async def test_other_code_is_told_with_chat_run_and_reason(
    site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chats = [await site.open(tenant=tenant) for _ in range(4)]
    unspoken = chats.pop(1)
    for chat in chats:
        await chat.run(task="hello")
    change_the_engine(monkeypatch)
    told: dict[str, BreakingChat | None] = {}
    report = await replay_chats(site.client, filter=of(tenant), on_chat=told.__setitem__)
    assert report.replayed == 4
    assert not report.ok
    reason = (
        "Nondeterminism error: Activity type of scheduled event 'folkmoot.model' does not match "
        "activity type of activity command 'folkmoot.tool'"
    )
    newest_first = [BreakingChat(chat.id, await run_id(site, chat), reason) for chat in reversed(chats)]
    assert list(report.breaking) == newest_first
    assert told == {unspoken.id: None, **{chat.id: chat for chat in newest_first}}
    newest = await replay_chats(site.client, filter=of(tenant), limit=2)
    assert list(newest.breaking) == newest_first[:2]
    one = await replay_chats(site.client, id=chats[0].id)
    assert (one.replayed, one.breaking) == (1, (newest_first[-1],))
    assert (await replay_chats(site.client, id=unspoken.id)).ok


async def test_code_that_fails_is_told_by_its_error(site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await site.open(tenant=tenant)
    await chat.run(task="hello")

    def fail(*_: object, **__: object) -> None:
        raise KeyError("this\nwent\nwrong")

    monkeypatch.setattr("folkmoot._temporal.visibility.Visibility.write", fail)
    report = await replay_chats(site.client, id=chat.id)
    (broken,) = report.breaking
    assert broken.id == chat.id
    assert "went" in broken.error
    assert "\n" not in broken.error
    assert "stack_trace" not in broken.error


async def test_code_that_makes_another_log_is_told(
    sites: SiteFactory, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the same steps, so the SDK sees nothing; but the call in flight would find another log than its own."""
    site = await sites(["hello", HELD])
    unspoken, speaking = [await site.open(tenant=tenant) for _ in range(2)]
    await speaking.run(task="one")
    run = asyncio.create_task(speaking.run(task="two"))
    await site.model.wait_for_requests(2)
    append = Engine.append

    def otherwise(self: Engine, time: str, kind: str, **fields: Any) -> Any:
        return append(self, time, kind, **fields, **({"new": True} if kind == "run_started" else {}))

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "append", otherwise)
        report = await check(site, tenant, 2)
    (broken,) = report.breaking
    assert (report.replayed, broken.id) == (2, speaking.id)
    assert re.fullmatch(
        r"The log up to offset \d+ reads otherwise than when 'folkmoot.model' was called \(event \d+\)", broken.error
    )
    assert (await check(site, tenant, 2)).ok
    site.model.release("held")
    assert (await run).messages[-1].to_text() == "at last"
    assert (await unspoken.status()).run == 0


async def test_closed_chats_are_left_out(site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_chat, closed = [await site.open(tenant=tenant) for _ in range(2)]
    for chat in (open_chat, closed):
        await chat.run(task="hello")
    closed_run = await run_id(site, closed)
    await closed.close()
    change_the_engine(monkeypatch)
    report = await check(site, tenant, 1)
    assert [chat.id for chat in report.breaking] == [open_chat.id]
    with pytest.raises(ChatClosedError, match=f"{closed.id}' is closed; only chats under way"):
        await replay_chats(site.client, id=closed.id)
    with pytest.raises(ChatNotFoundError, match="There is no chat 'nobody'"):
        await replay_chats(site.client, id="nobody")
    assert await replaying._history(site.client, closed.id, closed_run) is None, "it closed after it was listed"
    assert await replaying._history(site.client, "nobody", closed_run) is None, "its history is gone"


async def test_of_a_chat_that_continued_as_new_the_present_run_counts(
    site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await site.open(site.team("a", "b", max_turns=2), tenant=tenant, limits=OFTEN)
    first = await run_id(site, chat)
    for number in range(6):
        await chat.run(task=f"task {number}")
    assert (await chat.status()).continued > 1
    assert (await check(site, tenant, 1)).replayed == 1
    found = await replaying._history(site.client, chat.id, first)
    assert found is not None, "it continued after it was listed"
    assert found[0] == await run_id(site, chat) != first
    async with asyncio.timeout(30):
        while "folkmoot.model" not in (await fetch_histories(site.client, chat.id))[-1].to_json():
            await chat.run(task="more")
    change_the_engine(monkeypatch)
    (broken,) = (await replay_chats(site.client, id=chat.id)).breaking
    assert (broken.id, broken.run_id) == (chat.id, await run_id(site, chat))


async def test_hundreds_of_chats(site: Site, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Semaphore(20)

    async def open_one() -> Chat:
        async with gate:
            return await site.open(tenant=tenant)

    chats = await asyncio.gather(*(open_one() for _ in range(CHATS)))
    speaking = chats[17]
    await speaking.run(task="hello")
    change_the_engine(monkeypatch)
    monkeypatch.setattr(replaying, "PAGE", 50)
    report = await check(site, tenant, CHATS)
    assert report.replayed == CHATS
    assert [chat.id for chat in report.breaking] == [speaking.id]


async def test_what_cannot_be_asked_is_refused(site: Site) -> None:
    for asked in (
        replay_chats(site.client, filter="Nonsense ~ 1"),
        site.moot.replay("Nonsense ~ 1"),
        anext(site.moot.list("Nonsense ~ 1")),
    ):
        with pytest.raises(BadCommandError, match=r"The server refused the filter 'Nonsense ~ 1': .*nvalid"):
            await asked
    with pytest.raises(ValueError, match="from 1; got 0"):
        await replay_chats(site.client, limit=0)
    with pytest.raises(ValueError, match=re.escape("id='c' chooses one chat; expected neither")):
        await replay_chats(site.client, id="c", limit=3)


async def test_no_chats_at_all(site: Site) -> None:
    report = await replay_chats(site.client, filter=of(unique("nobody")))
    assert report == ReplayReport(site.client.namespace, 0, ())
    assert report.ok
