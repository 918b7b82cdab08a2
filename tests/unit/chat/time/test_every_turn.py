"""Back to every turn of a chat, or loaded from there into a new one: it goes on as if nothing had been."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import NamedTuple

import pytest

from folkmoot._chat.snapshots import Snapshot, snapshots, state_at
from tests.unit.chat.driver import Driver, Json
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.performer import TASKS, Asked, End, Performer, essence, fork, rebuilt

TURNS = 30


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
    """An undisturbed performance."""

    stored: list[bytes]
    asked: list[Asked]
    ends: list[End]
    essence: Json
    marks: list[Mark]


@cache
def performed(name: str, waits: bool = False) -> Whole:
    """A performance of at least `TURNS` turns."""
    performer = Performer(Driver(CASTS[name]), waits=waits)
    chat = performer.chat
    while chat.state.turn < TURNS:
        performer.run(TASKS[len(performer.ends) % len(TASKS)])
    ended = [entry.offset for entry in chat.log if entry.kind == "run_ended"]
    marks: list[Mark] = []
    for snapshot in snapshots(chat):
        state = state_at(chat, snapshot.offset)
        asked, runs = bisect_right(performer.heads, snapshot.offset), bisect_right(ended, snapshot.offset)
        asked -= performer.tries[asked] if asked < len(performer.tries) and snapshot.reason == "wait" else 0
        over = state.root.ended
        marks.append(Mark(snapshot, asked, runs + over, bool(state.requests), over))
    return Whole([entry.encoded for entry in chat.log], performer.asked, performer.ends, essence(chat), marks)


def go_on(driver: Driver, whole: Whole, mark: Mark) -> Performer:
    """The rest of the performance."""
    performer = Performer(driver)
    if driver.chat.state.running:
        performer.drain()
    elif not mark.over:
        performer.run([])
    for run in range(mark.runs + len(performer.ends), len(whole.ends)):
        performer.run(TASKS[run % len(TASKS)])
    return performer


def check(performer: Performer, whole: Whole, mark: Mark) -> None:
    where = f"after {mark.snapshot}"
    assert performer.asked == whole.asked[mark.asked :], where
    assert performer.ends == whole.ends[mark.runs :], where
    assert essence(performer.chat) == whole.essence, where


@pytest.mark.parametrize("name", CASTS)
def test_rolled_back(name: str) -> None:
    whole = performed(name)
    assert len(whole.marks) > TURNS // 2
    for mark in whole.marks:
        driver = rebuilt(CASTS[name], whole.stored, 1000)
        assert driver.tell("rollback", offset=mark.snapshot.offset).kind != "refused"
        assert driver.chat.state.running == mark.asks
        check(go_on(driver, whole, mark), whole, mark)


@pytest.mark.parametrize("name", CASTS)
def test_loaded_into_a_new_chat(name: str) -> None:
    whole = performed(name)
    source = rebuilt(CASTS[name], whole.stored).chat
    for mark in whole.marks:
        driver = fork(source, mark.snapshot.offset)
        assert driver.chat.state.running == mark.asks
        check(go_on(driver, whole, mark), whole, mark)
