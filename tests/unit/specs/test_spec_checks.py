"""Constructors refuse what AutoGen refuses, in its words, and take its positional arguments and defaults."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from folkmoot.agents import AssistantAgent, Handoff
from folkmoot.conditions import (
    AndTerminationCondition,
    FunctionalTermination,
    MaxMessageTermination,
    OrTerminationCondition,
    StopMessageTermination,
    TextMentionTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from folkmoot.contexts import (
    BufferedChatCompletionContext,
    HeadAndTailChatCompletionContext,
    TokenLimitedChatCompletionContext,
)
from folkmoot.messages import TextMessage
from folkmoot.options import ModelInfo, ModelSpec
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool


class Answer(BaseModel):
    """An output type."""

    text: str
    score: int = 0


class Live:
    """A model object as a user holds it."""

    def __init__(self, name: str = "live", info: ModelInfo | None = None) -> None:
        self.name = name
        self.info = info or ModelInfo()


NO_CALLS = ModelInfo(function_calling=False)


def agent(**changes: Any) -> AssistantAgent:
    return AssistantAgent(**{"name": "a", "model_client": "m", **changes})


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("The agent name must be a valid Python identifier.", lambda: agent(name="not a name")),
    ("The name of a participant must not be empty.", lambda: agent(name="")),
    ("Tool names must be unique: ['t', 't']", lambda: agent(tools=["t", Tool("t")])),
    (
        "Handoff names must be unique: ['transfer_to_b', 'transfer_to_b']",
        lambda: agent(handoffs=["b", Handoff("B")]),
    ),
    (
        "Handoff names must be unique from tool names",
        lambda: agent(tools=["go"], handoffs=[Handoff("b", name="go")]),
    ),
    ("Handoff names must be unique from tool names", lambda: agent(tools=["b"], handoffs=["b"])),
    ("Unsupported tool type: <class 'int'>", lambda: agent(tools=[1])),
    ("Unsupported handoff type: <class 'int'>", lambda: agent(handoffs=[1])),
    (
        "The model does not support function calling.",
        lambda: agent(model_client=ModelSpec("m", info=NO_CALLS), tools=["t"]),
    ),
    (
        "The model does not support function calling, which is needed for handoffs.",
        lambda: agent(model_client=Live(info=NO_CALLS), handoffs=["b"]),
    ),
    (
        "Maximum number of tool iterations must be greater than or equal to 1, got 0",
        lambda: agent(max_tool_iterations=0),
    ),
    ("Handoff name must be a valid identifier: go there", lambda: Handoff("b", name="go there")),
    ("At least one participant is required.", lambda: RoundRobinGroupChat([])),
    ("The participant names must be unique.", lambda: RoundRobinGroupChat([agent(), agent()])),
    (
        "The maximum number of turns must be greater than 0.",
        lambda: RoundRobinGroupChat([agent()], max_turns=0),
    ),
    (
        "At least one of max_total_token, max_prompt_token, or max_completion_token must be provided",
        TokenUsageTermination,
    ),
    ("buffer_size must be greater than 0.", lambda: BufferedChatCompletionContext(0)),
    ("head_size must be greater than 0.", lambda: HeadAndTailChatCompletionContext(0, 1)),
    ("tail_size must be greater than 0.", lambda: HeadAndTailChatCompletionContext(1, 0)),
    ("token_limit must be greater than 0.", lambda: TokenLimitedChatCompletionContext(0)),
]


@pytest.mark.parametrize(("text", "make"), REFUSED, ids=[text for text, _ in REFUSED])
def test_refusals_have_autogens_text(text: str, make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$") as caught:
        make()
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: agent(model_client=""), "model_client must be the name"),
        (lambda: agent(model_client=object()), "a model with a name, got <object"),
        (lambda: agent(output_content_type=int), "must be a pydantic class"),
        (lambda: agent(output_content_type={"name": "X"}), "An output schema is"),
        (lambda: agent(tool_call_summary_format="{nope}"), "got '{nope}'"),
        (lambda: agent(max_tool_iterations="many"), "max_tool_iterations"),
        (lambda: RoundRobinGroupChat(["a"]), "Expected a Participant or its JSON object, got 'a'"),  # type: ignore[list-item]
        (lambda: RoundRobinGroupChat([agent()], name=""), "must not be empty"),
        (lambda: MaxMessageTermination("x"), "max_messages"),  # type: ignore[arg-type]
        (lambda: TextMentionTermination("x", "critic"), "sources"),
        (lambda: TimeoutTermination(float("inf")), "finite number of seconds, got inf"),
        (lambda: FunctionalTermination(partial(bool)), "known by its name and functools.partial"),
        (lambda: FunctionalTermination(""), "must not be empty"),
        (OrTerminationCondition, "OrTerminationCondition needs at least one condition"),
    ],
)
def test_other_bad_arguments_are_named(make: Callable[[], object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make()


def test_defaults_are_autogens() -> None:
    made = agent()
    assert made.description == "An agent that provides assistance with ability to use tools."
    assert made.system_message == (
        "You are a helpful AI assistant. Solve tasks using your tools. "
        "Reply with TERMINATE when the task has been completed."
    )
    assert made.max_tool_iterations == 1
    assert made.tool_call_summary_format == "{result}"
    team = RoundRobinGroupChat([made])
    assert (team.name, team.description) == ("RoundRobinGroupChat", "A team of agents.")
    assert team.manager_name == "RoundRobinGroupChatManager"


def test_handoff_fills_itself_from_its_target() -> None:
    handoff = Handoff("Critic")
    assert handoff.name == "transfer_to_critic"
    assert handoff.description == "Handoff to Critic."
    assert handoff.message == "Transferred to Critic, adopting the role of Critic immediately."
    assert Handoff.from_json({"target": "Critic"}) == handoff
    assert handoff.tool_schema["strict"] is True
    assert handoff.tool_schema["parameters"]["properties"] == {}


def test_reflection_follows_the_output_type_unless_said() -> None:
    assert not agent().reflects
    assert agent(output_content_type=Answer).reflects
    assert not agent(output_content_type=Answer, reflect_on_tool_use=False).reflects
    assert agent(reflect_on_tool_use=True).reflects


def test_output_type_becomes_a_strict_schema() -> None:
    schema = agent(output_content_type=Answer).output_schema
    assert schema is not None
    assert schema["name"] == "Answer"
    assert schema["schema"]["required"] == ["text", "score"]
    assert schema["schema"]["additionalProperties"] is False
    given = {"name": "Mine", "schema": {"type": "object"}}
    assert agent(output_content_type=given).output_schema == given


def test_model_may_be_name_spec_or_object() -> None:
    assert agent(model_client="gpt-4o").model_client == "gpt-4o"
    assert agent(model_client=ModelSpec("gpt-4o")).model_client == ModelSpec("gpt-4o")
    assert agent(model_client=Live("mine")).model_client == "mine"


def test_operators_nest_in_written_order() -> None:
    a, b, c = MaxMessageTermination(1), StopMessageTermination(), TextMentionTermination("x")
    either = a | b | c
    assert isinstance(either, OrTerminationCondition)
    assert either.conditions == (OrTerminationCondition(a, b), c)
    assert (a & (b | c)).conditions == (a, OrTerminationCondition(b, c))
    assert isinstance(a & b, AndTerminationCondition)


def test_timeout_keeps_the_number_as_written() -> None:
    assert repr(TimeoutTermination(5).timeout_seconds) == "5"
    assert repr(TimeoutTermination(0.5).timeout_seconds) == "0.5"


def test_custom_message_types_are_kept_by_name() -> None:
    team = RoundRobinGroupChat([agent()], custom_message_types=[TextMessage, "Note"])
    assert team.custom_message_types == ("TextMessage", "Note")
