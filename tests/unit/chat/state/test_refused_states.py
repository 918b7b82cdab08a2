"""What is no state of such a chat is refused, with AutoGen's words where it has some, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from folkmoot import CustomAgent, DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SocietyOfMindAgent
from folkmoot._chat.loading import INVALID, load
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import Driver, Json, agent, at, task, team
from tests.unit.chat.state.keeping import loaded, saved

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


OURS: dict[str, tuple[Callable[[Json], None], str]] = {
    "an offset of nothing": (put([9], "folkmoot", "state", "scopes", "", "floor", "arrived", "a"), "IndexError"),
    "a text for the engine's state": (put("x", "folkmoot", "state"), ""),
    "a text for a scope": (put("x", "folkmoot", "state", "scopes", ""), "ValidationError"),
    "a text for the seats": (put("x", "folkmoot", "seats"), "AttributeError"),
    "a number for what memories said": (put(1, "folkmoot", "seats", "a", "memories"), "AttributeError"),
    "a text for a turn begun": (put(1, "folkmoot", "seats", "a", "begun"), "TypeError"),
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
