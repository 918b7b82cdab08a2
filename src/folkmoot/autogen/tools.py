"""Component JSON of tools and workbenches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._spec import Frozen
from folkmoot.options import ToolOptions
from folkmoot.tools import AgentTool, FunctionTool, TeamTool, Tool
from folkmoot.workbench import NamedWorkbench, StaticWorkbench, ToolOverride, WorkbenchSpec

from .envelope import Config, Kind, Writer
from .source import function_source

if TYPE_CHECKING:
    from folkmoot.mcp import McpWorkbench

__all__ = ["TOOL", "TOOLS", "read_tools", "write_tools"]

TOOL = "tool"
WORKBENCH = "workbench"

_HTTP = ("url", "timeout", "sse_read_timeout", "terminate_on_close")
_STDIO = ("command", "args", "cwd", "encoding", "encoding_error_handler", "read_timeout_seconds")


# --- Tools -----------------------------------------------------------------------------------------------------------


def _read_function(config: Config) -> Frozen:
    name = config.need("name")
    config.given("source_code", "description", "global_imports", "has_cancellation_support")
    config.note(
        f"the source of function {name!r} is left out, chats hold no code; "
        f"register the tool {name!r} on the worker (tools=[...])."
    )
    return Tool(name)


def _write_function(tool: FunctionTool, out: Writer) -> Mapping[str, Any]:
    _lost_options(tool, out)
    return {
        "source_code": function_source(tool),
        "name": tool.name,
        "description": tool.schema["description"],
        "global_imports": [],
        "has_cancellation_support": False,
    }


def _write_tool(tool: Tool, _out: Writer) -> Mapping[str, Any]:
    raise ValueError(f"Tool {tool.name!r} cannot be dumped; AutoGen needs its function, here is only its name.")


def _lost_options(tool: Tool, out: Writer) -> None:
    if tool.options != ToolOptions():
        out.lost(tool, "'options'")


def _read_agent_tool(config: Config) -> Frozen:
    return AgentTool(config.part("agent", "agent"), config.get("return_value_as_last_message", False))


def _write_agent_tool(tool: AgentTool, out: Writer) -> Mapping[str, Any]:
    agent = out.write(tool.agent, f"tool {tool.name!r}")
    return {"agent": agent, "return_value_as_last_message": tool.return_value_as_last_message}


def _read_team_tool(config: Config) -> Frozen:
    return TeamTool(
        config.part("team", "team"),
        config.need("name"),
        config.need("description"),
        config.get("return_value_as_last_message", False),
    )


def _write_team_tool(tool: TeamTool, out: Writer) -> Mapping[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "team": out.write(tool.team, f"tool {tool.name!r}"),
        "return_value_as_last_message": tool.return_value_as_last_message,
    }


def _tools(tools: Sequence[Tool], owner: object, out: Writer) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for tool in tools:
        if type(tool) is Tool:
            out.lost(owner, f"tool {tool.name!r}", "AutoGen needs its function, here is only its name")
            continue
        if isinstance(tool, FunctionTool):
            try:
                function_source(tool)
            except ValueError as error:
                out.lost(owner, f"tool {tool.name!r}", str(error))
                continue
        made.append(out.write(tool, type(owner).__name__))
    return made


# --- Workbenches -----------------------------------------------------------------------------------------------------


def _read_static(config: Config) -> Frozen:
    overrides = {
        name: ToolOverride.from_json({key: value for key, value in override.items() if value is not None})
        for name, override in config.get("tool_overrides", {}).items()
    }
    return StaticWorkbench(config.parts("tools", TOOL), overrides)


def _write_static(bench: StaticWorkbench, out: Writer) -> Mapping[str, Any]:
    overrides = {name: override.to_json() for name, override in bench.tool_overrides.items()}
    return {"tools": _tools(bench.tools, bench, out), "tool_overrides": overrides}


def _read_mcp(config: Config) -> Frozen:
    from folkmoot.mcp import McpWorkbench, StdioServerParams, StreamableHttpServerParams

    given: dict[str, Any] = dict(config.need("server_params"))
    kinds = {"StdioServerParams": StdioServerParams, "StreamableHttpServerParams": StreamableHttpServerParams}
    kind = kinds.get(str(given.get("type")))
    if kind is None:
        raise config.refuse(f"server_params of type {given.get('type')!r} are not known; expected one of {[*kinds]}.")
    if config.get("model_client") is not None:
        raise config.refuse("'model_client' has no counterpart; servers cannot ask a model here.")
    params = kind.model_validate({name: value for name, value in given.items() if value is not None})
    overrides = {name: ToolOverride.from_json(value) for name, value in config.get("tool_overrides", {}).items()}
    live = McpWorkbench(params, tool_overrides=overrides)
    config.note(
        f"the server's parameters stay in this process; other workers need the workbench {live.name!r} registered."
    )
    return NamedWorkbench.of(live)


def _write_mcp(live: McpWorkbench, owner: object, out: Writer) -> dict[str, Any]:
    params = live.server_params
    given = params.model_dump(mode="json", exclude_none=True)
    for name in ("env", "headers"):
        if given.pop(name, None):
            out.lost(owner, f"{name!r} of MCP server {live.name!r}", "it may hold credentials")
    return {"server_params": given, "tool_overrides": {}}


TOOLS = (
    Kind(
        provider="autogen_core.tools.FunctionTool",
        component_type=TOOL,
        spec=FunctionTool,
        read=_read_function,
        write=_write_function,
    ),
    Kind(
        provider="autogen_agentchat.tools.AgentTool",
        component_type=TOOL,
        spec=AgentTool,
        read=_read_agent_tool,
        write=_write_agent_tool,
    ),
    Kind(
        provider="autogen_agentchat.tools.TeamTool",
        component_type=TOOL,
        spec=TeamTool,
        read=_read_team_tool,
        write=_write_team_tool,
    ),
)
