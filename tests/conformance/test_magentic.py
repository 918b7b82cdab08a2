"""Magentic-One: facts, plan, ledger, instructions, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure
from tests.conformance.talk import Talk

FACTS, PLAN = "Some facts.", "A plan."


def ledger(
    speaker: str, *, done: bool = False, looping: bool = False, progress: bool = True, reason: str = "why"
) -> str:
    """The orchestrator's view after a step."""
    answers = {
        "is_request_satisfied": done,
        "is_in_loop": looping,
        "is_progress_being_made": progress,
        "next_speaker": speaker,
        "instruction_or_question": f"Go on, {speaker}.",
    }
    return json.dumps({key: {"reason": reason, "answer": answer} for key, answer in answers.items()})


def is_ledger(text: str) -> bool:
    """Whether it is the message that tells agents of task, team, facts and plan."""
    return "facts" in text and "plan" in text


def magentic(*names: str, **options: Any) -> Callable[[Any], Any]:
    """A team led by the model `lead`, whose abilities exclude schemas."""

    def team(lib: Any) -> Any:
        lead = lib.model("lead", structured_output=False)
        return lib.MagenticOneGroupChat([lib.agent(name) for name in names], model_client=lead, **options)

    return team


@covers("B075")
async def test_the_order_of_calls_and_the_reason(play: Player) -> None:
    script = {
        "lead": [FACTS, PLAN, ledger("a"), ledger("b"), ledger("a", done=True, reason="All done."), "The answer."],
        "a": ["a1"],
        "b": ["b1"],
    }
    played = await play(magentic("a", "b"), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    order = [body["model"] for body in played.folkmoot.asked]
    assert order == ["lead", "lead", "lead", "a", "lead", "b", "lead", "lead"]
    assert played.folkmoot.last.stop_reason == "All done."
    assert played.folkmoot.last.said[-1] == ("MagenticOneOrchestrator", "The answer.")


@covers("B075")
async def test_what_agents_are_told(play: Player) -> None:
    script = {"lead": [FACTS, PLAN, ledger("a"), ledger("a", done=True), "The answer."], "a": ["a1"], "b": []}
    played = await play(magentic("a", "b"), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    heard = played.folkmoot.heard("a")
    assert [name for name, _ in heard] == ["MagenticOneOrchestrator"] * 2
    assert heard[1][1] == "Go on, a."


@covers("B076")
async def test_stalls_make_one_new_plan(play: Player) -> None:
    stalled = [ledger("a", progress=False), ledger("a", progress=False)]
    end = [ledger("a", done=True, reason="Done."), "The answer."]
    script = {"lead": [FACTS, PLAN, *stalled, "New facts.", "New plan.", *end], "a": ["a1"], "b": []}
    played = await play(magentic("a", "b", max_stalls=2), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.stop_reason == "Done."


@covers("B077")
async def test_the_limit_of_rounds(play: Player) -> None:
    # A round more than the limit (AutoGen): the check comes before the count.
    script = {"lead": [FACTS, PLAN, ledger("a"), ledger("a"), "The answer."], "a": ["a1", "a2"], "b": []}
    played = await play(magentic("a", "b", max_turns=1), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.stop_reason == "Max rounds reached."


@covers("B078")
async def test_a_ledger_that_cannot_be_read_is_asked_for_again(play: Player) -> None:
    script = {"lead": [FACTS, PLAN, "no json", ledger("a", done=True, reason="Done."), "The answer."], "a": [], "b": []}
    played = await play(magentic("a", "b"), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.stop_reason == "Done."


@better("B078", why="AutoGen gives up at once on a ledger that names an unknown speaker, or lacks an entry.")
async def test_an_unknown_speaker(play: Player) -> None:
    replies = [FACTS, PLAN, ledger("stranger"), ledger("a", done=True, reason="Done."), "The answer."]
    played = await play(
        magentic("a", "b"), {"lead": replies}, "Solve it.", spare=True, unheard=["lead"], own_words=is_ledger
    )
    assert played.autogen.failure.text == "Failed to parse ledger information after multiple retries."
    assert played.folkmoot.last.stop_reason == "Done."


@better("B079", why="Cancelled while it plans, AutoGen's stream keeps the task back.")
async def test_cancelled(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("Solve it.")
        await talk.asked(1)
        talk.cancel()
        await run

    script = {"lead": [{"text": "never", "hold": "never"}]}
    played = await play(magentic("a", "b"), script, story=story, unheard=["lead"], own_words=is_ledger)
    assert played.autogen.failure == played.folkmoot.failure == Failure("Cancelled", "")
    assert played.autogen.last.said == []
    assert played.folkmoot.last.said == [("user", "Solve it.")]


@better("B077", why="AutoGen counts the rounds of all runs together, so that a later run ends before anybody speaks.")
async def test_a_second_run_has_rounds_of_its_own(play: Player) -> None:
    end = [ledger("a", done=True, reason="Done."), "The answer."]
    script = {"lead": [FACTS, PLAN, ledger("a"), *end] * 2, "a": ["a1", "a2"], "b": []}
    team = magentic("a", "b", max_turns=2)
    played = await play(team, script, "One.", "Two.", spare=True, unheard=["lead"], own_words=is_ledger)
    assert played.autogen.stop_reasons == ["Done.", "Max rounds reached."]
    assert played.folkmoot.stop_reasons == ["Done.", "Done."]


@covers("B075")
async def test_an_only_agent_needs_no_choice(play: Player) -> None:
    script = {"lead": [FACTS, PLAN, ledger("nobody"), ledger("a", done=True, reason="Done."), "Yes."], "a": ["a1"]}
    played = await play(magentic("a"), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert ("a", "a1") in played.folkmoot.last.said


@covers("B078")
async def test_a_ledger_in_a_fence(play: Player) -> None:
    fenced = f"```json\n{ledger('a', done=True, reason='Done.')}\n```"
    script = {"lead": [FACTS, PLAN, fenced, "The answer."], "a": [], "b": []}
    played = await play(magentic("a", "b"), script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.stop_reason == "Done."


@better("B078", why="A ledger that lacks an entry ends AutoGen's run with a KeyError; Folkmoot asks again.")
async def test_a_ledger_that_lacks_an_entry(play: Player) -> None:
    lacking = {key: value for key, value in json.loads(ledger("a")).items() if key != "is_request_satisfied"}
    replies = [FACTS, PLAN, json.dumps(lacking), ledger("a", done=True, reason="Done."), "The answer."]
    script = {"lead": replies, "a": []}
    played = await play(magentic("a", "b"), script, "Go.", spare=True, unheard=["lead"], own_words=is_ledger)
    assert played.autogen.failure == Failure("KeyError", "'is_request_satisfied'")
    assert played.folkmoot.last.stop_reason == "Done."


@covers("B023", "B075")
async def test_a_condition_hears_agents_only(play: Player) -> None:
    def team(lib: Any) -> Any:
        stop = lib.MaxMessageTermination(2)
        return magentic("a", "b", termination_condition=stop)(lib)

    script = {"lead": [FACTS, PLAN, ledger("a"), ledger("b")], "a": ["a1"], "b": ["b1"]}
    played = await play(team, script, "Solve it.", unheard=["lead"], own_words=is_ledger)
    assert played.folkmoot.last.said[-1] == ("b", "b1")


@better("B097", why="After an error Magentic-One of AutoGen begins anew; in Folkmoot a run without a task goes on.")
async def test_after_an_error_magentic_goes_on(play: Player) -> None:
    end = [ledger("a", done=True, reason="Done."), "The answer."]
    script = {"lead": [FACTS, PLAN, ledger("a"), *end], "a": [{"status": 400, "message": "no"}, "a1"], "b": []}
    team = magentic("a", "b")
    played = await play(team, script, "Solve it.", None, spare=True, unheard=["lead"], own_words=is_ledger)
    assert played.autogen.failure.type == "AssertionError"
    assert played.folkmoot.last.stop_reason == "Done."
