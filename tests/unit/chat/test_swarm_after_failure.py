"""A swarm whose speaker failed: it speaks again, unless the next task is handed to somebody else."""

from __future__ import annotations

from folkmoot._chat.calls import Failure
from folkmoot.agents import AssistantAgent
from folkmoot.teams import Swarm
from tests.unit.chat.driver import Driver, task


def failed() -> Driver:
    team = Swarm([AssistantAgent("a", "scripted", handoffs=["b"]), AssistantAgent("b", "scripted")], max_turns=2)
    driver = Driver(team)
    driver.run("go", Failure("ModelCallError", "no"))
    return driver


def test_failed_speaker_speaks_again() -> None:
    driver = failed()
    driver.run("again")
    assert driver.speaking == ["a"]


def test_handed_over_task_goes_to_its_target() -> None:
    driver = failed()
    driver.run([task("yours", kind="HandoffMessage", target="b")], "mine")
    assert driver.speaking == ["b"]
    driver.answer("still mine")
    assert driver.heard("a") == ["U: go"]
    assert driver.heard("b") == ["U: go", "U: yours", "A: mine", "A: still mine"]


def test_task_handed_to_the_failed_one_is_taken_up_once() -> None:
    driver = failed()
    driver.run([task("yours", kind="HandoffMessage", target="a")], "mine")
    assert driver.heard("a") == ["U: go", "U: yours", "A: mine"]
