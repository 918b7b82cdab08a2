"""Tools: what agents may do (AutoGen: `autogen_core.tools`, `autogen_agentchat.tools`).

A spec's JSON holds a tool's name and options only. `Tool` is such a reference; `FunctionTool` is one that
holds the function too, as worker processes need it. Each call is an activity under the tool's `ToolOptions`.
`AgentTool` and `TeamTool` hold the spec of who answers: their calls are scopes of the chat's own log.
"""

from .agent_tool import AgentTool, RunnerTool, TeamTool
from .context import CancellationToken, ToolArgumentsError, ToolContext
from .function import FunctionTool, as_tool, tool
from .named import Tool

__all__ = [
    "AgentTool",
    "CancellationToken",
    "FunctionTool",
    "RunnerTool",
    "TeamTool",
    "Tool",
    "ToolArgumentsError",
    "ToolContext",
    "as_tool",
    "tool",
]
