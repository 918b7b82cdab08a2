"""Component JSON of agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from folkmoot import agents as ours
from folkmoot._function_schema import strict_schema
from folkmoot._spec import Frozen

from .contexts import EXECUTOR, MEMORY, read_context, write_context
from .envelope import Config, Kind, Writer
from .models import MODEL, write_model
from .tools import read_tools, write_tools

__all__ = ["AGENT", "AGENTS"]

AGENT = "agent"
_OUTPUT = "structured_message"


class _Output(NamedTuple):
    """The type of an agent's answers."""

    schema: Mapping[str, Any]
    format: str | None


# --- AssistantAgent --------------------------------------------------------------------------------------------------


def _read_assistant(config: Config) -> Frozen:
    output: _Output | None = config.part_or_none("structured_message_factory", _OUTPUT)
    return ours.AssistantAgent(
        config.need("name"),
        config.part("model_client", MODEL),
        **read_tools(config),
        handoffs=[item if isinstance(item, str) else ours.Handoff.from_json(item) for item in config.items("handoffs")],
        model_context=read_context(config),
        memory=config.parts("memory", MEMORY),
        description=config.need("description"),
        system_message=config.get("system_message"),
        reflect_on_tool_use=config.need("reflect_on_tool_use"),
        tool_call_summary_format=config.need("tool_call_summary_format"),
        output_content_type=None if output is None else output.schema,
        output_content_type_format=None if output is None else output.format,
        **config.given("model_client_stream", "max_tool_iterations", "metadata"),
    )


