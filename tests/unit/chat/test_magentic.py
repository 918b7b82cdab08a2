"""Magentic-One: facts, plan and ledgers, stalls, the end, and that it goes on instead of starting over."""

from __future__ import annotations

from typing import Any

import pytest

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.managers.magentic import MAX_TRIES
from folkmoot.agents import AssistantAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.teams import MagenticOneGroupChat, RoundRobinGroupChat
from tests.unit.chat.driver import Driver, Json, task

ME = "MagenticOneOrchestrator"


def members() -> list[AssistantAgent]:
    return [AssistantAgent(name, "scripted", description=f"does {name}") for name in "ab"]


def orchestra(**options: Any) -> Driver:
    return Driver(MagenticOneGroupChat(members(), "scripted", **options))


def text(content: str) -> Json:
    return {"content": content, "usage": [3, 2]}


def ledger(speaker: str = "a", *, stalled: bool = False, do: str = "work") -> Json:
    told = {"satisfied": False, "reason": "not yet", "stalled": stalled, "speaker": speaker, "instruction": do}
    return {**told, "usage": [3, 2]}


BAD: Json = {"problem": "not JSON", "usage": [3, 2]}
HAPPY: Json = {**ledger(), "satisfied": True, "reason": "all is done"}
PLANNED = (text("the facts"), text("the plan"))


def step(driver: Driver) -> str:
    """What the orchestrator is asked now."""
    (call,) = driver.calls
    assert (call.kind, call.path, call.node) == ("manage", "", True)
    return call.name


def steps(driver: Driver) -> list[str]:
    return [entry.data["step"] for entry in driver.entries("manager")]


def announcements(driver: Driver) -> list[str]:
    return [text for text in driver.spoken() if text.startswith(f"{ME}: We are working")]


def test_order_of_the_steps_and_the_reason_of_the_ledger() -> None:
    driver = orchestra()
    driver.run("go")
    assert step(driver) == "facts"
    driver.answer(text("the facts"))
    assert step(driver) == "plan"
    driver.answer(text("the plan"))
    assert step(driver) == "ledger"
    driver.answer(ledger("b", do="say something"))
    assert driver.speaking == ["b"]
    driver.answer("something")
    assert step(driver) == "ledger"
    driver.answer(HAPPY)
    assert step(driver) == "final"
    driver.answer(text("the answer"))
    assert (driver.status, driver.stop_reason) == ("idle", "all is done")
    assert steps(driver) == ["facts", "plan", "planned", "ledger", "ledger", "final", "end"]
    said = driver.spoken()
    assert (said[0], said[2:]) == ("user: go", [f"{ME}: say something", "b: something", f"{ME}: the answer"])


def test_everybody_hears_task_facts_and_plan_in_one_message() -> None:
    driver = orchestra()
    driver.run([task("one"), task("two")], *PLANNED, ledger("a"), "1", ledger("b"), "2")
    (announced,) = announcements(driver)
    for part in ("one two", "a: does a\nb: does b", "the facts", "the plan"):
        assert part in announced
    told = announced.removeprefix(f"{ME}: ")
    assert driver.heard("a") == [f"U: {told}", "U: work", "A: 1"]
    assert driver.heard("b") == [f"U: {told}", "U: work", "U: 1", "U: work", "A: 2"]


def test_orchestrator_use_is_counted() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, BAD)
    used = driver.chat.state.usage[ME]
    assert (used.model_calls, used.prompt_tokens, used.completion_tokens) == (3, 9, 6)


def test_run_without_task_needs_one_before() -> None:
    driver = orchestra()
    refused = driver.run(None)
    assert refused.data["error"]["message"] == "A MagenticOneGroupChat needs a task to begin with."
    driver.run("go")
    driver.tell("cancel")
    assert driver.run(None).kind == "run_started"


