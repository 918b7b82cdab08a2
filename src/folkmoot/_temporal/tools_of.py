"""An agent's tools on a worker: what its model is told of them, and which one a call means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot.agents import AssistantAgent
from folkmoot.options import ToolOptions
from folkmoot.tools import FunctionTool, RunnerTool, Tool
from folkmoot.workbench import NamedWorkbench, StaticWorkbench, Workbench

from .registry import Registry

__all__ = ["find_tool", "options_of", "schemas_of"]


async def schemas_of(spec: AssistantAgent, registry: Registry) -> Sequence[Mapping[str, Any]]:
    """What the model is told: tools, then workbenches, then handoffs.

    Raises:
        UnknownNameError: Something is not registered on this worker.
        ValueError: Two tools have one name; a workbench's are known only now.
    """
    found = [_schema(tool, registry) for tool in spec.tools]
    for bench in spec.workbench:
        if isinstance(bench, StaticWorkbench):
            found += [bench.shown(_schema(tool, registry)) for tool in bench.tools]
        elif isinstance(bench, NamedWorkbench):
            found += await (await registry.workbench(bench.name)).list_tools()
    found += [handoff.tool_schema for handoff in spec.resolved_handoffs]
    known = [schema["name"] for schema in found]
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise ValueError(f"Agent {spec.name!r} has several tools of the same name: {', '.join(twice)}.")
    return found


def _schema(tool: Tool, registry: Registry) -> Mapping[str, Any]:
    return tool.schema if isinstance(tool, RunnerTool) else registry.tool(tool.name).schema


def _own(spec: AssistantAgent, name: str) -> Tool | None:
    """The tool of that name among those the spec lists itself."""
    found = next((tool for tool in spec.tools if tool.name == name), None)
    benches = (bench for bench in spec.workbench if isinstance(bench, StaticWorkbench))
    return found or next((tool for bench in benches if (tool := bench.find(name)) is not None), None)


def options_of(spec: AssistantAgent, name: str, registry: Registry) -> ToolOptions | None:
    """How a tool's calls are run: as the spec says, if it says anything, else as the tool was registered.

    A spec may come from anybody who may open a chat: the approval the tool was registered with holds whatever it says,
    and so do its secrets.
    """
    own = _own(spec, name)
    if own is None:
        benches = (bench for bench in spec.workbench if isinstance(bench, NamedWorkbench))
        return next((bench.tool_options[name] for bench in benches if name in bench.tool_options), None)
    if isinstance(own, RunnerTool):
        return None
    registered = registry.tools.get(own.name)
    if registered is None or own.options == registered.options:
        return own.options
    if own.options == ToolOptions():
        return registered.options
    held = registered.options
    secrets = tuple(dict.fromkeys((*held.secrets, *own.options.secrets)))
    return own.options.model_copy(update={"approval": held.approval or own.options.approval, "secrets": secrets})


async def find_tool(spec: AssistantAgent, name: str, registry: Registry) -> FunctionTool | Workbench | None:
    """What a call of `name` goes to: a function tool, or the live workbench that has it; None if there is none.

    Raises:
        UnknownNameError: It is not registered on this worker.
    """
    own = _own(spec, name)
    if own is not None:
        return None if isinstance(own, RunnerTool) else registry.tool(own.name)
    for bench in spec.workbench:
        if isinstance(bench, NamedWorkbench):
            live = await registry.workbench(bench.name)
            if any(tool["name"] == name for tool in await live.list_tools()):
                return live
    return None
