"""Component JSON: what is refused, what is warned of, and that nothing is dropped in silence. Needs no AutoGen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from folkmoot.agents import (
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    Handoff,
    MessageFilterAgent,
    MessageFilterConfig,
    PerSourceFilter,
    SocietyOfMindAgent,
    UserProxyAgent,
)
from folkmoot.autogen import dump_component, load_component
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
from folkmoot.workbench import NamedWorkbench, StaticWorkbench, ToolOverride

WRITER = AssistantAgent("writer", "gpt-4o-mini")
CRITIC = AssistantAgent("critic", "gpt-4o-mini")


def component(provider: str, config: Mapping[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"provider": provider, "config": dict(config), **envelope}


def condition(name: str, **config: Any) -> dict[str, Any]:
    return component(f"autogen_agentchat.conditions.{name}", config)


def client(**config: Any) -> dict[str, Any]:
    return component("OpenAIChatCompletionClient", {"model": "gpt-4o-mini", **config})


def assistant(**config: Any) -> dict[str, Any]:
    told = {
        "name": "writer",
        "model_client": client(),
        "description": "Writes.",
        "reflect_on_tool_use": False,
        "tool_call_summary_format": "{result}",
    }
    return component("autogen_agentchat.agents.AssistantAgent", told | config, component_version=2)


def team(**config: Any) -> dict[str, Any]:
    return component("autogen_agentchat.teams.RoundRobinGroupChat", {"participants": [assistant()]} | config)


def function_tool(name: str = "search") -> dict[str, Any]:
    return component(
        "autogen_core.tools.FunctionTool",
        {
            "name": name,
            "description": "Searches.",
            "source_code": "def search(): ...",
            "global_imports": [],
            "has_cancellation_support": False,
        },
    )


def quietly(data: object) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_component(data)


# --- Loading ---------------------------------------------------------------------------------------------------------


def test_text_and_mapping_are_the_same() -> None:
    assert quietly(json.dumps(team(max_turns=3))) == quietly(team(max_turns=3))


def test_what_is_absent_is_what_autogen_takes_for_it() -> None:
    loaded = quietly(team(name=None))
    (agent,) = loaded.participants
    assert agent.system_message is None, "AutoGen's constructor has a default, its component has not"
    assert (loaded.name, loaded.max_turns, agent.model_client) == (
        "RoundRobinGroupChat",
        None,
        ModelSpec("gpt-4o-mini"),
    )


@pytest.mark.parametrize(
    "provider",
    [
        "autogen_agentchat.conditions.MaxMessageTermination",
        "autogen_agentchat.conditions._terminations.MaxMessageTermination",
    ],
)
def test_a_class_is_known_wherever_its_library_has_it(provider: str) -> None:
    assert quietly(component(provider, {"max_messages": 2})) == MaxMessageTermination(2)


@pytest.mark.parametrize("alias", ["openai_chat_completion_client", "OpenAIChatCompletionClient"])
def test_short_names_of_autogen_are_known(alias: str) -> None:
    assert quietly(component(alias, {"model": "m"})) == ModelSpec("m")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("{", "Expected the JSON of a component, got '{'"),
        (3, "The component must be a component's JSON object, got 3"),
        ({"config": {}}, "The component has no 'provider'"),
        ({"provider": "x.Y"}, r"The component \(x.Y\) has no 'config' object, got None"),
        (component("x.Y", {}), r"unknown provider 'x.Y'; expected one of: autogen_agentchat.agents.AssistantAgent, "),
        (component("OllamaChatCompletionClient", {}), "unknown provider 'OllamaChatCompletionClient'"),
        (condition("FunctionalTermination"), "unknown provider 'autogen_agentchat.conditions.FunctionalTermination'"),
        (condition("MaxMessageTermination"), "The config of MaxMessageTermination lacks the field 'max_messages'"),
        (team(participants=[assistant(name=None)]), r"of AssistantAgent at participants\[0\] lacks the field 'name'"),
        (team(participants="all"), "participants must be a list, got 'all'"),
        (team(participants=[7]), r"participants\[0\] must be a component's JSON object, got 7"),
        (assistant(tools=["x"]), r"tools\[0\] must be a component's JSON object, got 'x'"),
        (assistant(model_client=client(add_name_prefixes=True)), "AssistantAgent|give the agent transforms="),
        (client(include_name_in_message=False), "names of speakers are always sent"),
        (client(model_info={"vison": True}), r"'model_info' has unknown fields \['vison'\]"),
        (client(base_url="http://u:secret@host/v1"), "looks like a credential"),
    ],
)
def test_what_cannot_be_loaded_is_refused(data: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        load_component(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            team(termination_condition=client()),
            "Expected type does not match: termination_condition must be of component_type termination, got model with",
        ),
        (team(participants=[client()]), r"participants\[0\] must be of component_type agent or team, got model"),
        ({**client(), "component_type": "agent"}, "The component must be of component_type model, got agent"),
    ],
)
def test_a_component_of_another_type_is_refused(data: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says) as caught:
        load_component(data)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("version", [1, 3])
def test_a_component_of_another_version_is_refused(version: int) -> None:
    says = rf"participants\[0\] \(autogen_agentchat.agents.AssistantAgent\) is on version {version}; only version 2"
    with pytest.raises(NotImplementedError, match=says) as caught:
        load_component(team(participants=[{**assistant(), "component_version": version}]))
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("data", "says", "spec"),
    [
        (
            client(api_key="sk-1"),
            "OpenAIChatCompletionClient: 'api_key' is left out, chats hold no credentials; set OPENAI_API_KEY",
            ModelSpec("gpt-4o-mini"),
        ),
        (
            client(api_key="**********", base_url="http://here/v1"),
            r"register a model on the worker \(models={'gpt-4o-mini': ...}\)",
            ModelSpec("gpt-4o-mini", base_url="http://here/v1"),
        ),
        (
            client(organization="us"),
            "'organization' is left out, it belongs to the connection",
            ModelSpec("gpt-4o-mini"),
        ),
        (client(colour="red"), "the field 'colour' means nothing to AutoGen 0.7.5", ModelSpec("gpt-4o-mini")),
        (
            component(
                "azure_openai_chat_completion_client",
                {
                    "model": "gpt-4o",
                    "azure_endpoint": "https://e.openai.azure.com/",
                    "azure_deployment": "mine",
                    "api_version": "2024-06-01",
                },
            ),
            "'api_version' is left out",
            ModelSpec("mine", base_url="https://e.openai.azure.com/openai/v1"),
        ),
        (function_tool(), r"register the tool 'search' on the worker \(tools=\[...\]\)", Tool("search")),
        (
            component("autogen_agentchat.agents.UserProxyAgent", {"name": "u", "input_func": "ask"}),
            "'input_func' is left out",
            UserProxyAgent("u"),
        ),
        (
            component("autogen_ext.code_executors.local.LocalCommandLineCodeExecutor", {"work_dir": "/tmp/x"}),
            "'work_dir' '/tmp/x' is left out",
            LocalCommandLineCodeExecutor(),
        ),
        (
            component("autogen_ext.code_executors.local.LocalCommandLineCodeExecutor", {"cleanup_temp_files": False}),
            "'cleanup_temp_files' is left out",
            LocalCommandLineCodeExecutor(),
        ),
    ],
)
def test_what_the_worker_is_to_supply_is_warned_of(data: Any, says: str, spec: Any) -> None:
    with pytest.warns(UserWarning, match=says) as caught:
        assert load_component(data) == spec
    assert [warning.filename for warning in caught] == [__file__]


def test_no_key_gets_into_a_spec() -> None:
    with pytest.warns(UserWarning, match="'api_key' is left out"):
        loaded = load_component(team(participants=[assistant(model_client=client(api_key="sk-very-secret"))]))
    assert "secret" not in json.dumps(loaded.to_json())


@pytest.mark.parametrize(
    ("said", "info"),
    [
        (
            {"vision": True, "function_calling": True, "json_output": True, "family": "r1"},
            ModelInfo(family="r1", structured_output=False, multiple_system_messages=False),
        ),
        (
            {
                "vision": False,
                "function_calling": True,
                "json_output": True,
                "family": "r1",
                "structured_output": True,
                "multiple_system_messages": True,
            },
            ModelInfo(family="r1", vision=False),
        ),
    ],
)
def test_abilities_that_are_not_told_are_missing(said: Any, info: ModelInfo) -> None:
    assert quietly(client(model_info=said)).info == info


def test_attempts_are_one_more_than_retries() -> None:
    spec = quietly(client(max_retries=2))
    assert spec.max_attempts == 3
    assert dump_component(spec)["config"]["max_retries"] == 2


def test_json_mode_crosses_both_ways() -> None:
    spec = quietly(client(response_format={"type": "json_object", "json_schema": None}))
    assert spec.options == {"response_format": {"type": "json_object"}}
    assert dump_component(spec)["config"]["response_format"] == {"type": "json_object", "json_schema": None}


def test_an_agents_own_workbench_becomes_its_tools_again() -> None:
    own = component("autogen_core.tools.StaticStreamWorkbench", {"tools": [function_tool()], "tool_overrides": {}})
    with pytest.warns(UserWarning, match="register the tool 'search'"):
        assert load_component(assistant(workbench=[own])).tools == (Tool("search"),)
    other = component("autogen_core.tools.StaticWorkbench", {"tools": [], "tool_overrides": {"x": {"name": "y"}}})
    bench = StaticWorkbench([], {"x": ToolOverride("y")})
    assert quietly(assistant(workbench=[other])).workbench == (bench,)


def test_a_token_limit_that_counts_with_another_model_is_warned_of() -> None:
    def limited(model: str) -> dict[str, Any]:
        config = {"model_client": client(model=model), "token_limit": 5}
        return assistant(
            model_context=component("autogen_core.model_context.TokenLimitedChatCompletionContext", config)
        )

    assert quietly(limited("gpt-4o-mini")).model_context == TokenLimitedChatCompletionContext(5)
    with pytest.warns(UserWarning, match="counted for the agent's own model"):
        load_component(limited("other"))


def test_handoffs_may_be_names() -> None:
    given = [{"target": "b", "name": "go"}, "c"]
    assert quietly(assistant(handoffs=given)).handoffs == (Handoff("b", name="go"), "c")


def test_an_output_type_is_no_component_by_itself() -> None:
    factory = component(
        "autogen_agentchat.messages.StructuredMessageFactory", {"json_schema": {}, "content_model_name": "X"}
    )
    with pytest.raises(ValueError, match="no component by itself"):
        load_component(factory)


# --- MCP servers -----------------------------------------------------------------------------------------------------


def mcp_bench(params: Mapping[str, Any], **config: Any) -> dict[str, Any]:
    return component("autogen_ext.tools.mcp.McpWorkbench", {"server_params": params, **config})


STDIO = {"type": "StdioServerParams", "command": "server", "args": ["-x"], "read_timeout_seconds": 7.0}


def test_an_mcp_server_is_carried_under_its_name() -> None:
    pytest.importorskip("mcp")
    with pytest.warns(UserWarning, match="other workers need the workbench 'server-[0-9a-f]+' registered"):
        agent = load_component(assistant(workbench=[mcp_bench(STDIO, tool_overrides={"a": {"name": "b"}})]))
    (bench,) = agent.workbench
    assert isinstance(bench, NamedWorkbench)
    (dumped,) = dump_component(agent)["config"]["workbench"]
    assert dumped["config"]["server_params"] | STDIO == dumped["config"]["server_params"]
    assert dumped["config"]["tool_overrides"] == {"a": {"name": "b"}}


def test_an_mcp_servers_environment_is_not_dumped() -> None:
    pytest.importorskip("mcp")
    with pytest.warns(UserWarning, match="registered"):
        agent = load_component(assistant(workbench=[mcp_bench({**STDIO, "env": {"TOKEN": "secret"}})]))
    assert "secret" not in json.dumps(agent.to_json())
    with pytest.raises(ValueError, match=r"'env' of MCP server 'server-[0-9a-f]+' cannot be dumped; it may hold cred"):
        dump_component(agent)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            mcp_bench({"type": "SseServerParams", "url": "http://x"}),
            "server_params of type 'SseServerParams' are not known",
        ),
        (mcp_bench(STDIO, model_client=client()), "'model_client' has no counterpart"),
    ],
)
def test_mcp_servers_that_are_refused(data: Any, says: str) -> None:
    pytest.importorskip("mcp")
    with pytest.raises(ValueError, match=says):
        load_component(data)


# --- Dumping ---------------------------------------------------------------------------------------------------------


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


def test_no_autogen_is_needed() -> None:
    code = (
        "import sys; sys.modules.update(autogen_agentchat=None, autogen_core=None, autogen_ext=None)\n"
        "from folkmoot.autogen import *\n"
        f"data = {team(max_turns=3)!r}\n"
        "assert load_component(dump_component(load_component(data))) == load_component(data)\n"
        "assert not is_autogen_agent(load_component(data))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
