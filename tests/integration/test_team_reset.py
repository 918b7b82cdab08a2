"""A reset in the middle of a turn of every team: it begins anew, and what comes late is taken up by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import ChatCancelled
from tests._support.studio import answered, studio
from tests._support.waiting import eventually

PLACES = [
    ("selector", ["selector:3"]),
    ("selector", ["alice:1"]),
    ("swarm", ["alice:2"]),
    ("graph", ["left:2", "right:2"]),
    ("nested", ["emil:2"]),
    ("society", ["summary:2"]),
    ("tools", ["helper:1", "dora:1"]),
    ("magentic", ["leader:2"]),
    ("magentic", ["leader:6"]),
    ("magentic", ["bob:1"]),
    ("custom", ["critic:2"]),
    ("code", ["runner:2"]),
]


@pytest.mark.parametrize(
    ("piece", "held"), PLACES, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
async def test_the_next_run_is_the_first(server_address: str, tmp_path: Path, piece: str, held: list[str]) -> None:
    """Models, selections, orchestrators and agents of one's own are asked what they were asked in a new chat."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take(piece, "left", *held)
        run = take.begin()
        await take.asked(*held)
        before = take.counts
        await take.chat.reset(force=True)
        with pytest.raises(ChatCancelled):
            await run
        take.release(*held)
        again = place.again(take, "again")
        await place.same(again, (await again.begin()).messages)
        assert take.counts == before, "the run that was left asked for nothing more"


async def test_a_request_is_withdrawn(server_address: str, tmp_path: Path) -> None:
    """The person is asked anew in the next run."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("person", "left")
        run = take.begin()
        (request,) = await eventually(take.chat.pending, what="the person is asked")
        await take.chat.reset(force=True)
        with pytest.raises(ChatCancelled):
            await run
        assert await take.chat.pending() == []
        again = place.again(take, "again")
        run = again.begin()
        await answered(again)
        await place.same(again, (await run).messages)
        asked = [event.data["request"] async for event in take.chat.events(follow=False) if event.kind == "request"]
        assert asked[0] == request.request
        assert len(set(asked)) == 2


async def test_code_of_a_run_that_was_left_is_stopped(server_address: str, tmp_path: Path) -> None:
    """What it would have said is taken up by nobody."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("code", "blocked")
        run = take.begin()
        begun = place.code / f"chat-{take.chat.id}" / "begun"
        await eventually(begun.exists, what="the code runs")
        await take.chat.reset(force=True)
        with pytest.raises(ChatCancelled):
            await run
        again = place.again(take, "again")
        await place.same(again, (await again.begin()).messages)
