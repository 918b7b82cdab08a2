"""A turn that is broken off is taken up by the next run, in every kind of team, and nothing of it counts twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from folkmoot._chat.calls import Failure
from folkmoot._chat.state import ChatState
from folkmoot.agents import AssistantAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import (
    DiGraph,
    DiGraphEdge,
    DiGraphNode,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, Json, asks, dangling

PICK: Json = {"reply": "a", "usage": [1, 1], "speaker": "a", "by": "model"}
TEXT: Json = {"content": "x", "usage": [1, 1]}
LEDGER: Json = {
    "satisfied": False,
    "reason": "",
    "stalled": False,
    "speaker": "a",
    "instruction": "work",
    "usage": [1, 1],
}


def members() -> list[AssistantAgent]:
    tools = [Tool("look")]
    return [AssistantAgent(name, "scripted", tools=tools, handoffs=["b"] if name == "a" else []) for name in "ab"]


def line() -> DiGraph:
    return DiGraph({"a": DiGraphNode("a", [DiGraphEdge("b")]), "b": DiGraphNode("b")})


TEAMS: dict[str, tuple[Callable[[MaxMessageTermination | None], TeamSpec], list[Json]]] = {
    "round robin": (lambda end: RoundRobinGroupChat(members(), termination_condition=end), []),
    "selector": (lambda end: SelectorGroupChat(members(), "scripted", termination_condition=end), [PICK]),
    "swarm": (lambda end: Swarm(members(), termination_condition=end), []),
    "graph": (lambda end: GraphFlow(members(), line(), termination_condition=end), []),
    "magentic": (
        lambda end: MagenticOneGroupChat(members(), "scripted", termination_condition=end),
        [TEXT, TEXT, LEDGER],
    ),
}
every_team = pytest.mark.parametrize("kind", TEAMS)
every_end = pytest.mark.parametrize("how", ["cancel", "fail"])


def begun(kind: str, end: MaxMessageTermination | None = None) -> Driver:
    """A run in which a is to speak."""
    make, before = TEAMS[kind]
    driver = Driver(make(end))
    driver.run("go", *before)
    assert driver.speaking == ["a"]
    return driver


def break_off(driver: Driver, how: str) -> None:
    if how == "cancel":
        driver.tell("cancel")
    else:
        driver.answer(Failure("ModelCallError", "no"))
    assert (driver.status, driver.calls, driver.speaking) == ("idle", [], [])


@every_end
@every_team
def test_same_speaker_speaks_again_before_anyone_is_chosen(kind: str, how: str) -> None:
    driver = begun(kind)
    break_off(driver, how)
    before = len(driver.entries("manager"))
    driver.run(None)
    assert driver.speaking == ["a"]
    assert len(driver.entries("manager")) == before


@every_end
@every_team
def test_new_task_is_heard_by_whoever_speaks_again(kind: str, how: str) -> None:
    driver = begun(kind)
    break_off(driver, how)
    driver.run("more")
    assert driver.speaking == ["a"]
    heard = driver.heard("a")
    assert heard[-1] == "U: more"
    assert len(heard) == len(set(heard)), "nothing is heard twice"


@every_end
@every_team
def test_answer_of_the_second_try_is_heard_once_by_the_others(kind: str, how: str) -> None:
    driver = begun(kind)
    break_off(driver, how)
    then: dict[str, list[Json]] = {"swarm": [asks("transfer_to_b")], "magentic": [{**LEDGER, "speaker": "b"}]}
    driver.run(None, "said at last", *then.get(kind, []))
    assert [text for text in driver.spoken() if text.startswith("a: ")] == ["a: said at last"]
    assert driver.speaking == ["b"]
    assert driver.heard("b").count("U: said at last") == 1


@every_end
@every_team
def test_tool_calls_of_the_first_try_do_not_dangle(kind: str, how: str) -> None:
    driver = begun(kind)
    driver.answer(asks("look"))
    break_off(driver, how)
    assert dangling(driver.view("a")) == []
    driver.run(None)
    assert dangling(driver.view("a")) == []


@every_team
def test_nothing_of_the_first_try_counts_for_the_condition(kind: str) -> None:
    # The task (not for an orchestrator), and the answer, with no event: two messages.
    limit = 1 if kind == "magentic" else 2
    driver = begun(kind, MaxMessageTermination(limit + 1, include_agent_event=True))
    driver.answer(asks("look"))
    driver.tell("cancel")
    driver.run(None)
    progress = driver.chat.state.root.progress
    assert progress == ({} if kind == "magentic" else {"count": 1})
    driver.answer("1")
    assert driver.chat.state.status == ""
    assert driver.chat.state.root.progress["count"] == limit


@every_end
@every_team
def test_third_try_is_as_the_second(kind: str, how: str) -> None:
    driver = begun(kind)
    for _ in range(3):
        break_off(driver, how)
        driver.run(None)
    heard = driver.heard("a")
    assert driver.speaking == ["a"]
    assert len(heard) == len(set(heard))


@every_team
def test_reset_forgets_whose_turn_was_broken_off(kind: str) -> None:
    driver = begun(kind)
    driver.tell("cancel")
    driver.tell("reset")
    driver.run("new", *TEAMS[kind][1])
    assert driver.speaking == ["a"]
    assert driver.chat.state.root.floor.left == []
    assert not any("go" in text.split() for text in driver.heard("a"))


@every_team
def test_state_between_the_tries_survives_its_json(kind: str) -> None:
    driver = begun(kind)
    driver.tell("cancel")
    assert driver.chat.state.root.floor.left == ["a"]
    assert ChatState.load(driver.chat.state.dump()) == driver.chat.state
