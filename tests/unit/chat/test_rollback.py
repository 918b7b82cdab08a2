"""Rolling back: the chat goes on after an earlier snapshot, and nothing of what was is lost."""

from __future__ import annotations

import pytest

from folkmoot import AssistantAgent, MaxMessageTermination, RoundRobinGroupChat, UserProxyAgent
from folkmoot._chat.snapshots import current, snapshots
from tests.unit.chat.driver import Driver, agent, asks, dangling, said, task, team


def test_contexts_and_turns_go_on_after_the_snapshot() -> None:
    driver = Driver(team(max_turns=4))
    driver.run("go", "1", "2", "3", "4")
    second = snapshots(driver.chat)[1]
    entry = driver.tell("rollback", offset=second.offset)
    assert (entry.kind, entry.data["to"]) == ("rolled_back", second.offset)
    assert (driver.status, driver.heard("a")) == ("idle", ["U: go", "A: 1"])
    driver.run(None, "three", "four")
    assert driver.heard("b") == ["U: go", "U: 1", "A: 2", "U: three", "A: four"]
    assert driver.stop_reason == "Maximum number of turns 4 reached."


def test_progress_of_conditions_is_the_one_of_that_moment() -> None:
    driver = Driver(team(termination_condition=MaxMessageTermination(4)))
    driver.run("go", "1", "2", "3")
    driver.tell("rollback", offset=snapshots(driver.chat)[0].offset)
    driver.run(None, "two", "three")
    assert driver.stop_reason == "Maximum number of messages 4 reached, current message count: 4"


def test_what_was_after_stays_as_a_branch() -> None:
    driver = Driver(team(max_turns=3))
    driver.run("go", "1", "2", "3")
    first, second, third = snapshots(driver.chat)
    back = driver.tell("rollback", offset=first.offset)
    driver.run(None, "two", "three")
    found = snapshots(driver.chat)
    assert found[:3] == [first, second, third]
    assert [(item.parent, item.branch, item.turn) for item in found[3:]] == [
        (first.offset, back.offset, 4),
        (found[3].offset, back.offset, 5),
    ]
    assert current(found, driver.chat.state.jumps, driver.chat.log.head) == [first, *found[3:]]
    driver.tell("rollback", offset=third.offset)
    assert driver.heard("a") == ["U: go", "A: 1", "U: 2", "A: 3"]
    assert driver.chat.state.usage["a"].model_calls == 3


def test_a_request_for_tools_that_waited_is_made_again_at_its_own_place() -> None:
    driver = Driver(RoundRobinGroupChat([AssistantAgent("a", "scripted", tools=["lookup"]), agent("b")], max_turns=2))
    driver.run("go", asks("lookup", "lookup"), "found")
    call = driver.calls[0]
    driver.chat.wait(call, "worker:tool:lookup", driver.now, "unknown", driver.now)
    driver.settle()
    wait = snapshots(driver.chat)[-1]
    assert wait.reason == "wait"
    driver.answer("found, too", "2")
    driver.tell("rollback", offset=wait.offset)
    assert driver.heard("a") == ["U: go"]
    driver.run([task("look again")])
    again = driver.calls[0]
    assert (again.kind, again.name, again.index) == ("tool", "lookup", 1)
    assert again.need > wait.offset
    driver.answer("other")
    assert dangling(driver.view("a")) == []
    contents = [result["content"] for item in driver.view("a")[-1:] for result in item["content"]]
    assert contents == ["found", "other"]
    driver.answer("done")
    assert driver.status == "idle"


def test_a_person_who_was_asked_is_asked_again_under_a_new_id() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a"), UserProxyAgent("p")], max_turns=2))
    driver.run("go", "1")
    wait = snapshots(driver.chat)[-1]
    (old,) = driver.chat.state.requests
    driver.tell("answer", request=old, content="yes")
    assert driver.status == "idle"
    driver.tell("rollback", offset=wait.offset)
    (new,) = driver.chat.state.requests
    assert (driver.status, new != old) == ("waiting", True)
    driver.tell("answer", request=new, content="no")
    assert [item for item in driver.spoken() if item.startswith("p")] == ["p: yes", "p: no"]
    driver.run(None)
    assert driver.heard("a") == ["U: go", "A: 1", "U: no"]


def test_a_running_chat_is_rolled_back_with_force_only() -> None:
    driver = Driver(team(max_turns=3))
    driver.run("go", "1")
    offset = snapshots(driver.chat)[0].offset
    refused = driver.tell("rollback", offset=offset)
    assert refused.data["error"]["type"] == "ChatBusyError"
    assert driver.tell("rollback", offset=offset, force=True).kind == "rolled_back"
    assert (driver.status, driver.calls) == ("idle", [])


@pytest.mark.parametrize("offset", [-1, 0, 2, 99, "3", None, True, 1.5])
def test_what_is_no_snapshot_is_refused(offset: object) -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", said("1"))
    entry = driver.tell("rollback", offset=offset)
    assert entry.kind == "refused"
    assert repr(offset) in entry.data["error"]["message"]
