"""A pause in the middle of a turn of every team: calls in flight are kept, nothing new begins until `resume`."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from folkmoot.testing import fetch_histories
from tests._support.studio import Take, answered, studio
from tests._support.waiting import eventually

PLACES = [
    ("selector", ["selector:2"]),
    ("selector", ["alice:1"]),
    ("swarm", ["bob:1"]),
    ("graph", ["left:1", "right:1"]),
    ("graph", ["join:1"]),
    ("nested", ["dora:1"]),
    ("nested", ["emil:2"]),
    ("society", ["emil:1"]),
    ("society", ["summary:1"]),
    ("tools", ["helper:1", "dora:1"]),
    ("tools", ["boss:1"]),
    ("magentic", ["leader:1"]),
    ("magentic", ["leader:2"]),
    ("magentic", ["leader:4"]),
    ("magentic", ["leader:8"]),
    ("custom", ["critic:1"]),
    ("code", ["runner:1"]),
]
everywhere = pytest.mark.parametrize(
    ("piece", "held"), PLACES, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)


async def _starts_nothing(take: Take) -> None:
    """What a paused chat is told brings it to work on nothing: since its pause it has asked for no activity."""
    before = take.counts
    await take.chat.pause()
    await eventually(lambda: _noted(take), what="the second pause is noted")
    assert take.counts == before
    (history,) = await fetch_histories(take.studio.moot.client, take.chat.id)
    names = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        if event.HasField("activity_task_scheduled_event_attributes")
        else "the pause"
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        or event.workflow_execution_signaled_event_attributes.signal_name == "pause"
    ]
    begun = names[names.index("the pause") + 1 :]
    hooks = ["folkmoot.agent"] if take.piece.name == "custom" else []
    assert begun == [*hooks, "the pause"]


async def _noted(take: Take) -> bool:
    return "noted" in await take.noted()


@everywhere
async def test_calls_in_flight_are_kept(server_address: str, tmp_path: Path, piece: str, held: list[str]) -> None:
    async with studio(server_address, tmp_path) as place:
        take = await place.take(piece, "paused", *held)
        run = take.begin()
        await take.asked(*held)
        await take.chat.pause()
        for call in held:
            assert (await take.chat.status()).status == "pausing"
            take.release(call)
        await take.until("paused")
        await _starts_nothing(take)
        assert not run.done()
        await take.chat.resume()
        await place.same(take, (await run).messages)


@everywhere
async def test_calls_in_flight_are_made_again_after_a_pause_at_once(
    server_address: str, tmp_path: Path, piece: str, held: list[str]
) -> None:
    async with studio(server_address, tmp_path) as place:
        take = await place.take(piece, "paused", *held)
        run = take.begin()
        await take.asked(*held)
        await take.chat.pause(now=True)
        await take.until("paused")
        take.release(*held)
        await take.chat.resume()
        await place.same(take, (await run).messages, twice=held)


async def test_who_has_finished_in_a_batch_is_not_asked_again(server_address: str, tmp_path: Path) -> None:
    """The left has answered when all that is in flight is cancelled."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("graph", "paused", "right:1")
        run = take.begin()
        await take.asked("right:1")
        await eventually(lambda: _said(take, 3), what="the left's words are in the log")
        await take.chat.pause(now=True)
        await take.until("paused")
        take.release("right:1")
        await take.chat.resume()
        await place.same(take, (await run).messages, twice=["right:1"])


async def _said(take: Take, count: int) -> bool:
    return (await take.noted()).count("message") >= count


async def test_an_answer_to_a_paused_chat_is_kept(server_address: str, tmp_path: Path) -> None:
    """A person may answer meanwhile; who is next waits for `resume`."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("person", "paused")
        run = take.begin()
        await eventually(take.chat.pending, what="the person is asked")
        await take.chat.pause()
        await take.until("paused")
        await answered(take)
        await _starts_nothing(take)
        assert take.counts == {"alice:1": 1}
        await take.chat.resume()
        await place.same(take, (await run).messages)


async def test_code_that_runs_is_stopped_and_run_again(server_address: str, tmp_path: Path) -> None:
    """What it asked its model for is not asked again."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("code", "blocked")
        run = take.begin()
        begun = place.code / f"chat-{take.chat.id}" / "begun"
        await eventually(begun.exists, what="the code runs")
        await take.chat.pause(now=True)
        await take.until("paused")
        await take.chat.resume()
        await place.same(take, (await run).messages)


async def test_custom_agents_are_told(server_address: str, tmp_path: Path) -> None:
    """Of the pause and of its end, once each; what they had counted stays."""
    async with studio(server_address, tmp_path) as place:
        take = await place.take("custom", "paused", "critic:1")
        run = take.begin()
        await take.asked("critic:1")
        await take.chat.pause()
        take.release("critic:1")
        await take.until("paused")
        await take.chat.resume()
        await place.same(take, (await run).messages)
        told = [note.partition(":")[0] for note in place.notes if "-plain]" not in note]
        assert told == ["turn 1", "pause", "resume", "turn 2"]
