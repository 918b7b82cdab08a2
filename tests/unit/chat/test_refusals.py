"""Commands that cannot be carried out: one entry with the command's id, the exact text, and nothing else changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat.driver import Driver, team

KNOWN = (
    "answer, cancel, change, close, decide, label, load_state, pause, reset, resume, "
    "rollback, run, say, stop, summarize"
)


def refused(driver: Driver, verb: str, **fields: Any) -> tuple[str, str]:
    """Type and text; the state must not have changed."""
    before, head = driver.chat.state.model_copy(deep=True), driver.chat.log.head
    entry = driver.tell(verb, **fields)
    assert (entry.kind, entry.data["verb"], entry.offset) == ("refused", verb, head)
    assert driver.chat.state == before
    assert driver.chat.log.head == head + 1
    return entry.data["error"]["type"], entry.data["error"]["message"]


@pytest.mark.parametrize("paused", [False, True])
def test_second_run(paused: bool) -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    if paused:
        driver.tell("pause", now=True)
    text = "The team is already running, it cannot run again until it is stopped."
    assert refused(driver, "run", task=[]) == ("ChatBusyError", text)


def test_close_while_running_unless_forced() -> None:
    driver = Driver(team())
    driver.run("go")
    text = "The chat is running. Stop it before it is closed, or close it with force."
    assert refused(driver, "close") == ("ChatBusyError", text)
    assert driver.tell("close", force=True).kind == "closed"
    assert (driver.status, driver.calls, driver.kinds()[-2:]) == ("closed", [], ["run_ended", "closed"])


@pytest.mark.parametrize("verb", ["run", "pause", "resume", "stop", "cancel", "reset", "close", "decide", "nonsense"])
def test_everything_once_closed(verb: str) -> None:
    driver = Driver(team())
    driver.tell("close")
    assert refused(driver, verb, force=True) == ("ChatClosedError", "The chat is closed.")


@pytest.mark.parametrize("verb", ["decide", "answer"])
def test_decision_on_a_request_that_is_not_open(verb: str) -> None:
    text = "There is no open request 'r7'; open are: none."
    assert refused(Driver(team()), verb, request="r7") == ("DecisionRefusedError", text)


def test_unknown_command() -> None:
    text = f"Unknown command 'dance'; known are {KNOWN}."
    assert refused(Driver(team()), "dance") == ("BadCommandError", text)


def test_refusal_keeps_the_callers_reply_address() -> None:
    driver = Driver(team())
    driver.run("go")
    entry = driver.tell("run", reply={"workflow": "w"})
    assert entry.data["reply"] == {"workflow": "w"}


def test_every_command_leaves_exactly_one_entry_with_its_id() -> None:
    driver = Driver(team(max_turns=1))
    for verb in [
        "resume",
        "pause",
        "pause",
        "run",
        "run",
        "resume",
        "stop",
        "stop",
        "cancel",
        "cancel",
        "reset",
        "x",
        "close",
        "run",
    ]:
        driver.tell(verb)
    ids = [entry.data["command"] for entry in driver.chat.log if "command" in entry.data]
    assert ids == [f"c{number}" for number in range(1, 15)]
