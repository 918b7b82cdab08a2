"""Graphs: order, branches, joins and loops, and that a graph goes on where it stood (AutoGen: GraphFlow)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from folkmoot._chat.calls import Failure
from folkmoot.conditions import (
    ExternalTermination,
    FunctionalTermination,
    MaxMessageTermination,
    TextMentionTermination,
)
from folkmoot.teams import DiGraph, DiGraphEdge, DiGraphNode, EdgeFunction, GraphFlow, RoundRobinGroupChat
from folkmoot.tools import TeamTool
from tests.unit.chat.driver import Driver, Json, agent, task

COMPLETE = "Digraph execution is complete"
Edge = DiGraphEdge


def flow(start: str | None = None, /, *, options: Json | None = None, **edges: Sequence[str | DiGraphEdge]) -> Driver:
    """A graph of agents with their edges: a target, or an edge in full."""
    nodes = {
        name: DiGraphNode(name, [Edge(edge) if isinstance(edge, str) else edge for edge in out])
        for name, out in edges.items()
    }
    return Driver(GraphFlow([agent(name) for name in edges], DiGraph(nodes, start), **(options or {})))


def any_of(target: str, group: str | None = None) -> DiGraphEdge:
    return Edge(target, None, group, "any")


def batches(driver: Driver) -> list[list[str]]:
    return [entry.data["speakers"] for entry in driver.entries("turn")]


def answered(answers: list[bool] | None = None, *edges: bool) -> Json:
    return {"answers": answers or [], "edges": list(edges)}


def test_line_runs_in_order_and_is_complete() -> None:
    driver = flow(a=["b"], b=["c"], c=[])
    driver.run("go", "1", "2", "3")
    assert driver.spoken() == ["user: go", "a: 1", "b: 2", "c: 3"]
    assert (driver.status, driver.stop_reason) == ("idle", COMPLETE)
    assert driver.heard("c") == ["U: go", "U: 1", "U: 2", "A: 3"]


def test_fan_out_is_one_batch_whose_speakers_do_not_hear_each_other() -> None:
    driver = flow(a=["b", "c"], b=[], c=[])
    driver.run("go", "1")
    assert driver.speaking == ["b", "c"]
    assert [call.path for call in driver.calls] == ["b", "c"]
    driver.answer("2")
    assert driver.speaking == ["c"]
    driver.answer("3")
    assert driver.heard("c") == ["U: go", "U: 1", "A: 3"]
    assert driver.stop_reason == COMPLETE


def test_join_of_all_waits_for_both_and_hears_them_in_graph_order() -> None:
    driver = flow(a=["b", "c"], b=["d"], c=["d"], d=[])
    driver.run("go", "1")
    late, early = driver.calls
    driver.finish(early, {"content": "3", "usage": [1, 1]})
    assert driver.speaking == ["b"]
    driver.finish(late, {"content": "2", "usage": [1, 1]})
    assert driver.speaking == ["d"]
    assert driver.heard("d") == ["U: go", "U: 1", "U: 2", "U: 3"]


def test_join_of_any_runs_the_target_once_for_a_batch() -> None:
    driver = flow(a=["b", "c"], b=[any_of("d")], c=[any_of("d")], d=[])
    driver.run("go", "1", "2", "3", "4")
    assert batches(driver) == [["a"], ["b", "c"], ["d"]]
    assert driver.stop_reason == COMPLETE


def test_join_of_any_runs_the_target_again_for_a_later_parent() -> None:
    driver = flow(a=["b", "c"], b=[any_of("d")], c=["e"], e=[any_of("d")], d=[])
    driver.run("go", "1", "2", "3", "4", "5", "6")
    # b leads to d at once, c by way of e: d speaks for each.
    assert batches(driver) == [["a"], ["b", "c"], ["d", "e"], ["d"]]
    assert driver.stop_reason == COMPLETE


def test_groups_of_one_target_each_lead_to_it() -> None:
    driver = flow(a=[Edge("c", None, "one")], b=[Edge("c", None, "two")], c=[])
    driver.run("go", "1", "2", "3")
    assert batches(driver) == [["a", "b"], ["c"]]
    assert driver.stop_reason == COMPLETE


@pytest.mark.parametrize(
    ("text", "then"), [("yes", ["b"]), ("no", ["c"]), ("yes and no", ["b", "c"]), ("Yes", []), ("maybe", [])]
)
def test_texts_choose_the_branch(text: str, then: list[str]) -> None:
    driver = flow(a=[Edge("b", "yes"), Edge("c", "no")], b=[], c=[])
    driver.run("go", text)
    assert driver.speaking == then
    assert driver.stop_reason == (None if then else COMPLETE)


@pytest.mark.parametrize(("answers", "then"), [((True, False), ["b"]), ((False, True), ["c"]), ((False, False), [])])
def test_functions_choose_the_branch(answers: tuple[bool, bool], then: list[str]) -> None:
    driver = flow(a=[Edge("b", EdgeFunction("f")), Edge("c", EdgeFunction("g"))], b=[], c=[])
    driver.run("go", "1")
    (call,) = driver.calls
    assert (call.kind, call.path, call.node) == ("functions", "", True)
    driver.answer(answered(None, *answers))
    assert driver.speaking == then
    assert driver.stop_reason == (None if then else COMPLETE)


def test_functions_of_edges_and_of_the_condition_are_asked_in_one_call() -> None:
    driver = flow(
        a=[Edge("b", EdgeFunction("f"))], b=[], options={"termination_condition": FunctionalTermination("enough")}
    )
    driver.run("go", answered([False]), "1", answered([True], True))
    assert driver.stop_reason == "Functional termination condition met"
    driver.run(None)
    assert driver.speaking == ["b"]


def test_loop_runs_until_its_exit() -> None:
    driver = flow("a", a=["b"], b=[Edge("a", "again"), Edge("c", "done")], c=[], options={"max_turns": 20})
    driver.run("go", "1", "again", "2", "again", "3", "done", "4")
    assert batches(driver) == [["a"], ["b"], ["a"], ["b"], ["a"], ["b"], ["c"]]
    assert driver.stop_reason == COMPLETE


def test_node_that_leads_to_itself() -> None:
    driver = flow("a", a=[Edge("a", "again"), Edge("b", "done")], b=[], options={"max_turns": 20})
    driver.run("go", "again", "again", "done", "end")
    assert batches(driver) == [["a"], ["a"], ["a"], ["b"]]
    assert driver.heard("a") == ["U: go", "A: again", "A: again", "A: done"]


def test_two_loops_with_groups_of_their_own() -> None:
    driver = flow(
        "a",
        a=[Edge("b", None, "in")],
        b=[Edge("b", "b again", "own", "any"), Edge("a", "a again", "back", "any"), Edge("c", "done")],
        c=[],
        options={"max_turns": 20},
    )
    driver.run("go", "1", "b again", "b again", "a again", "2", "done", "3")
    assert batches(driver) == [["a"], ["b"], ["b"], ["b"], ["a"], ["b"], ["c"]]
    assert driver.stop_reason == COMPLETE


def test_join_inside_a_loop_counts_anew_each_time() -> None:
    driver = flow(
        "a", a=["b", "c"], b=["d"], c=["d"], d=[Edge("a", "again"), Edge("e", "done")], e=[], options={"max_turns": 20}
    )
    driver.run("go", "1", "2", "3", "again", "4", "5", "6", "done", "7")
    assert batches(driver) == [["a"], ["b", "c"], ["d"], ["a"], ["b", "c"], ["d"], ["e"]]


def test_several_starts_and_parts_that_do_not_meet() -> None:
    driver = flow(a=["c"], b=[], c=[])
    driver.run("go", "1", "2", "3")
    assert batches(driver) == [["a", "b"], ["c"]]
    assert driver.stop_reason == COMPLETE


def test_participants_outside_the_graph_never_speak() -> None:
    graph = DiGraph({"a": DiGraphNode("a")})
    driver = Driver(GraphFlow([agent("a"), agent("x")], graph))
    driver.run("go", "1")
    assert (batches(driver), driver.stop_reason) == ([["a"]], COMPLETE)
    assert driver.heard("a") == ["U: go", "A: 1"]


def test_default_start_node_alone_begins() -> None:
    driver = flow("b", a=["b"], b=["c"], c=[])
    driver.run("go", "1", "2")
    assert batches(driver) == [["b"], ["c"]]


def test_after_completion_a_run_begins_at_the_start() -> None:
    driver = flow(a=["b"], b=[])
    driver.run("one", "1", "2")
    driver.run("two", "3", "4")
    driver.run(None, "5", "6")
    assert batches(driver) == [["a"], ["b"]] * 3
    assert driver.heard("a") == ["U: one", "A: 1", "U: 2", "U: two", "A: 3", "U: 4", "A: 5"]


@pytest.mark.parametrize("given", [None, "more"])
def test_stopped_in_the_middle_it_goes_on_there(given: str | None) -> None:
    driver = flow(a=["b"], b=["c"], c=[], options={"max_turns": 1})
    driver.run("go", "1")
    assert driver.stop_reason == "Maximum number of turns 1 reached."
    driver.run(given, "2")
    driver.run(given, "3")
    assert batches(driver) == [["a"], ["b"], ["c"]]
    assert driver.stop_reason == COMPLETE


def test_stop_in_a_loop_goes_on_in_it() -> None:
    driver = flow("a", a=["b"], b=[Edge("a", "again"), Edge("c", "done")], c=[], options={"max_turns": 20})
    driver.run("go", "1")
    driver.tell("stop")
    driver.answer("again")
    assert driver.stop_reason == "External termination requested"
    driver.run(None, "2", "done", "3")
    assert batches(driver) == [["a"], ["b"], ["a"], ["b"], ["c"]]


def test_a_graph_carried_in_the_middle_of_a_loop_finishes_it() -> None:
    """AutoGen says at once that the graph is complete."""
    driver = flow("a", a=["b"], b=[Edge("a", "again"), Edge("c", "done")], c=[], options={"max_turns": 3})
    driver.run("go", "1", "again", "2")
    carried = type(driver.chat.state).load(driver.chat.state.dump())
    assert carried == driver.chat.state
    driver.chat.state = carried
    driver.run(None, "done", "3")
    assert batches(driver) == [["a"], ["b"], ["a"], ["b"], ["c"]]
    assert driver.stop_reason == COMPLETE


def test_completion_comes_before_the_condition_and_the_turn_limit() -> None:
    options = {"max_turns": 1, "termination_condition": MaxMessageTermination(2)}
    driver = flow(a=[], options=options)
    driver.run("go", "1")
    assert driver.stop_reason == COMPLETE
    driver.run("again", "2")
    assert driver.stop_reason == COMPLETE, "the condition is as new"


def test_condition_comes_before_the_turn_limit() -> None:
    options = {"max_turns": 1, "termination_condition": TextMentionTermination("x")}
    driver = flow(a=["b"], b=[], options=options)
    driver.run("go", "x")
    assert driver.stop_reason == "Text 'x' mentioned"


@pytest.mark.parametrize("last", [0, 1])
def test_condition_sees_every_answer_of_a_batch(last: int) -> None:
    """AutoGen sees only the one that came last."""
    driver = flow(a=["b", "c"], b=["d"], c=["d"], d=[], options={"termination_condition": TextMentionTermination("x")})
    driver.run("go", "1")
    calls = driver.calls
    driver.finish(calls[1 - last], {"content": "x", "usage": [1, 1]})
    driver.finish(calls[last], {"content": "y", "usage": [1, 1]})
    assert driver.stop_reason == "Text 'x' mentioned"


def test_turn_limit_counts_batches() -> None:
    driver = flow(a=["b", "c"], b=["d"], c=["d"], d=[], options={"max_turns": 2})
    driver.run("go", "1", "2", "3")
    assert driver.stop_reason == "Maximum number of turns 2 reached."


def test_task_in_the_name_of_a_node_stands_for_its_output() -> None:
    driver = flow(a=[Edge("b", "yes"), Edge("c", "no")], b=[], c=[])
    driver.run([task("no", source="a")])
    # The starts are ready as well, as in AutoGen.
    assert driver.speaking == ["a", "c"]


def test_only_the_last_task_message_stands_for_an_output() -> None:
    driver = flow(a=[Edge("b", "yes"), Edge("c", "no")], b=[], c=[])
    driver.run([task("no", source="a"), task("go")])
    assert driver.speaking == ["a"]


def test_task_for_a_node_with_functions_asks_them() -> None:
    driver = flow(a=[Edge("b", EdgeFunction("f"))], b=[])
    driver.run([task("1", source="a")], answered(None, True))
    assert driver.speaking == ["a", "b"]


def test_reset_begins_at_the_start() -> None:
    driver = flow(a=["b"], b=["c"], c=[], options={"max_turns": 1})
    driver.run("go", "1")
    driver.tell("reset")
    driver.run("new", "2")
    assert batches(driver) == [["a"], ["a"]]
    assert driver.heard("a") == ["U: new", "A: 2"]


@pytest.mark.parametrize("how", ["cancelled", "failed"])
@pytest.mark.parametrize("given", [None, "more"])
def test_functions_that_were_not_answered_are_asked_again(how: str, given: str | None) -> None:
    driver = flow(a=[Edge("b", EdgeFunction("f"))], b=[])
    driver.run("go", "1")
    if how == "failed":
        driver.answer(Failure("ValueError", "no"))
        assert driver.chat.state.error == {"agent": "", "type": "ValueError", "message": "no"}
    else:
        driver.tell("cancel")
    driver.run(given)
    assert [call.kind for call in driver.calls] == ["functions"]
    driver.answer(answered(None, True), "2")
    assert batches(driver) == [["a"], ["b"]]
    assert driver.stop_reason == COMPLETE


def test_condition_that_was_not_answered_is_asked_again_before_the_graph_goes_on() -> None:
    driver = flow(a=["b"], b=[], options={"termination_condition": FunctionalTermination("enough")})
    driver.run("go", answered([False]), "1")
    driver.tell("cancel")
    driver.run(None, answered([False]))
    assert driver.speaking == ["b"]


def test_task_takes_the_place_of_one_whose_functions_were_not_answered() -> None:
    driver = flow(a=[Edge("b", EdgeFunction("f"))], b=[])
    driver.run([task("1", source="a")])
    driver.tell("cancel")
    driver.run("go")
    assert (driver.speaking, [call.kind for call in driver.calls]) == (["a"], ["model"])


def test_external_condition_ends_a_graph_between_batches() -> None:
    driver = flow(a=["b"], b=[], options={"termination_condition": ExternalTermination()})
    driver.run("go")
    driver.tell("stop")
    driver.answer("1")
    assert driver.stop_reason == "External termination requested"
    driver.run(None, "2")
    assert driver.stop_reason == COMPLETE


def test_team_events_name_the_whole_batch() -> None:
    driver = flow(a=["b", "c"], b=[], c=[], options={"emit_team_events": True})
    driver.run("go", "1", "2", "3")
    events = driver.messages("SelectSpeakerEvent")
    assert [(event["source"], event["content"]) for event in events] == [
        ("GraphManager", ["a"]),
        ("GraphManager", ["b", "c"]),
    ]


def test_graph_that_is_a_tool_begins_at_the_start_after_its_call_was_cancelled() -> None:
    inner = GraphFlow([agent("x"), agent("y")], DiGraph({"x": DiGraphNode("x", [Edge("y")]), "y": DiGraphNode("y")}))
    driver = Driver(agent("a", tools=[TeamTool(inner, "pair", "Two who work together.")]))
    call = {"id": "id0", "name": "pair", "arguments": '{"task": "do it"}'}
    asked = {"content": [call], "usage": [1, 1]}
    driver.run("go", asked)
    assert [call.path for call in driver.calls] == ["a/pair/x"]
    driver.tell("cancel")
    driver.run(None, asked)
    assert [call.path for call in driver.calls] == ["a/pair/x"]
    driver.answer("1", "2")
    assert driver.messages("ToolCallSummaryMessage")[0]["content"] == "x: 1\n\ny: 2"


def test_graph_inside_a_team_asks_its_functions_again() -> None:
    graph = DiGraph({"a": DiGraphNode("a", [Edge("b", EdgeFunction("f"))]), "b": DiGraphNode("b")})
    inner = GraphFlow([agent("a"), agent("b")], graph, name="inner")
    driver = Driver(RoundRobinGroupChat([inner, agent("z")]))
    driver.run("go", "1")
    assert [(call.kind, call.path) for call in driver.calls] == [("functions", "inner")]
    driver.tell("cancel")
    driver.run("more")
    assert [(call.kind, call.path) for call in driver.calls] == [("functions", "inner")]
    driver.answer(answered(None, True), "2")
    assert driver.speaking == ["z"]
    assert driver.heard("z") == ["U: go", "U: 1", "U: more", "U: 2"]
