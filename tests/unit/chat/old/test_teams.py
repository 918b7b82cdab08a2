"""Whose turn it is after old messages, in every kind of team, and who has heard them."""

from __future__ import annotations

import pytest

from folkmoot.agents import AssistantAgent, MessageFilterAgent, MessageFilterConfig, PerSourceFilter, SocietyOfMindAgent
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination
from folkmoot.teams import (
    DiGraph,
    DiGraphBuilder,
    DiGraphEdge,
    DiGraphNode,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import agent, said, task, team
from tests.unit.chat.old.stage import asked, by, came, chat, going_on, handoff, old


def test_round_robin_goes_on_after_the_last_speaker() -> None:
    resumed = old(team("a", "b", "c"), [by("user", "go"), by("a", "1"), by("b", "2")])
    assert (resumed.last_speaker, resumed.next, resumed.warnings, resumed.pending) == ("b", ("c",), [], [])
    driver = going_on(resumed)
    assert driver.status == "idle"
    driver.run(None, "3", "4")
    assert driver.speaking == ["b"]
    assert driver.heard("a") == ["U: go", "A: 1", "U: 2", "U: 3", "A: 4"]
    assert driver.heard("b") == ["U: go", "U: 1", "A: 2", "U: 3", "U: 4"]


def test_a_task_alone_leaves_the_first_one_to_speak() -> None:
    resumed = old(team("a", "b"), [by("user", "go")])
    assert (resumed.last_speaker, resumed.next) == (None, ("a",))


def test_a_single_agent_takes_openai_messages_without_names() -> None:
    messages = [by(None, "hi"), by(None, "hello", "assistant"), by(None, "more?"), by(None, "no", "assistant")]
    resumed = old(agent("a"), messages)
    assert (resumed.last_speaker, resumed.next) == ("a", ("a",))
    driver = going_on(resumed)
    driver.run("again")
    assert driver.heard("a") == ["U: hi", "A: hello", "U: more?", "A: no", "U: again"]


def test_a_selector_does_not_repeat_the_last_speaker() -> None:
    spec = SelectorGroupChat([agent("a"), agent("b")], "scripted")
    resumed = old(spec, [by("user", "go"), by("b", "1")])
    assert resumed.next == ("a",)
    spec = SelectorGroupChat([agent("a"), agent("b"), agent("c")], "scripted")
    resumed = old(spec, [by("user", "go"), by("b", "1")])
    assert resumed.next == ()
    driver = going_on(resumed)
    driver.run(None)
    assert [(call.kind, call.name) for call in driver.calls] == [("select", "b")]


def swarm() -> Swarm:
    return Swarm([agent("a", handoffs=["b", "user"]), agent("b", handoffs=["a"]), agent("c")])


def test_in_a_swarm_the_last_handoff_decides() -> None:
    messages = [
        chat("user", "go"),
        asked("a", "transfer_to_b"),
        came("a", "transfer_to_b"),
        handoff("a", "b"),
        chat("b", "here"),
    ]
    resumed = old(swarm(), messages)
    assert (resumed.last_speaker, resumed.next, resumed.warnings) == ("b", ("b",), [])
    driver = going_on(resumed)
    driver.run(None)
    assert driver.heard("b") == ["U: go", "U: over to b", "A: here"]
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F"]


def test_a_handoff_to_the_user_says_what_the_next_run_needs() -> None:
    resumed = old(swarm(), [chat("user", "go"), handoff("a", "user")])
    assert resumed.next == ()
    assert "The existing handoff target user is not one of the participants" in resumed.warnings[-1]
    driver = going_on(resumed)
    driver.run([task("back", kind="HandoffMessage", target="a", context=[])])
    assert driver.speaking == ["a"]
    calls = [item["content"] for item in driver.view("a") if item["type"] == "AssistantMessage"]
    assert calls == [[{"id": "handoff_1", "name": "transfer_to_user", "arguments": "{}"}]]


def test_in_a_swarm_whoever_spoke_last_without_handoffs_goes_on() -> None:
    resumed = old(swarm(), [by("user", "go"), by("b", "1"), by("c", "2")])
    assert resumed.next == ("c",)
    assert resumed.warnings == [
        "messages[1]: 'b' speaks, though 'a' had the floor; it is taken to have been handed over.",
        "messages[2]: 'c' speaks, though 'b' had the floor; it is taken to have been handed over.",
    ]


def diamond() -> GraphFlow:
    builder = DiGraphBuilder()
    a, b, c, d = (agent(name) for name in "abcd")
    for member in (a, b, c, d):
        builder.add_node(member)
    builder.add_edge(a, b).add_edge(a, c).add_edge(b, d).add_edge(c, d)
    return GraphFlow([a, b, c, d], builder.build())


@pytest.mark.parametrize(
    ("spoken", "following"),
    [("", "a"), ("a", "bc"), ("ab", "c"), ("ac", "b"), ("acb", "d"), ("abc", "d"), ("abcd", "a"), ("abcda", "bc")],
)
def test_a_graph_goes_on_with_the_nodes_that_are_ready(spoken: str, following: str) -> None:
    resumed = old(diamond(), [chat("user", "go"), *(chat(name, f"by {name}") for name in spoken)])
    assert (resumed.next, resumed.warnings) == (tuple(following), [])
    driver = going_on(resumed)
    driver.run(None)
    assert driver.speaking == list(following)


def test_what_half_a_batch_said_is_heard_with_the_other_half() -> None:
    driver = going_on(old(diamond(), [chat("user", "go"), chat("a", "1"), chat("b", "2")]))
    driver.run(None)
    assert driver.heard("c") == ["U: go", "U: 1"]
    driver.answer("3")
    assert driver.heard("d") == ["U: go", "U: 1", "U: 2", "U: 3"]


def test_a_graph_that_went_another_way_goes_on_from_the_last_speaker() -> None:
    resumed = old(diamond(), [by("user", "go"), by("a", "1"), by("a", "2")])
    assert resumed.next == ("b", "c")
    assert resumed.warnings == ["messages[2]: 'a' was not next in the graph, which is taken to have begun anew there."]


def branching() -> GraphFlow:
    edges = [DiGraphEdge("b", condition=_is_b), DiGraphEdge("c", condition=_is_c)]
    nodes = {"a": DiGraphNode("a", edges), "b": DiGraphNode("b"), "c": DiGraphNode("c")}
    return GraphFlow([agent("a"), agent("b"), agent("c")], DiGraph(nodes))


def _is_b(message: object) -> bool:
    return "b" in str(message)


def _is_c(message: object) -> bool:
    return "c" in str(message)


def test_functions_of_edges_are_asked_by_the_next_run_only_where_nobody_spoke_after_them() -> None:
    resumed = old(branching(), [chat("user", "go"), chat("a", "1"), chat("c", "2")])
    assert resumed.next == ("a",)
    assert [entry.data["edges"] for entry in resumed.chat.log if entry.kind == "checked"] == [[False, True]]
    driver = going_on(old(branching(), [chat("user", "go"), chat("a", "1")]))
    driver.run(None)
    (call,) = driver.calls
    assert call.kind == "functions"
    driver.finish(call, {"answers": [], "edges": [True, False]})
    assert driver.speaking == ["b"]


def test_conditions_count_nothing_old() -> None:
    spec = team("a", "b", termination_condition=MaxMessageTermination(2), max_turns=2)
    resumed = old(spec, [chat("user", "go"), chat("a", "1"), chat("b", "2"), chat("a", "3")])
    assert resumed.warnings == []
    driver = going_on(resumed)
    driver.run(None, "4", "5")
    assert driver.stop_reason == "Maximum number of messages 2 reached, current message count: 2"


def test_functional_conditions_see_nothing_old() -> None:
    def over(messages: object) -> bool:
        return True

    driver = going_on(old(team("a", "b", termination_condition=FunctionalTermination(over)), [chat("a", "1")]))
    driver.run(None, "2")
    (call,) = driver.calls
    assert (call.kind, call.need) == ("functions", driver.entries("run_ended")[0].offset + 1)


def test_messages_of_an_inner_team_belong_to_its_run() -> None:
    inner = RoundRobinGroupChat([agent("x"), agent("y")], name="pair", termination_condition=MaxMessageTermination(9))
    spec = RoundRobinGroupChat([agent("a"), inner])
    resumed = old(spec, [chat("user", "go"), chat("a", "1"), chat("x", "2"), chat("y", "3"), chat("a", "4")])
    assert (resumed.last_speaker, resumed.next) == ("a", ("pair",))
    driver = going_on(resumed)
    driver.run(None)
    assert driver.speaking == ["pair", "pair/x"]
    assert driver.heard("pair/x") == ["U: go", "U: 1", "A: 2", "U: 3", "U: 4"]
    assert driver.heard("a") == ["U: go", "A: 1", "U: 2", "U: 3", "A: 4"]
    assert old(spec, [chat("user", "go"), chat("a", "1"), chat("x", "2")]).next == ("a",)


@pytest.mark.parametrize(
    ("spoken", "warned"), [("ax", True), ("axy", False), ("axyx", False), ("axa", False), ("axyax", True)]
)
def test_a_run_of_an_inner_team_that_nothing_ended_is_told_of(spoken: str, warned: bool) -> None:
    inner = RoundRobinGroupChat([agent("x"), agent("y")], name="pair", max_turns=2)
    resumed = old(RoundRobinGroupChat([agent("a"), inner]), [chat("user", "go"), *(chat(name) for name in spoken)])
    told = f"messages[{len(spoken)}] is of the inner team 'pair', whose run is taken to be over with it"
    assert [text.partition(", though")[0] for text in resumed.warnings] == [told] * warned


TABLE = {"a": ["b"], "b": ["c", "a"], "c": []}


@pytest.mark.parametrize(
    ("spoken", "warned"), [("ab", ""), ("abc", ""), ("ac", "ac"), ("aba", ""), ("abca", ""), ("bb", "bb"), ("aUc", "")]
)
def test_a_transition_that_is_not_allowed_is_told_of(spoken: str, warned: str) -> None:
    spec = SelectorGroupChat(
        [agent(name) for name in "abc"],
        "scripted",
        allowed_or_disallowed_speaker_transitions=TABLE,
        speaker_transitions_type="allowed",
    )
    resumed = old(spec, [chat("user", "go"), *(chat("user" if name == "U" else name) for name in spoken)])
    told = [
        f"messages[{place + 1}]: {warned[1]!r} spoke after {warned[0]!r}, which the team's transitions do not allow."
        for place in range(1, len(spoken))
        if warned and spoken[place - 1 : place + 1] == warned
    ]
    assert resumed.warnings == told


def test_an_inner_name_that_several_have_is_refused() -> None:
    pairs = [RoundRobinGroupChat([agent("x"), agent("y")], name=name) for name in ("one", "two")]
    with pytest.raises(ValueError, match=r"messages\[0\]: 'x' is the name of several participants \(one/x, two/x\)"):
        old(RoundRobinGroupChat(pairs), [chat("x", "1")])


def test_a_society_that_has_answered_starts_afresh() -> None:
    thinking = SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("x")], max_turns=1), "scripted")
    spec = RoundRobinGroupChat([agent("a"), thinking])
    for inner in ([], [chat("x", "hm")]):
        resumed = old(spec, [chat("user", "go"), chat("a", "1"), *inner, chat("mind", "2"), chat("a", "3")])
        assert resumed.next == ("mind",)
        driver = going_on(resumed)
        assert driver.heard("a") == ["U: go", "A: 1", "U: 2", "A: 3"]
        driver.run(None)
        assert driver.speaking == ["mind", "mind/x"]
        # Its team is as new; what the society heard before comes as a reminder.
        assert driver.heard("mind/x") == ["U: go", "U: 1", "U: relevant previous messages", "U: 3"]


