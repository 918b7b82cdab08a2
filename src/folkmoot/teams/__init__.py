"""Teams (AutoGen: `autogen_agentchat.teams`): who speaks after whom."""

from .base import TeamSpec
from .graph import DiGraph, DiGraphEdge, DiGraphNode, EdgeFunction, GraphFlow
from .graph_builder import DiGraphBuilder
from .magentic import MagenticOneGroupChat
from .round_robin import RoundRobinGroupChat
from .selector import SelectorGroupChat
from .swarm import Swarm
from .transitions import TransitionTeam, allowed_next

__all__ = [
    "DiGraph",
    "DiGraphBuilder",
    "DiGraphEdge",
    "DiGraphNode",
    "EdgeFunction",
    "GraphFlow",
    "MagenticOneGroupChat",
    "RoundRobinGroupChat",
    "SelectorGroupChat",
    "Swarm",
    "TeamSpec",
    "TransitionTeam",
    "allowed_next",
]
