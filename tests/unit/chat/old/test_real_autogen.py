"""Messages of chats that AutoGen 0.7.5 itself has run, as its objects, its dumps and JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from autogen_agentchat import agents, teams
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient

from folkmoot._chat.old import Messages
from folkmoot.agents import SocietyOfMindAgent
from folkmoot.teams import MagenticOneGroupChat, RoundRobinGroupChat, Swarm
from folkmoot.tools import Tool
from tests.unit.chat.driver import agent
from tests.unit.chat.old.stage import going_on, old


def model(*replies: str | CreateResult) -> ReplayChatCompletionClient:
    info: Any = {
        "function_calling": True,
        "vision": False,
        "json_output": True,
        "structured_output": True,
        "family": "unknown",
        "multiple_system_messages": True,
    }
    return ReplayChatCompletionClient(list(replies), model_info=info)


def asks(*names: str) -> CreateResult:
    content = [FunctionCall(id=f"id-{name}", name=name, arguments="{}") for name in names]
    return CreateResult(finish_reason="function_calls", content=content, usage=RequestUsage(1, 1), cached=False)


async def look() -> str:
    """Look."""
    return "42"


async def ran(team: Any) -> list[Any]:
    return list((await team.run(task="go")).messages)


async def seen(team: Any, name: str) -> list[str]:
    """An agent's context after the run, in short."""
    state = await team.save_state()
    items = state["agent_states"][name]["agent_state"]["llm_context"]["messages"]
    return [f"{item['type'][0]}: {item['content']}" for item in items if isinstance(item["content"], str)]


@pytest.mark.parametrize("form", ["objects", "dumps", "text"])
async def test_tools_shown_and_reflected_on(form: str) -> None:
    members: list[Any] = [
        agents.AssistantAgent("a", model(asks("look"), "two"), tools=[look]),
        agents.AssistantAgent("b", model(asks("look"), "reflected"), tools=[look], reflect_on_tool_use=True),
    ]
    team = teams.RoundRobinGroupChat(members, termination_condition=MaxMessageTermination(4))
    messages = await ran(team)
    dumps = [message.dump() for message in messages]
    given: Messages = {"objects": messages, "dumps": dumps, "text": json.dumps(dumps, default=str)}[form]
    tools = [Tool("look")]
    spec = RoundRobinGroupChat([agent("a", tools=tools), agent("b", tools=tools, reflect_on_tool_use=True)])
    resumed = old(spec, given)
    assert (resumed.next, resumed.warnings) == (("b",), [])
    driver = going_on(resumed)
    for name in ("a", "b"):
        ours = [text for text in driver.heard(name) if "[{" not in text]
        assert ours == await seen(team, name)
    driver.run(None)
    assert driver.heard("b")[-1] == "U: two"


async def test_a_handoff_with_a_sibling_call() -> None:
    members: list[Any] = [
        agents.AssistantAgent("a", model(asks("look", "transfer_to_b")), tools=[look], handoffs=["b"]),
        agents.AssistantAgent("b", model("here")),
    ]
    team = teams.Swarm(members, termination_condition=MaxMessageTermination(3))
    messages = await ran(team)
    resumed = old(Swarm([agent("a", tools=[Tool("look")], handoffs=["b"]), agent("b")]), messages)
    assert (resumed.next, resumed.warnings) == (("b",), [])
    driver = going_on(resumed)
    assert [text for text in driver.heard("b") if "[{" not in text] == await seen(team, "b")
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F"]


async def test_teams_and_societies_inside() -> None:
    mind = agents.SocietyOfMindAgent(
        "mind", teams.RoundRobinGroupChat([agents.AssistantAgent("x", model("think"))], max_turns=1), model("sum")
    )
    pair = teams.RoundRobinGroupChat(
        [agents.AssistantAgent("y", model("one")), agents.AssistantAgent("z", model("two"))], max_turns=2, name="pair"
    )
    team = teams.RoundRobinGroupChat([agents.AssistantAgent("a", model("first")), mind, pair], max_turns=3)
    messages = await ran(team)
    assert [message.source for message in messages] == ["user", "a", "x", "mind", "y", "z"]
    spec = RoundRobinGroupChat(
        [
            agent("a"),
            SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("x")], max_turns=1), "scripted"),
            RoundRobinGroupChat([agent("y"), agent("z")], max_turns=2, name="pair"),
        ]
    )
    resumed = old(spec, messages)
    assert (resumed.next, resumed.warnings) == (("a",), [])
    driver = going_on(resumed)
    driver.run(None)
    assert driver.heard("a") == ["U: go", "A: first", "U: sum", "U: one", "U: two"]


def ledger(speaker: str, satisfied: bool = False) -> str:
    answers: dict[str, Any] = {
        "is_request_satisfied": satisfied,
        "is_in_loop": False,
        "is_progress_being_made": True,
        "next_speaker": speaker,
        "instruction_or_question": f"{speaker}, go",
    }
    return json.dumps({name: {"reason": "", "answer": answer} for name, answer in answers.items()})


async def test_an_orchestrators_facts_and_plan() -> None:
    members: list[Any] = [agents.AssistantAgent("a", model("did it")), agents.AssistantAgent("b", model("never"))]
    orchestrator = model("FACTS", "PLAN", ledger("a"), ledger("b", True), "final")
    messages = await ran(teams.MagenticOneGroupChat(members, orchestrator))
    resumed = old(MagenticOneGroupChat([agent("a"), agent("b")], "scripted"), messages)
    assert resumed.warnings == []
    driver = going_on(resumed)
    assert [entry.data.get("content") for entry in driver.entries("manager")] == ["FACTS", "PLAN", None]
    driver.run("more")
    assert [call.name for call in driver.calls] == ["ledger"]
    assert driver.heard("a")[1:] == ["U: a, go", "A: did it"]
