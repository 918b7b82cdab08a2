"""A state that is made of the same old messages again is known again; one made of others is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from folkmoot._client.old_messages import resumed
from folkmoot._client.opening import mark_of
from folkmoot.agents import SocietyOfMindAgent
from folkmoot.conditions import MaxMessageTermination, TimeoutTermination
from folkmoot.teams import (
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from tests.unit.chat.driver import agent
from tests.unit.chat.old.stage import by, calls, chat


def _graph() -> GraphFlow:
    a, b = agent("a", tools=["look"]), agent("b")
    return GraphFlow([a, b], DiGraphBuilder().add_node(a).add_node(b).add_edge(a, b).build())


TEAMS: dict[str, Callable[[], TeamSpec]] = {
    "round robin": lambda: RoundRobinGroupChat(
        [agent("a", tools=["look"]), agent("b")],
        termination_condition=TimeoutTermination(60) | MaxMessageTermination(5),
    ),
    "selector": lambda: SelectorGroupChat([agent("a", tools=["look"]), agent("b")], "scripted"),
    "swarm": lambda: Swarm([agent("a", tools=["look"], handoffs=["b"]), agent("b")]),
    "graph": _graph,
    "magentic": lambda: MagenticOneGroupChat([agent("a", tools=["look"]), agent("b")], "scripted"),
    "inner team": lambda: RoundRobinGroupChat(
        [agent("b"), RoundRobinGroupChat([agent("a", tools=["look"])], name="one")]
    ),
    "society": lambda: RoundRobinGroupChat(
        [agent("b"), SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("a", tools=["look"])]), "scripted")]
    ),
}
MESSAGES: dict[str, list[Any]] = {
    "said": [by("user", "go"), by("a", "1")],
    "said, with ids": [chat("user", "go"), chat("a", "1")],
    "calls under way": [by("user", "go"), calls("a", "look")],
}


async def mark(team: TeamSpec, messages: Sequence[Any]) -> str:
    return mark_of((await resumed(team, messages)).state)


@pytest.mark.parametrize("messages", MESSAGES)
@pytest.mark.parametrize("team", TEAMS)
async def test_the_same_messages(team: str, messages: str) -> None:
    made, given = TEAMS[team], MESSAGES[messages]
    first = await mark(made(), given)
    assert await mark(made(), given) == first
    assert await mark(made(), [by("user", "stop"), *given[1:]]) != first
    assert await mark(made(), [*given, by("user", "more")]) != first


def test_what_is_left_out() -> None:
    message = {"id": "1", "created_at": "2025-05-01T10:00:00Z", "content": "go"}
    call = {"id": "c1", "name": "look"}
    state = {"messages": [message], "calls": [call], "progress": {"since": "2025"}}
    for same in ({**state, "messages": [{**message, "id": "2"}]}, {**state, "progress": {"since": "2026"}}):
        assert mark_of(same) == mark_of(state)
    for other in ({**state, "calls": [{**call, "id": "c2"}]}, {**state, "messages": [{**message, "content": "stop"}]}):
        assert mark_of(other) != mark_of(state)
