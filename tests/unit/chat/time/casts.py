"""Teams of every kind, for whoever wants to go back in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot.agents import AgentSpec, CustomAgent, SocietyOfMindAgent, UserProxyAgent
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination, TextMentionTermination
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.options import ToolOptions
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm, TeamSpec
from folkmoot.tools import AgentTool, TeamTool, Tool
from tests.unit.chat.driver import agent
from tests.unit.chat.team_stories import GRAPHS, TABLE, members
from tests.unit.chat.test_nested_any_order import KINDS, coder, rounds

__all__ = ["CASTS"]

DONE = TextMentionTermination("DONE") | MaxMessageTermination(12, include_agent_event=True)
TRANSITIONS: dict[str, Any] = {
    "allowed_or_disallowed_speaker_transitions": TABLE,
    "speaker_transitions_type": "allowed",
}


def _selector(person: bool = False, **options: Any) -> SelectorGroupChat:
    return SelectorGroupChat(members(person), "scripted", **{"termination_condition": DONE, **options})


def _magentic(*more: Any, **options: Any) -> MagenticOneGroupChat:
    return MagenticOneGroupChat(
        [*members(), *more], "scripted", max_stalls=2, termination_condition=MaxMessageTermination(14), **options
    )


def _talkers() -> RoundRobinGroupChat:
    """Assistants of every kind, a functional condition, events of the team."""
    tools = [Tool("look"), Tool("count")]
    return RoundRobinGroupChat(
        [
            agent("a", tools=tools, max_tool_iterations=3),
            agent("b", tools=tools, reflect_on_tool_use=True, max_tool_iterations=2),
            agent("c", tools=tools, tool_call_summary_formatter="words"),
            agent("d", handoffs=["a", "b"], tools=tools),
        ],
        termination_condition=DONE | FunctionalTermination("enough"),
        emit_team_events=True,
        max_turns=7,
    )


def _others() -> RoundRobinGroupChat:
    """Custom agents, code with approval, a person who is asked by a function."""
    code = coder("code", model_client="scripted", approval_func="permit", max_retries_on_error=2)
    return RoundRobinGroupChat(
        [CustomAgent("own"), code, UserProxyAgent("asked", input_func="ask"), coder("run")],
        termination_condition=MaxMessageTermination(9),
    )


def _graph_of_teams() -> GraphFlow:
    """Two societies of mind at the same time, one of them with a person in it, then one who uses an agent as a tool."""
    inner = rounds("three", agent("x", tools=[Tool("look")]), UserProxyAgent("p"), max_turns=3)
    left = SocietyOfMindAgent("b", inner, "scripted")
    right = SocietyOfMindAgent(
        "c", rounds("two", agent("y"), agent("z", tools=[Tool("look")]), max_turns=2), "scripted"
    )
    helper = AgentTool(agent("helper", tools=[Tool("look")], max_tool_iterations=2))
    end = agent("d", tools=[helper, Tool("look")], max_tool_iterations=2)
    return GraphFlow([agent("a"), left, right, end], GRAPHS[0], termination_condition=MaxMessageTermination(40))


def _view(**options: Any) -> SummarizedChatCompletionContext:
    """A context that is condensed every few messages, the long ones alone and in pieces."""
    return SummarizedChatCompletionContext("scripted", **{"token_limit": 160, "keep_last": 2, **options})


def _booking(name: str) -> Tool:
    """A tool with side effects that another one undoes."""
    return Tool(name, ToolOptions(side_effects=True, compensate=f"un{name}"))


def _condensed() -> RoundRobinGroupChat:
    tools = [Tool("look"), _booking("book")]
    return RoundRobinGroupChat(
        [
            agent("a", tools=tools, max_tool_iterations=3, model_context=_view()),
            agent("b", tools=tools, reflect_on_tool_use=True, model_context=_view(each=True, message_tokens=20)),
            coder("code", model_client="scripted", max_retries_on_error=1, model_context=_view(keep_last=1)),
            agent("plain", tools=tools, handoffs=["a"]),
        ],
        termination_condition=DONE | FunctionalTermination("enough"),
    )


def _condensed_inside() -> RoundRobinGroupChat:
    """In a team that is a tool, in one that is a participant and in a society of mind."""
    view = _view(token_limit=100)
    helper = AgentTool(agent("helper", tools=[_booking("book")], max_tool_iterations=2, model_context=view))
    inner = rounds("inner", agent("x", model_context=view), agent("y"), max_turns=2)
    mind = SocietyOfMindAgent(
        "mind", rounds("two", agent("z", model_context=view), agent("w"), max_turns=5), "scripted"
    )
    first = agent("a", tools=[helper, Tool("look")], max_tool_iterations=3, model_context=view)
    return rounds("outer", first, inner, mind, termination_condition=MaxMessageTermination(12))


def _booked() -> RoundRobinGroupChat:
    """Tools with side effects of several agents, one of them in a team that is a tool."""
    crew = rounds("crew", agent("x", tools=[_booking("book"), Tool("look")]), UserProxyAgent("p"), max_turns=2)
    first = agent("a", tools=[_booking("book"), _booking("pay")], max_tool_iterations=3)
    second = agent("b", tools=[TeamTool(crew, "crew", "Ask them."), _booking("pay")], reflect_on_tool_use=True)
    return RoundRobinGroupChat([first, second, CustomAgent("own")], termination_condition=MaxMessageTermination(8))


CASTS: Mapping[str, TeamSpec | AgentSpec] = {
    "single": agent("a", tools=[Tool("look"), Tool("count")], max_tool_iterations=3),
    "talkers": _talkers(),
    "others": _others(),
    "selector": _selector(),
    "selector_functions": _selector(selector_func="pick", max_turns=5),
    "selector_candidates": _selector(candidate_func="narrow", max_turns=5),
    "selector_random": _selector(speaker_selection_method="random", seed=5),
    "selector_in_order": _selector(speaker_selection_method="round_robin", **TRANSITIONS),
    "selector_manual": _selector(person=True, speaker_selection_method="manual"),
    "selector_transitions": _selector(**TRANSITIONS),
    "swarm": Swarm(members(person=True), termination_condition=DONE, emit_team_events=True),
    **{f"graph_{n}": GraphFlow(members(), graph, termination_condition=DONE) for n, graph in enumerate(GRAPHS)},
    "graph_person": GraphFlow(members(person=True), GRAPHS[0], termination_condition=DONE),
    "graph_of_teams": _graph_of_teams(),
    "condensed": _condensed(),
    "condensed_inside": _condensed_inside(),
    "condensed_selector": _selector(model_context=_view(), max_turns=9),
    "condensed_candidates": _selector(model_context=_view(each=True, message_tokens=20), candidate_func="narrow"),
    "booked": _booked(),
    "magentic": _magentic(),
    "magentic_custom": _magentic(CustomAgent("own")),
    "nested_magentic": rounds("outer", _magentic(), agent("e"), max_turns=3),
    "nested_selector": rounds("outer", _selector(max_turns=3), agent("e"), max_turns=5),
    **{f"nested_{name}": team for name, team in KINDS.items()},
}
"""By name."""