def _write_assistant(agent: ours.AssistantAgent, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(agent, "tool_call_summary_formatter", "transforms")
    return {
        "name": agent.name,
        "model_client": write_model(agent.model_client, agent, out),
        "workbench": write_tools(agent.tools, agent.workbench, agent, out),
        "handoffs": _full(agent) or None,
        "model_context": write_context(agent.model_context, agent.model_client, agent, out),
        "memory": out.parts(agent.memory, agent, "memory") or None,
        "description": agent.description,
        "system_message": agent.system_message,
        "model_client_stream": agent.model_client_stream,
        "reflect_on_tool_use": agent.reflects,
        "tool_call_summary_format": agent.tool_call_summary_format,
        "max_tool_iterations": agent.max_tool_iterations,
        "metadata": dict(agent.metadata),
        "structured_message_factory": _write_output(agent, out),
    }


def _full(agent: ours.AssistantAgent) -> list[dict[str, str]]:
    """Its handoffs with all their fields, also those made of the target."""
    return [
        {field: getattr(handoff, field) for field in ("target", "description", "name", "message")}
        for handoff in agent.resolved_handoffs
    ]


def _read_output(config: Config) -> _Output:
    schema = {"name": config.need("content_model_name"), "schema": strict_schema(config.need("json_schema"))}
    return _Output(schema, config.get("format_string"))


def _write_output(agent: ours.AssistantAgent, out: Writer) -> dict[str, Any] | None:
    if agent.output_schema is None:
        if agent.output_content_type_format is not None:
            out.lost(agent, "'output_content_type_format'", "AutoGen has it only with an output type")
        return None
    config = {
        "json_schema": agent.output_schema["schema"],
        "content_model_name": agent.output_schema["name"],
        "format_string": agent.output_content_type_format,
    }
    return out.envelope(_FACTORY, config)


_FACTORY = Kind(
    provider="autogen_agentchat.messages.StructuredMessageFactory", component_type=_OUTPUT, read=_read_output
)


# --- The others ------------------------------------------------------------------------------------------------------


def _read_code(config: Config) -> Frozen:
    model = config.part_or_none("model_client", MODEL)
    return ours.CodeExecutorAgent(
        config.need("name"),
        config.part("code_executor", EXECUTOR),
        model_client=model,
        model_context=read_context(config),
        system_message=config.get("system_message"),
        **config.given("description", "sources", "model_client_stream", "supported_languages"),
    )


def _write_code(agent: ours.CodeExecutorAgent, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(agent, "max_retries_on_error", "approval_func")
    return {
        "name": agent.name,
        "code_executor": out.write(agent.code_executor, type(agent).__name__),
        "model_client": None if agent.model_client is None else write_model(agent.model_client, agent, out),
        "description": agent.description,
        "sources": None if agent.sources is None else list(agent.sources),
        "system_message": agent.system_message,
        "model_client_stream": agent.model_client_stream,
        "model_context": write_context(agent.model_context, agent.model_client, agent, out),
        "supported_languages": list(agent.supported_languages),
    }


def _read_society(config: Config) -> Frozen:
    texts = config.given("description", "instruction", "response_prompt")
    return ours.SocietyOfMindAgent(
        config.need("name"),
        config.part("team", "team"),
        config.part("model_client", MODEL),
        model_context=read_context(config),
        # An empty text means the default's (AutoGen).
        **{name: text for name, text in texts.items() if text},
    )


def _write_society(agent: ours.SocietyOfMindAgent, out: Writer) -> Mapping[str, Any]:
    for name in ("description", "instruction", "response_prompt"):
        if not getattr(agent, name):
            out.lost(agent, f"the empty {name!r}", "AutoGen takes its default for it")
    return {
        "name": agent.name,
        "team": out.write(agent.team, f"agent {agent.name!r}"),
        "model_client": write_model(agent.model_client, agent, out),
        "description": agent.description,
        "instruction": agent.instruction,
        "response_prompt": agent.response_prompt,
        "model_context": write_context(agent.model_context, agent.model_client, agent, out),
    }


def _read_user(config: Config) -> Frozen:
    if config.get("input_func") is not None:
        config.note("'input_func' is left out, as AutoGen does; the chat waits for a person to answer.")
    return ours.UserProxyAgent(config.need("name"), **config.given("description"))


def _write_user(agent: ours.UserProxyAgent, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(agent, "input_func")
    return {"name": agent.name, "description": agent.description}


def _read_filter(config: Config) -> Frozen:
    config.need("filter")
    heard = ours.MessageFilterConfig.from_json(config.mapping("filter"))
    wrapped = config.part("wrapped_agent", AGENT)
    return ours.MessageFilterAgent(config.need("name"), wrapped, heard)


def _write_filter(agent: ours.MessageFilterAgent, out: Writer) -> Mapping[str, Any]:
    if agent.description != ours.MessageFilterAgent(agent.name, agent.wrapped_agent, agent.filter).description:
        out.lost(agent, "'description'", "AutoGen makes it of the wrapped agent's")
    return {
        "name": agent.name,
        "wrapped_agent": out.write(agent.wrapped_agent, f"agent {agent.name!r}"),
        "filter": {"per_source": [rule.to_json() for rule in agent.filter.per_source]},
    }


AGENTS = (
    Kind(
        provider="autogen_agentchat.agents.AssistantAgent",
        component_type=AGENT,
        version=2,
        spec=ours.AssistantAgent,
        read=_read_assistant,
        write=_write_assistant,
    ),
    Kind(
        provider="autogen_agentchat.agents.CodeExecutorAgent",
        component_type=AGENT,
        spec=ours.CodeExecutorAgent,
        read=_read_code,
        write=_write_code,
    ),
    Kind(
        provider="autogen_agentchat.agents.SocietyOfMindAgent",
        component_type=AGENT,
        spec=ours.SocietyOfMindAgent,
        read=_read_society,
        write=_write_society,
    ),
    Kind(
        provider="autogen_agentchat.agents.UserProxyAgent",
        component_type=AGENT,
        spec=ours.UserProxyAgent,
        read=_read_user,
        write=_write_user,
    ),
    Kind(
        provider="autogen_agentchat.agents.MessageFilterAgent",
        component_type=AGENT,
        spec=ours.MessageFilterAgent,
        read=_read_filter,
        write=_write_filter,
    ),
    _FACTORY,
)
