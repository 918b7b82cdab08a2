"""Component JSON: what a worker has to supply is warned of, and no key or secret gets anywhere. Needs no AutoGen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from folkmoot.agents import UserProxyAgent
from folkmoot.autogen import dump_component, load_component
from folkmoot.contexts import TokenLimitedChatCompletionContext
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.options import ModelInfo, ModelSpec
from folkmoot.tools import Tool
from folkmoot.workbench import NamedWorkbench, StaticWorkbench, ToolOverride
from tests.unit.autogen.components import assistant, client, component, function_tool, quietly, team


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
