"""Turns that people have to let begin: approved, rejected, or taken in the agent's place, in every kind of team."""

from __future__ import annotations

import pytest

from folkmoot.agents import CodeExecutorAgent, CustomAgent, MessageFilterAgent, MessageFilterConfig, SocietyOfMindAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.teams import DiGraph, DiGraphEdge, DiGraphNode, GraphFlow, RoundRobinGroupChat, Swarm
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import Json, agent, asks
from tests.unit.chat.people.office import Office, again

ASK = ApprovalPolicy(reason="It is new.")


def line(*members: object, turns: int = 2) -> Office:
    driver = Office(RoundRobinGroupChat([*members, agent("b")], max_turns=turns))
    driver.run("go")
    return driver


def test_an_approved_turn_begins() -> None:
    driver = line(agent("a", turn_approval=ASK))
    (told,) = driver.pending
    assert (told["kind"], told["path"], told["prompt"], told["reason"]) == (
        "turn",
        "a",
        "a wants to speak.",
        "It is new.",
    )
    assert (told["verdicts"], driver.status, driver.calls) == (["approve", "reject", "answer"], "waiting", [])
    assert driver.chat.state.waiting_for == ["turn:a"]
    driver.vote("ann")
    driver.answer("1", "2")
    assert driver.spoken() == ["user: go", "a: 1", "b: 2"]
    assert len(driver.entries("request")) == 1
    assert again(driver).chat.state.dump() == driver.chat.state.dump()


def test_a_rejected_turn_says_so_and_the_next_one_begins() -> None:
    driver = line(agent("a", turn_approval=ASK))
    driver.vote("ann", "reject", reason="not now")
    assert driver.spoken() == ["user: go", "a: a did not speak. Rejected by ann: not now"]
    assert driver.speaking == ["b"]


def test_somebody_speaks_in_its_place() -> None:
    driver = line(agent("a", turn_approval=ASK))
    driver.vote("ann", "answer", content="I say yes.")
    assert driver.spoken() == ["user: go", "a: I say yes."]
    assert driver.heard("b") == ["U: go", "U: I say yes."]


def test_an_empty_answer_is_what_it_says() -> None:
    driver = line(agent("a", turn_approval=ASK))
    driver.vote("ann", "answer", content="")
    assert driver.spoken() == ["user: go", "a: "]


def test_its_arguments_cannot_be_changed() -> None:
    driver = line(agent("a", turn_approval=ASK))
    assert "got 'edit'" in driver.refused("ann", "edit", arguments={})


def test_every_turn_is_asked_for() -> None:
    driver = line(agent("a", turn_approval=ASK), turns=3)
    driver.vote("ann")
    driver.answer("1", "2")
    (told,) = driver.pending
    assert told["path"] == "a"
    driver.vote("ann", "reject")
    assert driver.status == "idle"
    names = [entry.data["request"] for entry in driver.entries("request")]
    assert len(set(names)) == 2


def test_one_approval_is_for_the_whole_turn() -> None:
    driver = line(agent("a", turn_approval=ASK, tools=["look"], max_tool_iterations=3))
    driver.vote("ann")
    driver.answer(asks("look"), "seen", asks("look"), "seen", "done")
    assert len(driver.entries("request")) == 1


def test_a_deadline_may_let_it_begin() -> None:
    driver = line(agent("a", turn_approval=ApprovalPolicy(deadline=5, on_timeout="approve")))
    driver.later(5)
    assert [call.kind for call in driver.calls] == ["model"]
    driver = line(agent("a", turn_approval=ApprovalPolicy(deadline=5)))
    driver.later(5)
    assert driver.spoken()[-1] == "a: a did not speak. Rejected: nobody decided in time."
    driver = line(agent("a", turn_approval=ApprovalPolicy(deadline=5, on_timeout="fail")))
    driver.later(5)
    assert driver.chat.state.error is not None
    assert driver.chat.state.error["type"] == "RequestTimeoutError"


@pytest.mark.parametrize("how", ["cancel", "stop"])
def test_a_run_that_ends_before_leaves_the_turn_to_the_next_one(how: str) -> None:
    driver = line(agent("a", turn_approval=ASK))
    old = driver.request()[0]
    driver.tell(how)
    assert driver.status == "idle"
    driver.run(None)
    new = driver.request()[0]
    assert (new != old, driver.calls) == (True, [])
    driver.vote("ann")
    assert driver.speaking == ["a"]


