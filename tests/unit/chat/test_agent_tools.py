"""Agents and teams as tools: their runs are part of the caller's turn, and their words are its results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot.agents import SocietyOfMindAgent, UserProxyAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, Swarm
from folkmoot.tools import AgentTool, TeamTool, Tool
from tests.unit.chat.driver import Driver, Failure, Json, agent, asks, dangling, said

BROKEN = Failure("ModelCallError", "the model is gone")


def rounds(name: str, *members: Any, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, **options)


def calling(*calls: tuple[str, Any]) -> Json:
    """A reply that calls tools with a task, or with arguments given as they are."""
    reply = asks(*(name for name, _ in calls))
    for made, (_, given) in zip(reply["content"], calls, strict=True):
        made["arguments"] = given if isinstance(given, str) and given[:1] in "{[!" else json.dumps({"task": given})
    return reply


def chat(*, last: bool = False, crew: Any = None, turns: int = 1, **options: Any) -> Driver:
    """`a` has the agents `helper` and `other`, the team `crew` (of x and y) and the function `look`; then comes `b`."""
    team = crew or rounds("team", agent("x"), agent("y"), max_turns=2)
    tools = [
        AgentTool(agent("helper", tools=[Tool("look")]), return_value_as_last_message=last),
        AgentTool(agent("other")),
        TeamTool(team, "crew", "Ask them.", return_value_as_last_message=last),
        Tool("look"),
    ]
    return Driver(rounds("outer", agent("a", tools=tools, **options), agent("b"), max_turns=turns))


def results(driver: Driver) -> list[tuple[str, bool]]:
    """What the last set of calls came to."""
    content = driver.messages("ToolCallExecutionEvent")[-1]["content"]
    return [(result["content"], result["is_error"]) for result in content]


def test_an_agent_gets_the_task_and_its_words_are_the_result() -> None:
    driver = chat()
    driver.run("go", calling(("helper", "Help!")))
    assert [call.path for call in driver.calls] == ["a/helper/helper"]
    assert driver.heard("a/helper/helper") == ["U: Help!"]
    driver.answer("I help.")
    assert results(driver) == [("helper: I help.", False)]
    assert driver.messages()[-1]["content"] == "helper: I help."
    assert driver.stop_reason == "Maximum number of turns 1 reached."


def test_a_team_gives_all_that_was_said_or_the_last_message_only() -> None:
    for last, expected in ((False, "x: x1\n\ny: y1"), (True, "y1")):
        driver = chat(last=last)
        driver.run("go", calling(("crew", "Do it.")), "x1", "y1")
        assert results(driver) == [(expected, False)]


def test_what_is_said_inside_is_streamed_in_the_callers_turn_and_heard_by_nobody_else() -> None:
    driver = chat(turns=2)
    driver.run("go", calling(("crew", "Do it.")), "x1", "y1")
    types = [(message["source"], message["type"]) for message in driver.messages()]
    assert types[1:] == [
        ("a", "ToolCallRequestEvent"),
        ("user", "TextMessage"),
        ("x", "TextMessage"),
        ("y", "TextMessage"),
        ("a", "ToolCallExecutionEvent"),
        ("a", "ToolCallSummaryMessage"),
    ]
    assert driver.heard("b") == ["U: go", "U: x: x1\n\ny: y1"]
    assert [item["type"][0] for item in driver.view("a")] == ["U", "A", "F"]


def test_what_is_said_inside_is_part_of_the_callers_turn_for_the_outer_condition() -> None:
    crew = rounds("team", agent("x"), agent("y"), max_turns=2)
    first = agent("a", tools=[TeamTool(crew, "crew", "Ask them.")])
    driver = Driver(rounds("outer", first, agent("b"), termination_condition=TextMentionTermination("STOP")))
    driver.run("go", calling(("crew", "Do it.")), "STOP", "y1")
    assert driver.stop_reason == "Text 'STOP' mentioned"


def test_a_team_remembers_from_call_to_call() -> None:
    driver = chat(max_tool_iterations=3)
    driver.run("go", calling(("crew", "one")), "x1", "y1", calling(("crew", "two")))
    assert driver.heard("a/crew/x") == ["U: one", "A: x1", "U: y1", "U: two"]
    driver.answer("x2", "y2", "done")
    assert results(driver) == [("x: x2\n\ny: y2", False)], "what was said in this call only"


def test_an_agent_remembers_over_runs_until_a_reset() -> None:
    driver = Driver(rounds("outer", agent("a", tools=[AgentTool(agent("helper"))]), max_turns=1))
    driver.run("go", calling(("helper", "one")), "h1")
    driver.run("on", calling(("helper", "two")))
    assert driver.heard("a/helper/helper") == ["U: one", "A: h1", "U: two"]
    driver.answer("h2")
    driver.tell("reset")
    driver.run("anew", calling(("helper", "three")))
    assert driver.heard("a/helper/helper") == ["U: three"]


def test_different_tools_run_at_the_same_time_and_the_results_keep_the_order_of_the_calls() -> None:
    driver = chat()
    driver.run("go", calling(("crew", "c"), ("helper", "h"), ("look", "l")))
    assert sorted(call.path for call in driver.calls) == ["a", "a/crew/x", "a/helper/helper"]
    by_path = {call.path: call for call in driver.calls}
    driver.finish(by_path["a/helper/helper"], said("h1"))
    driver.finish(by_path["a"], {"content": "seen"})
    assert driver.messages("ToolCallExecutionEvent") == []
    driver.answer("x1", "y1")
    assert results(driver) == [("x: x1\n\ny: y1", False), ("helper: h1", False), ("seen", False)]


def test_one_tool_called_twice_runs_one_after_the_other() -> None:
    driver = chat()
    driver.run("go", calling(("crew", "one"), ("crew", "two")))
    assert [call.path for call in driver.calls] == ["a/crew/x"]
    driver.answer("x1", "y1")
    assert driver.heard("a/crew/x") == ["U: one", "A: x1", "U: y1", "U: two"]
    driver.answer("x2", "y2")
    assert results(driver) == [("x: x1\n\ny: y1", False), ("x: x2\n\ny: y2", False)]


@pytest.mark.parametrize("given", ["!", "[1]", "{}", '{"task": 1}'])
def test_bad_arguments_are_an_error_result_and_nobody_is_asked(given: str) -> None:
    driver = chat()
    driver.run("go", calling(("crew", given), ("helper", "h")), "h1")
    (first, second) = results(driver)
    assert first[1]
    assert first[0].startswith("Error: ")
    assert second == ("helper: h1", False)
    assert driver.status == "idle"


def test_a_failure_inside_is_an_error_result_and_the_run_goes_on() -> None:
    driver = chat(turns=2)
    driver.run("go", calling(("crew", "Do it.")), "x1", BROKEN)
    assert results(driver) == [("the model is gone", True)]
    assert driver.speaking == ["b"]
    (ended,) = driver.entries("scope_ended")
    assert ended.data["error"]["agent"] == "a/crew/y"


def test_what_waited_inside_does_not_wait_after_a_failure() -> None:
    driver = chat()
    driver.run("go", calling(("helper", "Help!")))
    driver.chat.wait(driver.calls[0], "worker:model:scripted", driver.now, "unknown", driver.now)
    assert driver.status == "waiting"
    driver.answer(BROKEN)
    assert (driver.status, driver.chat.state.waits) == ("idle", {})


def test_a_person_inside_is_not_asked_after_a_failure() -> None:
    graph = DiGraphBuilder()
    members = [agent("x"), UserProxyAgent("p")]
    for member in members:
        graph.add_node(member)
    driver = chat(crew=GraphFlow(members, graph.build(), name="team"))
    driver.run("go", calling(("crew", "Ask!")))
    assert len(driver.chat.state.requests) == 1
    driver.answer(BROKEN)
    assert driver.chat.state.requests == {}


def test_after_a_failure_inside_the_next_call_begins_a_run_of_its_own() -> None:
    driver = chat(max_tool_iterations=2)
    driver.run("go", calling(("crew", "one")), "x1", BROKEN, calling(("crew", "two")))
    driver.answer("x2", "y2")
    assert results(driver)[0][1] is False
    assert driver.status == "idle"


def test_a_choice_nobody_can_make_inside_is_an_error_result() -> None:
    crew = Swarm([agent("x", handoffs=["nobody"]), agent("y")], name="swarm")
    driver = chat(crew=crew)
    driver.run("go", calling(("crew", "Do it.")), asks("transfer_to_nobody"))
    ((text, is_error),) = results(driver)
    assert is_error
    assert "'nobody' is not one of the participants ['x', 'y']" in text
    assert driver.chat.state.status == "stopped"


def test_a_summary_that_fails_inside_a_tool_is_an_error_result() -> None:
    mind = SocietyOfMindAgent("mind", rounds("inner", agent("x"), max_turns=1), "scripted")
    driver = Driver(rounds("outer", agent("a", tools=[AgentTool(mind)]), max_turns=1))
    driver.run("go", calling(("mind", "Think.")), "x1", BROKEN)
    assert results(driver) == [("the model is gone", True)]


def test_a_tool_of_a_tool() -> None:
    helper = agent("helper", tools=[AgentTool(agent("deep"))])
    driver = Driver(rounds("outer", agent("a", tools=[AgentTool(helper)]), max_turns=1))
    driver.run("go", calling(("helper", "one")), calling(("deep", "two")))
    assert driver.heard("a/helper/helper/deep/deep") == ["U: two"]
    driver.answer("d1")
    assert driver.messages()[-1]["content"] == "deep: d1\n\nhelper: deep: d1"


def test_a_failure_in_a_tool_of_a_tool_is_the_inner_tools_result_only() -> None:
    helper = agent("helper", tools=[AgentTool(agent("deep"))], max_tool_iterations=2)
    driver = Driver(rounds("outer", agent("a", tools=[AgentTool(helper)]), max_turns=1))
    driver.run("go", calling(("helper", "one")), calling(("deep", "two")), BROKEN)
    assert results(driver) == [("the model is gone", True)]
    assert driver.speaking[-1] == "a/helper/helper"
    driver.answer("I could not.")
    assert results(driver) == [("helper: I could not.", False)]


def test_a_failure_inside_ends_the_turns_of_those_who_speak_at_the_same_time() -> None:
    lost = SocietyOfMindAgent("lost", Swarm([agent("x"), agent("y")], name="swarm"), "scripted")
    other = SocietyOfMindAgent("other", rounds("inner", agent("z"), max_turns=1), "scripted")
    members = [agent("s", handoffs=["nobody"]), lost, other]
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for mind in members[1:]:
        builder.add_edge("s", mind)
    driver = chat(crew=GraphFlow([*members], graph=builder.build()), turns=2)
    driver.run("go", calling(("crew", "Do it.")), asks("transfer_to_nobody"))
    assert results(driver)[0][1]
    assert driver.speaking == ["b"]


def test_a_cancel_in_the_middle_leaves_nothing_dangling_at_any_level() -> None:
    driver = chat(max_tool_iterations=2)
    driver.run("go", calling(("helper", "h"), ("crew", "c")), asks("look"))
    driver.tell("cancel")
    assert (driver.status, driver.calls) == ("idle", [])
    for path in ("a", "a/helper/helper", "a/crew/x"):
        assert dangling(driver.view(path)) == []
    assert not any(scope.open for path, scope in driver.chat.state.scopes.items() if path)


def test_after_a_cancel_the_caller_speaks_again_and_a_new_call_begins_a_new_run() -> None:
    driver = chat(max_tool_iterations=2)
    driver.run("go", calling(("crew", "one")), "x1")
    driver.tell("cancel")
    driver.run(None)
    assert driver.speaking == ["a"]
    driver.answer(calling(("crew", "two")))
    assert [call.path for call in driver.calls] == ["a/crew/x"], "the turn that was broken off belongs to no call"
    assert driver.heard("a/crew/x") == ["U: one", "A: x1", "U: two"]
    driver.answer("x2", "y2", "done")
    assert driver.messages()[-1]["content"] == "done"


def test_a_pause_inside_a_tool_starts_nothing_until_it_is_resumed() -> None:
    driver = chat()
    driver.run("go", calling(("crew", "c")))
    driver.tell("pause")
    driver.answer("x1")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    driver.answer("y1")
    assert results(driver) == [("x: x1\n\ny: y1", False)]


def test_a_stop_ends_the_tools_run_and_then_the_callers_turn() -> None:
    driver = chat(turns=2)
    driver.run("go", calling(("crew", "c")))
    driver.tell("stop")
    driver.answer("x1")
    assert driver.stop_reason == "External termination requested"
    assert results(driver) == [("x: x1", False)]


def test_a_team_that_ends_on_its_task_gives_an_empty_result() -> None:
    ending = rounds("team", agent("x"), termination_condition=MaxMessageTermination(1))
    driver = chat(crew=ending)
    driver.run("go", calling(("crew", "c")))
    assert results(driver) == [("", False)]


def test_a_team_that_ends_on_its_task_gives_the_task_as_its_last_message() -> None:
    ending = rounds("team", agent("x"), termination_condition=MaxMessageTermination(1))
    driver = chat(crew=ending, last=True)
    driver.run("go", calling(("crew", "c")))
    assert results(driver) == [("c", False)], "AutoGen: the task is the last message of the result"


def test_a_person_inside_a_tool_is_asked_and_the_answer_is_part_of_the_result() -> None:
    crew = rounds("team", UserProxyAgent("person"), max_turns=1)
    driver = chat(crew=crew)
    driver.run("go", calling(("crew", "May I?")))
    ((request, found),) = driver.chat.state.requests.items()
    assert (found.path, driver.status) == ("a/crew/person", "waiting")
    driver.tell("answer", request=request, content="You may.")
    assert results(driver) == [("person: You may.", False)]


def test_words_of_a_participant_named_user_are_left_out() -> None:
    crew = rounds("team", UserProxyAgent("user"), agent("x"), max_turns=2)
    driver = chat(crew=crew)
    driver.run("go", calling(("crew", "c")))
    (request,) = driver.chat.state.requests
    driver.tell("answer", request=request, content="mine")
    driver.answer("x1")
    assert results(driver) == [("x: x1", False)]


def test_usage_is_counted_where_it_was_used() -> None:
    driver = chat()
    driver.run("go", calling(("crew", "c")), said("x1", usage=(5, 1)), said("y1", usage=(6, 2)))
    usage = driver.chat.state.usage
    assert (usage["a/crew/x"].prompt_tokens, usage["a/crew/y"].prompt_tokens) == (5, 6)
    assert (usage["a"].model_calls, usage["a"].tool_calls) == (1, 1)


@pytest.mark.parametrize(("last_only", "told"), [(False, "x: X"), (True, "U")])
def test_a_participant_named_user_is_left_out_unless_its_words_are_the_last_message(last_only: bool, told: str) -> None:
    crew = rounds("crew", agent("x"), agent("user"), max_turns=2)
    tool = TeamTool(crew, "crew", "Ask.", return_value_as_last_message=last_only)
    driver = Driver(rounds("outer", agent("a", tools=[tool]), max_turns=1))
    calls = [{"id": "1", "name": "crew", "arguments": '{"task": "help"}'}]
    driver.run("go", said(calls), "X", "U")
    assert driver.messages("ToolCallSummaryMessage")[0]["content"] == told
