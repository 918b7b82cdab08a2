"""Without a store a chat stops before its log outgrows what one history may carry, with a clear error; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import FolderStore, HistoryLimits, StoreMissingError
from tests.integration.conftest import SiteFactory, kinds, worker_on

TIGHT = HistoryLimits(events=30, resting_events=20, seal_bytes=500, forced_events=100)
REPLY = "\N{SNOWMAN}" * 20_000
"""60 kB each, incompressible enough in the log's own count."""


async def test_a_full_chat_refuses_runs_and_goes_on_with_a_store(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites([{"text": REPLY, "repeat": True}])
    chat = await site.open(site.team("a", max_turns=3), limits=TIGHT)
    with pytest.raises(StoreMissingError, match="store"):
        for number in range(60):
            await chat.run(task=f"task {number}")
    full = await chat.status()
    assert full.status == "idle"
    assert full.turn > 5
    said = [event async for event in chat.events(follow=False) if event.kind == "message"]
    assert len(said) == full.turn + full.run, "nothing is lost"
    assert "closed" not in await kinds(chat)
