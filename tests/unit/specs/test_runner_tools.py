"""Agents and teams as tools: what models are told, their JSON, and that what they hold is found."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._spec import carried, load_spec, spec_json, walk
from folkmoot.agents import AssistantAgent, CustomAgent, UserProxyAgent
from folkmoot.options import ToolOptions
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import AgentTool, FunctionTool, TeamTool, Tool


def search(query: str) -> str:
    """Search."""
    return query


class Foreign:
    name = "foreign"
    description = "From elsewhere."

    async def on_messages_stream(self, messages: object, cancellation_token: object) -> Any: ...

    async def on_reset(self, cancellation_token: object) -> None: ...

    async def save_state(self) -> dict[str, Any]:
        return {}


def writer() -> AssistantAgent:
    return AssistantAgent("writer", "m", description="Writes.", tools=[search])


def team() -> RoundRobinGroupChat:
    return RoundRobinGroupChat([writer(), UserProxyAgent("person")], name="inner")


TOOLS = [
    AgentTool(writer()),
    AgentTool(writer(), return_value_as_last_message=True),
    TeamTool(team(), "crew", "Does it."),
    TeamTool(team(), "crew", "Does it.", return_value_as_last_message=True),
]


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_comes_back_equal_by_itself_and_in_an_agent(tool: Tool) -> None:
    loaded = Tool.from_json(tool.to_json())
    assert type(loaded) is type(tool)
    assert loaded == tool
    assert hash(loaded) == hash(tool)
    agent = AssistantAgent("boss", "m", tools=[tool, "other"])
    again = load_spec(spec_json(agent))
    assert again == agent
    assert isinstance(again, AssistantAgent)
    assert type(again.tools[0]) is type(tool)
    assert type(again.tools[1]) is Tool


def test_forms() -> None:
    assert AgentTool(CustomAgent("own")).to_json() == {"agent": CustomAgent("own").to_json()}
    assert TOOLS[3].to_json() == {
        "team": team().to_json(),
        "name": "crew",
        "description": "Does it.",
        "return_value_as_last_message": True,
    }
    assert TOOLS[0] != TOOLS[1]


def test_models_are_told_of_one_task() -> None:
    parameters = {
        "type": "object",
        "properties": {"task": {"type": "string", "description": "The task to be executed."}},
        "required": ["task"],
        "additionalProperties": False,
    }
    told = {"parameters": parameters, "strict": True}
    assert AgentTool(writer()).schema == {"name": "writer", "description": "Writes.", **told}
    assert TeamTool(team(), "crew", "Does it.").schema == {"name": "crew", "description": "Does it.", **told}


def test_who_answers() -> None:
    assert AgentTool(writer()).runnable == writer()
    assert TeamTool(team(), "crew", "").runnable == team()
    assert not AgentTool(writer()).return_value_as_last_message


def test_what_they_hold_is_found() -> None:
    foreign = Foreign()
    boss = AssistantAgent("boss", "m", tools=[AgentTool(foreign), TeamTool(team(), "crew", "")])
    assert [part.name for part in walk(boss)] == ["boss", "foreign", "inner", "writer", "person"]
    found = carried(boss)
    assert found.agents == {"foreign": foreign}
    assert found.tools == {"search": FunctionTool(search)}


def test_names_are_unique_among_all_tools() -> None:
    with pytest.raises(ValueError, match="Tool names must be unique"):
        AssistantAgent("boss", "m", tools=[AgentTool(writer()), Tool("writer")])


def test_wrong_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="takes an agent, got the team 'inner'; use a TeamTool"):
        AgentTool(team())  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="takes a team, got the agent 'writer'; use an AgentTool"):
        TeamTool(writer(), "crew", "")
    with pytest.raises(ValueError, match="takes a team, got the agent 'writer'"):
        Tool.from_json({"team": writer().to_json(), "name": "crew", "description": ""})
    with pytest.raises(TypeError, match="got the class AssistantAgent"):
        AgentTool(AssistantAgent)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["", "two words", "ä", "x" * 65])
def test_names_models_do_not_take_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="A tool's name has 1 to 64 letters"):
        TeamTool(team(), name, "")


def test_agent_whose_name_models_do_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="A tool's name has 1 to 64 letters"):
        AgentTool(CustomAgent("größe"))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"name": "other"}, "has its agent's name and description, got 'other'"),
        ({"description": "Other."}, "has its agent's name and description"),
        ({"options": ToolOptions(timeout=3).to_json()}, "ToolOptions do not apply"),
        ({"color": "red"}, "color"),
    ],
)
def test_json_that_says_something_else_is_refused(extra: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Tool.from_json({"agent": writer().to_json(), **extra})
