"""kill -9 of a worker while it looks at a rollback into a sealed part, or at a saved state: both are carried out."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from folkmoot.testing import kill_at
from tests.acceptance.kill.theatre import FREQUENT, TEAM, Theatre

APPROVED = "Text 'APPROVE' mentioned"
PLACES = ("prepare.before", "prepare.after")


@pytest.mark.parametrize("place", PLACES)
async def test_killed_while_a_rollback_is_looked_at(house: Theatre, place: str) -> None:
    worker = await house.worker(kill_at(place, once=house.folder / "killed"))
    chat, run = await house.perform("chat", limits=FREQUENT)
    result = await run
    first = (await chat.snapshots())[0]
    rollback = asyncio.create_task(chat.rollback(first.offset))
    await worker.killed(rollback)
    await house.worker()
    assert (await rollback).snapshot.offset == first.offset
    again = await chat.run()
    assert again.stop_reason == result.stop_reason == APPROVED
    assert [item.type for item in again.messages] == [item.type for item in result.messages][-len(again.messages) :]
    offsets = [event.offset async for event in chat.events(follow=False)]
    assert offsets == list(range(len(offsets)))


@pytest.mark.parametrize("place", PLACES)
async def test_killed_while_a_saved_state_is_looked_at(house: Theatre, place: str) -> None:
    worker = await house.worker(kill_at(place, once=house.folder / "killed"))
    chat, run = await house.perform("chat")
    result = await run
    state = await chat.save_state(turn=1)
    opened = asyncio.create_task(house.moot.open(TEAM, id=f"other-{uuid.uuid4().hex[:8]}", state=state))
    await worker.killed(opened)
    await house.worker()
    other = await opened
    again = await other.run()
    assert again.stop_reason == result.stop_reason == APPROVED
    kinds = [event.kind async for event in other.events(follow=False)]
    assert kinds.count("loaded") == 1
