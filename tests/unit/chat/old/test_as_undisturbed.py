"""A chat resumed from its messages goes on as the chat that said them would have."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from folkmoot.agents import SocietyOfMindAgent, UserProxyAgent
from folkmoot.messages import from_log
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SelectorGroupChat, Swarm, TeamSpec
from folkmoot.tools import Tool
from tests.unit.chat.driver import UUID, Driver, Json, agent, asks, said
from tests.unit.chat.old.stage import going_on, old

TURNS = range(1, 8)


def round_robin(turns: int) -> TeamSpec:
    members = [
        agent("a", tools=[Tool("look")]),
        agent("b", tools=[Tool("look")], reflect_on_tool_use=True),
        agent("c", tools=[Tool("look")], max_tool_iterations=2),
    ]
    return RoundRobinGroupChat(members, max_turns=turns)


def held_to_an_order(turns: int) -> TeamSpec:
    table = {"a": ["b"], "b": ["c"], "c": ["b", "a"]}
    return SelectorGroupChat(
        [agent("a"), agent("b"), agent("c")],
        max_turns=turns,
        speaker_selection_method="random",
        seed=7,
        allowed_or_disallowed_speaker_transitions=table,
        speaker_transitions_type="allowed",
    )


def swarm(turns: int) -> TeamSpec:
    members = [agent("a", handoffs=["b"]), agent("b", handoffs=["c"]), agent("c", handoffs=["a"])]
    return Swarm(members, max_turns=turns)


def diamond(turns: int) -> TeamSpec:
    builder = DiGraphBuilder()
    a, b, c, d = (agent(name) for name in "abcd")
    for member in (a, b, c, d):
        builder.add_node(member)
    builder.add_edge(a, b).add_edge(a, c).add_edge(b, d).add_edge(c, d)
    return GraphFlow([a, b, c, d], builder.build(), max_turns=turns)


def nested(turns: int) -> TeamSpec:
    inner = RoundRobinGroupChat([agent("x", tools=[Tool("look")]), agent("y")], name="pair", max_turns=2)
    return RoundRobinGroupChat([agent("a"), inner], max_turns=turns)


def society(turns: int) -> TeamSpec:
    inner = RoundRobinGroupChat([agent("x")], max_turns=1)
    return RoundRobinGroupChat([agent("a"), SocietyOfMindAgent("mind", inner, "scripted")], max_turns=turns)


def with_a_person(turns: int) -> TeamSpec:
    return RoundRobinGroupChat([agent("a"), UserProxyAgent("user")], max_turns=turns)


def play(driver: Driver, style: str) -> None:
    """Answer everything until the run is over; agents with tools or handoffs use them every other time."""
    number = 0
    while driver.chat.state.running:
        number += 1
        for request in list(driver.chat.state.requests):
            driver.tell("answer", request=request, content=f"person {number}")
        if not driver.calls:
            continue
        call = driver.calls[0]
        if call.kind == "tool":
            driver.finish(call, {"content": f"found {number}"})
        elif style and number % 2 and not call.reflect and driver.speaking[-1] != "pair/y":
            target = chr((ord(call.path) - ord("a") + 1) % 3 + ord("a")) if style == "over" else ""
            driver.finish(call, asks(f"transfer_to_{target}" if target else "look", thought=f"hm {number}"))
        else:
            driver.finish(call, said(f"said {number}"))


TEAMS: dict[str, tuple[Callable[[int], TeamSpec], str]] = {
    "round robin": (round_robin, "look"),
    "transitions": (held_to_an_order, ""),
    "swarm": (swarm, "over"),
    "graph": (diamond, ""),
    "nested": (nested, ""),
    "society": (society, ""),
    "person": (with_a_person, ""),
}


def whole(driver: Driver) -> dict[str, list[Json]]:
    """All contexts. A thought that there is none may be left out of a message that came from outside."""
    return {
        path: [{key: value for key, value in item.items() if value is not None} for item in driver.view(path)]
        for path in driver.chat.plan.seats
    }


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("form", ["json", "objects"])
@pytest.mark.parametrize("name", TEAMS)
def test_as_undisturbed(name: str, turns: int, form: str) -> None:
    make, style = TEAMS[name]
    spec = make(turns)
    live = Driver(spec)
    live.tell("run", task=[{"type": "TextMessage", "source": "user", "content": "go"}])
    play(live, style)
    messages = live.messages()
    resumed = old(spec, messages if form == "json" else [from_log(message) for message in messages])
    assert resumed.warnings == []
    assert resumed.pending == []
    driver = going_on(resumed)
    for chat in (live, driver):
        chat.tell("run", task=None)
    assert driver.speaking == live.speaking
    if resumed.next:
        assert [path for path in live.speaking if "/" not in path] == list(resumed.next)
    assert whole(driver) == whole(live)
    kept = [(message["id"], message["type"]) for message in messages if message["type"] != "UserInputRequestedEvent"]
    shown = [(message["id"], message["type"]) for message in driver.messages()]
    assert shown[: len(kept)] == kept
    assert driver.chat.uuid == UUID
