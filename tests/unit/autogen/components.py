"""Component JSON for tests, as AutoGen dumps it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from folkmoot.agents import AssistantAgent
from folkmoot.autogen import load_component

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
