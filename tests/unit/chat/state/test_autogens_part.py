"""What stands where AutoGen looks for it, and what is made of a state that AutoGen saved."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot import CustomAgent, DiGraphBuilder, GraphFlow, SelectorGroupChat, Swarm
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat, TeamSpec
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Json, agent, asks, dangling, said, task, team
from tests.unit.chat.state.keeping import at_rest, loaded, saved


def manager(state: Json) -> Json:
    """What was saved of the root's manager."""
    *_, found = state["agent_states"].values()
    return found


def contents(state: Json, name: str) -> list[Any]:
    """A participant's context in AutoGen's part."""
    return [item["content"] for item in state["agent_states"][name]["agent_state"]["llm_context"]["messages"]]


def heard_not(state: Json, name: str) -> list[Any]:
    """What AutoGen would tell a participant at its next turn."""
    return [item["content"] for item in state["agent_states"][name]["message_buffer"]]


def test_a_call_under_way_is_in_no_context() -> None:
    members = [agent("a", tools=[Tool("look"), Tool("count")], max_tool_iterations=2), agent("b")]
    driver = Driver(RoundRobinGroupChat(members, max_turns=2))
    driver.run("go", asks("look", "count"), "seen")
    state = saved(driver)
    assert contents(state, "a") == ["go"]
    again = loaded(driver.spec, state)
    again.run(None)
    (call,) = again.calls
    assert (call.kind, call.name) == ("tool", "count")
    again.answer("two")
    assert dangling(again.view("a")) == []
    assert [item["type"] for item in again.view("a")] == [
        "UserMessage",
        "AssistantMessage",
        "FunctionExecutionResultMessage",
    ]


def test_an_interrupted_speaker_is_autogens_next() -> None:
    driver = Driver(team("a", "b", "c", max_turns=3))
    driver.run("go", "1")
    state = saved(driver)
    assert manager(state)["next_speaker_index"] == 1
    assert contents(state, "b") == ["go", "1"]
    assert heard_not(state, "b") == []
    assert heard_not(state, "c") == ["go", "1"]


def test_a_custom_agent_that_is_asked_has_its_messages_in_the_buffer() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a"), CustomAgent("own")], max_turns=2))
    driver.run("go", "1")
    assert driver.speaking == ["own"]
    assert heard_not(saved(driver), "own") == ["go", "1"]


@pytest.mark.parametrize(("replies", "speaker"), [((), "a"), (("1",), "a"), (("hand",), "a"), (("hand", "2"), "b")])
def test_who_spoke_last_in_a_swarm(replies: tuple[str, ...], speaker: str) -> None:
    swarm = Swarm([agent("a", handoffs=["b"]), agent("b", handoffs=["a"])], max_turns=len(replies) or 1)
    driver = Driver(swarm)
    if replies:
        driver.run("go", *(asks("transfer_to_b") if reply == "hand" else said(reply) for reply in replies))
    assert manager(saved(driver))["current_speaker"] == speaker


def test_a_swarms_speaker_under_way() -> None:
    driver = Driver(Swarm([agent("a", handoffs=["b"]), agent("b", handoffs=["a"])], max_turns=3))
    driver.run("go", asks("transfer_to_b"))
    assert manager(saved(driver))["current_speaker"] == "b"


def test_a_selector_knows_autogens_previous_speaker() -> None:
    selector = SelectorGroupChat([agent(name) for name in "abc"], "scripted", max_turns=1)
    driver = Driver(selector)
    driver.tell("run", task=[task("go")])
    driver.answer({"reply": "b", "usage": [1, 1], "speaker": "b", "by": "model"}, "1")
    state = at_rest(saved(driver))
    assert manager(state)["previous_speaker"] == "b"
    again = loaded(selector, state)
    again.tell("run", task=[task("more")])
    assert again.calls[0].name == "b"


def loop() -> TeamSpec:
    """a and b, who sends back to a until it says YES, then c."""
    members = {name: agent(name) for name in "abc"}
    builder = DiGraphBuilder()
    for member in members.values():
        builder.add_node(member)
    builder.add_edge(members["a"], members["b"])
    builder.add_edge(members["b"], members["a"], condition="NO", activation_group="back")
    builder.add_edge(members["b"], members["c"], condition="YES")
    builder.set_entry_point(members["a"])
    condition = MaxMessageTermination(50)
    return GraphFlow(list(members.values()), builder.build(), termination_condition=condition, max_turns=2)


def test_a_loop_that_autogen_saved_goes_on() -> None:
    driver = Driver(loop())
    driver.run("go", "1", "NO")
    state = at_rest(saved(driver))
    assert manager(state)["ready"] == ["a"]
    assert manager(state)["remaining"]["a"] == {"back": 0}
    again = loaded(loop(), state)
    for replies in (("2", "NO"), ("3", "YES")):
        again.run(None, *replies)
        assert again.stop_reason == "Maximum number of turns 2 reached."
    again.run(None, "4")
    assert again.stop_reason == "Digraph execution is complete"
    assert [line[:1] for line in again.spoken()] == ["a", "b", "a", "b", "c"]


def test_a_graph_whose_speakers_autogen_lost_begins_anew() -> None:
    driver = Driver(loop())
    driver.run("go", "1")
    state = at_rest(saved(driver))
    manager(state)["ready"] = []
    again = loaded(loop(), state)
    again.run(None)
    assert again.speaking == ["a"]


def test_undelivered_messages_reach_an_inner_team() -> None:
    inner = RoundRobinGroupChat([agent("x")], name="inner", max_turns=1)
    outer = RoundRobinGroupChat([agent("a"), inner], max_turns=1)
    driver = Driver(outer)
    driver.run("go", "1")
    state = at_rest(saved(driver))
    assert heard_not(state, "inner") == ["go", "1"]
    again = loaded(outer, state)
    again.run(None, "2")
    assert again.spoken() == ["x: 2"]
    inside = saved(again)["agent_states"]["inner"]["agent_state"]
    assert contents(inside, "x") == ["go", "1", "2"]
