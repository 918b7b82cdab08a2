"""Every kind of team goes back to its snapshots, sealed ones too, and on: no model is asked anything else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot import HistoryLimits, LabelledSnapshot
from tests._support.repertoire import PIECES, neutral
from tests._support.studio import Take, answered, studio

WHOLE = HistoryLimits()
CARRIED = HistoryLimits(events=20, resting_events=20, resting_age=0)
SEALED = HistoryLimits(events=12, resting_events=12, resting_age=0, seal_bytes=0)

PASSING = ("id", "created_at", "request_id", "name")
"""Of messages: what each time is another."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in PASSING}
    return [_plain(item) for item in value] if isinstance(value, list) else value


async def _left(take: Take) -> list[str]:
    """What a chat has come to: each participant's state, and what was said, in no order where some speak at once."""
    state = await take.chat.save_state()
    members: dict[str, Any] = _plain(state["agent_states"])
    parts = [[name, member] for name, member in members.items() if "message_thread" not in member]
    thread = next(member["message_thread"] for member in members.values() if "message_thread" in member)
    found = [neutral(part, take.piece.name, take.name) for part in (*parts, *thread)]
    return sorted(found) if take.piece.parallel else found


async def _on(take: Take, snapshot: LabelledSnapshot) -> None:
    """Go on from a snapshot."""
    run = None if snapshot.reason == "wait" else asyncio.create_task(take.chat.run())
    if take.piece.name == "person" and snapshot.turn < 3 and snapshot.speakers != ("person",):
        await answered(take)
    await (take.until("idle") if run is None else run)


@pytest.mark.parametrize("limits", [WHOLE, CARRIED, SEALED], ids=["whole", "carried", "sealed"])
async def test_back_to_snapshots(server_address: str, tmp_path: Path, limits: HistoryLimits) -> None:
    async with studio(server_address, tmp_path) as place:

        async def back(piece: str) -> None:
            take = await place.take(piece, "back", limits=limits)
            run = take.begin()
            if piece == "person":
                await answered(take)
            await run
            asked, left = take.questions, await _left(take)
            *found, _ = await take.chat.snapshots()
            # With each continuation a rollback takes its time.
            for snapshot in found[:: 2 if limits is SEALED else 1]:
                done = await take.chat.rollback(snapshot.offset)
                assert done.snapshot.offset == snapshot.offset
                await _on(take, snapshot)
                assert take.questions == asked, snapshot
                assert await _left(take) == left, snapshot
            events = [event.offset async for event in take.chat.events(follow=False)]
            assert events == list(range(len(events))), "offsets go on"

        await asyncio.gather(*map(back, PIECES))


async def test_forks_of_snapshots(server_address: str, tmp_path: Path) -> None:
    async with studio(server_address, tmp_path) as place:

        async def fork(piece: str) -> None:
            take = await place.take(piece, "fork", limits=SEALED)
            run = take.begin()
            if piece == "person":
                await answered(take)
            await run
            asked, left = take.questions, await _left(take)
            *found, _ = await take.chat.snapshots()
            for snapshot in found[::2]:
                name = f"{take.chat.id}-{snapshot.offset}"
                chat = await place.moot.fork(take.chat.id, name, offset=snapshot.offset, limits=CARRIED)
                other = Take(place, take.piece, take.name, chat)
                await _on(other, snapshot)
                assert take.questions == asked, snapshot
                assert await _left(other) == left, snapshot
            assert await _left(take) == left, "the source is as it was"

        await asyncio.gather(*map(fork, PIECES))


def test_what_is_compared_is_all_but_names() -> None:
    assert json.dumps(_plain([{"id": 1, "content": [{"name": 2, "text": "a"}]}])) == '[{"content": [{"text": "a"}]}]'
