"""Without a store a chat stops before its log outgrows what one history may carry, with a clear error.

Nothing is lost, and once its workers have a store it goes on.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from folkmoot import Chat, ChatFailedError, FolderStore, HistoryLimits, StoreMissingError
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, worker_on

TIGHT = HistoryLimits(events=20, resting_events=10, resting_age=0, forced_events=60)


def noise(body: dict[str, Any]) -> str:
    """200 kB that do not compress well: ten of them are more than a chat may carry."""
    return hashlib.shake_256(str(len(body["messages"])).encode()).hexdigest(100_000)


async def fill(chat: Chat) -> str:
    """Run until the chat refuses; what it said."""

    async def many() -> None:
        for number in range(60):
            await chat.run(task=f"task {number}")

    with pytest.raises((StoreMissingError, ChatFailedError)) as refused:
        await many()
    return str(refused.value)


async def test_a_full_chat_refuses_runs_and_goes_on_with_a_store(sites: SiteFactory, tmp_path: Path) -> None:
    poor = await sites(noise, worker=False)
    async with worker_on(poor.client, poor.queue):
        chat = await poor.open(poor.team("a"), limits=TIGHT)
        assert "with a store" in await fill(chat)
        with pytest.raises(StoreMissingError, match="with a store"):
            await chat.run(task="one more")
        full = await chat.status()
        assert full.status == "idle", "a full chat is no broken chat"
        assert full.turn > 5
        answers = [event async for event in chat.events(follow=False) if event.kind == "message"]
        assert sum(event.data["role"] == "answer" for event in answers) == full.turn, "nothing is lost"

    store = FolderStore(tmp_path)
    rich = await sites(noise, queue=poor.queue, store=store)
    chat = await rich.moot.get(chat.id)
    with pytest.raises(StoreMissingError):
        await chat.run(task="look for a store")
    await eventually(lambda: _continued(chat, full.continued), what="the chat made room")
    result = await chat.run(task="go on")
    assert len(result.messages) == 2
    texts = [event.message.to_text() async for event in chat.events(follow=False) if event.message]
    assert texts[0] == "task 0"
    assert texts[-2] == "go on"


async def _continued(chat: Chat, before: int) -> bool:
    return (await chat.status()).continued > before
