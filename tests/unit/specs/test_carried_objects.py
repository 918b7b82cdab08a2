"""A spec hands out the live objects it was given: its JSON holds only their names."""

from __future__ import annotations

import pytest

from folkmoot._spec import carried, load_spec, spec_json
from folkmoot.agents import AssistantAgent
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import FunctionTool


class Live:
    """A model object, with something in it that must never get out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.api_key = "very-private"


def search(query: str) -> str:
    """Search."""
    return query


class Rules:
    """Functions that are methods."""

    def is_done(self, messages: object) -> bool:
        """Never."""
        return False


def test_everything_live_is_found_at_any_depth() -> None:
    model, rules = Live("mine"), Rules()
    tool = FunctionTool(search)
    inner = RoundRobinGroupChat([AssistantAgent("a", model, tools=[tool])], name="inner")
    condition = FunctionalTermination(rules.is_done) | MaxMessageTermination(3) & FunctionalTermination("elsewhere")
    found = carried(RoundRobinGroupChat([inner, AssistantAgent("b", "named")], termination_condition=condition))
    assert found.tools == {"search": tool}
    assert found.tools["search"] is tool
    assert found.models["mine"] is model
    assert list(found.models) == ["mine"]
    assert found.functions == {"is_done": rules.is_done}


def test_nothing_live_comes_back_from_json() -> None:
    team = RoundRobinGroupChat([AssistantAgent("a", Live("mine"), tools=[search])])
    loaded = load_spec(spec_json(team))
    assert loaded == team
    found = carried(loaded)
    assert not found.tools
    assert not found.models


def test_one_object_may_be_used_by_many() -> None:
    model, rules = Live("mine"), Rules()
    agents = [AssistantAgent(name, model, tools=[search]) for name in "ab"]
    condition = FunctionalTermination(rules.is_done) | FunctionalTermination(rules.is_done)
    found = carried(RoundRobinGroupChat(agents, termination_condition=condition))
    assert (len(found.tools), len(found.models), len(found.functions)) == (1, 1, 1)


def test_two_models_under_one_name_are_refused() -> None:
    team = RoundRobinGroupChat([AssistantAgent(name, Live("mine")) for name in "ab"])
    with pytest.raises(ValueError, match="Two different models are named 'mine'"):
        carried(team)


def test_two_tools_under_one_name_are_refused() -> None:
    tools = [FunctionTool(search), FunctionTool(search, "Another description.")]
    team = RoundRobinGroupChat(
        [AssistantAgent(name, "m", tools=[tool]) for name, tool in zip("ab", tools, strict=True)]
    )
    with pytest.raises(ValueError, match="Two different tools are named 'search'"):
        carried(team)


def test_two_functions_under_one_name_are_refused() -> None:
    condition = FunctionalTermination(Rules().is_done) & FunctionalTermination(Rules().is_done)
    with pytest.raises(ValueError, match="Two different functions are named 'is_done'"):
        carried(condition)


def test_live_objects_are_in_no_text() -> None:
    agent = AssistantAgent("a", Live("mine"), tools=[search])
    for text in (repr(agent), str(agent), spec_json(agent), str(agent.model_dump())):
        assert "very-private" not in text
        assert "Live" not in text
