"""What is no state of such a chat is refused, with AutoGen's words where it has some, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from folkmoot import (
    CustomAgent,
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    MaxMessageTermination,
    RoundRobinGroupChat,
    SelectorGroupChat,
    SocietyOfMindAgent,
    Swarm,
    TimeoutTermination,
    TokenUsageTermination,
)
from folkmoot._chat.loading import INVALID, load
from folkmoot.teams import TeamSpec
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import Driver, Json, agent, at, task, team
from tests.unit.chat.state.keeping import at_rest, loaded, saved

INNER = RoundRobinGroupChat([agent("x"), agent("y")], name="inner", max_turns=1)


def nested() -> RoundRobinGroupChat:
    society = SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("z")], name="deep", max_turns=1), "scripted")
    helper = agent("boss", tools=[AgentTool(agent("helper"))])
    return RoundRobinGroupChat([INNER, society, helper], max_turns=1)


def line() -> GraphFlow:
    members = [agent("a"), agent("b")]
    builder = DiGraphBuilder().add_node(members[0]).add_node(members[1]).add_edge(*members)
    return GraphFlow(members, builder.build(), max_turns=1)


def put(value: Any, *path: str | int) -> Callable[[Json], None]:
    """A change that puts a value at a place; None takes away what is there."""

    def change(state: Json) -> None:
        *way, last = path
        found: Any = state
        for name in way:
            found = found[name]
        if value is None:
            del found[last]
        elif last == "+":
            found.append(value)
        else:
            found[last] = value

    return change


STRANGE = {"type": "StrangeMessage", "source": "a", "content": "x"}
BUFFER = ("agent_states", "b", "message_buffer")
THREAD = ("agent_states", "RoundRobinGroupChatManager", "message_thread")
CONTEXT = ("agent_states", "b", "agent_state", "llm_context")

PLAIN: dict[str, tuple[Callable[[Json], None], str]] = {
    "no members": (
        put(None, "agent_states"),
        f"{INVALID} Expected a JSON object as 'agent_states' of the team, got None",
    ),
    "a member": (put(None, "agent_states", "b"), "Agent state for b not found in the saved state."),
    "no manager": (
        put(None, "agent_states", "RoundRobinGroupChatManager"),
        "Agent state for RoundRobinGroupChatManager not found in the saved state.",
    ),
    "a list for a member": (put([1], "agent_states", "b"), f"{INVALID} Expected a JSON object as "),
    "a text for a buffer": (put("x", *BUFFER), f"{INVALID} Expected a list as "),
    "an event in a buffer": (
        put({"type": "ThoughtEvent", "source": "a", "content": "hm"}, *BUFFER, "+"),
        "Invalid message type in message buffer: ThoughtEvent (of 'b')",
    ),
    "a text for a message": (put("x", *THREAD, "+"), f"{INVALID} Expected a JSON object as a message of the thread"),
    "a message without a type": (
        put({"source": "a", "content": "x"}, *THREAD, "+"),
        "Field 'type' is required in the message data to recover the message type.",
    ),
    "an unknown message": (
        put(STRANGE, *THREAD, "+"),
        "Unknown message type: StrangeMessage (in the thread of the team",
    ),
    "a message without a source": (
        put({"type": "TextMessage", "content": "x"}, *THREAD, "+"),
        f"{INVALID} In the thread",
    ),
    "a text for a turn": (put("x", *THREAD[:2], "current_turn"), f"{INVALID} 'current_turn' of the team is 'x'."),
    "a text for a context": (put("x", *CONTEXT), f"{INVALID} Expected a JSON object as 'llm_context' of 'b', got 'x'"),
    "an unknown LLM message": (put({"type": "X"}, *CONTEXT, "messages", "+"), f"{INVALID} In the context of 'b': "),
    "a later format": (
        put(99, "folkmoot", "format"),
        f"{INVALID} The format under 'folkmoot' is 99; this release knows",
    ),
    "no format": (put(None, "folkmoot", "format"), f"{INVALID} The format under 'folkmoot' is None"),
    "a list as ours": (put([], "folkmoot"), f"{INVALID} Expected a JSON object as 'folkmoot', got []"),
}


@pytest.mark.parametrize("case", PLAIN)
def test_a_round_robin(case: str) -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", "1")
    state = saved(driver)
    change, text = PLAIN[case]
    change(state)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        load(driver.chat.plan, state, at(0))


NESTED: dict[str, tuple[Callable[[Json], None], str]] = {
    "an inner member": (
        put(None, "agent_states", "inner", "agent_state", "agent_states", "x"),
        "Agent state for x not found in the saved state.",
    ),
    "no inner team": (
        put({}, "agent_states", "inner", "agent_state"),
        f"{INVALID} Expected a JSON object as 'agent_states' of",
    ),
    "no society's team": (
        put(None, "agent_states", "mind", "agent_state", "inner_team_state"),
        f"{INVALID} Expected a JSON object as the inner team's state of 'mind', got None",
    ),
    "a tool's state": (
        put([], "folkmoot", "nodes", "boss/helper", "state"),
        f"{INVALID} Expected a JSON object as the state of 'boss/helper', got []",
    ),
}


@pytest.mark.parametrize("case", NESTED)
def test_what_is_inside(case: str) -> None:
    driver = Driver(nested())
    driver.run("go", "1")
    state = saved(driver)
    change, text = NESTED[case]
    change(state)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        load(driver.chat.plan, state, at(0))


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (None, "remaining", "'remaining' of the graph of the team is missing."),
        (None, "enqueued_any", "'enqueued_any' of the graph of the team is missing."),
        (None, "ready", "'ready' of the graph of the team is missing."),
        (["z"], "ready", "'z' is ready in the team, but is none of ['a', 'b']."),
        ("a", "ready", "Expected a list as 'ready' of the graph of the team, got 'a'."),
        ([["b"]], "ready", "['b'] is ready in the team, but is none of ['a', 'b']."),
        ({"z": {"z": 1}}, "remaining", "'z' in 'remaining' of the graph of the team is none of ['a', 'b']."),
        ({"b": 1}, "remaining", "Expected a JSON object as 'b' in 'remaining' of the graph of the team, got 1."),
        ({"b": {"b": "x"}}, "remaining", "Expected a value of type int for 'b' of 'b' in 'remaining' of the graph"),
        (
            {"b": {"b": 1}},
            "enqueued_any",
            "Expected a value of type bool for 'b' of 'b' in 'enqueued_any' of the graph",
        ),
        ([], "enqueued_any", "Expected a JSON object as 'enqueued_any' of the graph of the team, got []."),
    ],
)
def test_a_graph(value: Any, name: str, text: str) -> None:
    driver = Driver(line())
    driver.run("go", "1")
    state = saved(driver)
    del state["folkmoot"]
    put(value, "agent_states", "GraphManager", name)(state)
    with pytest.raises(ValueError, match=re.escape(text)):
        load(driver.chat.plan, state, at(0))


SCOPE = ("folkmoot", "state", "scopes", "")
NODE = ("folkmoot", "nodes", "")
OURS: dict[str, tuple[Callable[[Json], None], str]] = {
    "an offset of nothing": (
        put([9], *SCOPE, "floor", "arrived", "a"),
        re.escape("folkmoot['entries']: expected a place in a list of 0, got 9."),
    ),
    "an offset before all": (put([-1], *SCOPE, "floor", "arrived", "a"), re.escape("['entries']: expected a place in")),
    "a stranger on the floor": (put(["z"], *SCOPE, "floor", "left"), re.escape("expected one of ['a', 'b'], got 'z'.")),
    "a text for a manager's next": (
        put("x", *SCOPE, "manager", "next"),
        re.escape("folkmoot['state']['scopes']['']['manager']['next']: input should be a valid integer, got 'x'."),
    ),
    "a next beyond the last": (
        put(2, *SCOPE, "manager", "next"),
        re.escape("['manager']['next']: expected a number below 2, the number of participants, got 2."),
    ),
    "a turn in progress": (
        put({"a": {"started": 1, "need": 1}}, *SCOPE, "turns"),
        re.escape("folkmoot['state']['scopes']['']['turns']: expected nobody"),
    ),
    "a text for places": (
        put("x", *NODE, "places"),
        re.escape("folkmoot['nodes']['']['places']: input should be a valid list, got 'x'."),
    ),
    "a place of no kind": (
        put(["sung", "a"], *NODE, "places", 0),
        re.escape("folkmoot['nodes']['']['places'][0][0]: input should be 'task', 'answer'"),
    ),
    "a number for nodes": (put(5, "folkmoot", "nodes"), re.escape("folkmoot['nodes']: input should be a valid dictio")),
    "a text for entries": (
        put("x", "folkmoot", "entries"),
        re.escape("folkmoot['entries']: input should be a valid list, got 'x'."),
    ),
    "no message in an entry": (
        put([{"as": "message", "message": {"type": "TextMessage"}}], "folkmoot", "entries"),
        "In entry 0 under 'folkmoot'",
    ),
    "a text for a turn": (put("x", "folkmoot", "turn"), re.escape("folkmoot['turn']: input should be a valid integer")),
    "a text for the engine's state": (put("x", "folkmoot", "state"), ""),
    "a text for a scope": (put("x", "folkmoot", "state", "scopes", ""), "ValidationError"),
    "a text for the seats": (put("x", "folkmoot", "seats"), re.escape("folkmoot['seats']: input should be a valid")),
    "a number for what memories said": (
        put(1, "folkmoot", "seats", "a", "memories"),
        re.escape("folkmoot['seats']['a']['memories']: input should be a valid dictionary, got 1."),
    ),
    "a text for a turn begun": (
        put(1, "folkmoot", "seats", "a", "begun"),
        re.escape("folkmoot['seats']['a']['begun']: input should be a valid list, got 1."),
    ),
    "no LLM message": (put([{"type": "X"}], "folkmoot", "seats", "a", "suspended"), ""),
}


@pytest.mark.parametrize("case", OURS)
def test_what_stands_under_our_key(case: str) -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", "1")
    state = saved(driver)
    state["folkmoot"]["state"]["scopes"][""].setdefault("floor", {}).setdefault("arrived", {})
    change, text = OURS[case]
    change(state)
    with pytest.raises(ValueError, match=f"^{re.escape(INVALID)} .*{text}"):
        load(driver.chat.plan, state, at(0))


def strange_entry(state: Json) -> None:
    """The floor waits for what somebody said who does not take part."""
    message = {"type": "TextMessage", "source": "z", "content": "x"}
    state["folkmoot"]["entries"] = [{"as": "message", "message": message}]
    state["folkmoot"]["state"]["scopes"][""]["floor"] = {"arrived": {"a": [0]}}


GRAPH = (*SCOPE, "manager", "graph")
COUNTS = MaxMessageTermination(9) & (TokenUsageTermination(99) | TimeoutTermination(99))
KINDS: dict[str, tuple[TeamSpec, Callable[[Json], None], str]] = {
    "a selector's previous": (
        SelectorGroupChat([agent("a"), agent("b")], "scripted"),
        put({"previous": 5}, *SCOPE, "manager"),
        "['previous']: input should be a valid string, got 5.",
    ),
    "a swarm's target": (
        Swarm([agent("a", handoffs=["b"]), agent("b")]),
        put({"target": ["b"]}, *SCOPE, "manager"),
        "['manager']['target']: input should be a valid string, got ['b'].",
    ),
    "a ready stranger": (
        line(),
        put(["z"], *GRAPH, "ready"),
        "['graph']['ready'][0]: expected one of ['a', 'b'], got 'z'.",
    ),
    "parents still to come": (
        line(),
        put({"b": {}}, *GRAPH, "remaining"),
        "['graph']['remaining']['b']: expected a number for each of ['b'], got {}.",
    ),
    "a group that is none": (
        line(),
        put({"b": ["z"]}, *GRAPH, "triggered"),
        "['manager']['graph']: expected an activation group of 'b', one of ['b'], got 'z'.",
    ),
    "an edge too many": (
        line(),
        put([["a", "answer", [True, True]]], *GRAPH, "spoke"),
        "['graph']['spoke'][0]: expected a value for each of the 1 edges of 'a', got [True, True].",
    ),
    "a phase that is none": (
        MagenticOneGroupChat([agent("a")], "scripted"),
        put("sleep", *SCOPE, "manager", "phase"),
        "['manager']['phase']: input should be '', 'facts', 'plan',",
    ),
    "a condition's count": (
        team(termination_condition=MaxMessageTermination(9)),
        put("x", *SCOPE, "progress", "count"),
        "['progress']['count']: input should be a valid integer, got 'x'.",
    ),
    "a condition too few": (
        team(termination_condition=COUNTS),
        put([{}], *SCOPE, "progress", "of"),
        "['progress']['of']: expected a list of 2, one for each condition, got [{}].",
    ),
    "a clock's begin": (
        team(termination_condition=COUNTS),
        put("noon", *SCOPE, "progress", "of", 1, "of", 1, "since"),
        "['of'][1]['of'][1]['since']: expected a time in ISO 8601, UTC, got 'noon'.",
    ),
    "what an interrupted turn had": (
        team("a"),
        put({"phase": "model"}, *SCOPE, "notes", "a", "again"),
        "['notes']['a']['again']: expected 'iteration' in it, too, got {'phase': 'model'}.",
    ),
    "an interrupted turn's phase": (
        team("a"),
        put("sing", *SCOPE, "notes", "a", "again", "phase"),
        "['again']['phase']: input should be 'model', 'tools',",
    ),
    "an entry of a stranger": (
        line(),
        strange_entry,
        "['entries'][0]: expected a message of one of ['a', 'b'], got 'z'.",
    ),
}


@pytest.mark.parametrize("case", KINDS)
def test_what_the_engine_could_not_go_on_with(case: str) -> None:
    spec, change, text = KINDS[case]
    driver = Driver(spec)
    driver.run("go")
    assert driver.chat.state.running
    state = saved(driver)
    assert load(driver.chat.plan, state, at(0)).state.opened
    change(state)
    with pytest.raises(ValueError, match=f"^{re.escape(INVALID)} folkmoot.*{re.escape(text)}"):
        load(driver.chat.plan, state, at(0))


@pytest.mark.parametrize(
    ("spec", "name", "value", "text"),
    [
        (team(), "next_speaker_index", "x", "['next_speaker_index']: input should be a valid integer, got 'x'."),
        (Swarm([agent("a")]), "current_speaker", 5, "['current_speaker']: input should be a valid string, got 5."),
        (MagenticOneGroupChat([agent("a")], "m"), "n_rounds", "x", "['n_rounds']: input should be a valid integer"),
        (MagenticOneGroupChat([agent("a")], "m"), "task", 5, "['task']: input should be a valid string, got 5."),
    ],
)
def test_a_manager_as_autogen_saves_it(spec: TeamSpec, name: str, value: Any, text: str) -> None:
    driver = Driver(spec)
    state = at_rest(saved(driver))
    put(value, "agent_states", spec.manager_name, name)(state)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{INVALID} the manager of the team{text}')}"):
        load(driver.chat.plan, state, at(0))


def test_what_autogen_takes_for_empty_may_be_missing() -> None:
    driver = Driver(team(max_turns=1))
    driver.run("go", "1")
    state = at_rest(saved(driver))
    state["agent_states"]["b"] = {}
    again = loaded(team(max_turns=1), state)
    again.run([task("more")], "2")
    assert again.spoken()[-1] == "b: 2"


def test_a_thread_that_was_shortened_by_hand_is_as_one_of_autogens() -> None:
    driver = Driver(team(max_turns=2))
    driver.run("go", "1", "2")
    state = saved(driver)
    del state["agent_states"]["RoundRobinGroupChatManager"]["message_thread"][0]
    again = loaded(team(max_turns=1), state)
    again.run([task("more")], "3")
    assert again.heard("a") == ["U: go", "A: 1", "U: 2", "U: more", "A: 3"]


@pytest.mark.parametrize("value", [None, "x", [], 5])
def test_no_state_at_all(value: object) -> None:
    driver = Driver(team())
    with pytest.raises(ValueError, match=re.escape(f"{INVALID} Expected a JSON object as the state, got {value!r}.")):
        load(driver.chat.plan, value, at(0))


def test_the_state_of_another_kind_of_team() -> None:
    with pytest.raises(ValueError, match="Agent state for GraphManager not found in the saved state"):
        loaded(line(), saved(Driver(team("a", "b"))))


def test_who_is_not_there_any_more_is_passed_over() -> None:
    driver = Driver(team("a", "b", "c", max_turns=2))
    driver.run("go", "1", "2")
    smaller = loaded(team("a", "b", max_turns=1), saved(driver))
    smaller.run([task("more")], "3")
    assert smaller.spoken()[-1] == "a: 3"
    assert smaller.heard("a") == ["U: go", "A: 1", "U: 2", "U: more", "A: 3"]


def test_what_a_custom_agent_calls_a_context_is_its_own_affair() -> None:
    own = RoundRobinGroupChat([CustomAgent("own")], max_turns=1)
    state = saved(Driver(own))
    state["agent_states"]["own"]["agent_state"] = {"llm_context": "none of yours"}
    again = saved(loaded(own, state))
    assert again["agent_states"]["own"]["agent_state"] == {"llm_context": "none of yours"}
