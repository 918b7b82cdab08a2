"""Component JSON against the real AutoGen: what it dumps becomes our spec and comes back as the same component."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat import agents, base, conditions, teams, tools
from autogen_core import ComponentLoader, memory, model_context
from autogen_core.models import SystemMessage, UserMessage
from autogen_core.tools import StaticWorkbench
from autogen_ext.code_executors.local import LocalCommandLineCodeExecutor
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pydantic import BaseModel, Field

import folkmoot.agents as our_agents
import folkmoot.conditions as our_conditions
import folkmoot.contexts as our_contexts
import folkmoot.memory as our_memory
import folkmoot.options as our_options
import folkmoot.teams as our_teams
import folkmoot.tools as our_tools
from folkmoot.autogen import dump_component, load_component
from folkmoot.executors import LocalCommandLineCodeExecutor as OurExecutor
from folkmoot.workbench import StaticWorkbench as OurWorkbench
from folkmoot.workbench import ToolOverride


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """AutoGen's clients need a key, its executors a folder; and it warns of agents that run code and tools with it."""
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No approval function", UserWarning)
        warnings.filterwarnings("ignore", "Using LocalCommandLineCodeExecutor", UserWarning)
        warnings.filterwarnings("ignore", "\n⚠️  SECURITY WARNING", UserWarning)
        yield


class Judgement(BaseModel):
    # No docstring: AutoGen drops a schema's own description when it loads one.
    guilty: bool
    reasons: list[str] = Field(description="Why.")


def model(name: str = "gpt-4o-mini", **options: Any) -> OpenAIChatCompletionClient:
    return OpenAIChatCompletionClient(model=name, **options)


def assistant(name: str = "writer", **options: Any) -> agents.AssistantAgent:
    return agents.AssistantAgent(name, model(), **options)


def pair(**options: Any) -> list[Any]:
    return [assistant("writer", handoffs=["critic"], **options), assistant("critic")]


def graph() -> teams.GraphFlow:
    members = [assistant(name) for name in ("a", "b", "c", "d")]
    a, b, c, d = members
    builder = teams.DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    builder.add_edge(a, b, condition="yes").add_edge(a, c, condition="no")
    builder.add_edge(b, d, activation_group="x", activation_condition="any")
    builder.add_edge(c, d, activation_group="x", activation_condition="any")
    builder.set_entry_point(a)
    return teams.GraphFlow(members, builder.build(), max_turns=9)


def conditions_of_all_kinds() -> list[Any]:
    return [
        conditions.MaxMessageTermination(3),
        conditions.MaxMessageTermination(3, include_agent_event=True),
        conditions.TextMentionTermination("DONE"),
        conditions.StopMessageTermination(),
        conditions.TextMessageTermination(),
        conditions.TextMessageTermination("writer"),
        conditions.HandoffTermination("user"),
        conditions.SourceMatchTermination(["writer", "critic"]),
        conditions.TokenUsageTermination(max_total_token=5, max_prompt_token=None),
        conditions.TokenUsageTermination(1, 2, 3),
        conditions.TimeoutTermination(2.5),
        conditions.ExternalTermination(),
        conditions.FunctionCallTermination("search"),
        conditions.StopMessageTermination()
        & (conditions.MaxMessageTermination(2) | conditions.HandoffTermination("user")),
    ]


def contexts_of_all_kinds() -> list[Any]:
    first = [SystemMessage(content="hear"), UserMessage(content="me", source="user")]
    return [
        model_context.UnboundedChatCompletionContext(),
        model_context.UnboundedChatCompletionContext(initial_messages=first),
        model_context.BufferedChatCompletionContext(3, initial_messages=first),
        model_context.HeadAndTailChatCompletionContext(1, 2),
    ]


INFO: Any = {
    "vision": True,
    "function_calling": True,
    "json_output": False,
    "structured_output": True,
    "family": "r1",
    "multiple_system_messages": True,
}