def test_a_filtered_agent_speaks_under_its_own_name() -> None:
    only = MessageFilterConfig(per_source=[PerSourceFilter(source="user")])
    spec = RoundRobinGroupChat([agent("a"), MessageFilterAgent("quiet", agent("b"), only)])
    resumed = old(spec, [chat("user", "go"), chat("a", "1"), chat("b", "2")])
    assert (resumed.last_speaker, resumed.next) == ("quiet", ("a",))
    driver = going_on(resumed)
    driver.run(None, "3")
    assert driver.heard("quiet") == ["U: go", "A: 2"]


ANNOUNCED = "We are working on this task:\n\ngo\n\nThe facts so far:\n\nFACTS\n\nThe plan to follow:\n\nPLAN"


def test_an_orchestrator_goes_on_with_a_ledger_and_knows_task_facts_and_plan() -> None:
    spec = MagenticOneGroupChat([agent("a"), agent("b")], "scripted")
    me = spec.manager_name
    messages = [chat("user", "go"), chat(me, ANNOUNCED), chat(me, "a, look"), chat("a", "seen")]
    resumed = old(spec, messages)
    assert (resumed.last_speaker, resumed.next, resumed.warnings) == ("a", (), [])
    steps = {entry.data["step"]: entry.data.get("content") for entry in resumed.chat.log if entry.kind == "manager"}
    assert steps == {"facts": "FACTS", "plan": "PLAN", "planned": None}
    driver = going_on(resumed)
    driver.run(None)
    assert [call.name for call in driver.calls] == ["ledger"]
    ledger = {"satisfied": False, "stalled": False, "speaker": "b", "instruction": "b, write", "reason": ""}
    driver.finish(driver.calls[0], {**ledger, "usage": [1, 1]})
    assert driver.heard("b") == [f"U: {ANNOUNCED}", "U: a, look", "U: seen", "U: b, write"]
    assert driver.heard("a") == [f"U: {ANNOUNCED}", "U: a, look", "A: seen"]


