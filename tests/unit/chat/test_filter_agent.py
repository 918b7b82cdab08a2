"""An agent that hears only some of the messages: which, in what order, and under whose name it answers."""

from __future__ import annotations

from typing import Any

from folkmoot.agents import AssistantAgent, MessageFilterAgent, MessageFilterConfig, PerSourceFilter, SocietyOfMindAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Failure, agent, asks, dangling


def hears(*rules: tuple[str, str | None, int | None]) -> MessageFilterConfig:
    def rule(source: str, position: Any, count: int | None) -> PerSourceFilter:
        return PerSourceFilter(source=source, position=position, count=count)

    return MessageFilterConfig(per_source=[rule(*item) for item in rules])


def chat(config: MessageFilterConfig, wrapped: Any = None, turns: int = 3) -> Driver:
    """a, b, then the one who hears less."""
    narrow = MessageFilterAgent("narrow", wrapped or agent("n"), config)
    return Driver(RoundRobinGroupChat([agent("a"), agent("b"), narrow], max_turns=turns))


def test_sources_that_are_not_listed_are_not_heard() -> None:
    driver = chat(hears(("a", None, None)))
    driver.run("go", "a1", "b1")
    assert driver.heard("narrow") == ["U: a1"]


def test_the_order_is_the_filters() -> None:
    driver = chat(hears(("b", None, None), ("user", None, None)))
    driver.run("go", "a1", "b1")
    assert driver.heard("narrow") == ["U: b1", "U: go"]


def test_first_and_last_count_within_what_is_new() -> None:
    driver = chat(hears(("a", "last", 1), ("user", "first", 1)), turns=6)
    driver.run("go", "a1", "b1", "n1", "a2", "b2")
    assert driver.heard("narrow") == ["U: a1", "U: go", "A: n1", "U: a2"]


def test_the_answer_bears_the_inner_agents_name_and_others_hear_it() -> None:
    driver = chat(hears(("a", None, None)), turns=4)
    driver.run("go", "a1", "b1", "n1")
    assert driver.messages()[-1]["source"] == "n"
    assert driver.speaking == ["a"]
    assert driver.heard("a") == ["U: go", "A: a1", "U: b1", "U: n1"]


def test_its_own_earlier_words_are_in_its_context() -> None:
    driver = chat(hears(("n", None, None)), turns=6)
    driver.run("go", "a1", "b1", "n1", "a2", "b2")
    assert driver.heard("narrow") == ["A: n1"], "and not heard as another's"


def test_filters_around_filters() -> None:
    inner = MessageFilterAgent("between", agent("n"), hears(("user", None, None)))
    driver = chat(hears(("a", None, None), ("user", None, None)), inner)
    driver.run("go", "a1", "b1")
    assert driver.heard("narrow") == ["U: go"]


def test_tools_of_the_inner_agent() -> None:
    wrapped = AssistantAgent("n", "scripted", tools=[Tool("look")], max_tool_iterations=2)
    driver = chat(hears(("user", None, None)), wrapped)
    driver.run("go", "a1", "b1", asks("look"), "seen")
    assert [item["type"][0] for item in driver.view("narrow")] == ["U", "A", "F"]
    driver.tell("cancel")
    assert dangling(driver.view("narrow")) == []


def test_a_retry_hears_the_same() -> None:
    driver = chat(hears(("a", None, None)))
    driver.run("go", "a1", "b1", Failure("ModelCallError", "gone"))
    error = driver.chat.state.error
    assert error is not None
    assert error["agent"] == "narrow"
    driver.run(None)
    assert (driver.speaking, driver.heard("narrow")) == (["narrow"], ["U: a1"])


def test_what_it_does_not_hear_counts_for_the_condition() -> None:
    narrow = MessageFilterAgent("narrow", agent("n"), hears(("nobody", None, None)))
    driver = Driver(RoundRobinGroupChat([narrow], termination_condition=MaxMessageTermination(2)))
    driver.run("go", "n1")
    assert driver.stop_reason == "Maximum number of messages 2 reached, current message count: 2"


def test_a_filtered_society_gives_its_team_only_what_it_heard() -> None:
    inner = RoundRobinGroupChat([agent("x")], name="inner", max_turns=1)
    driver = chat(hears(("a", None, None)), SocietyOfMindAgent("mind", inner, "scripted"))
    driver.run("go", "a1", "b1")
    assert driver.heard("narrow/x") == ["U: a1"]
