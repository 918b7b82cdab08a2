"""kill -9 of a worker while it undoes calls a rollback has gone back behind: each is undone, under one key, once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from folkmoot import AssistantAgent, RoundRobinGroupChat, TextMentionTermination, Tool, ToolOptions
from folkmoot.testing import kill_at
from tests.acceptance.kill.theatre import Theatre, entry, messages, theatre

BOOK = Tool("book", ToolOptions(side_effects=True, compensate="give_back"))
TEAM = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt", tools=[BOOK], system_message="You are the writer.", reflect_on_tool_use=True),
        AssistantAgent("critic", "gpt", system_message="You are the critic."),
    ],
    termination_condition=TextMentionTermination("APPROVE", sources=["critic"]),
)
UNDONE = ("chat-band2", "chat-hall2")
"""In the order it is to happen: the latest call first."""


@pytest.fixture
async def house(server_address: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    """A theatre whose workers can give back what they booked."""
    async with theatre(server_address, tmp_path, program="tests.acceptance.kill.worker") as opened:
        yield opened


def given_back(house: Theatre) -> list[dict[str, Any]]:
    """The attempts to undo a booking."""
    found = [json.loads(line) for line in (house.folder / "bookings").read_text().splitlines()]
    return [line for line in found if "outcome" in line]


@pytest.mark.parametrize(
    ("place", "n", "attempts"),
    [
        ("undo.before", 1, UNDONE),
        ("undo.before", 2, UNDONE),
        ("undo.after", 1, (UNDONE[0], *UNDONE)),
        ("undo.after", 2, (*UNDONE, UNDONE[1])),
    ],
)
async def test_killed_while_a_call_is_undone(house: Theatre, place: str, n: int, attempts: tuple[str, ...]) -> None:
    folder = {"WORKER_CODE": str(house.folder / "code")}
    worker = await house.worker(folder | kill_at(place, n, once=house.folder / "killed"))
    chat = await house.moot.open(TEAM, id=f"chat-{uuid.uuid4().hex[:8]}")
    first = await chat.run(task="Plan [chat]")
    assert first.stop_reason == "Text 'APPROVE' mentioned"
    booked = {line["key"] for line in house.bookings("chat")["hall2"] + house.bookings("chat")["band2"]}

    rollback = asyncio.create_task(chat.rollback(turn=2, compensate=True))
    await worker.killed(rollback)
    await house.worker(folder)
    # A run that is asked for meanwhile waits until all is undone.
    again = asyncio.create_task(chat.run())
    await entry(chat, "run_started", 2)

    done = await rollback
    assert [call["content"] for call in done.compensated] == [f"gave back {item}" for item in UNDONE]
    assert not any(call["is_error"] for call in done.compensated)
    undoing = given_back(house)
    assert tuple(line["item"] for line in undoing) == attempts
    assert [line["outcome"] for line in undoing] == [f"booked {item}" for item in attempts]
    keys = {item: {line["key"] for line in undoing if line["item"] == item} for item in UNDONE}
    assert all(len(found) == 1 for found in keys.values()), "one key for all attempts to undo a call"
    assert len(set().union(booked, *keys.values())) == 4, "and another for each call, and each undoing"

    assert (await again).stop_reason == first.stop_reason
    kinds = [event.kind async for event in chat.events(follow=False)]
    assert kinds.count("compensated") == len(UNDONE)
    last = len(kinds) - 1 - kinds[::-1].index("compensated")
    assert "tool" not in kinds[kinds.index("rolled_back") : last], "the chat goes on when all is undone"
    said = await messages(chat)
    branch = said[-len(again.result().messages) :]
    assert branch == said[len(said) - 2 * len(branch) : -len(branch)], "as it went the first time"
