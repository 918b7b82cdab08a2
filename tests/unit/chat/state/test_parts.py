"""The state of one participant or one condition, taken out and put in elsewhere."""

from __future__ import annotations

import pytest

from folkmoot import BadCommandError, MaxMessageTermination, MessageFilterAgent, MessageFilterConfig, SocietyOfMindAgent
from folkmoot._chat.plan import Plan
from folkmoot._client.parts import part_of, with_part
from folkmoot.agents import AgentSpec, PerSourceFilter
from folkmoot.conditions import TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat, TeamSpec
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import Driver, Json, agent, asks, task, team
from tests.unit.chat.state.keeping import loaded, saved


def part(driver: Driver, name: str) -> Json:
    return part_of(Plan(driver.spec), saved(driver), name)


def put(driver: Driver, name: str, state: Json) -> Driver:
    """A chat as `driver`'s is, with another part."""
    return loaded(driver.spec, with_part(Plan(driver.spec), saved(driver), name, state))


def test_an_agent_moves_to_another_team() -> None:
    source = Driver(team("a", "b", max_turns=3))
    source.run("go", "1", "2", "3")
    target = Driver(team("x", "a", max_turns=1))
    target.run("hello", "here")
    moved = put(target, "a", part(source, "a"))
    moved.run([task("on")], "4")
    assert moved.heard("a") == ["U: go", "A: 1", "U: 2", "A: 3", "U: hello", "U: here", "U: on", "A: 4"]
    assert moved.heard("x") == target.heard("x")


def test_a_state_of_autogens_takes_the_place_of_what_was_kept() -> None:
    driver = Driver(team("a", "b", max_turns=1))
    driver.run("go", "1")
    messages = [{"type": "UserMessage", "content": "old", "source": "user"}]
    state = {"type": "AssistantAgentState", "version": "1.0.0", "llm_context": {"messages": messages}}
    moved = put(driver, "a", state)
    assert moved.heard("a") == ["U: old"]


def limited() -> TeamSpec:
    return team("a", "b", termination_condition=MaxMessageTermination(5) | TextMentionTermination("DONE"))


def test_a_condition_goes_on_counting_elsewhere() -> None:
    source = Driver(limited())
    source.run("go", "1", "2")
    state = part(source, "termination")
    assert state["progress"]
    moved = put(Driver(limited()), "termination", state)
    moved.run(None, "1", "2")
    assert moved.stop_reason == "Maximum number of messages 5 reached, current message count: 5"


def inner() -> RoundRobinGroupChat:
    deep = RoundRobinGroupChat([agent("x"), agent("y")], name="deep", termination_condition=MaxMessageTermination(4))
    return RoundRobinGroupChat([deep, agent("b")], max_turns=1)


def test_what_is_inside_an_inner_team() -> None:
    source = Driver(inner())
    source.run("go", "1")
    assert part(source, "deep/x")["llm_context"]["messages"][-1]["content"] == "1"
    condition = part(source, "deep/termination")
    assert condition["condition"]["max_messages"] == 4
    moved = put(Driver(inner()), "deep/x", part(source, "deep/x"))
    whole = saved(moved)["agent_states"]["deep"]["agent_state"]["agent_states"]["x"]["agent_state"]
    assert [item["content"] for item in whole["llm_context"]["messages"]] == ["go", "1"]


def special() -> list[tuple[str, AgentSpec]]:
    config = MessageFilterConfig(per_source=[PerSourceFilter(source="user")])
    society = SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("x")], name="in", max_turns=1), "scripted")
    return [
        ("filtered", MessageFilterAgent("filtered", agent("wrapped"), config)),
        ("mind", society),
        ("boss", agent("boss", tools=[AgentTool(agent("helper"))])),
    ]


@pytest.mark.parametrize(("name", "member"), special(), ids=[name for name, _ in special()])
def test_a_part_put_back_changes_nothing(name: str, member: AgentSpec) -> None:
    driver = Driver(RoundRobinGroupChat([member, agent("b")], max_turns=2))
    calls = asks("helper") if name == "boss" else "1"
    driver.run("go", calls)
    while driver.calls:
        driver.answer("more")
    whole = saved(driver)
    assert with_part(Plan(driver.spec), whole, name, part(driver, name)) == whole


@pytest.mark.parametrize("name", ["z", "", "a/termination", "termination/a"])
def test_an_unknown_part(name: str) -> None:
    with pytest.raises(BadCommandError, match=r"There is no part .*; known are a, b, termination"):
        part(Driver(team()), name)


def test_a_condition_of_another_kind() -> None:
    state = part(Driver(limited()), "termination")
    with pytest.raises(BadCommandError, match="The state is one of another condition"):
        put(Driver(team(termination_condition=MaxMessageTermination(9))), "termination", state)


@pytest.mark.parametrize("name", ["a", "termination"])
def test_what_is_no_state(name: str) -> None:
    with pytest.raises(BadCommandError, match="Expected"):
        put(Driver(limited()), name, {"what": "?"})
