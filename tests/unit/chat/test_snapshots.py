"""Snapshots: one after every turn, with what a person needs to choose one, and the state they give back."""

from __future__ import annotations

import pytest

from folkmoot._chat.snapshots import snapshots, state_at
from tests.unit.chat.driver import Driver, Failure, at, said, team


def test_one_after_every_turn() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", said("1", usage=(3, 4)))
    driver.seconds = 9
    driver.answer(said("2", usage=(10, 0)))
    first, second = snapshots(driver.chat)
    assert (first.turn, first.run, first.speakers, first.reason, first.tokens) == (1, 1, ("a",), "turn", 7)
    assert (second.turn, second.speakers, second.tokens, second.time) == (2, ("b",), 17, at(9))
    assert [driver.chat.log.at(item.offset).data["message"]["content"] for item in (first, second)] == ["1", "2"]
    assert (first.parent, second.parent) == (None, first.offset)


def test_failed_and_cancelled_turns_are_none() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", Failure("ModelCallError", "no"))
    driver.run(None)
    driver.tell("cancel")
    assert snapshots(driver.chat) == []


def test_chain_goes_on_over_runs() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", "1")
    driver.run(None, "2")
    first, second = snapshots(driver.chat)
    assert (second.run, second.turn, second.parent) == (2, 2, first.offset)


def test_state_at_a_snapshot_is_the_one_of_that_moment() -> None:
    driver = Driver(team(max_turns=4))
    driver.run("go", "1", "2")
    taken = snapshots(driver.chat)[-1]
    state = state_at(driver.chat, taken.offset)
    driver.answer("3", "4")
    assert state_at(driver.chat, taken.offset) == state
    assert (state.turn, state.root.manager, state.running, state.parent) == (2, {"next": 0}, True, taken.offset)


@pytest.mark.parametrize("offset", [-1, 99])
def test_offsets_outside_the_held_log_are_refused(offset: int) -> None:
    driver = Driver(team())
    driver.run("go")
    with pytest.raises(KeyError):
        state_at(driver.chat, offset)


def test_empty_chat_has_none() -> None:
    driver = Driver(team())
    assert snapshots(driver.chat) == []
