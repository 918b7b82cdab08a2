"""More chats are followed than polls may wait at the server: the rest is looked at, and sees the same."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import HistoryLimits
from folkmoot._client import follower
from tests.integration.conftest import SiteFactory, said


async def test_runs_and_readers_of_chats_that_are_only_looked_at(
    sites: SiteFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_slots", asyncio.Semaphore(0))
    monkeypatch.setattr(follower, "LOOK", 0.05)
    site = await sites(lambda request: {"text": "said", "hold": "all"})
    chats = [await site.open(site.team("a", max_turns=3), limits=HistoryLimits(events=12)) for _ in range(3)]
    runs = [asyncio.create_task(chat.run(task="go")) for chat in chats]

    async def texts() -> list[str]:
        found: list[str] = []
        async for event in chats[0].events():
            found += [event.message.to_text()] if event.message else []
            if len(found) == 4:
                break
        return found

    reader = asyncio.create_task(texts())
    await site.model.wait_for_requests(3)
    site.model.release("all")
    for run in runs:
        assert said((await run).messages) == [("user", "go"), *[("a", "said")] * 3]
    assert await reader == ["go", "said", "said", "said"]
    assert [(await chat.status()).turn for chat in chats] == [3, 3, 3]
