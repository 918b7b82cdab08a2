"""Component JSON of tools and workbenches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from folkmoot._spec import Frozen, carried
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
    if tool.options != ToolOptions():
        out.lost(tool, "'options'")
    if tool.schema["strict"]:
        out.lost(tool, "'strict'")
    return {
        "source_code": function_source(tool),
        "name": tool.name,
        "description": tool.schema["description"],
        "global_imports": [],
        "has_cancellation_support": False,
    }


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
        if reason := _reason_against(tool):
            out.lost(owner, f"tool {tool.name!r}", reason)
        else:
            made.append(out.write(tool, type(owner).__name__))
    return made


def _reason_against(tool: Tool) -> str:
    """Why a tool cannot be dumped; empty where it can."""
    if isinstance(tool, FunctionTool):
        try:
            function_source(tool)
        except ValueError as error:
            return str(error)
    return "AutoGen needs its function, here is only its name" if type(tool) is Tool else ""


# --- Workbenches -----------------------------------------------------------------------------------------------------


def _read_static(config: Config) -> Frozen:
    return StaticWorkbench(config.parts("tools", TOOL), _read_overrides(config))


def _read_overrides(config: Config) -> dict[str, ToolOverride]:
    return {name: ToolOverride.from_json(given) for name, given in config.mapping("tool_overrides").items()}


def _overrides(overrides: Mapping[str, ToolOverride]) -> dict[str, object]:
    return {name: override.to_json() for name, override in overrides.items()}


def _write_static(bench: StaticWorkbench, out: Writer) -> Mapping[str, Any]:
    return {"tools": _tools(bench.tools, bench, out), "tool_overrides": _overrides(bench.tool_overrides)}


def _read_mcp(config: Config) -> Frozen:
    from folkmoot.mcp import McpWorkbench, StdioServerParams, StreamableHttpServerParams

    config.need("server_params")
    given = config.mapping("server_params")
    kinds = {"StdioServerParams": StdioServerParams, "StreamableHttpServerParams": StreamableHttpServerParams}
    kind = kinds.get(str(given.get("type")))
    if kind is None:
        raise config.refuse(f"server_params of type {given.get('type')!r} are not known; expected one of {[*kinds]}.")
    if config.get("model_client") is not None:
        raise config.refuse("'model_client' has no counterpart; servers cannot ask a model here.")
    live = McpWorkbench(kind.model_validate(given), tool_overrides=_read_overrides(config))
    config.note(
        f"the server's parameters stay in this process; other workers need the workbench {live.name!r} registered."
    )
    return NamedWorkbench.of(live)


def _write_mcp(live: McpWorkbench, owner: object, out: Writer) -> Mapping[str, Any]:
    given = live.server_params.model_dump(mode="json", exclude_none=True)
    for name in ("env", "headers"):
        if given.pop(name, None):
            out.lost(owner, f"{name!r} of MCP server {live.name!r}", "it may hold credentials")
    overrides = live.tool_overrides
    return {"server_params": given, "tool_overrides": _overrides(overrides)}


_MCP = Kind(provider="autogen_ext.tools.mcp.McpWorkbench", component_type=WORKBENCH, read=_read_mcp)
_STREAM = Kind(provider="autogen_core.tools.StaticStreamWorkbench", component_type=WORKBENCH, read=_read_static)


def read_tools(config: Config) -> dict[str, Any]:
    """An agent's `tools` and `workbench`.

    AutoGen turns an agent's tools into a workbench of its own, and such a one becomes tools again here.
    """
    tools, benches = config.parts("tools", TOOL), config.parts("workbench", WORKBENCH)
    raw = config.get("workbench", [])
    if len(raw) == 1 and _is_own(raw[0], benches[0]) and not tools:
        return {"tools": benches[0].tools}
    return {"tools": tools, "workbench": benches}


def _is_own(raw: Mapping[str, Any], bench: WorkbenchSpec) -> bool:
    streams = str(raw["provider"]).endswith(f".{_STREAM.label}")
    return streams and isinstance(bench, StaticWorkbench) and not bench.tool_overrides


def write_tools(
    tools: Sequence[Tool], benches: Sequence[WorkbenchSpec], owner: object, out: Writer
) -> list[dict[str, Any]]:
    """The workbenches of an agent, its tools among them."""
    if not benches:
        return [out.envelope(_STREAM, {"tools": _tools(tools, owner, out), "tool_overrides": {}})]
    made: list[dict[str, Any]] = []
    for bench in benches:
        if isinstance(bench, StaticWorkbench):
            made.append(out.write(bench, type(owner).__name__))
        elif (live := _live_mcp(bench)) is not None:
            made.append(out.envelope(_MCP, _write_mcp(live, owner, out)))
        else:
            name = getattr(bench, "name", bench.type)
            out.lost(owner, f"workbench {name!r}", "AutoGen needs the workbench itself, here is only its name")
    return made


def _live_mcp(bench: WorkbenchSpec) -> McpWorkbench | None:
    live = next(iter(carried(bench).workbenches.values()), None)
    # By name: the module needs an extra, which somebody without such a workbench may not have.
    is_mcp = any(f"{base.__module__}.{base.__name__}" == "folkmoot.mcp.McpWorkbench" for base in type(live).__mro__)
    return cast("McpWorkbench", live) if is_mcp else None


TOOLS = (
    _MCP,
    _STREAM,
    Kind(
        provider="autogen_core.tools.StaticWorkbench",
        component_type=WORKBENCH,
        spec=StaticWorkbench,
        read=_read_static,
        write=_write_static,
    ),
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