def test_an_orchestrator_without_an_announcement_says_what_it_lacks() -> None:
    spec = MagenticOneGroupChat([agent("a"), agent("b")], "scripted")
    resumed = old(spec, [by("user", "go"), by("a", "seen")])
    assert resumed.warnings == ["No facts and no plan of the orchestrator were found in the messages."]
    assert old(spec, [by("user", "go")]).warnings == []


def test_words_inside_a_tool_are_left_out() -> None:
    outer = AssistantAgent("a", "scripted", tools=[AgentTool(agent("helper"))])
    messages = [chat("user", "go"), asked("a", "helper"), chat("helper", "hm"), came("a", "helper"), chat("a", "1")]
    resumed = old(RoundRobinGroupChat([outer]), messages)
    assert resumed.warnings == ["What helper said inside tools is left out; the tools' results tell of it."]
    driver = going_on(resumed)
    driver.run(None, said("2"))
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F", "A", "A"]


def test_what_was_said_in_tools_alone_is_nothing_to_resume() -> None:
    outer = AssistantAgent("a", "scripted", tools=[AgentTool(agent("helper"))])
    with pytest.raises(ValueError, match="All messages were said inside tools"):
        old(RoundRobinGroupChat([outer]), [chat("helper", "hm")])


def test_a_team_may_have_spoken_under_its_own_name() -> None:
    spec = RoundRobinGroupChat([agent("a"), RoundRobinGroupChat([agent("x"), agent("y")], name="pair")])
    resumed = old(spec, [by("user", "go"), by("a", "1"), by("pair", "ours"), by("a", "2")])
    assert resumed.next == ("pair",)
    driver = going_on(resumed)
    driver.run(None)
    assert driver.heard("a") == ["U: go", "A: 1", "U: ours", "A: 2"]
    assert driver.heard("pair/x") == ["U: go", "U: 1", "U: 2"]


