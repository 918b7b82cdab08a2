"""States of teams in teams, societies of mind, Magentic-One, and agents and teams as tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.talk import Talk
from tests.conformance.test_magentic import FACTS, PLAN, is_ledger, ledger, magentic
from tests.conformance.test_nested import inner
from tests.conformance.test_society import WORDS, society
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture


def nested(lib: Any, *, turns: int = 1, inner_turns: int = 2) -> Any:
    """c, and before it a team of a and b."""
    return lib.RoundRobinGroupChat([inner(lib, "a", "b", max_turns=inner_turns), lib.agent("c")], max_turns=turns)


@covers("B082", "B087", "B088", "B089")
@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_a_team_in_a_team(travel: Traveller, turns: int) -> None:
    words = [{"a": ["a1"], "b": ["b1"]}, {"c": ["c1"]}, {"a": ["a2"], "b": ["b2"]}]
    words += [{"c": ["c2"]}, {"a": ["a3"], "b": ["b3"]}, {"c": ["c3"]}]

    def script(first: int, end: int) -> dict[str, list[str]]:
        return {name: [text for part in words[first:end] for text in part.get(name, ())] for name in "abc"}

    def team(lib: Any) -> Any:
        return nested(lib, turns=turns)

    gone = await travel(team, script(0, turns), ["go"], script(turns, 2 * turns), ["more"])
    assert gone.folkmoot_state["agent_states"]["inner"]["agent_state"]["type"] == "TeamState"


@covers("B082", "B088")
async def test_an_inner_team_goes_on_with_its_own_next_speaker(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return nested(lib, turns=2, inner_turns=1)

    gone = await travel(team, {"a": ["a1"], "c": ["c1"]}, ["go"], {"b": ["b1"], "c": ["c2"]}, [None])
    assert gone.arrived.heard("b") == gone.left.heard("b") == [("user", "go"), ("a", "a1"), ("c", "c1")]


@covers("B082", "B081")
async def test_three_levels(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        middle = lib.RoundRobinGroupChat([inner(lib, "a", "b"), lib.agent("c")], name="middle", max_turns=2)
        return lib.RoundRobinGroupChat([middle, lib.agent("d")], max_turns=1)

    script = {"a": ["a1"], "b": ["b1"], "c": ["c1"]}
    later = {"d": ["d1"], "a": ["a2"], "b": ["b2"], "c": ["c2"]}
    gone = await travel(team, script, ["go"], later, [None, "more"])
    assert gone.arrived.heard("a")[-2:] == [("d", "d1"), ("user", "more")]


@covers("B082", "B052")
async def test_a_selector_of_teams(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        members = [inner(lib, "a", name="one"), inner(lib, "b", name="two"), lib.agent("c")]
        prompt = "{participants}\n{history}\nWho?"
        return lib.SelectorGroupChat(members, lib.model("chooser"), selector_prompt=prompt, max_turns=1)

    script = {"chooser": ["one"], "a": ["a1"]}
    gone = await travel(team, script, ["go"], {"chooser": ["two"], "b": ["b1"]}, [None])
    assert "one" not in gone.arrived.asked[0]["messages"][0]["content"].splitlines()[0]


@better("B082", "B093", why="AutoGen's inner team forgets how far its condition is, and whose turn was under way.")
async def test_in_the_middle_of_an_inner_team(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        limited = lib.round_robin("a", "b", name="inner", termination_condition=lib.MaxMessageTermination(4))
        return lib.RoundRobinGroupChat([limited, lib.agent("c")], max_turns=2)

    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(2)
        state = await talk.target.save_state()
        talk.release("b")
        await run
        await talk.target.load_state(state)
        return state

    script = {"a": ["a1", "lost"], "b": [{"text": "lost", "hold": "b"}], "c": ["lost"]}
    later = {"b": ["b1"], "a": ["a2"], "c": ["c1"]}
    gone = await travel(team, script, first, later, [None], spare=True, same_state=False)
    assert gone.folkmoot.last.said == [("b", "b1"), ("a", "a2"), ("c", "c1")]


# --- Society of mind -------------------------------------------------------------------------------------------------


@covers("B087", "B088", "B089")
async def test_a_society_that_has_not_spoken(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        team = lib.round_robin("a", name="inner", max_turns=1)
        mind = lib.SocietyOfMindAgent("mind", team, lib.model("voice"), **WORDS)
        return lib.RoundRobinGroupChat([lib.agent("c"), mind], max_turns=1)

    gone = await travel(team, {"c": ["c1"]}, ["go"], {"a": ["a1"], "voice": ["v1"]}, [None])
    assert gone.arrived.heard("a") == [("user", "go"), ("c", "c1")]


@better("B086", "B087", why="AutoGen does not save what a society of mind heard in earlier turns.")
async def test_a_society_that_has_spoken(travel: Traveller) -> None:
    script = {"a": ["a1"], "b": ["b1"], "voice": ["v1"], "c": ["c1"]}
    later = {"a": ["a2"], "b": ["b2"], "voice": ["v2"], "c": ["c2"]}
    gone = await travel(society(2), script, ["go"], later, ["more"])
    assert gone.folkmoot.asked == gone.autogen_stayed.asked
    assert gone.arrived.asked == gone.left.asked == gone.autogen.asked
    assert ("user", "go") not in gone.autogen.heard("a")


# --- Magentic-One ----------------------------------------------------------------------------------------------------


@better("B087", "B088", why="AutoGen's Magentic-One has all participants forget what was said at every new task.")
async def test_magentic_plans_anew_with_every_task(travel: Traveller) -> None:
    script = {"lead": [FACTS, PLAN, ledger("a"), ledger("b", done=True), "Done."], "a": ["a1"]}
    later = {"lead": [FACTS, PLAN, ledger("b"), ledger("b", done=True), "Done again."], "b": ["b1"]}
    gone = await travel(magentic("a", "b"), script, ["go"], later, ["more"], unheard=["lead"], own_words=is_ledger)
    assert gone.arrived.last.said[-1] == gone.left.last.said[-1] == ("MagenticOneOrchestrator", "Done again.")
    assert gone.arrived.asked == gone.folkmoot.asked
    assert gone.left.asked == gone.autogen.asked


@better("B088", "B093", why="AutoGen's Magentic-One cannot go on: it needs a task, and plans anew.")
async def test_magentic_goes_on_in_the_middle(travel: Traveller) -> None:
    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(6)
        state = await talk.target.save_state()
        talk.release("b")
        await run
        await talk.target.load_state(state)
        return state

    script = {
        "lead": [FACTS, PLAN, ledger("a"), ledger("b"), ledger("b", done=True), "Done."],
        "a": ["a1"],
        "b": [{"text": "lost", "hold": "b"}],
    }
    later = {"lead": [ledger("b", done=True), "Done."], "b": ["b1"]}
    gone = await travel(
        magentic("a", "b"),
        script,
        first,
        later,
        [None],
        unheard=["lead"],
        own_words=is_ledger,
        spare=True,
        same_state=False,
    )
    assert [body["model"] for body in gone.folkmoot.asked] == ["b", "lead", "lead"]
    assert gone.autogen.last.failure is not None


# --- Agents and teams as tools ---------------------------------------------------------------------------------------


def uses(tool: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An agent that uses another, or a team, as its tool."""
    return lambda lib: lib.RoundRobinGroupChat([lib.agent("boss", tools=[tool(lib)])], max_turns=1)


