"""Reset: a new epoch in which nothing said before is in any view, while the log and the counts go on."""

from __future__ import annotations

from folkmoot._chat.snapshots import snapshots
from folkmoot.conditions import MaxMessageTermination
from tests.unit.chat.driver import Driver, Failure, said, team


def test_contexts_order_count_and_conditions_start_anew() -> None:
    driver = Driver(team("a", "b", max_turns=3, termination_condition=MaxMessageTermination(4)))
    driver.run("go", "1", Failure("ModelCallError", "no"))
    entry = driver.tell("reset")
    assert (entry.kind, driver.chat.state.epoch) == ("reset", entry.offset)
    assert driver.view("a") == driver.view("b") == []
    state = driver.chat.state
    assert (state.status, state.error, state.stop_reason, state.parent) == ("", None, None, None)
    driver.run("new", "2", "3")
    assert driver.status == "running"
    assert driver.heard("b") == ["U: new", "U: 2", "A: 3"]
    driver.answer("4")
    assert driver.stop_reason == "Maximum number of messages 4 reached, current message count: 4"


def test_unread_messages_are_forgotten_too() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", "1")
    driver.tell("reset")
    driver.run("new", "2")
    driver.run(None)
    assert driver.heard("b") == ["U: new", "U: 2"]


def test_log_turns_tokens_and_ids_go_on() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", "1")
    head = driver.chat.log.head
    driver.tell("reset")
    driver.run("new", "2")
    state = driver.chat.state
    assert (driver.chat.log.at(head).kind, state.turn, state.run, state.tokens) == ("reset", 2, 2, 4)
    assert len({message["id"] for message in driver.messages()}) == 4
    assert [item.parent for item in snapshots(driver.chat)] == [None, None]


def test_running_it_is_refused_and_the_run_goes_on() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    entry = driver.tell("reset")
    assert (entry.kind, entry.data["verb"], entry.data["error"]) == (
        "refused",
        "reset",
        {
            "type": "ChatBusyError",
            "message": "The group chat is currently running. It must be stopped before it can be reset.",
        },
    )
    driver.answer("1")
    assert driver.spoken() == ["user: go", "a: 1"]


def test_forced_it_ends_the_run_first_and_late_results_enter_no_view() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    (old,) = driver.calls
    driver.tell("reset", force=True)
    assert driver.kinds()[-2:] == ["run_ended", "reset"]
    assert driver.calls == []
    driver.finish(old, said("late"))
    assert driver.kinds()[-1] == "late"
    driver.run("new", "1")
    assert driver.heard("a") == ["U: new", "A: 1"]
    # Both replies were paid for, also the one that came too late to be seen.
    assert driver.chat.state.tokens == 4


def test_same_chat_is_reset_as_often_as_one_likes() -> None:
    driver = Driver(team(max_turns=1))
    for _ in range(3):
        driver.run("go", "1")
        driver.tell("reset")
    driver.run("go")
    assert (driver.speaking, driver.heard("a")) == (["a"], ["U: go"])