def kinds() -> dict[str, tuple[object, Json | str]]:
    """Agents of every kind, each under approval, and what its turn begins with."""
    ask = {"turn_approval": ASK}
    executor = LocalCommandLineCodeExecutor()
    assistant = agent("x", **ask)
    inside = RoundRobinGroupChat([agent("in")], max_turns=1)
    hears = MessageFilterConfig(per_source=[])
    return {
        "assistant": (assistant, "model"),
        "filtered": (MessageFilterAgent("x", assistant, hears), "model"),
        "code": (CodeExecutorAgent("x", executor, approval=ApprovalPolicy(), **ask), "code"),
        "coder": (CodeExecutorAgent("x", executor, model_client="m", approval=ApprovalPolicy(), **ask), "model"),
        "custom": (CustomAgent("x", **ask), "agent"),
        "society": (SocietyOfMindAgent("x", inside, "scripted", **ask), "model"),
    }


@pytest.mark.parametrize("kind", list(kinds()))
def test_agents_of_every_kind(kind: str) -> None:
    member, first = kinds()[kind]
    driver = line(member)
    assert (driver.calls, [item["kind"] for item in driver.pending]) == ([], ["turn"])
    driver.vote("ann")
    assert [call.kind for call in driver.calls] == [first]
    driver = line(member)
    driver.vote("ann", "reject")
    assert driver.spoken()[-1] == "x: x did not speak. Rejected by ann"
    assert driver.speaking == ["b"]
    driver = line(member)
    driver.vote("ann", "answer", content="I did.")
    assert driver.heard("b") == ["U: go", "U: I did."]


def batch(**policies: ApprovalPolicy) -> Office:
    """A graph: `a` and `b` at once, then `c`."""
    members = [agent(name, **({"turn_approval": policies[name]} if name in policies else {})) for name in "sabc"]
    edges = {"s": ["a", "b"], "a": ["c"], "b": ["c"], "c": []}
    nodes = {name: DiGraphNode(name, [DiGraphEdge(edge) for edge in out]) for name, out in edges.items()}
    driver = Office(GraphFlow(members, DiGraph(nodes)))
    driver.run("go", "start")
    return driver


def test_speakers_of_one_batch_are_each_asked_for() -> None:
    driver = batch(a=ASK, b=ASK)
    assert [item["path"] for item in driver.pending] == ["a", "b"]
    assert len({item["request"] for item in driver.pending}) == 2
    driver.vote("ann", "reject", index=1)
    assert driver.speaking == ["a"]
    driver.vote("ann")
    driver.answer("1")
    assert driver.speaking == ["c"]
    assert driver.heard("c") == ["U: go", "U: start", "U: 1", "U: b did not speak. Rejected by ann"]


def test_in_a_batch_the_others_do_not_wait() -> None:
    driver = batch(b=ASK)
    assert [call.path for call in driver.calls] == ["a"]
    driver.answer("1")
    assert (driver.speaking, driver.calls) == (["b"], [])
    driver.vote("ann", "answer", content="2")
    assert driver.speaking == ["c"]


def test_in_a_batch_a_deadline_that_fails_ends_everything() -> None:
    driver = batch(a=ASK, b=ApprovalPolicy(deadline=5, on_timeout="fail"))
    driver.later(5)
    assert (driver.pending, driver.calls, driver.chat.state.status) == ([], [], "failed")


def test_in_a_team_in_a_team() -> None:
    inner = RoundRobinGroupChat([agent("x", turn_approval=ASK), agent("y")], name="inner", max_turns=2)
    driver = line(inner)
    (told,) = driver.pending
    assert (told["path"], driver.chat.state.waiting_for) == ("inner/x", ["turn:inner/x"])
    driver.vote("ann", "reject")
    assert driver.speaking == ["inner", "inner/y"]
    driver.answer("2", "3")
    assert driver.status == "idle"


def test_in_an_agents_tool_a_deadline_that_fails_is_the_tools_result() -> None:
    helper = agent("helper", turn_approval=ApprovalPolicy(deadline=5, on_timeout="fail"))
    driver = Office(agent("a", tools=[AgentTool(helper)], max_tool_iterations=2))
    driver.run("go", {"content": [{"id": "1", "name": "helper", "arguments": '{"task": "x"}'}], "usage": [1, 1]})
    (told,) = driver.pending
    assert told["path"] == "a/helper/helper"
    driver.later(5)
    ((content, is_error),) = driver.outcomes()
    assert content.startswith("Nobody answered request")
    assert (is_error, driver.pending, driver.chat.state.running) == (True, [], True)


def test_a_rejected_swarm_member_keeps_the_floor() -> None:
    driver = Office(Swarm([agent("a", handoffs=["b"], turn_approval=ASK), agent("b")]))
    driver.run("go")
    driver.vote("ann", "reject")
    assert [item["path"] for item in driver.pending] == ["a"]