def test_stalls_lead_to_a_new_plan_and_everybody_begins_anew() -> None:
    driver = orchestra(max_stalls=2)
    driver.run("go", *PLANNED, ledger("a"), "1", ledger("b", stalled=True), "2", ledger("b", stalled=True))
    assert step(driver) == "facts"
    driver.answer(text("more facts"), text("better plan"), ledger("b"))
    assert len(announcements(driver)) == 2
    second = announcements(driver)[1].removeprefix(f"{ME}: ")
    assert all(part in second for part in ("go", "more facts", "better plan"))
    assert driver.heard("b") == [f"U: {second}", "U: work"]
    driver.answer("3", ledger("a", stalled=True))
    # AutoGen plans again at the very next ledger without progress; here a new plan has as many tries as the first.
    assert driver.speaking == ["a"]


def test_progress_takes_a_stall_back() -> None:
    driver = orchestra(max_stalls=2)
    driver.run("go", *PLANNED)
    for stalled in (True, False, True, False):
        driver.answer(ledger("a", stalled=stalled), "1")
    assert steps(driver).count("facts") == 1
    driver.answer(ledger("a", stalled=True), "1", ledger("a", stalled=True))
    assert step(driver) == "facts"


def test_one_stall_is_enough_if_so_set() -> None:
    driver = orchestra(max_stalls=1)
    driver.run("go", *PLANNED, ledger("a", stalled=True))
    assert step(driver) == "facts"


def test_turn_limit_ends_with_a_final_answer() -> None:
    driver = orchestra(max_turns=2)
    driver.run("go", *PLANNED, ledger("a"), "1", ledger("b"), "2", ledger("a"), "3")
    assert step(driver) == "final", "AutoGen: one ledger more than turns"
    driver.answer(text("as far as it got"))
    assert driver.stop_reason == "Max rounds reached."
    assert driver.spoken()[-1] == f"{ME}: as far as it got"


def test_rounds_are_counted_anew_in_the_next_run() -> None:
    """AutoGen never sets them back."""
    driver = orchestra(max_turns=1)
    driver.run("go", *PLANNED, ledger("a"), "1", ledger("b"), "2", text("end"))
    driver.run("more", *PLANNED, ledger("a"), "3")
    assert step(driver) == "ledger"


def test_bad_ledgers_are_asked_again_ten_times() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED)
    for number in range(MAX_TRIES):
        assert (step(driver), driver.calls[0].index) == ("ledger", number)
        driver.answer(BAD)
    assert MAX_TRIES == 10
    assert driver.chat.state.error == {
        "agent": ME,
        "type": "ValueError",
        "message": "Failed to parse ledger information after multiple retries.",
    }
    driver.run(None)
    assert (step(driver), driver.calls[0].index) == ("ledger", 0)


def test_good_ledger_after_bad_ones_is_followed() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, *[BAD] * (MAX_TRIES - 1), ledger("b"))
    assert driver.speaking == ["b"]
    driver.answer("1")
    assert driver.calls[0].index == 0


def test_new_task_after_a_finished_one_updates_facts_and_plan_and_nobody_forgets() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, ledger("a"), "1", HAPPY, text("answer"))
    driver.run("next task")
    assert step(driver) == "facts"
    driver.answer(text("new facts"), text("new plan"), ledger("a"))
    second = announcements(driver)[1]
    assert "next task" in second
    assert "go\n" not in second
    assert len(driver.heard("a")) == 6, "announcement, instruction, own words, answer, announcement, instruction"
    assert "U: next task" not in driver.heard("a")


def test_run_without_task_after_a_finished_one_looks_at_the_ledger() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, HAPPY, text("answer"))
    driver.run(None)
    assert step(driver) == "ledger"
    driver.answer(HAPPY, text("still"))
    assert driver.stop_reason == "all is done"


