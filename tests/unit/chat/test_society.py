"""A society of mind: an inner run, a summary by its model, then a team as new that is told what it heard before."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.plan import Link
from folkmoot._chat.thread import ThreadView, spoken
from folkmoot.agents import SocietyOfMindAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.contexts import BufferedChatCompletionContext
from folkmoot.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat
from tests.unit.chat.driver import UUID, Driver, Failure, agent, said

BROKEN = Failure("ModelCallError", "the model is gone")


def rounds(name: str, *members: Any, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, **options)


def society(turns: int = 2, options: dict[str, Any] | None = None, **inner: Any) -> Driver:
    """outer(mind, c); mind thinks with inner(a, b)."""
    team = rounds("inner", agent("a"), agent("b"), **({"max_turns": 2} | inner))
    mind = SocietyOfMindAgent("mind", team, "scripted", **(options or {}))
    return Driver(rounds("outer", mind, agent("c"), max_turns=turns))


def thread(driver: Driver, path: str) -> list[tuple[str, str]]:
    view = ThreadView(driver.chat.plan, UUID, driver.chat.plan.nodes[path])
    view.read(driver.chat.log, driver.chat.log.head, {})
    return [(item.message["source"], item.message["content"]) for item in view.thread]


def summed_up(driver: Driver) -> list[str]:
    """What the model call in flight is to sum up."""
    (call,) = driver.calls
    node = driver.chat.plan.nodes[call.path]
    assert node.link is Link.SOCIETY
    found = spoken(driver.chat.plan, driver.chat.log, node, call.index, call.until)
    return [entry.data["message"]["content"] for entry in found]


def test_the_talk_becomes_one_message_with_the_models_usage() -> None:
    driver = society()
    driver.run("go", "a1", "b1")
    assert driver.speaking == ["mind"]
    assert summed_up(driver) == ["a1", "b1"]
    driver.answer(said("We think so.", usage=(7, 3)))
    assert driver.heard("c") == ["U: go", "U: We think so."]
    assert thread(driver, "") == [("user", "go"), ("mind", "We think so.")]
    answer = driver.messages()[-1]
    assert (answer["source"], answer["models_usage"]) == ("mind", {"prompt_tokens": 7, "completion_tokens": 3})
    assert driver.chat.state.usage["mind"].prompt_tokens == 7


def test_what_is_said_inside_counts_for_no_outer_condition() -> None:
    inner = rounds("inner", agent("a"), agent("b"), max_turns=2)
    members = [SocietyOfMindAgent("mind", inner, "scripted"), agent("c")]
    driver = Driver(rounds("outer", *members, termination_condition=MaxMessageTermination(3)))
    driver.run("go", "a1", "b1", "summary")
    assert driver.speaking == ["c"]
    driver.answer("c1")
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


def test_the_team_is_as_new_in_each_turn_and_told_what_the_society_heard_before() -> None:
    driver = society(turns=3)
    driver.run("go", "a1", "b1", "s1", "c1")
    assert driver.heard("mind/a") == ["U: go", "U: relevant previous messages", "U: c1"]
    driver.answer("a2")
    assert driver.heard("mind/b") == ["U: go", "U: relevant previous messages", "U: c1", "U: a2"]
    driver.answer("b2")
    assert summed_up(driver) == ["a2", "b2"]
    assert driver.heard("mind/b") == []


def test_its_own_words_are_no_part_of_what_it_remembers() -> None:
    driver = society(turns=3)
    driver.run("go", "a1", "b1", "s1", "c1")
    assert not any("s1" in line for line in driver.heard("mind/a"))


def test_it_remembers_what_its_context_lets_through() -> None:
    driver = society(turns=5, options={"model_context": BufferedChatCompletionContext(1)})
    driver.run("go", "a1", "b1", "s1", "c1", "a2", "b2", "s2", "c2")
    assert driver.heard("mind/a") == ["U: c1", "U: relevant previous messages", "U: c2"]


def test_the_reminder_counts_for_the_inner_condition() -> None:
    driver = society(turns=3, max_turns=None, termination_condition=MaxMessageTermination(3))
    driver.run("go", "a1", "b1", "s1", "c1")
    driver.answer("a2")
    assert driver.speaking == ["mind"], "reminder, c1 and a2 are three"
    (_, ended) = driver.entries("scope_ended")
    assert ended.data["stop_reason"] == "Maximum number of messages 3 reached, current message count: 3"


def test_where_nobody_spoke_the_answer_is_fixed_and_no_model_is_asked() -> None:
    driver = society(max_turns=None, termination_condition=TextMentionTermination("go"))
    driver.run("go")
    assert driver.spoken() == ["user: go", "mind: No response."]
    assert driver.speaking == ["c"]


def test_a_summary_that_fails_is_tried_again_without_the_team() -> None:
    driver = society()
    driver.run("go", "a1", "b1", BROKEN)
    error = driver.chat.state.error
    assert error is not None
    assert error["agent"] == "mind"
    driver.run(None, BROKEN)
    driver.run(None)
    assert (driver.speaking, summed_up(driver)) == (["mind"], ["a1", "b1"])
    driver.answer("s1", "c1")
    assert driver.spoken() == ["user: go", "a: a1", "b: b1", "mind: s1", "c: c1"]


def test_a_cancelled_summary_is_made_after_a_new_task_and_the_task_is_for_the_next_turn() -> None:
    driver = society(turns=3)
    driver.run("go", "a1", "b1")
    driver.tell("cancel")
    driver.run("more")
    assert summed_up(driver) == ["a1", "b1"]
    driver.answer("s1", "c1")
    assert driver.heard("mind/a") == ["U: go", "U: relevant previous messages", "U: more", "U: c1"]


def test_a_failure_inside_is_taken_up_inside_and_the_summary_sees_the_whole_talk() -> None:
    driver = society()
    driver.run("go", "a1", BROKEN)
    error = driver.chat.state.error
    assert error is not None
    assert error["agent"] == "mind/b"
    driver.run(None)
    assert driver.speaking == ["mind", "mind/b"]
    driver.answer("b1")
    assert summed_up(driver) == ["a1", "b1"]


def test_a_pause_before_the_summary() -> None:
    driver = society()
    driver.run("go", "a1")
    driver.tell("pause")
    driver.answer("b1")
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert summed_up(driver) == ["a1", "b1"]


def test_a_society_in_a_society() -> None:
    deep = SocietyOfMindAgent("deep", rounds("below", agent("x"), max_turns=1), "scripted")
    mind = SocietyOfMindAgent("mind", rounds("inner", deep, agent("a"), max_turns=2), "scripted")
    driver = Driver(rounds("outer", mind, max_turns=1))
    driver.run("go", "x1")
    assert summed_up(driver) == ["x1"]
    driver.answer("deep says")
    assert driver.heard("mind/a") == ["U: go", "U: deep says"]
    driver.answer("a1")
    assert summed_up(driver) == ["x1", "deep says", "a1"], "what its team streamed (AutoGen)"
    driver.answer("mind says")
    assert thread(driver, "") == [("user", "go"), ("mind", "mind says")]


def test_societies_that_think_at_the_same_time_are_heard_in_graph_order() -> None:
    minds = [SocietyOfMindAgent(name, rounds("inner", agent("x"), max_turns=1), "scripted") for name in ("m", "n")]
    members = [agent("s"), *minds, agent("e")]
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for mind in minds:
        builder.add_edge("s", mind).add_edge(mind, "e")
    driver = Driver(GraphFlow([*members], graph=builder.build()))
    driver.run("go", "s1")
    assert [call.path for call in driver.calls] == ["m/x", "n/x"]
    driver.finish(driver.calls[1], said("nx"))
    driver.finish(next(call for call in driver.calls if call.path == "n"), said("n says"))
    driver.answer("mx", "m says")
    assert driver.heard("e") == ["U: go", "U: s1", "U: m says", "U: n says"]
    driver.answer("e1")
    assert driver.stop_reason == "Digraph execution is complete"


def test_a_reset_forgets_what_was_heard() -> None:
    driver = society(turns=1)
    driver.run("go", "a1", "b1", "s1")
    driver.tell("reset")
    driver.run("anew")
    assert driver.heard("mind/a") == ["U: anew"]
