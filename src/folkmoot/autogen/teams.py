"""Component JSON of teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot import teams as ours
from folkmoot._spec import Frozen
from folkmoot.contexts import UnboundedChatCompletionContext
from folkmoot.teams.graph import EdgeFunction

from .conditions import TERMINATION
from .contexts import read_context, write_context
from .envelope import Config, Kind, Writer
from .models import MODEL, write_model

__all__ = ["TEAM", "TEAMS"]

TEAM = "team"

_TRANSITIONS = ("allowed_or_disallowed_speaker_transitions", "speaker_transitions_type")


def _shared(config: Config) -> dict[str, Any]:
    """What the configs of all teams have in common."""
    config.need("participants")
    return {
        "participants": config.parts("participants", "agent", TEAM),
        "termination_condition": config.part_or_none("termination_condition", TERMINATION),
        "max_turns": config.get("max_turns"),
        **config.given("name", "description"),
    }


def _write_shared(team: ours.TeamSpec, out: Writer) -> dict[str, Any]:
    out.lost_fields(team, "custom_message_types", "notify")
    if isinstance(team, ours.TransitionTeam):
        out.lost_fields(team, *_TRANSITIONS)
    return {
        "name": team.name,
        "description": team.description,
        "participants": [out.write(member, f"team {team.name!r}") for member in team.participants],
        "termination_condition": out.part_or_none(team.termination_condition, team, "the condition"),
        "max_turns": team.max_turns,
    }


def _read_round_robin(config: Config) -> Frozen:
    return ours.RoundRobinGroupChat(**_shared(config), **config.given("emit_team_events"))


def _read_swarm(config: Config) -> Frozen:
    return ours.Swarm(**_shared(config), **config.given("emit_team_events"))


def _write_plain(team: ours.TeamSpec, out: Writer) -> Mapping[str, Any]:
    return {**_write_shared(team, out), "emit_team_events": team.emit_team_events}


def _read_selector(config: Config) -> Frozen:
    return ours.SelectorGroupChat(
        **_shared(config),
        model_client=config.part("model_client", MODEL),
        selector_prompt=config.need("selector_prompt"),
        allow_repeated_speaker=config.need("allow_repeated_speaker"),
        model_context=read_context(config),
        **config.given("max_selector_attempts", "emit_team_events", "model_client_streaming"),
    )


def _write_selector(team: ours.SelectorGroupChat, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(
        team,
        "selector_func",
        "candidate_func",
        "speaker_selection_method",
        "seed",
        "send_introductions",
        "select_speaker_transforms",
    )
    if team.model_client is None:
        raise ValueError(f"SelectorGroupChat {team.name!r} cannot be dumped; AutoGen's needs a model_client.")
    return {
        **_write_plain(team, out),
        "model_client": write_model(team.model_client, team, out),
        "selector_prompt": team.selector_prompt,
        "allow_repeated_speaker": team.allow_repeated_speaker,
        "max_selector_attempts": team.max_selector_attempts,
        "model_client_streaming": team.model_client_streaming,
        # A selector that has none in AutoGen sees everything too.
        "model_context": None
        if team.model_context == UnboundedChatCompletionContext()
        else write_context(team.model_context, team.model_client, team, out),
    }


def _read_magentic(config: Config) -> Frozen:
    return ours.MagenticOneGroupChat(
        **_shared(config),
        model_client=config.part("model_client", MODEL),
        max_stalls=config.need("max_stalls"),
        final_answer_prompt=config.need("final_answer_prompt"),
        **config.given("emit_team_events"),
    )


def _write_magentic(team: ours.MagenticOneGroupChat, out: Writer) -> Mapping[str, Any]:
    return {
        **_write_plain(team, out),
        "model_client": write_model(team.model_client, team, out),
        "max_stalls": team.max_stalls,
        "final_answer_prompt": team.final_answer_prompt,
    }


def _read_graph_flow(config: Config) -> Frozen:
    config.need("graph")
    return ours.GraphFlow(**_shared(config), graph=ours.DiGraph.from_json(config.mapping("graph")))


def _write_graph_flow(team: ours.GraphFlow, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(team, "emit_team_events")
    graph: dict[str, Any] = {"nodes": {name: _write_node(team, node, out) for name, node in team.graph.nodes.items()}}
    if team.graph.default_start_node is not None:
        graph["default_start_node"] = team.graph.default_start_node
    return {**_write_shared(team, out), "graph": graph}


def _write_node(team: ours.GraphFlow, node: ours.DiGraphNode, out: Writer) -> dict[str, Any]:
    edges = [_write_edge(team, node, edge, out) for edge in node.edges]
    return {"name": node.name, "edges": edges, "activation": node.activation}


def _write_edge(team: ours.GraphFlow, node: ours.DiGraphNode, edge: ours.DiGraphEdge, out: Writer) -> dict[str, Any]:
    made: dict[str, Any] = {
        "target": edge.target,
        "activation_group": edge.activation_group,
        "activation_condition": edge.activation_condition,
    }
    if isinstance(edge.condition, EdgeFunction):
        out.lost(
            team,
            f"the condition function {edge.condition.function!r} of the edge from {node.name!r} to {edge.target!r}",
            "without it the edge is always taken",
        )
    elif edge.condition is not None:
        made["condition"] = edge.condition
    return made


TEAMS = tuple(
    Kind(
        provider=f"autogen_agentchat.teams.{spec.__name__}",
        component_type=TEAM,
        spec=spec,
        read=read,
        write=write,
    )
    for spec, read, write in (
        (ours.RoundRobinGroupChat, _read_round_robin, _write_plain),
        (ours.Swarm, _read_swarm, _write_plain),
        (ours.SelectorGroupChat, _read_selector, _write_selector),
        (ours.MagenticOneGroupChat, _read_magentic, _write_magentic),
        (ours.GraphFlow, _read_graph_flow, _write_graph_flow),
    )
)