def test_new_task_while_the_last_is_unfinished_is_heard_by_everybody() -> None:
    driver = orchestra(termination_condition=MaxMessageTermination(1))
    driver.run("go", *PLANNED, ledger("a"), "1")
    assert driver.stop_reason == "Maximum number of messages 1 reached, current message count: 1"
    driver.run("and this")
    assert step(driver) == "ledger"
    driver.answer(ledger("b"))
    assert driver.heard("b")[-2:] == ["U: and this", "U: work"]


def test_task_that_was_added_is_part_of_the_next_plan() -> None:
    driver = orchestra(termination_condition=MaxMessageTermination(1), max_stalls=1)
    driver.run("go", *PLANNED, ledger("a"), "1")
    driver.run("and this", ledger("b", stalled=True), *PLANNED, ledger("b"))
    assert "go and this" in announcements(driver)[1]
    assert len(driver.heard("b")) == 2, "what was before the new plan is forgotten"


def test_condition_sees_answers_only() -> None:
    driver = orchestra(termination_condition=TextMentionTermination("the"))
    driver.run("the task", *PLANNED, ledger("a", do="the work"))
    assert driver.speaking == ["a"]
    driver.answer("the end")
    assert driver.stop_reason == "Text 'the' mentioned"
    driver.run(None)
    assert step(driver) == "ledger"


PHASES: dict[str, list[Json | str]] = {
    "facts": [],
    "plan": [text("the facts")],
    "ledger": [*PLANNED],
    "second ledger": [*PLANNED, ledger("a"), "1"],
    "final": [*PLANNED, ledger("a"), "1", HAPPY],
    "facts of a new plan": [*PLANNED, ledger("a", stalled=True)],
    "plan of a new plan": [*PLANNED, ledger("a", stalled=True), text("more facts")],
}


def broken_off(phase: str, how: str) -> tuple[Driver, Call]:
    driver = orchestra(max_stalls=1)
    driver.run("go", *PHASES[phase])
    (call,) = driver.calls
    if how == "cancel":
        driver.tell("cancel")
    else:
        driver.answer(Failure("ModelCallError", "no"))
        assert driver.chat.state.error == {"agent": ME, "type": "ModelCallError", "message": "no"}
    assert (driver.status, driver.calls) == ("idle", [])
    return driver, call


@pytest.mark.parametrize("how", ["cancel", "fail"])
@pytest.mark.parametrize("phase", PHASES)
def test_run_without_task_takes_up_the_step_that_was_broken_off(phase: str, how: str) -> None:
    driver, call = broken_off(phase, how)
    before = steps(driver)
    driver.run(None)
    assert step(driver) == call.name
    assert steps(driver) == before, "no finished step is made again"
    left = {"facts": [text("f"), text("p"), HAPPY], "plan": [text("p"), HAPPY], "ledger": [HAPPY], "final": []}
    driver.answer(*left[call.name], text("answer"))
    assert (driver.chat.state.status, driver.stop_reason) == ("stopped", "all is done")


@pytest.mark.parametrize("how", ["cancel", "fail"])
@pytest.mark.parametrize("phase", ["facts", "plan"])
def test_task_given_while_planning_is_planned_for_with_the_first(phase: str, how: str) -> None:
    driver, _ = broken_off(phase, how)
    driver.run("and this")
    assert step(driver) == "facts"
    driver.answer(*PLANNED, ledger("a"))
    (announced,) = announcements(driver)
    assert "go and this" in announced
    assert [item["content"] for item in driver.view("a")] == [announced.removeprefix(f"{ME}: "), "work"]


@pytest.mark.parametrize("phase", ["facts of a new plan", "plan of a new plan"])
def test_task_given_while_planning_anew_is_not_forgotten(phase: str) -> None:
    driver, _ = broken_off(phase, "fail")
    driver.run("and this")
    assert step(driver) == "facts"
    driver.answer(text("facts"), text("plan"), ledger("a"))
    assert "go and this" in announcements(driver)[1]
    assert len(driver.heard("a")) == 2


