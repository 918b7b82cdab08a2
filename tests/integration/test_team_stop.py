"""A stop in the middle of a selection, a batch, a loop, a plan or an inner run: `run(None)` goes on where it ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot import ChatFailedError
from tests._support.studio import Take, answered, studio
from tests._support.waiting import eventually

REASON = "External termination requested"

PLACES = [
    ("selector", ["alice:1"], []),
    ("swarm", ["bob:1"], []),
    ("graph", ["left:1", "right:1"], []),
    ("graph", ["plan:2"], []),
    ("graph", ["join:1"], []),
    ("nested", ["lead:1"], []),
    ("society", ["summary:1"], []),
    ("society", ["critic:1"], []),
    ("tools", ["boss:2"], []),
    ("magentic", ["alice:1"], []),
    ("custom", ["critic:1"], []),
    ("code", ["runner:2"], []),
    # Between two turns there is none to finish: a selection is made anew, a step of a plan too.
    ("selector", ["selector:3"], ["selector:2", "selector:3"]),
    ("magentic", ["leader:1"], ["leader:1"]),
    ("magentic", ["leader:6"], ["leader:6"]),
    ("magentic", ["leader:9"], ["leader:9"]),
]


async def _rest(take: Take) -> None:
    """Go on. Counts begin anew with the new run, so some teams ask for more than is in the book."""
    try:
        await take.chat.run(task=None)
    except ChatFailedError as error:
        if "is not in the book" not in error.error_message:
            raise


async def _log(take: Take) -> list[str]:
    """What was said, as far as the book goes."""
    found = [event.message async for event in take.chat.events(follow=False) if event.message is not None]
    _, plain = await take.studio.plain(take.piece.name)
    return take.said(found[: len(plain.messages)])


@pytest.mark.parametrize(
    ("piece", "held", "twice"), PLACES, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
async def test_a_stopped_run_goes_on(
    server_address: str, tmp_path: Path, piece: str, held: list[str], twice: list[str]
) -> None:
    """The two runs together are one that nobody stopped: nothing is said twice, and nobody is left out."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take(piece, "stopped", *held)
        run = take.begin()
        await take.asked(*held)
        await take.chat.stop()
        if not twice:
            take.release(*held)
        assert (await run).stop_reason == REASON
        take.release(*held)
        await _rest(take)
        plain, result = await place.plain(piece)
        assert await _log(take) == plain.said(result.messages)
        for call in take.piece.calls:
            assert take.questions[call] == plain.questions[call]
            assert take.counts[call] == (2 if call in twice else 1), call


async def test_a_stop_inside_an_inner_run_ends_all_teams_around_it(server_address: str, tmp_path: Path) -> None:
    """After the speaker's turn; in the next run each team goes on with who comes next in it."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("nested", "stopped", "dora:1")
        run = take.begin()
        await take.asked("dora:1")
        await take.chat.stop()
        take.release("dora:1")
        first = await run
        assert first.stop_reason == REASON
        assert [message.source for message in first.messages] == ["user", "lead", "carl", "dora"]
        await _rest(take)
        said = [event.message async for event in take.chat.events(follow=False) if event.message is not None]
        assert [message.source for message in said[4:]] == ["lead", "carl", "emil", "dora"]
        assert {call: take.counts[call] for call in take.counts if call != "lead:3"} == dict.fromkeys(
            [call for call in take.piece.calls if call != "emil:2"], 1
        )


async def test_a_stop_while_a_person_is_asked(server_address: str, tmp_path: Path) -> None:
    """It ends the run at once; the request is withdrawn, and made anew when the chat goes on."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("person", "stopped")
        run = take.begin()
        (request,) = await eventually(take.chat.pending, what="the person is asked")
        await take.chat.stop()
        assert (await run).stop_reason == REASON
        assert await take.chat.pending() == []
        rest = asyncio.create_task(_rest(take))
        (anew,) = await eventually(take.chat.pending, what="the person is asked again")
        assert anew.request != request.request
        await answered(take)
        await rest
        said = [event.message async for event in take.chat.events(follow=False) if event.kind == "message"]
        assert [message.source for message in said if message is not None] == ["user", "alice", "person", "bob"]
        assert take.counts["alice:1"] == 1
