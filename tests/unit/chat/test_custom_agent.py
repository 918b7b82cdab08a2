"""Custom agents: a turn is one call, its state is a view of the log, and hooks come before anything new."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.agent_state import StateView, change_of
from folkmoot._chat.context import AgentContext
from folkmoot.agents import CustomAgent, SocietyOfMindAgent
from folkmoot.conditions import MaxMessageTermination
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import AgentTool
from tests.unit.chat.driver import UUID, Driver, Failure, Json, agent, asks


def chat(*members: Any, turns: int = 2, **options: Any) -> Driver:
    return Driver(RoundRobinGroupChat([*members] or [CustomAgent("own"), agent("b")], max_turns=turns, **options))


def turn(answer: str, *before: tuple[Json, bool, bool], state: Any = None) -> Json:
    """What a turn brings: messages (whether each is a chat message, and shown only), the answer, a change of state."""
    messages = [
        {"message": message, **({"chat": True} if is_chat else {}), **({"shown": True} if shown else {})}
        for message, is_chat, shown in before
    ]
    last = {"message": {"type": "TextMessage", "source": "own", "content": answer}}
    return {"messages": [*messages, last], **({} if state is None else {"state": state})}


def text(content: str) -> Json:
    return {"type": "TextMessage", "source": "own", "content": content}


def thought(content: str) -> Json:
    return {"type": "ThoughtEvent", "source": "own", "content": content}


def state_of(driver: Driver, path: str) -> Any:
    view = StateView(path)
    view.read(driver.chat.log, driver.chat.log.head, {})
    return view.state


def hooks(driver: Driver) -> list[tuple[str, str]]:
    return [(hook.path, hook.name) for hook in driver.chat.state.hooks]


def test_a_turn_is_one_call_and_its_answer_is_heard() -> None:
    driver = chat()
    driver.run("go")
    (call,) = driver.calls
    assert (call.kind, call.path, call.name) == ("agent", "own", "")
    driver.finish(call, turn("Mine."))
    assert driver.heard("b") == ["U: go", "U: Mine."]


def test_inner_messages_are_in_the_thread_and_shown_ones_are_for_readers_only() -> None:
    limit = MaxMessageTermination(3, include_agent_event=True)
    driver = chat(CustomAgent("own"), agent("b"), turns=9, termination_condition=limit)
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine.", (thought("hm"), False, True), (text("seen"), True, True)))
    assert driver.speaking == ["b"], "task and answer are two"
    assert driver.heard("b") == ["U: go", "U: Mine."]
    assert [message["content"] for message in driver.messages()] == ["go", "hm", "seen", "Mine."]


def test_inner_messages_count_for_the_condition_and_are_heard_by_nobody() -> None:
    driver = chat(CustomAgent("own"), agent("b"), turns=9, termination_condition=MaxMessageTermination(3))
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine.", (text("inner"), True, False)))
    assert driver.stop_reason == "Maximum number of messages 3 reached, current message count: 3"
    assert driver.heard("b") == []


def test_each_message_of_a_turn_has_an_id_of_its_own() -> None:
    driver = chat()
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine.", (text("one"), True, False), (text("two"), True, True)))
    ids = [message["id"] for message in driver.messages()]
    assert len(set(ids)) == len(ids) == 4


def test_the_state_is_what_its_changes_make() -> None:
    driver = chat(CustomAgent("own"))
    states = [{"n": 1, "said": ["one"]}, {"n": 2, "said": ["one", "two"]}]
    driver.run("go")
    old = None
    for state in states:
        change, _ = change_of(old, state)
        driver.finish(driver.calls[0], turn("Mine.", state=change))
        old = state
    assert state_of(driver, "own") == states[-1]
    entries = driver.entries("agent_state")
    assert [entry.data["path"] for entry in entries] == ["own", "own"]


def test_a_state_that_did_not_change_leaves_no_entry() -> None:
    driver = chat()
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine."))
    assert driver.entries("agent_state") == []


def test_a_failure_ends_the_run_and_the_state_stays_as_it_was() -> None:
    driver = chat(CustomAgent("own"))
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine.", state=[{"n": 1}]))
    driver.answer(Failure("KeyError", "'x'"))
    error = driver.chat.state.error
    assert error is not None
    assert (error["agent"], error["type"]) == ("own", "KeyError")
    assert state_of(driver, "own") == {"n": 1}
    driver.run(None)
    assert [call.kind for call in driver.calls] == ["agent"]


def test_a_late_turn_leaves_no_state() -> None:
    driver = chat()
    driver.run("go")
    (call,) = driver.calls
    driver.tell("cancel")
    driver.finish(call, turn("Mine.", state=[{"n": 1}]))
    assert state_of(driver, "own") is None


def test_a_pause_calls_the_hook_while_the_turn_goes_on() -> None:
    driver = chat()
    driver.run("go")
    driver.tell("pause")
    assert hooks(driver) == [("own", "on_pause")]
    assert [call.name for call in driver.calls] == ["", "on_pause"]
    driver.finish(driver.calls[1], {})
    assert driver.status == "pausing"
    driver.answer(turn("Mine."))
    assert driver.status == "paused"
    driver.tell("resume")
    assert [call.name for call in driver.calls] == ["on_resume"], "before anybody speaks"
    driver.finish(driver.calls[0], {})
    assert driver.speaking == ["b"]
    assert [call.kind for call in driver.calls] == ["model"]


def test_hooks_come_in_the_order_they_were_asked_for() -> None:
    driver = chat(agent("a"), CustomAgent("own"))
    driver.run("go")
    driver.tell("pause", now=True)
    driver.tell("resume")
    assert hooks(driver) == [("own", "on_pause"), ("own", "on_resume")]
    driver.finish(next(call for call in driver.calls if call.name == "on_pause"), {})
    assert [call.name for call in driver.calls if call.kind == "agent"] == ["on_resume"]


def test_a_reset_calls_the_hook_and_what_it_saves_is_the_state() -> None:
    driver = chat()
    driver.run("go")
    driver.finish(driver.calls[0], turn("Mine.", state=[{"n": 1}]))
    driver.tell("reset", force=True)
    assert [call.name for call in driver.calls] == ["on_reset"]
    driver.finish(driver.calls[0], {"state": [{"n": 0}]})
    assert state_of(driver, "own") == {"n": 0}
    assert (driver.status, hooks(driver)) == ("idle", [])


def test_a_run_that_is_asked_for_before_the_reset_hook_is_done_waits_for_it() -> None:
    driver = chat()
    driver.tell("reset")
    driver.run("go")
    assert [call.name for call in driver.calls] == ["on_reset"]
    driver.finish(driver.calls[0], {})
    assert [(call.kind, call.name) for call in driver.calls] == [("agent", "")]


def test_a_hook_that_fails_is_noted_and_holds_up_nothing() -> None:
    driver = chat()
    driver.run("go")
    driver.tell("pause", now=True)
    driver.finish(next(call for call in driver.calls if call.name), Failure("ValueError", "no"))
    (entry,) = driver.entries("agent_state")
    assert entry.data["error"] == {"type": "ValueError", "message": "no"}
    assert driver.status == "paused"


@pytest.mark.parametrize("verb", ["pause", "reset"])
def test_agents_inside_are_told_as_well(verb: str) -> None:
    mind = SocietyOfMindAgent("mind", RoundRobinGroupChat([CustomAgent("deep")], name="in", max_turns=1), "scripted")
    first = agent("a", tools=[AgentTool(CustomAgent("tool"))])
    driver = chat(first, mind, CustomAgent("own"))
    driver.tell(verb)
    assert hooks(driver) == [(path, f"on_{verb}") for path in ("a/tool/tool", "mind/deep", "own")]


def test_a_close_asks_for_no_more_hooks() -> None:
    driver = chat()
    driver.tell("reset")
    driver.tell("close")
    assert (driver.status, driver.calls) == ("closed", [])


def test_an_agent_as_a_tool_keeps_its_state_between_calls() -> None:
    driver = chat(agent("a", tools=[AgentTool(CustomAgent("own"))], max_tool_iterations=3), turns=1)
    reply = asks("own")
    reply["content"][0]["arguments"] = '{"task": "do"}'
    driver.run("go", reply)
    assert [call.path for call in driver.calls] == ["a/own/own"]
    driver.finish(driver.calls[0], turn("Mine.", state=[{"n": 1}]))
    driver.answer(reply)
    assert state_of(driver, "a/own/own") == {"n": 1}


def new_to(driver: Driver, path: str) -> list[str]:
    """What a turn that begins now gets."""
    view = AgentContext(driver.chat.plan, UUID, driver.chat.plan.seats[path])
    view.read(driver.chat.log, driver.chat.log.head, {})
    return [message["content"] for message in view.new]


@pytest.mark.parametrize("end", ["failure", "cancel"])
def test_a_turn_taken_again_gets_what_was_new_to_it(end: str) -> None:
    driver = chat(CustomAgent("own"), agent("b"), turns=9)
    driver.run("one")
    driver.finish(driver.calls[0], turn("Mine."))
    driver.answer("b1")
    assert new_to(driver, "own") == ["b1"]
    if end == "failure":
        driver.answer(Failure("KeyError", "'x'"))
    else:
        driver.tell("cancel")
    driver.run("two")
    assert new_to(driver, "own") == ["b1", "two"]
    driver.finish(driver.calls[0], turn("Mine too."))
    driver.answer("b2")
    assert new_to(driver, "own") == ["b2"]


def test_a_call_of_an_agent_as_a_tool_gets_its_own_task_only() -> None:
    def calling(given: str) -> Json:
        reply = asks("own")
        reply["content"][0]["arguments"] = f'{{"task": "{given}"}}'
        return reply

    driver = chat(agent("a", tools=[AgentTool(CustomAgent("own"))], max_tool_iterations=3), turns=1)
    driver.run("go", calling("one"), Failure("KeyError", "'x'"), calling("two"))
    assert new_to(driver, "a/own/own") == ["two"]
    driver.tell("cancel")
    driver.run(None, calling("three"))
    assert new_to(driver, "a/own/own") == ["three"]
