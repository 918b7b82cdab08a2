"""The teams a chat may become one of while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from folkmoot._chat.specs import Team, json_of, team_of
from folkmoot._spec import to_json
from folkmoot.agents import CustomAgent, UserProxyAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm, TeamSpec
from folkmoot.tools import Tool
from tests.unit.chat.driver import agent
from tests.unit.chat.team_stories import GRAPHS, NAMES
from tests.unit.chat.time.casts import CASTS

__all__ = ["family"]


@cache
def family(name: str) -> Sequence[Team]:
    """A cast, and what can become of it: participants come, go and are replaced, options and the kind change."""
    return tuple(_family(CASTS[name]))


def _family(first: Team) -> Iterator[Team]:
    yield first
    if not isinstance(first, TeamSpec):
        yield agent(first.name, tools=[Tool("look")])
        yield CustomAgent(first.name)
        yield RoundRobinGroupChat([first, agent("new")], max_turns=3)
        return
    members = list(first.participants)
    added: list[Any] = [agent("new", tools=[Tool("look")]), CustomAgent("new"), UserProxyAgent("new")]
    replaced = [agent(members[0].name), CustomAgent(members[0].name), UserProxyAgent(members[-1].name)]
    for changed in (
        *([*members, one] for one in added),
        *([member for member in members if member is not gone] for gone in members),
        *([one if member.name == one.name else member for member in members] for one in replaced),
        members[::-1],
    ):
        try:
            yield team_of({**json_of(first), "participants": [to_json(member) for member in changed]})
        except ValueError:
            continue  # Edges of a graph and handoffs name participants.
    yield first.model_copy(update={"termination_condition": MaxMessageTermination(5)})
    if first.participant_names == list(NAMES):
        yield from (kind(members) for kind in _KINDS)


_KINDS: Sequence[Callable[[Any], Team]] = (
    lambda members: RoundRobinGroupChat(members, max_turns=6),
    lambda members: SelectorGroupChat(members, "scripted", max_turns=6),
    lambda members: Swarm(members, max_turns=6),
    lambda members: MagenticOneGroupChat(members, "scripted", max_turns=6),
    lambda members: GraphFlow(members, GRAPHS[0]),
    lambda members: GraphFlow(members, GRAPHS[2], max_turns=6),
)