def test_a_manager_that_several_inner_teams_have_is_not_known() -> None:
    inner = [MagenticOneGroupChat([agent(name)], "scripted", name=f"team_{name}") for name in "xy"]
    one = RoundRobinGroupChat([agent("a"), inner[0]])
    resumed = old(one, [chat("user", "go"), chat("MagenticOneOrchestrator", ANNOUNCED), chat("x", "1")])
    assert resumed.warnings == [
        "messages[2] is of the inner team 'team_x', whose run is taken to be over with it, though nothing ends it."
    ]
    driver = going_on(resumed)
    assert driver.heard("team_x/x") == [f"U: {ANNOUNCED}", "A: 1"]
    driver.run(None)
    assert driver.speaking == ["a"]
    assert driver.heard("a") == ["U: go", f"U: {ANNOUNCED}", "U: 1"]
    with pytest.raises(ValueError, match=r"is the manager of several teams \(team_x, team_y\)"):
        old(RoundRobinGroupChat(inner), [chat("user", "go"), chat("MagenticOneOrchestrator", "plan")])


def test_a_task_between_two_of_a_batch_leaves_the_other_to_speak() -> None:
    resumed = old(diamond(), [chat("user", "go"), chat("a", "1"), chat("b", "2"), chat("user", "hurry")])
    assert (resumed.next, resumed.warnings) == (("c",), [])
    driver = going_on(resumed)
    driver.run(None, "3")
    assert driver.speaking == ["d"]
    assert driver.heard("d") == ["U: go", "U: 1", "U: 2", "U: hurry", "U: 3"]


def test_who_thinks_inside_a_node_of_a_graph_does_not_end_its_batch() -> None:
    builder = DiGraphBuilder()
    thinking = SocietyOfMindAgent("mind", RoundRobinGroupChat([agent("x")], max_turns=1), "scripted")
    a, c, d = (agent(name) for name in "acd")
    for member in (a, thinking, c, d):
        builder.add_node(member)
    builder.add_edge(a, thinking).add_edge(a, c).add_edge(thinking, d).add_edge(c, d)
    spec = GraphFlow([a, thinking, c, d], builder.build())
    resumed = old(spec, [chat(name, name) for name in ("user", "a", "x", "c", "mind")])
    assert (resumed.next, resumed.warnings) == (("d",), [])
    assert [
        entry.data["speakers"] for entry in resumed.chat.log if entry.kind == "turn" and "scope" not in entry.data
    ] == [
        ["a"],
        ["mind", "c"],
    ]
