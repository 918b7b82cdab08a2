"""Specs are their JSON: every one comes back equal, defaults are left out, and `type` finds the class."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from folkmoot._spec import AgentSpec, Participant, Spec, load_spec, spec_digest, spec_json, walk
from folkmoot.agents import AssistantAgent, Handoff
from folkmoot.conditions import (
    AndTerminationCondition,
    ExternalTermination,
    FunctionalTermination,
    FunctionCallTermination,
    HandoffTermination,
    MaxMessageTermination,
    OrTerminationCondition,
    SourceMatchTermination,
    StopMessageTermination,
    TerminationCondition,
    TextMentionTermination,
    TextMessageTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from folkmoot.contexts import (
    BufferedChatCompletionContext,
    ChatCompletionContext,
    HeadAndTailChatCompletionContext,
    TokenLimitedChatCompletionContext,
    UnboundedChatCompletionContext,
)
from folkmoot.messages import SystemMessage
from folkmoot.options import ModelInfo, ModelSpec, ToolOptions
from folkmoot.teams import RoundRobinGroupChat, TeamSpec
from folkmoot.tools import FunctionTool, Tool


class Verdict(BaseModel):
    """An output type."""

    good: bool
    why: str = "no reason"


def search(query: str) -> str:
    """Search the web."""
    return query


def rich_team() -> RoundRobinGroupChat:
    """A team that uses every field."""
    model = ModelSpec(
        "gpt-4o",
        base_url="https://models.example/v1",
        options={"temperature": 0.5, "max_tokens": 100},
        info=ModelInfo(vision=False, family="gpt-4o"),
        timeout=30,
        max_attempts=3,
    )
    writer = AssistantAgent(
        "writer",
        model,
        tools=[search, Tool("file", ToolOptions(retryable=False, side_effects=True)), "fetch"],
        handoffs=["critic", Handoff("user", name="ask", description="Ask.", message="Your turn.")],
        model_context=BufferedChatCompletionContext(5, [SystemMessage(content="Be brief.")]),
        description="Writes.",
        system_message=None,
        model_client_stream=True,
        reflect_on_tool_use=False,
        max_tool_iterations=4,
        tool_call_summary_format="{tool_name}: {result}",
        output_content_type=Verdict,
        output_content_type_format="{good}",
        metadata={"owner": "docs"},
    )
    inner = RoundRobinGroupChat([AssistantAgent("a", "small"), AssistantAgent("b", "small")], name="inner", max_turns=2)
    return RoundRobinGroupChat(
        [writer, inner],
        name="outer",
        description="Both.",
        termination_condition=(MaxMessageTermination(9) | ExternalTermination()) & TextMentionTermination("ok", ["a"]),
        max_turns=7,
        custom_message_types=["Note"],
        emit_team_events=True,
    )


def condition_named_by_string() -> TerminationCondition:
    """A functional condition as a spec on another machine holds it."""
    return FunctionalTermination("is_done")


CONDITIONS = [
    MaxMessageTermination(3),
    MaxMessageTermination(3, include_agent_event=True),
    TextMentionTermination("APPROVE"),
    TextMentionTermination("APPROVE", sources=["critic"]),
    StopMessageTermination(),
    TextMessageTermination(),
    TextMessageTermination("writer"),
    HandoffTermination("user"),
    SourceMatchTermination(["a", "b"]),
    TokenUsageTermination(max_total_token=10, max_prompt_token=7, max_completion_token=5),
    TimeoutTermination(2.5),
    ExternalTermination(),
    FunctionCallTermination("search"),
    condition_named_by_string(),
    AndTerminationCondition(ExternalTermination(), MaxMessageTermination(1)),
    OrTerminationCondition(ExternalTermination(), MaxMessageTermination(1)),
]
CONTEXTS = [
    UnboundedChatCompletionContext([SystemMessage(content="First.")]),
    BufferedChatCompletionContext(3),
    HeadAndTailChatCompletionContext(1, 2),
    TokenLimitedChatCompletionContext(),
    TokenLimitedChatCompletionContext(100),
]


def test_team_comes_back_equal_from_text_and_from_mapping() -> None:
    team = rich_team()
    for data in (
        spec_json(team),
        json.loads(spec_json(team)),
        team.model_dump(mode="json"),
        team.model_dump_json(),
    ):
        loaded = load_spec(data)
        assert loaded == team
        assert hash(loaded) == hash(team)
        assert spec_json(loaded) == spec_json(team)


def test_loaded_fields_are_those_written() -> None:
    loaded = load_spec(spec_json(rich_team()))
    assert isinstance(loaded, RoundRobinGroupChat)
    writer, inner = loaded.participants
    assert isinstance(writer, AssistantAgent)
    assert isinstance(inner, RoundRobinGroupChat)
    assert isinstance(writer.model_client, ModelSpec)
    assert writer.model_client.info == ModelInfo(vision=False, family="gpt-4o")
    assert [tool.name for tool in writer.tools] == ["search", "file", "fetch"]
    assert writer.tools[1].options.side_effects
    assert [handoff.name for handoff in writer.resolved_handoffs] == ["transfer_to_critic", "ask"]
    assert writer.model_context == BufferedChatCompletionContext(5, [SystemMessage(content="Be brief.")])
    assert writer.system_message is None
    assert writer.output_schema is not None
    assert writer.output_schema["name"] == "Verdict"
    assert inner.max_turns == 2
    assert [part.name for part in walk(loaded)] == ["outer", "writer", "inner", "a", "b"]


@pytest.mark.parametrize("condition", CONDITIONS, ids=spec_json)
def test_condition_comes_back_equal(condition: TerminationCondition) -> None:
    loaded = TerminationCondition.from_json(json.loads(spec_json(condition)))
    assert type(loaded) is type(condition)
    assert loaded == condition


@pytest.mark.parametrize("context", CONTEXTS, ids=spec_json)
def test_context_comes_back_equal(context: ChatCompletionContext) -> None:
    loaded = ChatCompletionContext.from_json(json.loads(spec_json(context)))
    assert type(loaded) is type(context)
    assert loaded == context


def test_json_is_canonical_and_leaves_defaults_out() -> None:
    team = RoundRobinGroupChat([AssistantAgent("a", "m", tools=["t", Tool("u")])], max_turns=None)
    assert spec_json(team) == (
        '{"participants":[{"model_client":"m","name":"a","tools":["t","u"],"type":"AssistantAgent"}],'
        '"type":"RoundRobinGroupChat"}'
    )
    assert next(iter(team.model_dump(mode="json"))) == "type"
    assert ModelSpec("m").to_json() == {"name": "m"}
    assert ToolOptions().to_json() == {}
    assert Tool("t", ToolOptions(timeout=5)).to_json() == {"name": "t", "options": {"timeout": 5.0}}


def test_digest_of_a_known_spec_never_changes() -> None:
    # A chat keeps the digest of its spec for its whole life, over releases of this library.
    assert spec_digest(RoundRobinGroupChat([AssistantAgent("a", "m")])) == "071a523648546c53"
    assert spec_digest(AssistantAgent("a", "m")) != spec_digest(AssistantAgent("a", "n"))


def test_difference_makes_specs_unequal() -> None:
    assert MaxMessageTermination(3) != MaxMessageTermination(4)
    assert StopMessageTermination() != ExternalTermination()
    assert ToolOptions() != ModelInfo()
    assert len({MaxMessageTermination(3), MaxMessageTermination(3), MaxMessageTermination(4)}) == 2


def test_function_tool_equals_the_reference_it_becomes() -> None:
    assert FunctionTool(search) == Tool("search")
    assert hash(FunctionTool(search)) == hash(Tool("search"))
    assert FunctionTool(search) != Tool("other")


def test_specs_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        MaxMessageTermination(3).max_messages = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"type": "Chorus", "name": "x"},
            r"A Participant has the unknown type 'Chorus'; expected one of: .*RoundRobin",
        ),
        ({"name": "x"}, "A Participant has no 'type'; expected one of: AssistantAgent"),
        (
            {"type": "MaxMessageTermination", "max_messages": 1},
            "A Participant has the unknown type 'MaxMessage",
        ),
        ({"type": ["AssistantAgent"]}, "unknown type"),
        ("{oops", "Expected the JSON of an agent or a team, got '{oops'"),
        ("[1]", "Expected a Participant or its JSON object, got"),
        ({"type": "AssistantAgent", "name": "x", "model_client": "m", "mood": 1}, "mood"),
        ({"type": "AssistantAgent", "name": "x"}, "model_client"),
    ],
)
def test_json_of_nothing_known_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_spec(data)


def test_check_inside_nested_json_raises_its_own_text() -> None:
    agent = {"type": "AssistantAgent", "name": "not a name", "model_client": "m"}
    with pytest.raises(ValueError, match=r"^The agent name must be a valid Python identifier\.$") as caught:
        load_spec({"type": "RoundRobinGroupChat", "participants": [agent]})
    assert type(caught.value) is ValueError


def test_families_cannot_be_made_themselves() -> None:
    for family in (TerminationCondition, ChatCompletionContext, TeamSpec, AgentSpec, Participant):
        with pytest.raises(ValueError, match="type"):
            family()  # type: ignore[call-arg]


def test_new_kind_of_agent_needs_only_a_class() -> None:
    class Parrot(AgentSpec, frozen=True):
        """Repeats."""

        type: Literal["Parrot"] = "Parrot"
        words: int = 1

    team = RoundRobinGroupChat([Parrot(name="polly", description="Says it again.", words=3)])
    loaded = load_spec(spec_json(team))
    assert loaded == team
    assert isinstance(loaded, RoundRobinGroupChat)
    assert isinstance(loaded.participants[0], Parrot)
    assert Parrot.from_json({"name": "polly", "description": ""}).words == 1


def test_two_classes_cannot_share_a_type() -> None:
    with pytest.raises(TypeError, match="A spec of type 'AssistantAgent' exists already"):
        type(
            "AssistantAgent",
            (Spec,),
            {"__annotations__": {"type": "Literal['AssistantAgent']"}, "type": "AssistantAgent"},
        )
    with pytest.raises(TypeError, match="must be its class name, got 'Other'"):

        class Misnamed(Spec, frozen=True):
            """Says another name."""

            type: Literal["Other"] = "Other"


def test_fields_of_a_pydantic_model_may_be_families() -> None:
    class Holder(BaseModel):
        """A user's own model around a spec."""

        team: Participant
        condition: TerminationCondition | None = None

    holder = Holder(team=rich_team(), condition=MaxMessageTermination(2))
    again = Holder.model_validate_json(holder.model_dump_json())
    assert again == holder
    assert isinstance(again.team, RoundRobinGroupChat)
