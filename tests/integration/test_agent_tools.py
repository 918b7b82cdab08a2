"""Agents and teams as tools on a real server: their words, what their callers read, errors, people, cancel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from folkmoot import (
    AgentTool,
    AssistantAgent,
    ChatCancelled,
    RoundRobinGroupChat,
    StaticWorkbench,
    TeamTool,
    ToolOverride,
    UserProxyAgent,
)
from tests._support.waiting import eventually
from tests.integration.conftest import MODEL, SiteFactory, said, until


def named(name: str, **options: Any) -> AssistantAgent:
    """An agent whose words are the script's list of its name."""
    return AssistantAgent(name, MODEL, system_message=f"You are {name}.", **options)


def call(*names: str) -> dict[str, Any]:
    """A reply that gives each of these tools the task `help NAME`."""
    return {"calls": [{"id": name, "name": name, "arguments": {"task": f"help {name}"}} for name in names]}


def crew(*members: Any, **options: Any) -> TeamTool:
    options.setdefault("max_turns", 2)
    team = RoundRobinGroupChat([*members] or [named("x"), named("y")], name="team", **options)
    return TeamTool(team, "crew", "Ask them.")


def roles(body: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(message["role"], message.get("content")) for message in body["messages"][1:]]


async def test_a_team_and_an_agent_at_the_same_time(sites: SiteFactory) -> None:
    site = await sites({"a": [call("crew", "z"), "done"], "x": ["x1"], "y": ["y1"], "z": ["z1"]})
    agent = named("a", tools=[crew(), AgentTool(named("z"), return_value_as_last_message=True)], max_tool_iterations=2)
    chat = await site.open(agent)
    result: Any = await chat.run(task="go")
    execution = next(item for item in result.messages if item.type == "ToolCallExecutionEvent")
    assert [item.content for item in execution.content] == ["x: x1\n\ny: y1", "z1"]
    assert {("user", "help crew"), ("x", "x1"), ("y", "y1"), ("z", "z1")} < {
        (item.source, item.content) for item in result.messages if isinstance(item.content, str)
    }
    last = site.model.requests[-1]
    assert [message["content"] for message in last["messages"] if message["role"] == "tool"] == [
        "x: x1\n\ny: y1",
        "z1",
    ]
    assert [tool["function"]["name"] for tool in last["tools"]] == ["crew", "z"]
    assert said(result.messages)[-1] == ("a", "done")


async def test_a_tool_remembers_and_its_state_is_part_of_the_chat(sites: SiteFactory) -> None:
    site = await sites({"a": [call("z"), call("z")], "z": ["z1", "z2"]})
    chat = await site.open(RoundRobinGroupChat([named("a", tools=[AgentTool(named("z"))])], max_turns=1))
    await chat.run(task="go")
    await chat.run(task="again")
    assert [content for _, content in roles(site.model.requests[-1])] == ["help z", "z1", "help z"]


async def test_a_failure_inside_is_told_to_the_caller(sites: SiteFactory) -> None:
    site = await sites({"a": [call("z"), "I see."], "z": [{"status": 400, "message": "not like this"}]})
    chat = await site.open(named("a", tools=[AgentTool(named("z"))], max_tool_iterations=2))
    result: Any = await chat.run(task="go")
    assert said(result.messages)[-1] == ("a", "I see.")
    execution = next(item for item in result.messages if item.type == "ToolCallExecutionEvent")
    assert execution.content[0].is_error
    assert "not like this" in execution.content[0].content


async def test_a_cancel_in_the_middle_leaves_a_context_the_model_accepts(sites: SiteFactory) -> None:
    site = await sites({"a": [call("z"), "fine"], "z": [{"text": "z1", "hold": "never"}]})
    chat = await site.open(named("a", tools=[AgentTool(named("z"))], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(2)
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    result = await chat.run(task="and?")
    assert said(result.messages)[-1] == ("a", "fine")
    assert [role for role, _ in roles(site.model.requests[-1])] == ["user", "assistant", "tool", "user"]


async def test_a_person_inside_a_tool_is_asked(sites: SiteFactory) -> None:
    site = await sites({"a": [call("crew"), "thanks"]})
    tool = crew(UserProxyAgent("person"), max_turns=1)
    chat = await site.open(named("a", tools=[tool], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await eventually(chat.pending, what="the person is asked")
    assert request.path == "a/crew/person"
    assert (await until(chat, "waiting")).waiting_for == ("user:a/crew/person",)
    await chat.answer(request.request, "You may.")
    assert said((await run).messages)[-1] == ("a", "thanks")


async def test_a_tool_under_another_name(sites: SiteFactory) -> None:
    site = await sites({"a": [call("helper")], "z": ["z1"]})
    bench = StaticWorkbench([AgentTool(named("z"))], {"z": ToolOverride("helper", "Helps.")})
    chat = await site.open(named("a", workbench=[bench]))
    result: Any = await chat.run(task="go")
    shown = site.model.requests[0]["tools"][0]["function"]
    assert (shown["name"], shown["description"]) == ("helper", "Helps.")
    assert said(result.messages)[-1] == ("a", "z: z1")