def models_of_all_kinds() -> list[Any]:
    return [
        model(),
        model("mistral", base_url="http://localhost:1/v1", model_info=INFO, timeout=7.5, max_retries=2),
        model("other", model_info={key: value for key, value in INFO.items() if key != "multiple_system_messages"}),
        model(temperature=0.2, seed=7, stop=["a", "b"], max_tokens=9, logit_bias={"1": 2}, user="me", top_p=0.5),
        model(parallel_tool_calls=False, reasoning_effort="low"),
    ]


def agents_of_all_kinds() -> list[Any]:
    remembered = memory.ListMemory("notes", [memory.MemoryContent(content="x", mime_type="text/plain")])
    inner = teams.RoundRobinGroupChat(pair(), max_turns=2)
    executor = LocalCommandLineCodeExecutor(timeout=7, work_dir="code")
    per_source = [agents.PerSourceFilter(source="user", position="last", count=1), agents.PerSourceFilter(source="x")]
    return [
        assistant(),
        assistant(
            handoffs=["critic", base.Handoff(target="user", message="Over to you", name="ask", description="Asks.")],
            model_context=model_context.BufferedChatCompletionContext(5),
            memory=[remembered],
            description="Writes.",
            system_message=None,
            model_client_stream=True,
            reflect_on_tool_use=True,
            max_tool_iterations=4,
            tool_call_summary_format="{tool_name}: {result}",
            metadata={"team": "red"},
        ),
        assistant(output_content_type=Judgement, output_content_type_format="{guilty}"),
        assistant(model_context=model_context.TokenLimitedChatCompletionContext(model(), token_limit=100)),
        assistant(tools=[tools.AgentTool(assistant("helper"), return_value_as_last_message=True)]),
        assistant(tools=[tools.TeamTool(inner, "panel", "Discusses.")]),
        assistant(workbench=StaticWorkbench([tools.AgentTool(assistant("helper"))])),
        assistant(workbench=[StaticWorkbench([]), StaticWorkbench([])]),
        agents.CodeExecutorAgent("runner", executor),
        agents.CodeExecutorAgent(
            "coder",
            executor,
            model_client=model(),
            description="Codes.",
            system_message="Write code.",
            sources=["writer"],
            supported_languages=["python"],
            model_client_stream=True,
        ),
        agents.SocietyOfMindAgent("mind", inner, model()),
        agents.SocietyOfMindAgent("mind", inner, model(), instruction="So:", response_prompt="Now:", description="We."),
        agents.UserProxyAgent("user_proxy", description="The boss"),
        agents.MessageFilterAgent("ear", assistant(), agents.MessageFilterConfig(per_source=per_source)),
    ]


def teams_of_all_kinds() -> list[Any]:
    stop = conditions.MaxMessageTermination(9)
    inner = teams.Swarm(pair(), name="inner", description="Inside.")
    return [
        teams.RoundRobinGroupChat(pair()),
        teams.RoundRobinGroupChat(
            [inner, assistant("third")],
            name="outer",
            description="All.",
            termination_condition=stop,
            max_turns=3,
            emit_team_events=True,
        ),
        teams.SelectorGroupChat(pair(), model()),
        teams.SelectorGroupChat(
            pair(),
            model(),
            selector_prompt="{roles} {participants} {history}",
            allow_repeated_speaker=True,
            max_selector_attempts=5,
            emit_team_events=True,
            model_client_streaming=True,
            model_context=model_context.BufferedChatCompletionContext(5),
            termination_condition=stop,
        ),
        teams.Swarm(pair(), termination_condition=stop, emit_team_events=True),
        teams.MagenticOneGroupChat(pair(), model()),
        teams.MagenticOneGroupChat(
            pair(), model(), max_turns=None, max_stalls=1, final_answer_prompt="Answer {task}", emit_team_events=True
        ),
        graph(),
    ]


