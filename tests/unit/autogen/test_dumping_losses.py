"""Component JSON: what AutoGen has no place for is an error or a warning; nothing is dropped in silence."""

from __future__ import annotations

import json
import re
import warnings
from functools import partial
from typing import Any

import pytest

from folkmoot.agents import (
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    MessageFilterAgent,
    MessageFilterConfig,
    PerSourceFilter,
    SocietyOfMindAgent,
    UserProxyAgent,
)
from folkmoot.autogen import dump_component
from folkmoot.conditions import (
    FunctionalTermination,
    MaxMessageTermination,
    OrTerminationCondition,
    TextMentionTermination,
)
from folkmoot.contexts import BufferedChatCompletionContext, TokenLimitedChatCompletionContext
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.memory import NamedMemory
from folkmoot.options import ModelInfo, ModelSpec, ToolOptions
from folkmoot.teams import (
    DiGraph,
    DiGraphEdge,
    DiGraphNode,
    EdgeFunction,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
)
from folkmoot.tools import FunctionTool, Tool
from folkmoot.transforms import MessageHistoryLimiter
from folkmoot.workbench import StaticWorkbench
from tests.unit.autogen.components import CRITIC, WRITER, component, condition, quietly


def edge_function() -> GraphFlow:
    edge = DiGraphEdge("critic", EdgeFunction("is_good"))
    return GraphFlow(
        [WRITER, CRITIC], DiGraph({"writer": DiGraphNode("writer", [edge]), "critic": DiGraphNode("critic")})
    )


def code_agent(**options: Any) -> CodeExecutorAgent:
    return CodeExecutorAgent("coder", LocalCommandLineCodeExecutor(), **{"approval_func": "ask", **options})


LOST: list[tuple[Any, str]] = [
    (TextMentionTermination("X", sources=["a"]), "TextMentionTermination: 'sources' cannot be dumped"),
    (RoundRobinGroupChat([WRITER], custom_message_types=["Poem"]), "'custom_message_types' cannot be dumped"),
    (
        RoundRobinGroupChat(
            [WRITER, CRITIC],
            allowed_or_disallowed_speaker_transitions={"writer": ["critic"], "critic": ["writer"]},
            speaker_transitions_type="allowed",
        ),
        "RoundRobinGroupChat 'RoundRobinGroupChat': 'allowed_or_disallowed_speaker_transitions'",
    ),
    (
        RoundRobinGroupChat([WRITER], termination_condition=FunctionalTermination("is_over")),
        "the condition FunctionalTermination 'is_over' cannot be dumped; AutoGen has no component for it",
    ),
    (
        RoundRobinGroupChat(
            [WRITER], termination_condition=FunctionalTermination("is_over") | MaxMessageTermination(3)
        ),
        "OrTerminationCondition: the condition FunctionalTermination",
    ),
    (SelectorGroupChat([WRITER, CRITIC], "m", selector_func="pick"), "'selector_func' cannot be dumped"),
    (SelectorGroupChat([WRITER, CRITIC], "m", candidate_func="pick"), "'candidate_func' cannot be dumped"),
    (SelectorGroupChat([WRITER, CRITIC], "m", speaker_selection_method="random", seed=3), "'speaker_selection_method'"),
    (SelectorGroupChat([WRITER, CRITIC], "m", seed=3), "'seed' cannot be dumped"),
    (SelectorGroupChat([WRITER, CRITIC], "m", send_introductions=True), "'send_introductions' cannot be dumped"),
    (
        SelectorGroupChat([WRITER, CRITIC], "m", select_speaker_transforms=[MessageHistoryLimiter(3)]),
        "'select_speaker_transforms' cannot be dumped",
    ),
    (edge_function(), "the condition function 'is_good' of the edge from 'writer' to 'critic' cannot be dumped"),
    (GraphFlow([WRITER], DiGraph({"writer": DiGraphNode("writer")}), emit_team_events=True), "'emit_team_events'"),
    (
        AssistantAgent("a", "m", tools=["search"]),
        "AssistantAgent 'a': tool 'search' cannot be dumped; AutoGen needs its",
    ),
    (
        AssistantAgent("a", "m", tools=[FunctionTool(partial(dump_component, WRITER), "Dumps.", "dump")]),
        "AssistantAgent 'a': tool 'dump' cannot be dumped; AutoGen needs a plain function",
    ),
    (AssistantAgent("a", "m", workbench="bench"), "workbench 'bench' cannot be dumped"),
    (
        AssistantAgent("a", "m", workbench=StaticWorkbench(["search"])),
        "StaticWorkbench: tool 'search' cannot be dumped",
    ),
    (
        AssistantAgent("a", "m", memory=["notes"]),
        "memory NamedMemory 'notes' cannot be dumped; AutoGen has no component",
    ),
    (AssistantAgent("a", "m", transforms=[MessageHistoryLimiter(3)]), "'transforms' cannot be dumped"),
    (AssistantAgent("a", "m", tool_call_summary_formatter="words"), "'tool_call_summary_formatter' cannot be dumped"),
    (AssistantAgent("a", "m", output_content_type_format="{x}"), "'output_content_type_format' cannot be dumped"),
    (UserProxyAgent("u", input_func="ask"), "UserProxyAgent 'u': 'input_func' cannot be dumped"),
    (code_agent(), "'approval_func' cannot be dumped"),
    (code_agent(model_client="m", max_retries_on_error=2), "'max_retries_on_error' cannot be dumped"),
    (LocalCommandLineCodeExecutor(output_limit=5), "LocalCommandLineCodeExecutor: 'output_limit' cannot be dumped"),
    (LocalCommandLineCodeExecutor(environment=["LANG"]), "'environment' cannot be dumped"),
    (ModelSpec("m", options={"verbosity": "low"}), r"ModelSpec 'm': options \['verbosity'\] cannot be dumped"),
    (ModelSpec("m", info=ModelInfo(context_window=9)), "'info.context_window' cannot be dumped"),
    (SocietyOfMindAgent("s", RoundRobinGroupChat([WRITER]), "m", instruction=""), "the empty 'instruction'"),
]


