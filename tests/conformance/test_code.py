"""Agents that write code: approval, errors, trying again, and what others hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player

pytestmark = pytest.mark.filterwarnings("ignore:No approval function")

AGAIN, ENOUGH = '{"reason":"A slip.","retry":true}', '{"reason":"Hopeless.","retry":false}'


def block(source: str) -> str:
    """A fenced block of Python."""
    return f"```python\n{source}\n```"


FAILS, WORKS = block("raise SystemExit(1)"), block("print(6 * 7)")


def coder(**options: Any) -> Callable[[Any], Any]:
    """A team whose first agent writes and runs code, and whose second hears of it."""

    def team(lib: Any) -> Any:
        made = {key: value(lib) if key == "approval_func" else value for key, value in options.items()}
        runner = lib.CodeExecutorAgent("runner", lib.executor(), model_client=lib.model("runner"), **made)
        return lib.RoundRobinGroupChat([runner, lib.agent("b")], max_turns=2)

    return team


@covers("B116")
@pytest.mark.parametrize(
    ("retries", "replies"),
    [
        (0, [WORKS, "It is 42."]),
        (0, [FAILS, "It failed."]),
        (2, [FAILS, ENOUGH, "I give up."]),
        (1, [FAILS, AGAIN, FAILS, "It failed twice."]),
        (2, [FAILS, AGAIN, FAILS, AGAIN, WORKS, "It is 42."]),
        (1, [FAILS, AGAIN, "No code any more."]),
        (0, ["No code at all."]),
    ],
    ids=["works", "fails", "gives up", "fails again", "works at last", "no more code", "no code"],
)
async def test_how_code_may_end(play: Player, retries: int, replies: list[str]) -> None:
    team = coder(max_retries_on_error=retries)
    played = await play(team, {"runner": replies, "b": ["I see."]}, "6 * 7?", unheard=["runner"])
    assert played.folkmoot.heard("b")[-1] == ("runner", replies[-1])


@better("B115", "B116", why="AutoGen tells what has come in anew with every try, so that it is in the context twice.")
@pytest.mark.parametrize("last", [True, False], ids=["then approved", "never approved"])
async def test_code_of_the_agents_own_is_approved_or_not(play: Player, last: bool) -> None:
    def approval(lib: Any) -> Any:
        answers = [False, last]

        def approve(request: Any) -> Any:
            lib.notes.append((request.code, [message.content for message in request.context]))
            return lib.ApprovalResponse(approved=answers.pop(0), reason="Because.")

        return approve

    team = coder(max_retries_on_error=1, approval_func=approval)
    script = {"runner": [WORKS, AGAIN, WORKS, "Well."], "b": ["I see."]}
    played = await play(team, script, "6 * 7?", unheard=["runner"])
    results = [
        message["result"]["exit_code"]
        for message in played.folkmoot.last.messages
        if message["type"] == "CodeExecutionEvent"
    ]
    assert results == [1, 0 if last else 1]
    assert played.autogen.outcomes == played.folkmoot.outcomes
    told = [record.notes[1][1].count("6 * 7?") for record in (played.autogen, played.folkmoot)]
    assert told == [2, 1]


@covers("B115")
async def test_an_approval_that_fails(play: Player) -> None:
    def team(lib: Any) -> Any:
        def approve(request: Any) -> Any:
            raise LookupError("who knows")

        runner = lib.CodeExecutorAgent("runner", lib.executor(), approval_func=approve)
        return lib.RoundRobinGroupChat([lib.agent("a"), runner], max_turns=2)

    played = await play(team, {"a": [WORKS]}, "go")
    assert played.folkmoot.failure.type == "LookupError"


@covers("B114")
async def test_code_of_some_sources_only(play: Player) -> None:
    def team(lib: Any) -> Any:
        runner = lib.CodeExecutorAgent("runner", lib.executor(), sources=["b"])
        return lib.RoundRobinGroupChat([lib.agent("a"), lib.agent("b"), runner], max_turns=3)

    played = await play(team, {"a": [block("print('from a')")], "b": [block("print('from b')")]}, "go")
    assert played.folkmoot.last.said[-1] == ("runner", "from b\n")


@covers("B114")
async def test_files_stay_from_turn_to_turn(play: Player) -> None:
    def team(lib: Any) -> Any:
        runner = lib.CodeExecutorAgent("runner", lib.executor())
        return lib.RoundRobinGroupChat([lib.agent("a"), runner], max_turns=4)

    write, read = (
        block(f"print(open('note', '{mode}').{act})") for mode, act in (("w", "write('x')"), ("r", "read()"))
    )
    played = await play(team, {"a": [write, read]}, "go")
    assert played.folkmoot.last.said[-1] == ("runner", "x\n")


@covers("B029", "B114", "B117")
async def test_events_of_people_and_code_count_for_no_condition(play: Player) -> None:
    def team(lib: Any) -> Any:
        person = lib.UserProxyAgent("person", input_func=lambda prompt: "Fine.")
        runner = lib.CodeExecutorAgent("runner", lib.executor(), model_client=lib.model("runner"))
        limit = lib.MaxMessageTermination(3, include_agent_event=True)
        return lib.RoundRobinGroupChat([person, runner, lib.agent("b")], termination_condition=limit)

    played = await play(team, {"runner": [WORKS, "It is 42."]}, "go", unheard=["runner"])
    assert played.folkmoot.last.said[-1] == ("runner", "It is 42.")


@better("B116", why="AutoGen's agent that runs code keeps its context through a reset of the team.")
async def test_reset_empties_the_context_of_a_coder(play: Player) -> None:
    async def story(talk: Any) -> None:
        await talk.stream("one")
        await talk.attempt("reset")
        await talk.stream("two")

    team = coder()
    script = {"runner": [WORKS, "It is 42.", WORKS, "Again."], "b": ["b1", "b2"]}
    played = await play(team, script, story=story)
    first = [content for _, content in played.folkmoot.heard("runner", -2)]
    assert "one" not in first
    assert "one" in [content for _, content in played.autogen.heard("runner", -2)]
