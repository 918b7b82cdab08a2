"""Back to every turn and wait of a chat, or loaded from there into a new one: it goes on as if nothing had been."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest

from folkmoot._chat.engine import Chat
from folkmoot._chat.snapshots import Snapshot, snapshots, state_at
from tests.unit.chat.driver import Driver, Json, dangling, task
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.copies import again, essence, fork
from tests.unit.chat.time.performer import TASKS, End, Performer
from tests.unit.chat.time.questions import Asked

TURNS = 30
WAITING_TURNS = 8
"""Of chats that wait before each call, so that they have a snapshot there."""
AHEAD = 1
"""So many further runs have to be alike."""


class Mark(NamedTuple):
    """A snapshot of a performance, and what had been by then.

    Attributes:
        snapshot: The snapshot.
        asked: How many questions had been answered.
        runs: How many runs had ended, or were just about to.
        asks: A person was being asked.
        over: The run it lies in was about to end.
    """

    snapshot: Snapshot
    asked: int
    runs: int
    asks: bool
    over: bool


class Whole(NamedTuple):
    """An undisturbed performance.

    Attributes:
        chat: The chat.
        asked: What was asked in it.
        ends: How its runs ended.
        left: What each run left behind.
        marks: Its snapshots.
    """

    chat: Chat
    asked: list[Asked]
    ends: list[End]
    left: list[Json]
    marks: list[Mark]


@cache
def performed(name: str, waits: bool = False) -> Whole:
    """A performance of at least `TURNS` turns, or `WAITING_TURNS`."""
    performer = Performer(Driver(CASTS[name]), waits=waits)
    chat, left = performer.chat, list[Json]()
    while chat.state.turn < (WAITING_TURNS if waits else TURNS):
        performer.run(TASKS[len(performer.ends) % len(TASKS)])
        left.append(essence(chat))
    ended = [entry.offset for entry in chat.log if entry.kind == "run_ended"]
    marks: list[Mark] = []
    for snapshot in snapshots(chat):
        state = state_at(chat, snapshot.offset)
        asked, runs = bisect_right(performer.heads, snapshot.offset), bisect_right(ended, snapshot.offset)
        if snapshot.reason == "wait" and asked < len(performer.tries):
            asked -= performer.tries[asked]
        over = state.root.ended
        marks.append(Mark(snapshot, asked, runs + over, bool(state.requests), over))
    return Whole(chat, performer.asked, performer.ends, left, marks)


def check(driver: Driver, whole: Whole, mark: Mark) -> None:
    """Go on from a snapshot: the same is asked, and the runs end and leave behind what they did."""
    performer = Performer(driver)
    assert driver.chat.state.running == mark.asks
    if mark.asks:
        performer.drain()
    elif not mark.over:
        performer.run([])
    last = min(mark.runs + AHEAD, len(whole.ends))
    for run in range(mark.runs + len(performer.ends), last):
        performer.run(TASKS[run % len(TASKS)])
    where = f"after {mark.snapshot}"
    assert performer.asked == whole.asked[mark.asked :][: len(performer.asked)], where
    assert performer.ends == whole.ends[mark.runs : last], where
    if last:
        assert essence(driver.chat) == whole.left[last - 1], where


def rolled_back(source: Chat, offset: int) -> Driver:
    driver = again(source)
    assert driver.tell("rollback", offset=offset).kind != "refused"
    return driver


WAYS: dict[str, Callable[[Chat, int], Driver]] = {"rolled back": rolled_back, "loaded": fork}
ways = pytest.mark.parametrize("way", WAYS)


@ways
@pytest.mark.parametrize("name", CASTS)
def test_to_every_turn(name: str, way: str) -> None:
    whole = performed(name)
    assert len(whole.marks) >= TURNS
    for mark in whole.marks:
        check(WAYS[way](whole.chat, mark.snapshot.offset), whole, mark)


@ways
@pytest.mark.parametrize("name", CASTS)
def test_to_every_wait(name: str, way: str) -> None:
    whole = performed(name, waits=True)
    waits = [mark for mark in whole.marks if mark.snapshot.reason == "wait"]
    assert waits
    for mark in waits:
        check(WAYS[way](whole.chat, mark.snapshot.offset), whole, mark)


@pytest.mark.parametrize("name", CASTS)
def test_a_new_task_in_the_middle_is_the_same_to_both(name: str) -> None:
    whole = performed(name, waits=True)
    for mark in whole.marks[::3]:
        if mark.asks:
            continue
        performers = [Performer(WAYS[way](whole.chat, mark.snapshot.offset)) for way in WAYS]
        for performer in performers:
            performer.run([task("something else")])
            for path, seat in performer.chat.plan.seats.items():
                assert seat.agent is None or dangling(performer.driver.view(path)) == [], mark.snapshot
        back, loaded = performers
        assert back.asked == loaded.asked, mark.snapshot
        assert (back.ends, essence(back.chat)) == (loaded.ends, essence(loaded.chat)), mark.snapshot


def handed_on(performer: Performer) -> Performer:
    """A chat under way goes on in a new one, as it is now."""
    driver = fork(performer.chat, performer.chat.log.head - 1)
    if not driver.chat.state.running:
        assert driver.tell("run", task=[]).kind == "run_started"
    follower = Performer(driver)
    follower.asked, follower.ends = performer.asked, performer.ends
    return follower


@pytest.mark.parametrize("name", CASTS)
def test_handed_on_to_a_new_chat_after_every_answer(name: str) -> None:
    whole = performed(name)
    performer = Performer(Driver(CASTS[name]))
    for run in range(min(4, len(whole.ends))):
        performer.driver.tell("run", task=TASKS[run % len(TASKS)])
        while performer.chat.state.running:
            performer.step()
            if performer.chat.state.running and performer.asked[-1].kind.split()[0] not in ("select", "manage"):
                performer = handed_on(performer)
        performer.drain()
        assert performer.ends == whole.ends[: run + 1]
        assert essence(performer.chat) == whole.left[run]
    assert performer.asked == whole.asked[: len(performer.asked)]
