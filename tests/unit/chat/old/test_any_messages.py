"""Whatever is in a list of old messages: it is refused with a reason, or a sound chat comes of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.engine import Chat
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot.agents import SocietyOfMindAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.teams import (
    DiGraph,
    DiGraphEdge,
    DiGraphNode,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    TeamSpec,
)
from folkmoot.tools import Tool
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Driver, Json, agent, dangling, said
from tests.unit.chat.old.stage import asked, by, calls, came, chat, going_on, handoff, old, results


def _open(message: object) -> bool:
    return True


def members() -> list[Any]:
    return [
        agent("a", tools=[Tool("look")], handoffs=["b"]),
        agent("b", handoffs=["c"], reflect_on_tool_use=True, tools=[Tool("dig")]),
        agent("c"),
    ]


def graph() -> GraphFlow:
    again = DiGraphEdge("a", condition="again", activation_group="loop")
    nodes = {
        "a": DiGraphNode("a", [DiGraphEdge("b", condition=_open), DiGraphEdge("c", condition=_open)]),
        "b": DiGraphNode("b", [DiGraphEdge("d")]),
        "c": DiGraphNode("c", [again, DiGraphEdge("d", condition="said")]),
        "d": DiGraphNode("d"),
    }
    return GraphFlow([*members(), agent("d")], DiGraph(nodes, default_start_node="a"), termination_condition=ENDS)


ENDS = MaxMessageTermination(3) | TextMentionTermination("end")


def teams() -> list[TeamSpec]:
    inner = RoundRobinGroupChat([agent("b"), agent("c")], name="inner", termination_condition=ENDS)
    thinking = RoundRobinGroupChat([agent("b"), agent("c")], max_turns=2)
    return [
        RoundRobinGroupChat(members(), termination_condition=ENDS, max_turns=3),
        SelectorGroupChat(members(), "scripted", speaker_selection_method="round_robin"),
        Swarm(members()),
        graph(),
        MagenticOneGroupChat(members(), "scripted"),
        RoundRobinGroupChat([members()[0], inner]),
        RoundRobinGroupChat([members()[0], SocietyOfMindAgent("mind", thinking, "scripted")]),
    ]


NAMES = st.sampled_from(["a", "b", "c"])
ANYONE = st.sampled_from(["a", "b", "c", "user", "Admin", "MagenticOneOrchestrator", "mind", "inner"])
TOOLS = st.sampled_from(["look", "dig", "transfer_to_b"])
MESSAGES = st.one_of(
    st.builds(chat, ANYONE, st.sampled_from(["said", "again", "end"])),
    st.builds(by, ANYONE | st.none(), st.just("said")),
    st.builds(handoff, NAMES, NAMES),
    st.builds(asked, NAMES, TOOLS),
    st.builds(came, NAMES, TOOLS),
    st.builds(calls, NAMES, TOOLS, content=st.sampled_from([None, "words"])),
    st.builds(lambda name, tool: results(name, **{tool: "done"}), NAMES, TOOLS),
    st.builds(chat, NAMES, st.just("hm"), st.just("ThoughtEvent")),
)


def refolded(driver: Driver) -> Chat:
    """The chat as its log alone tells it."""
    log = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in driver.chat.log])
    return Chat(driver.spec, UUID, log)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(MESSAGES, min_size=1, max_size=9), st.integers(0, 6), st.integers(1, 4) | st.none())
def test_refused_or_sound(messages: list[Json], kind: int, tokens: int | None) -> None:
    team = teams()[kind]
    options: Json = {} if tokens is None else {"max_tokens": tokens, "count": lambda message: 1}
    try:
        resumed = old(team, messages, **options)
    except ValueError:
        return
    pending = [call.id for call in resumed.pending]
    state = resumed.chat.state
    assert state.running is bool(pending)
    assert state.usage == {}
    assert all(scope.rounds == 0 and not scope.ended for scope in state.scopes.values())
    driver = going_on(resumed)
    assert refolded(driver).log.digest == driver.chat.log.digest
    for path, seat in driver.chat.plan.seats.items():
        if seat.agent is not None:
            left = dangling(driver.view(path))
            assert set(left) <= set(pending)
    if not pending:
        driver.tell("run", task=[{"type": "TextMessage", "source": "user", "content": "go on"}])
    for _ in range(6):
        for call in driver.calls[:1]:
            driver.finish(call, _outcome(driver, call.kind, call.name))
    assert driver.chat.state.error is None


def _outcome(driver: Driver, kind: str, step: str) -> Json:
    """Something that any call may bring."""
    if kind == "functions":
        node = driver.chat.plan.root
        count = len(node.functions)
        return {"answers": [False] * count, "edges": [True]}
    if kind == "manage" and step == "ledger":
        ledger = {"satisfied": False, "stalled": False, "speaker": "a", "instruction": "do", "reason": ""}
        return {**ledger, "usage": [1, 1]}
    return said("said")
