"""Readers: one that disconnects goes on at its offset, also when the chat continued as new in between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot import Chat, ChatEvent, FolderStore, HistoryLimits
from tests.integration.conftest import SiteFactory

SMALL = HistoryLimits(events=40, resting_events=20, resting_age=0)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


async def read(chat: Chat, after: int, count: int) -> list[ChatEvent]:
    """So many entries, then disconnect."""
    found: list[ChatEvent] = []
    events = chat.events(after=after)
    async for event in events:
        found.append(event)
        if len(found) == count:
            break
    await events.aclose()  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("limits", [None, SMALL, SEALING], ids=["one history", "continued", "sealed"])
async def test_a_reader_that_disconnects_goes_on_at_its_offset(
    sites: SiteFactory, tmp_path: Path, limits: HistoryLimits | None
) -> None:
    store = FolderStore(tmp_path)
    site = await sites([{"text": "word " * 20, "repeat": True}], store=store)
    chat = await site.open(site.team("a", "b", max_turns=4), limits=limits)
    runs = 5
    reading = asyncio.create_task(read(chat, -1, 9))
    for number in range(runs):
        await chat.run(task=f"task {number}")
    first = await reading
    assert ((await chat.status()).continued > 0) == (limits is not None)

    # Another client altogether, which has seen none of it.
    other = await (await sites(queue=site.queue, worker=False, store=store)).moot.get(chat.id)
    rest = [event async for event in other.events(after=first[-1].offset, follow=False)]
    offsets = [event.offset for event in [*first, *rest]]
    assert offsets == list(range(len(offsets))), "nothing twice, nothing missing"
    assert sum(event.kind == "message" for event in [*first, *rest]) == runs * 5
    whole = [event async for event in other.events(follow=False)]
    assert whole == [*first, *rest], "the same from the beginning"


async def test_a_follower_sees_everything_across_continue_as_new_and_ends_with_the_chat(
    sites: SiteFactory, tmp_path: Path
) -> None:
    site = await sites(store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", max_turns=3), limits=SEALING)

    async def follow() -> list[int]:
        return [event.offset async for event in chat.events()]

    following = asyncio.create_task(follow())
    for number in range(6):
        await chat.run(task=f"task {number}")
    assert (await chat.status()).continued > 0
    await chat.close()
    offsets = await following
    assert offsets == list(range(len(offsets)))
    assert len(offsets) == 1 + 6 * (3 + 2 * 3) + 1


async def test_a_client_that_goes_away_loses_nothing(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    head = (await chat.status()).head
    run.cancel()
    await asyncio.wait([run])
    site.model.release("it")
    found = await read(await site.moot.get(chat.id), head - 1, 2)
    assert [event.kind for event in found] == ["message", "run_ended"]
