"""What an assistant may have besides model and tools: a summary formatter and message transforms."""

from __future__ import annotations

from functools import partial

import pytest

from folkmoot._spec import carried, load_spec, spec_json
from folkmoot.agents import AssistantAgent
from folkmoot.messages import FunctionCall, FunctionExecutionResult
from folkmoot.transforms import MessageHistoryLimiter


def brief(call: FunctionCall, result: FunctionExecutionResult) -> str:
    return f"{call.name}: {result.content}"


def test_formatter_is_known_by_its_name_and_carried() -> None:
    agent = AssistantAgent("a", "m", tool_call_summary_formatter=brief)
    assert agent.tool_call_summary_formatter == "brief"
    assert carried(agent).functions == {"brief": brief}
    loaded = load_spec(spec_json(agent))
    assert loaded == agent
    assert not carried(loaded).functions
    assert AssistantAgent("a", "m", tool_call_summary_formatter="brief") == agent


def test_nameless_formatters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A tool call summary formatter is known by its name and functools\.partial"):
        AssistantAgent("a", "m", tool_call_summary_formatter=partial("{} {}".format))
    with pytest.raises(ValueError, match="A tool call summary formatter is known by its registered name"):
        AssistantAgent("a", "m", tool_call_summary_formatter="")
    with pytest.raises(ValueError, match="A tool call summary formatter is known by its registered name"):
        load_spec({"type": "AssistantAgent", "name": "a", "model_client": "m", "tool_call_summary_formatter": ""})


def test_transforms_come_back_in_their_order() -> None:
    agent = AssistantAgent("a", "m", transforms=[MessageHistoryLimiter(9), MessageHistoryLimiter(3)])
    loaded = load_spec(spec_json(agent))
    assert loaded == agent
    assert isinstance(loaded, AssistantAgent)
    assert loaded.transforms == (MessageHistoryLimiter(9), MessageHistoryLimiter(3))
    assert AssistantAgent("a", "m", transforms=[]) == AssistantAgent("a", "m")


def test_an_assistant_without_them_has_the_json_it_always_had() -> None:
    assert AssistantAgent("a", "m").to_json() == {"type": "AssistantAgent", "name": "a", "model_client": "m"}
