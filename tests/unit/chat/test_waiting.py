"""Waiting for a worker: visible in the status, a snapshot of its own, and over as soon as the call is answered."""

from __future__ import annotations

import pytest

from folkmoot._chat.snapshots import snapshots
from folkmoot.conditions import FunctionalTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Failure, agent, asks, said, team


def wait(driver: Driver, reason: str) -> None:
    driver.chat.wait(driver.calls[0], reason, driver.now, "unknown name", driver.now)
    driver.settle()


def at_a_tool() -> Driver:
    first = agent("a", tools=[Tool("look"), Tool("count")], max_tool_iterations=2)
    driver = Driver(RoundRobinGroupChat([first, agent("b")]))
    driver.run("go", asks("look", "count"))
    wait(driver, "worker:tool:look")
    return driver


def test_tool() -> None:
    driver = at_a_tool()
    (call, _) = driver.calls
    assert driver.status == "waiting"
    assert {key: item.reason for key, item in driver.chat.state.waits.items()} == {call.key: "worker:tool:look"}
    driver.answer("seen")
    assert (driver.status, driver.chat.state.waits) == ("running", {})


def test_other_calls_go_on_meanwhile() -> None:
    driver = at_a_tool()
    driver.finish(driver.calls[1], {"content": "7"})
    assert driver.status == "waiting"


@pytest.mark.parametrize("thought", [None, "hm"])
def test_model(thought: str | None) -> None:
    driver = Driver(team())
    driver.run("go")
    wait(driver, "worker:model:scripted")
    assert driver.status == "waiting"
    driver.answer(said("1", thought=thought))
    assert (driver.status, driver.speaking) == ("running", ["b"])


def test_condition_function() -> None:
    driver = Driver(team(termination_condition=FunctionalTermination("enough")))
    driver.run("go")
    wait(driver, "worker:function:enough")
    assert driver.status == "waiting"
    driver.answer({"answers": [False]})
    assert (driver.status, driver.chat.state.waits) == ("running", {})


@pytest.mark.parametrize("end", ["cancel", "fail", "reset"])
def test_end_of_the_run_ends_the_wait(end: str) -> None:
    driver = at_a_tool()
    if end == "fail":
        driver.finish(driver.calls[0], Failure("UnknownNameError", "nobody knows it"))
    else:
        driver.tell(end, force=True)
    assert (driver.status, driver.chat.state.waits) == ("idle", {})


def test_pause_shows_before_the_wait() -> None:
    driver = at_a_tool()
    driver.tell("pause", now=True)
    assert driver.status == "paused"
    driver.tell("resume")
    assert driver.status == "waiting"


def test_wait_is_a_snapshot() -> None:
    driver = at_a_tool()
    (found,) = snapshots(driver.chat)
    assert (found.reason, found.speakers, found.turn) == ("wait", ("worker:tool:look",), 1)
