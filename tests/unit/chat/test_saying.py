"""What people say into a running chat is heard once, at its time, by teams of every kind."""

from __future__ import annotations

import pytest

from folkmoot._chat.calls import Failure
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot.agents import UserProxyAgent
from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat
from tests.unit.chat.driver import UUID, Driver, agent, asks, dangling, said, task, team
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.performer import Performer

WORDS = "#person: mind the gap"


def say(driver: Driver, words: str = WORDS, when: str = "queue", **fields: object) -> None:
    assert driver.tell("say", task=[task(words)], when=when, **fields).kind == "said"


def heard(driver: Driver, words: str = WORDS) -> list[str]:
    return [
        f"{message['source']}: {message['content']}" for message in driver.messages() if message.get("content") == words
    ]


def test_idle_it_is_the_task_of_a_run() -> None:
    driver = Driver(team(max_turns=1))
    say(driver, by={"subject": "ann"})
    assert driver.speaking == ["a"]
    assert driver.chat.state.requester == "ann"
    driver.answer("aye")
    assert driver.spoken() == [f"user: {WORDS}", "a: aye"]


def test_queued_it_is_the_task_of_the_next_run() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", "a1")
    say(driver)
    say(driver, "and this")
    driver.answer("b1")
    assert driver.spoken() == ["user: go", "a: a1", "b: b1", f"user: {WORDS}", "user: and this"]
    assert driver.chat.state.run == 2
    driver.answer("a2", "b2")
    assert driver.status == "idle"


def test_after_the_current_turn() -> None:
    driver = Driver(team(max_turns=3))
    driver.run("go")
    say(driver, when="turn")
    driver.answer("a1")
    assert driver.spoken() == ["user: go", "a: a1", f"user: {WORDS}"]
    assert driver.speaking == ["b"]
    assert driver.heard("b")[-1] == f"U: {WORDS}"
    driver.answer("b1", "a2")
    assert driver.status == "idle"
    assert driver.stop_reason == "Maximum number of turns 3 reached."


def test_now_the_turn_is_broken_off_and_taken_again() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    (call,) = driver.calls
    say(driver, when="now")
    assert driver.speaking == ["a"]
    assert call not in driver.calls
    assert driver.heard("a") == ["S: go", f"U: {WORDS}"] or driver.heard("a")[-1] == f"U: {WORDS}"
    driver.answer("a1")
    assert driver.spoken() == ["user: go", f"user: {WORDS}", "a: a1"]
    driver.finish(call, said("too late"))
    assert driver.entries("late")


def test_now_no_tool_call_is_left_open() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=["look", "count"], max_tool_iterations=2)], max_turns=1))
    driver.run("go", asks("look", "count"), "looked")
    say(driver, when="now")
    assert dangling(driver.view("a")) == []
    driver.answer("a1")
    assert driver.spoken()[-1] == "a: a1"


def test_it_may_end_the_run() -> None:
    driver = Driver(team(termination_condition=TextMentionTermination("ENOUGH")))
    driver.run("go")
    say(driver, "ENOUGH", when="turn")
    driver.answer("a1")
    assert driver.status == "idle"
    assert driver.stop_reason == "Text 'ENOUGH' mentioned"


def test_what_the_run_ended_before_is_the_next_ones_task() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    say(driver, when="turn")
    driver.answer("a1")
    assert driver.chat.state.run == 2
    assert driver.spoken() == ["user: go", "a: a1", f"user: {WORDS}"]


@pytest.mark.parametrize("verb", ["cancel", "stop"])
def test_after_a_cancel_or_a_stop_it_waits_for_the_next_run(verb: str) -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go")
    say(driver)
    driver.tell(verb)
    if verb == "stop":
        driver.answer("a1")
    assert driver.status == "idle"
    assert heard(driver) == []
    driver.tell("run", task=[task("again")])
    assert driver.spoken()[-2:] == [f"user: {WORDS}", "user: again"]


def test_a_failed_run_is_followed_by_it() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    say(driver)
    driver.answer(Failure("ModelCallError", "no"))
    assert driver.chat.state.run == 2
    assert heard(driver) == [f"user: {WORDS}"]


def test_a_reset_forgets_it() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go")
    say(driver)
    driver.tell("reset", force=True)
    assert driver.chat.state.said == []
    assert driver.status == "idle"


def test_paused_it_waits_for_the_resume() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go")
    driver.tell("pause")
    say(driver, when="turn")
    driver.answer("a1")
    assert heard(driver) == []
    driver.tell("resume")
    assert heard(driver) == [f"user: {WORDS}"]


def test_now_whoever_was_asked_is_asked_again() -> None:
    driver = Driver(RoundRobinGroupChat([UserProxyAgent("p"), agent("b")], max_turns=2))
    driver.run("go")
    (first,) = driver.chat.state.requests
    say(driver, when="now")
    (second,) = driver.chat.state.requests
    assert first != second
    assert driver.tell("answer", request=first, content="x").kind == "refused"
    assert driver.tell("answer", request=second, content="x").kind == "answered"


def test_a_rollback_takes_it_back_and_a_later_one_forth() -> None:
    driver = Driver(team(max_turns=3))
    driver.run("go", "a1")
    turn = driver.chat.state.parent
    say(driver, when="queue")
    driver.tell("rollback", offset=turn, force=True)
    assert driver.chat.state.said == []
    driver.tell("run", task=None)
    assert driver.speaking == ["b"]
    assert heard(driver) == []


@pytest.mark.parametrize(
    ("fields", "text"), [({"when": "later"}, "'when' must be one of"), ({"task": []}, "one message")]
)
def test_refusals(fields: dict[str, object], text: str) -> None:
    entry = Driver(team()).tell("say", **{"task": [task()], **fields})
    assert entry.kind == "refused"
    assert text in entry.data["error"]["message"]


@pytest.mark.parametrize("when", ["queue", "turn", "now"])
@pytest.mark.parametrize("name", list(CASTS))
def test_every_team_hears_it_once(name: str, when: str) -> None:
    driver = Driver(CASTS[name])
    performer = Performer(driver)
    assert driver.tell("run", task=[task("#first")]).kind == "run_started"
    for step in range(1, 12):
        if not (driver.calls or driver.chat.state.requests):
            break
        performer.step()
        if step in (1, 6):
            say(driver, f"{WORDS} {step}", when=when)
    for _ in range(4):
        performer.drain()
    chat = driver.chat
    assert chat.state.said == []
    for step in (1, 6):
        assert len(heard(driver, f"{WORDS} {step}")) <= 1
    assert heard(driver, f"{WORDS} 1")
    for seat in chat.plan.seats.values():
        if seat.agent is not None:
            items = driver.view(seat.path)
            assert dangling(items) == []
            assert sum(item["content"] == f"{WORDS} 1" for item in items) <= 1
    again = Chat(CASTS[name], UUID, Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in chat.log]))
    assert (again.state, again.wanted()) == (chat.state, chat.wanted())