def ask(name: str, task: str, call: str) -> dict[str, Any]:
    """A reply that gives a tool a task."""
    return {"calls": [{"name": name, "arguments": {"task": task}, "id": call}]}


TOOLS = [
    ("helper", lambda lib: lib.AgentTool(lib.agent("helper"))),
    ("helpers", lambda lib: lib.TeamTool(lib.round_robin("helper", max_turns=1), name="helpers", description="Help.")),
]


@better("B118", why="AutoGen does not save what an agent or a team that is a tool remembers.")
@pytest.mark.parametrize(("name", "tool"), TOOLS, ids=["agent", "team"])
async def test_an_agent_or_team_as_a_tool(travel: Traveller, name: str, tool: Callable[[Any], Any]) -> None:
    script = {"boss": [ask(name, "one", "first")], "helper": ["h1"]}
    later = {"boss": [ask(name, "two", "second")], "helper": ["h2"]}
    gone = await travel(uses(tool), script, ["go"], later, ["more"])
    assert gone.autogen_stayed.heard("helper") == gone.folkmoot.heard("helper")
    assert gone.folkmoot.heard("helper") == [("user", "one"), ("assistant", "h1"), ("user", "two")]
    boss = gone.autogen.heard("boss")
    for way in (gone.arrived, gone.left, gone.autogen):
        assert way.heard("helper") == [("user", "two")]
        assert way.heard("boss") == boss


@better("B082", "B097", why="After an error inside an inner team AutoGen's state has lost whose turn it was, at both.")
async def test_after_an_error_inside_the_inner_team(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return nested(lib, turns=2)

    script = {"a": ["a1"], "b": [{"status": 400, "message": "no such model"}]}
    later = {"b": ["b1"], "c": ["c1"], "a": ["a2"]}
    gone = await travel(team, script, ["go"], later, [None], spare=True, same_state=False)
    assert gone.folkmoot.last.said == [("b", "b1"), ("c", "c1")]
    assert gone.folkmoot.heard("b") == [("user", "go"), ("a", "a1")]
    # AutoGen, which has our state, knows whose turn it is, but its inner teams never go on without a new message.
    assert "Task list cannot be empty." in gone.left.failure.text
    assert [body["model"] for body in gone.autogen.asked] == [body["model"] for body in gone.arrived.asked]


@better("B086", "B093", why="AutoGen's society of mind has no turn that could go on; it begins anew.")
async def test_in_the_middle_of_a_society(travel: Traveller) -> None:
    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(3)
        state = await talk.target.save_state()
        talk.release("voice")
        await run
        await talk.target.load_state(state)
        return state

    script = {"a": ["a1"], "b": ["b1"], "voice": [{"text": "lost", "hold": "voice"}], "c": ["lost"]}
    later = {"voice": ["v1"], "c": ["c1"]}
    gone = await travel(society(2), script, first, later, [None], spare=True, same_state=False)
    assert gone.folkmoot.last.said == [("mind", "v1"), ("c", "c1")]
    words = [item["content"] for item in gone.folkmoot.asked[0]["messages"]]
    assert words == [WORDS["instruction"], "a1", "b1", WORDS["response_prompt"]]
