"""States of teams whose speakers come in turn, are selected, or hand over to each other: saved and loaded, each way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.talk import Talk
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture


# --- Speakers in turn ------------------------------------------------------------------------------------------------


@covers("B087", "B088", "B089")
async def test_after_a_stop_the_next_in_line_speaks(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", "c", termination_condition=lib.MaxMessageTermination(3))

    gone = await travel(team, {"a": ["a1"], "b": ["b1"]}, ["go"], {"c": ["c1"], "a": ["a2"]}, ["more"])
    assert gone.arrived.heard("c") == [("user", "go"), ("a", "a1"), ("b", "b1"), ("user", "more")]
    told = [("user", "go"), ("assistant", "a1"), ("b", "b1"), ("user", "more"), ("c", "c1")]
    assert gone.arrived.heard("a") == gone.left.heard("a") == told


@covers("B087", "B088", "B089")
async def test_after_max_turns_a_run_without_a_task_goes_on(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=3)

    gone = await travel(team, {"a": ["a1", "a2"], "b": ["b1"]}, ["go"], {"b": ["b2", "b3"], "a": ["a3"]}, [None])
    assert gone.left.heard("b", 0)[-1] == gone.arrived.heard("b", 0)[-1] == ("a", "a2")


@covers("B087")
async def test_before_the_first_run(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=2)

    gone = await travel(team, {}, [], {"a": ["a1"], "b": ["b1"]}, ["go"])
    assert gone.folkmoot.last.said == [("user", "go"), ("a", "a1"), ("b", "b1")]


@covers("B088", "B020")
async def test_after_several_runs(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", max_turns=1)

    async def then(talk: Talk) -> None:
        await talk.stream(lambda lib: [lib.text("four"), lib.text("five", source="boss")])
        await talk.stream(None)

    script = {"a": ["a1", "a2"], "b": ["b1"]}
    gone = await travel(team, script, ["one", "two", "three"], {"b": ["b2"], "a": ["a3"]}, then)
    assert gone.arrived.heard("b")[-3:] == [("a", "a2"), ("user", "four"), ("boss", "five")]


@better(
    "B088", "B097", why="AutoGen's state of a team that failed has lost whose turn it was: the next in line speaks."
)
async def test_after_a_failure_the_one_who_failed_speaks(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", "c", max_turns=3)

    script = {"a": ["a1"], "b": [{"status": 400, "message": "no such model"}]}
    later = {"b": ["b1"], "c": ["c1"], "a": ["a2"]}
    gone = await travel(team, script, ["go"], later, [None], spare=True)
    assert [body["model"] for body in gone.left.asked] == ["b", "c"]
    assert gone.left.asked == gone.folkmoot.asked
    assert gone.left.heard("b") == [("user", "go"), ("a", "a1")]
    assert [body["model"] for body in gone.arrived.asked] == ["c", "a"]
    assert gone.arrived.asked == gone.autogen.asked


@better("B091", why="AutoGen's state of a team in the middle of a turn has lost whose turn it is.")
async def test_saved_while_a_model_is_asked(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", "c", max_turns=3)

    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(2)
        state = await talk.target.save_state()
        talk.release("b")
        await run
        await talk.target.load_state(state)
        return state

    script = {"a": ["a1"], "b": [{"text": "lost", "hold": "b"}], "c": ["lost too"]}
    later = {"b": ["b1"], "c": ["c1"], "a": ["a2"]}
    gone = await travel(team, script, first, later, [None], spare=True)
    assert gone.folkmoot.last.said == [("b", "b1"), ("c", "c1")]
    assert gone.left.asked == gone.folkmoot.asked
    assert gone.left.heard("b") == [("user", "go"), ("a", "a1")]
    assert [body["model"] for body in gone.autogen.asked] == ["c", "a"]
    assert gone.arrived.asked == gone.autogen.asked


@better(
    "B093", why="AutoGen forgets how far a condition is; a limit of messages begins to count anew in a loaded team."
)
async def test_what_a_condition_has_counted(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.round_robin("a", "b", termination_condition=lib.MaxMessageTermination(5))

    async def first(talk: Talk) -> Any:
        run = talk.start("go")
        await talk.asked(3)
        state = await talk.target.save_state()
        talk.release("a")
        await run
        await talk.target.load_state(state)
        return state

    script = {"a": ["a1", {"text": "lost", "hold": "a"}], "b": ["b1", "lost too"]}
    later = {"a": ["a2", "a3", "a4"], "b": ["b2", "b3", "b4"]}
    gone = await travel(team, script, first, later, [None], spare=True)
    assert gone.folkmoot.last.said == [("a", "a2"), ("b", "b2")]
    assert gone.folkmoot.last.stop_reason == "Maximum number of messages 5 reached, current message count: 5"
    assert len(gone.autogen.last.said) == len(gone.arrived.last.said) == len(gone.left.last.said) == 5


# --- Speakers selected -----------------------------------------------------------------------------------------------


def chosen(**options: Any) -> Any:
    """A team of three with a model that selects."""

    def team(lib: Any) -> Any:
        members = [lib.agent(name, description=f"Agent {name}.") for name in "abc"]
        prompt = "{roles}\n{participants}\n{history}\nWho?"
        return lib.SelectorGroupChat(members, lib.model("chooser"), selector_prompt=prompt, **options)

    return team


@covers("B052", "B087", "B088", "B089")
async def test_a_selector_knows_who_spoke_last_and_what_was_said(travel: Traveller) -> None:
    script = {"chooser": ["a", "b"], "a": ["a1"], "b": ["b1"]}
    later = {"chooser": ["b", "c", "a"], "c": ["c1"], "a": ["a2"]}
    gone = await travel(chosen(max_turns=2), script, ["go"], later, ["more"])
    (_, prompt), *_ = gone.arrived.asked[0]["messages"][0].items()
    assert gone.arrived.heard("c") == [("user", "go"), ("a", "a1"), ("b", "b1"), ("user", "more")]
    assert len([body for body in gone.left.asked if body["model"] == "chooser"]) == 3
    assert prompt


@better("B052", why="AutoGen's selector that loads a state keeps what was said before: its prompt has both.")
async def test_loading_into_a_used_selector_doubles_nothing(travel: Traveller) -> None:
    async def then(talk: Talk) -> None:
        await talk.target.load_state(state_of(talk))
        await talk.stream("more")

    states: dict[str, Any] = {}

    def state_of(talk: Talk) -> Any:
        return states[talk.lib.name]

    async def first(talk: Talk) -> Any:
        await talk.stream("go")
        states[talk.lib.name] = await talk.target.save_state()
        return states[talk.lib.name]

    script = {"chooser": ["a"], "a": ["a1"]}
    later = {"chooser": ["b"], "b": ["b1"]}
    gone = await travel(chosen(max_turns=1), script, first, later, then)
    prompts = {name: str(getattr(gone, name).asked[0]) for name in ("autogen_stayed", "folkmoot_stayed", "autogen")}
    assert {name: prompt.count("user: go") for name, prompt in prompts.items()} == {
        "autogen_stayed": 2,
        "folkmoot_stayed": 1,
        "autogen": 2,
    }


@covers("B052")
async def test_a_selector_with_a_limited_view(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return chosen(max_turns=1, model_context=lib.BufferedChatCompletionContext(2))(lib)

    script = {"chooser": ["a", "b", "c"], "a": ["a1"], "b": ["b1"], "c": ["c1"]}
    gone = await travel(team, script, ["one", "two", "three"], {"chooser": ["a"], "a": ["a2"]}, ["four"])
    assert "two" not in str(gone.arrived.asked[0])


@covers("B052")
async def test_a_selector_that_may_repeat(travel: Traveller) -> None:
    script = {"chooser": ["a"], "a": ["a1"]}
    later = {"chooser": ["nobody", "neither", "either"], "a": ["a2"]}
    gone = await travel(chosen(max_turns=1, allow_repeated_speaker=True), script, ["go"], later, [None])
    assert gone.arrived.last.said == [("a", "a2")]


def by_turns(messages: Any) -> str | None:
    """b after a; else the model chooses."""
    return "b" if messages[-1].source == "a" else None


def after_each_other(messages: Any) -> str:
    """b after a, and a after anybody else."""
    return "b" if messages[-1].source == "a" else "a"


@covers("B052", "B088")
async def test_a_function_that_selects(travel: Traveller) -> None:
    script = {"chooser": ["a"], "a": ["a1"]}
    later = {"b": ["b1"], "chooser": ["c"], "c": ["c1"]}
    gone = await travel(chosen(max_turns=1, selector_func=by_turns), script, ["go"], later, [None, None])
    assert gone.arrived.last.said == [("c", "c1")]


@better(
    "B088", "B097", why="AutoGen's selector counts who failed as the previous speaker; Folkmoot lets them speak again."
)
async def test_a_selector_after_a_failure(travel: Traveller) -> None:
    script = {"chooser": ["a", "b"], "a": ["a1"], "b": [{"status": 400, "message": "no such model"}]}
    later = {"chooser": ["a", "c"], "b": ["b1"], "a": ["a2"], "c": ["c1"]}
    gone = await travel(chosen(max_turns=1), script, ["go", None], later, [None], spare=True)
    assert [body["model"] for body in gone.folkmoot.asked] == ["b"]
    assert [body["model"] for body in gone.autogen.asked] == ["chooser", "a"]
    assert gone.arrived.asked == gone.autogen.asked


# --- Speakers who hand over ------------------------------------------------------------------------------------------


def hands(target: str, *others: dict[str, Any]) -> dict[str, Any]:
    """A reply that hands over, beside calls of other tools."""
    return {"calls": [*others, {"name": f"transfer_to_{target}", "arguments": {}, "id": f"to_{target}"}]}


def swarm(**options: Any) -> Any:
    """a, b and c, who may hand over to each other and to the user."""

    def team(lib: Any) -> Any:
        ends = lib.HandoffTermination("user")
        members = [
            lib.agent(name, handoffs=[other for other in ("a", "b", "c", "user") if other != name]) for name in "abc"
        ]
        return lib.Swarm(members, termination_condition=ends, **options)

    return team


@covers("B059", "B087", "B088", "B089")
async def test_swarm_goes_on_with_whom_it_was_handed_to(travel: Traveller) -> None:
    gone = await travel(swarm(max_turns=1), {"a": [hands("b")]}, ["go"], {"b": ["b1", hands("c")]}, [None, "more"])
    assert [body["model"] for body in gone.arrived.asked] == ["b", "b"]
    assert gone.arrived.last.messages[-1]["target"] == "c"


@covers("B059")
async def test_swarm_without_a_handoff(travel: Traveller) -> None:
    gone = await travel(swarm(max_turns=1), {"a": ["a1"]}, ["go"], {"a": ["a2"]}, ["more"])
    assert gone.left.heard("a") == [("user", "go"), ("assistant", "a1"), ("user", "more")]


def look() -> str:
    """Look."""
    return "seen"


@covers("B059", "B055")
async def test_swarm_keeps_what_a_handoff_carries(travel: Traveller) -> None:
    def team(lib: Any) -> Any:
        return lib.Swarm([lib.agent("a", handoffs=["b"], tools=[look]), lib.agent("b")], max_turns=1)

    script = {"a": [hands("b", {"name": "look", "arguments": {}, "id": "look"})]}
    gone = await travel(team, script, ["go"], {"b": ["b1"]}, [None])
    assert [item["role"] for item in gone.arrived.asked[0]["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]


@covers("B059", "B057")
async def test_swarm_waiting_for_the_user(travel: Traveller) -> None:
    async def then(talk: Talk) -> None:
        for task in (None, "text"):
            # AutoGen's text has an example more.
            with pytest.raises(ValueError, match="The existing handoff target user is not one of the participants"):
                await talk.target.run(task=task)
        await talk.stream(lambda lib: lib.HandoffMessage(content="Go on.", source="user", target="b"))

    script = {"a": [hands("b")], "b": [hands("user")]}
    gone = await travel(swarm(), script, ["go"], {"b": [hands("user")]}, then)
    assert gone.arrived.last.messages[0]["content"] == "Go on."


@pytest.mark.parametrize("kind", ["round_robin", "selector", "swarm"])
@covers("B094", "B088")
async def test_an_older_state_makes_later_messages_vanish(travel: Traveller, kind: str) -> None:
    def team(lib: Any) -> Any:
        if kind == "round_robin":
            return lib.round_robin("a", "b", max_turns=1)
        if kind == "swarm":
            return lib.Swarm([lib.agent("a", handoffs=["b"]), lib.agent("b")], max_turns=1)
        selects = lambda messages: "b" if messages[-1].source == "a" else "a"  # noqa: E731
        return lib.SelectorGroupChat(
            [lib.agent("a"), lib.agent("b")], lib.model("m"), selector_func=selects, max_turns=1
        )

    async def first(talk: Talk) -> Any:
        await talk.stream("go")
        state = await talk.target.save_state()
        await talk.stream(None)
        await talk.target.load_state(state)
        return state

    a1: Any = hands("b") if kind == "swarm" else "a1"
    gone = await travel(team, {"a": [a1], "b": ["gone"]}, first, {"b": ["b1"]}, [None])
    assert "gone" not in str(gone.folkmoot_stayed.asked)


@better("B059", "B097", why="AutoGen's swarm that failed has taken the failed turn for one that was taken.")
async def test_swarm_after_a_failure(travel: Traveller) -> None:
    failing: dict[str, list[Any]] = {"a": [hands("b")], "b": [{"status": 400, "message": "no such model"}]}
    later = {"b": [hands("c")], "c": ["c1"]}
    # Which turn failed is in nobody's state but AutoGen's `current_speaker`, which nobody reads.
    gone = await travel(swarm(max_turns=3), failing, ["go"], later, [None], spare=True, same_state=False)
    assert [body["model"] for body in gone.left.asked] == ["b", "c"]
    assert gone.left.asked == gone.folkmoot.asked
    told = [("user", "go"), ("a", "Transferred to b, adopting the role of b immediately.")]
    assert gone.left.heard("b") == told
    # What AutoGen kept of that turn stands in the agent's context and in its buffer: it is told twice.
    assert gone.autogen.heard("b") == gone.arrived.heard("b") == told * 2