def dumped(component: Any) -> dict[str, Any]:
    return component.dump_component().model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize(
    "make",
    [
        conditions_of_all_kinds,
        contexts_of_all_kinds,
        models_of_all_kinds,
        agents_of_all_kinds,
        teams_of_all_kinds,
        lambda: [memory.ListMemory("notes", [memory.MemoryContent(content={"a": 1}, mime_type="application/json")])],
        lambda: [LocalCommandLineCodeExecutor(work_dir="code")],
        lambda: [StaticWorkbench([])],
    ],
)
def test_what_autogen_dumps_comes_back_as_the_same_component(make: Any) -> None:
    for component in make():
        first = dumped(component)
        spec = load_component(component.dump_component())
        ours = dump_component(spec)
        again = ComponentLoader.load_component(ours, expected=type(component))
        assert dumped(again) == first
        assert load_component(ours) == spec


@our_tools.tool
def add(a: int, b: int = 1) -> str:
    """Add two numbers."""
    return str(a + b)


def our_specs() -> list[Any]:
    model = our_options.ModelSpec("m", base_url="http://localhost:1/v1", max_attempts=3, info=our_options.ModelInfo())
    writer = our_agents.AssistantAgent(
        "writer",
        model,
        tools=[our_tools.AgentTool(our_agents.AssistantAgent("helper", "gpt-4o"))],
        handoffs=["critic"],
        output_content_type=Judgement,
        memory=[our_memory.ListMemory("notes", [our_memory.MemoryContent(content="x", mime_type="text/plain")])],
        model_context=our_contexts.TokenLimitedChatCompletionContext(50),
    )
    writer_tool = our_tools.AgentTool(writer)
    critic = our_agents.AssistantAgent(
        "critic", "gpt-4o-mini", workbench=OurWorkbench([writer_tool], {"writer": ToolOverride("ask", "Asks.")})
    )
    person = our_agents.UserProxyAgent("person")
    heard = our_agents.MessageFilterConfig(per_source=[our_agents.PerSourceFilter(source="user")])
    limits = our_conditions.TokenUsageTermination(max_prompt_token=3) | our_conditions.TextMentionTermination("X")
    builder = our_teams.DiGraphBuilder()
    builder.add_node(writer).add_node(person).add_edge(writer, person)
    inner = our_teams.RoundRobinGroupChat([writer, person], termination_condition=limits)
    coder = our_agents.CodeExecutorAgent("coder", OurExecutor(timeout=5, work_dir="code"), approval_func=None)
    return [
        inner,
        our_teams.SelectorGroupChat([writer, critic, inner], "gpt-4o-mini"),
        our_teams.Swarm([writer, person], max_turns=3),
        our_teams.MagenticOneGroupChat([writer, coder], model, max_turns=None),
        our_teams.GraphFlow([writer, person], builder.build()),
        our_agents.SocietyOfMindAgent("mind", inner, model),
        our_agents.MessageFilterAgent("ear", person, heard),
        limits & our_conditions.ExternalTermination(),
    ]


def test_autogen_loads_what_we_dump() -> None:
    for spec in our_specs():
        ours = dump_component(spec)
        component: Any = ComponentLoader.load_component(ours, expected=object)
        assert type(component).__name__ == type(spec).__name__
        # What it says of itself is what we say of it, but for what AutoGen fills in or rewrites.
        assert _bare(dumped(component)) == _bare(ours)


def _bare(component: Any) -> Any:
    """Without explanations, and without what AutoGen makes of a schema."""
    if isinstance(component, list):
        return [_bare(item) for item in component]
    if not isinstance(component, dict):
        return component
    outside = "provider" in component and "config" in component
    drop = {"description"} if outside else {"json_schema", "functions_module", "cleanup_temp_files", "work_dir"}
    return {key: _bare(value) for key, value in component.items() if key not in drop and value is not None}


async def test_a_dumped_tool_does_there_what_it_does_here() -> None:
    agent = our_agents.AssistantAgent("writer", "gpt-4o-mini", tools=[add])
    component: Any = ComponentLoader.load_component(dump_component(agent), expected=agents.AssistantAgent)
    (bench,) = component._workbench
    (schema,) = await bench.list_tools()
    assert schema["name"] == "add"
    assert schema["description"] == add.description
    assert schema["parameters"]["required"] == add.schema["parameters"]["required"]
    assert (await bench.call_tool("add", {"a": 4})).to_text() == "5"
