"""What a turn that was interrupted by a rollback, or by a load, had begun is neither lost nor done twice."""

from __future__ import annotations

import json
from typing import Any

from folkmoot._chat.entries import CHAT_KINDS, message_id
from folkmoot._chat.snapshots import snapshots
from folkmoot.agents import UserProxyAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.teams import GraphFlow, RoundRobinGroupChat
from folkmoot.tools import AgentTool, Tool
from tests.unit.chat.driver import UUID, Driver, agent, asks, said
from tests.unit.chat.team_stories import GRAPHS, members
from tests.unit.chat.test_nested_any_order import rounds
from tests.unit.chat.time.copies import loading, saved


def waiting(driver: Driver) -> int:
    """Let the oldest call wait; the snapshot's offset."""
    driver.chat.wait(driver.calls[0], "worker:model:x", driver.now, "unknown", driver.now)
    driver.settle()
    return snapshots(driver.chat)[-1].offset


def called(name: str, text: str) -> Any:
    return said([{"id": "id0", "name": name, "arguments": json.dumps({"task": text})}])


def test_a_tool_run_goes_on_after_a_run_that_ended_before_its_agent_was_back() -> None:
    boss = agent("boss", tools=[AgentTool(agent("helper"))])
    driver = Driver(RoundRobinGroupChat([boss], termination_condition=TextMentionTermination("STOP")))
    driver.run("go", called("helper", "help"))
    wait = waiting(driver)
    driver.answer("helped")
    driver.tell("cancel")
    driver.tell("rollback", offset=wait)
    driver.run("STOP")
    assert (driver.status, driver.stop_reason) == ("idle", "Text 'STOP' mentioned")
    driver.run(None, "helped, too")
    assert driver.heard("boss/helper/helper") == ["U: help", "A: helped, too"]


def test_events_of_a_batch_half_done_stay_in_the_conversation() -> None:
    """A graph's condition counts them, whoever was interrupted."""
    condition = MaxMessageTermination(20, include_agent_event=True)
    driver = Driver(GraphFlow(members(), GRAPHS[0], termination_condition=condition))
    driver.run("go", "1", asks("look"))
    wait = waiting(driver)
    driver.answer("from c", "seen", "from b")
    count = driver.chat.state.root.progress["count"]
    driver.tell("cancel")
    driver.tell("rollback", offset=wait)
    driver.run(None)
    while driver.speaking != ["d"]:
        call = driver.calls[0]
        driver.finish(call, {"content": "seen"} if call.kind == "tool" else said(f"from {call.path}"))
    assert driver.chat.state.root.progress["count"] == count


def test_the_question_to_a_person_in_a_team_is_one_event_of_the_team_above() -> None:
    inner = rounds("inner", UserProxyAgent("p"), max_turns=1)
    condition = MaxMessageTermination(4, include_agent_event=True)
    driver = Driver(RoundRobinGroupChat([agent("a"), inner], termination_condition=condition))
    driver.run("go", "1")
    driver.tell("rollback", offset=snapshots(driver.chat)[-1].offset, force=True)
    (request,) = driver.chat.state.requests
    driver.tell("answer", request=request, content="yes")
    assert driver.stop_reason == "Maximum number of messages 4 reached, current message count: 4"


def test_a_request_that_is_made_again_has_an_id_of_its_own() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a", tools=[Tool("look")]), agent("b")], max_turns=2))
    driver.run("go", asks("look"))
    wait = waiting(driver)
    state = saved(driver.chat, wait)
    driver.tell("load_state", force=True, **loading(driver.chat.plan, state, driver.now))
    driver.run(None)
    ids = [message_id(UUID, entry) for entry in driver.chat.log if entry.kind in CHAT_KINDS]
    assert len(ids) == len(set(ids))


def test_going_on_leaves_the_entry_with_the_earlier_state_as_it_was() -> None:
    driver = Driver(GraphFlow(members(), GRAPHS[0]))
    driver.run("go", "1")
    driver.tell("rollback", offset=snapshots(driver.chat)[0].offset, force=True)
    driver.run(None, "2", "3", "4")
    assert driver.status == "idle"
    for entry in driver.chat.log:
        assert json.loads(entry.encoded) == entry.data
