"""Tool calls that old messages end with: who can run them, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot._chat.plan import Seat
from folkmoot._chat.roles.assistant import handoff_of
from folkmoot.agents import AssistantAgent
from folkmoot.options import ToolOptions
from folkmoot.tools import RunnerTool, Tool
from folkmoot.workbench import NamedWorkbench, StaticWorkbench

__all__ = ["policies_of", "taker_of"]

Calls = Sequence[Mapping[str, Any]]


def taker_of(caller: Seat | None, seats: Sequence[Seat], calls: Calls, warnings: list[str]) -> Seat:
    """Who runs the calls: whoever asked for them, else the one participant who can (AutoGen 0.2: func_call_filter).

    What a workbench that lives on a worker has is not known here; if nobody else has a tool, whoever asked for it is
    trusted to have it there.

    Args:
        caller: Who asked; None: somebody outside.
        seats: All who might.
        calls: The calls.
        warnings: What is not certain is added here.

    Raises:
        ValueError: Nobody can run them all, or several can.
    """
    names = [str(call["name"]) for call in calls]
    if caller is not None and all(has_tool(caller, name) for name in names):
        return caller
    able = [seat for seat in seats if seat is not caller and all(has_tool(seat, name) for name in names)]
    if len(able) == 1:
        return able[0]
    if not able and caller is not None and (benches := _live(caller)):
        warnings.append(
            f"The pending calls of {', '.join(names)} are left to {caller.path!r}: what its workbenches "
            f"{', '.join(benches)} have is known on the worker only."
        )
        return caller
    asked = "a user" if caller is None else repr(caller.path)
    who = f"{', '.join(seat.path for seat in able)} can" if able else "no participant can"
    known = "; ".join(f"{seat.path}: {', '.join(tool_names(seat)) or 'none'}" for seat in seats)
    raise ValueError(
        f"The messages end with calls of {', '.join(names)} by {asked}, and {who} run them all, where exactly one "
        f"must. Tools are known of {known}."
    )


def has_tool(seat: Seat, name: str) -> bool:
    """Whether an agent certainly has a tool, or a handoff, of that name."""
    agent = seat.agent
    if not isinstance(agent, AssistantAgent):
        return False
    named = (bench for bench in agent.workbench if isinstance(bench, NamedWorkbench))
    return (
        handoff_of(agent, name) is not None
        or _own(agent, name) is not None
        or any(name in bench.tool_options for bench in named)
    )


def tool_names(seat: Seat) -> list[str]:
    """The tools and handoffs that an agent is known to have, and workbenches of which that is not known."""
    agent = seat.agent
    if not isinstance(agent, AssistantAgent):
        return []
    static = [bench for bench in agent.workbench if isinstance(bench, StaticWorkbench)]
    tools = [tool.name for holder in (agent, *static) for tool in holder.tools]
    handoffs = [handoff.name for handoff in agent.resolved_handoffs]
    return [*tools, *handoffs, *(f"whatever workbench {name} has" for name in _live(seat))]


def policies_of(seat: Seat, calls: Calls) -> dict[str, Any]:
    """How the calls are to be made, by place, as far as the spec says it differs from the defaults.

    Options with which a tool is only registered are the worker's; they hold for calls of its own models.
    """
    agent, found = seat.agent, dict[str, Any]()
    if not isinstance(agent, AssistantAgent):
        return found
    for index, call in enumerate(calls):
        options = _options(agent, call["name"])
        if options is not None and (differs := options.model_dump(exclude_defaults=True)):
            found[str(index)] = differs
    return found


def _own(agent: AssistantAgent, name: str) -> Tool | None:
    found = next((tool for tool in agent.tools if tool.name == name), None)
    benches = (bench for bench in agent.workbench if isinstance(bench, StaticWorkbench))
    return found or next((tool for bench in benches if (tool := bench.find(name)) is not None), None)


def _options(agent: AssistantAgent, name: str) -> ToolOptions | None:
    if (own := _own(agent, name)) is not None:
        return None if isinstance(own, RunnerTool) else own.options
    benches = (bench for bench in agent.workbench if isinstance(bench, NamedWorkbench))
    return next((bench.tool_options[name] for bench in benches if name in bench.tool_options), None)


def _live(seat: Seat) -> list[str]:
    """The workbenches of an agent that live on a worker."""
    agent = seat.agent
    if not isinstance(agent, AssistantAgent):
        return []
    return [bench.name for bench in agent.workbench if isinstance(bench, NamedWorkbench)]