def test_task_given_before_the_final_answer_is_looked_at_first() -> None:
    driver, _ = broken_off("final", "fail")
    driver.run("and this")
    assert step(driver) == "ledger"
    driver.answer(ledger("a"))
    assert driver.heard("a")[-2:] == ["U: and this", "U: work"]


def test_failed_speaker_speaks_again_with_its_instruction() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, ledger("b", do="look"), Failure("ModelCallError", "no"))
    driver.run(None)
    assert driver.speaking == ["b"]
    assert driver.heard("b")[-1] == "U: look"
    driver.answer("1")
    assert step(driver) == "ledger"


def test_cancel_ends_the_run_as_cancelled() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, ledger("a"))
    driver.tell("cancel")
    assert (driver.chat.state.status, driver.stop_reason, driver.calls) == ("cancelled", None, [])


def test_reset_begins_with_the_facts() -> None:
    driver = orchestra()
    driver.run("go", *PLANNED, ledger("a"), "1", HAPPY, text("answer"))
    driver.tell("reset")
    assert driver.run(None).kind == "refused"
    driver.run("new")
    assert step(driver) == "facts"
    driver.answer(*PLANNED, ledger("a"))
    assert len(driver.heard("a")) == 2
    assert "go" not in announcements(driver)[1].split("\n")


def test_wait_of_a_step_is_over_with_its_answer() -> None:
    driver = orchestra()
    driver.run("go")
    for result in (*PLANNED, BAD, HAPPY):
        driver.chat.wait(driver.calls[0], "worker:model:scripted", driver.now, "unknown", driver.now)
        assert driver.status == "waiting"
        driver.answer(result)
        assert driver.status == "running"


def test_pause_between_steps_holds_the_next_one() -> None:
    driver = orchestra()
    driver.run("go")
    driver.tell("pause")
    driver.answer(text("the facts"))
    assert (driver.status, driver.calls) == ("paused", [])
    driver.tell("resume")
    assert step(driver) == "plan"


def test_inside_another_team_it_hears_each_task_once() -> None:
    inner = MagenticOneGroupChat(members(), "scripted", name="inner", termination_condition=MaxMessageTermination(1))
    driver = Driver(RoundRobinGroupChat([inner, AssistantAgent("z", "scripted")], max_turns=2))
    driver.run("go", *PLANNED, ledger("a"), "1", "from z")
    driver.run("more")
    # Its first task is unfinished: what came since is heard by everybody, and no plan is made.
    assert [call.name for call in driver.calls] == ["ledger"]
    driver.answer(ledger("b"))
    heard = driver.heard("inner/b")
    assert heard[-3:] == ["U: from z", "U: more", "U: work"]
    assert [item.count("more") for item in heard].count(1) == 1


def test_inside_another_team_a_new_plan_is_for_all_its_tasks() -> None:
    options: Json = {"termination_condition": MaxMessageTermination(1), "max_stalls": 1}
    inner = MagenticOneGroupChat(members(), "scripted", name="inner", **options)
    driver = Driver(RoundRobinGroupChat([inner, AssistantAgent("z", "scripted")], max_turns=2))
    driver.run("go", *PLANNED, ledger("a"), "1", "from z")
    driver.run("more", ledger("b", stalled=True), *PLANNED)
    assert "go from z more\n" in announcements(driver)[1]


def test_inside_another_team_a_task_after_a_finished_one_is_planned_for() -> None:
    inner = MagenticOneGroupChat(members(), "scripted", name="inner", termination_condition=MaxMessageTermination(1))
    driver = Driver(RoundRobinGroupChat([inner, AssistantAgent("z", "scripted")], max_turns=2))
    driver.run("go", *PLANNED, ledger("a"), "1", "from z")
    driver.run("more", HAPPY, text("answer"), "z again")
    driver.run("third", *PLANNED)
    assert "z again third\n" in announcements(driver)[1]
    assert "more" not in announcements(driver)[1]
