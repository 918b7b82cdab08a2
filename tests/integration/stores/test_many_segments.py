"""A chat of many sealed parts: what it carries of them is bounded, and every reader finds what it wants."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import FolderStore, HistoryLimits
from folkmoot._temporal import segments
from tests.integration.conftest import SiteFactory

OFTEN = HistoryLimits(events=20, resting_events=10, resting_age=0, seal_bytes=200)


async def test_references_are_bounded_and_readers_do_not_notice(
    sites: SiteFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "FAN_OUT", 2)
    store = FolderStore(tmp_path)
    site = await sites(store=store)
    chat = await site.open(site.team("a", "b", max_turns=60), limits=OFTEN)
    await chat.run(task="go")
    status = await site.handle(chat).query("status")
    assert status["continued"] > 8
    # One of each level at least, two at most.
    assert status["segments"] <= 8
    events = [event.offset async for event in chat.events(follow=False)]
    assert events == list(range(status["head"]))
    snapshots = await chat.snapshots()
    assert [snapshot.turn for snapshot in snapshots] == list(range(1, 61))
    for snapshot in (snapshots[0], snapshots[20], snapshots[-1]):
        assert (await chat.snapshot(snapshot.offset))["snapshot"]["turn"] == snapshot.turn
    # A worker that has nothing of it yet reads it whole.
    site.plugin.cache._chats.clear()
    assert len((await chat.run(task="again")).messages) == 61
    assert len(site.model.requests[-1]["messages"]) > 120
