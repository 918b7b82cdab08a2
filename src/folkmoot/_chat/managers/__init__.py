"""Who speaks next, one class per kind of team. A further kind is a further class here; the engine does not change."""

from folkmoot._chat.plan import Node
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm

from .base import Manager
from .graph import Graph
from .magentic import Magentic
from .round_robin import RoundRobin
from .selector import Selector
from .swarm import Handoffs

__all__ = ["Manager", "manager_of"]

_ROUND_ROBIN = RoundRobin()
_MANAGERS: dict[type, Manager] = {
    GraphFlow: Graph(),
    MagenticOneGroupChat: Magentic(),
    RoundRobinGroupChat: _ROUND_ROBIN,
    SelectorGroupChat: Selector(),
    Swarm: Handoffs(),
}


def manager_of(node: Node) -> Manager:
    """How a node's team chooses; a single agent that is run for itself is a team of one that takes one turn a run."""
    return _MANAGERS.get(type(node.team), _ROUND_ROBIN)