@pytest.mark.parametrize(("spec", "says"), LOST)
def test_what_autogen_has_no_place_for_is_an_error_or_a_warning(spec: Any, says: str) -> None:
    with pytest.raises(ValueError, match=f"{says}.*Use lossy=True to leave it out"):
        dump_component(spec)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dumped = dump_component(spec, lossy=True)
    assert any(re.search(f"{says}.*It is left out", str(warning.message)) for warning in caught)
    assert {warning.filename for warning in caught} == {__file__}
    left = json.dumps(dumped)
    assert not any(word in left for word in ("is_over", "is_good", "pick", "random", "verbosity", "search", "notes"))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (CustomAgent("mine"), "AutoGen has no component for CustomAgent"),
        (
            RoundRobinGroupChat([CustomAgent("mine")]),
            "no component for CustomAgent 'mine' in team 'RoundRobinGroupChat'",
        ),
        (FunctionalTermination("f"), "AutoGen has no component for FunctionalTermination"),
        (TokenLimitedChatCompletionContext(5), "cannot be dumped by itself, AutoGen's needs a model to count with"),
        (Tool("search"), "AutoGen has no component for Tool"),
        (NamedMemory("notes"), "AutoGen has no component for NamedMemory"),
        (
            SelectorGroupChat([WRITER, CRITIC], speaker_selection_method="random"),
            "SelectorGroupChat 'SelectorGroupChat' cannot be dumped; AutoGen's needs a model_client",
        ),
        (OrTerminationCondition(FunctionalTermination("f")), "AutoGen knows none of its conditions"),
    ],
)
def test_what_autogen_cannot_do_without_is_an_error_even_then(spec: Any, says: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=says):
            dump_component(spec, lossy=True)


def test_a_condition_without_limits_names_them_all() -> None:
    """AutoGen's own dump leaves out the ones that are None, and its own load then misses them."""
    config = dump_component(quietly(condition("TokenUsageTermination", max_total_token=5)))["config"]
    assert config == {"max_total_token": 5, "max_prompt_token": None, "max_completion_token": None}


def test_a_filter_that_is_described_otherwise_loses_that() -> None:
    heard = MessageFilterConfig(per_source=[PerSourceFilter(source="user", position="first", count=2)])
    spec = MessageFilterAgent("ear", WRITER, heard)
    assert dump_component(spec)["config"]["filter"] == {
        "per_source": [{"source": "user", "position": "first", "count": 2}]
    }
    other = MessageFilterAgent.from_json({**spec.model_dump(), "description": "Listens."})
    with pytest.raises(ValueError, match="'description' cannot be dumped; AutoGen makes it of the wrapped agent's"):
        dump_component(other)


def test_options_of_a_tool_are_lost() -> None:
    def search(text: str) -> str:
        return text

    tool = FunctionTool(search, "Searches.", options=ToolOptions(timeout=3))
    with pytest.raises(ValueError, match="FunctionTool 'search': 'options' cannot be dumped"):
        dump_component(AssistantAgent("a", "m", tools=[tool]))


def test_a_context_is_dumped_with_its_messages() -> None:
    spec = quietly(
        component(
            "autogen_core.model_context.BufferedChatCompletionContext",
            {"buffer_size": 3, "initial_messages": [{"type": "UserMessage", "content": "hi", "source": "user"}]},
        )
    )
    assert isinstance(spec, BufferedChatCompletionContext)
    assert quietly(dump_component(spec)) == spec
