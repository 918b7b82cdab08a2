"""Swarm: handoffs decide who speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.record import Failure


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def to(*targets: str, also: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A reply that hands over."""
    return {"calls": [*also, *({"name": f"transfer_to_{target}", "arguments": {}} for target in targets)]}


def swarm(condition: Callable[[Any], Any] | None = None, **options: Any) -> Callable[[Any], Any]:
    """a, b and c, who may all hand over to each other and to the user."""

    def team(lib: Any) -> Any:
        names = ("a", "b", "c")
        members = [
            lib.agent(name, tools=[add], handoffs=[*(other for other in names if other != name), "user"])
            for name in names
        ]
        return lib.Swarm(members, termination_condition=condition(lib) if condition else None, **options)

    return team


def handed(lib: Any) -> Any:
    """Ends at a handoff to the user."""
    return lib.HandoffTermination("user")


@covers("B053")
async def test_handoffs_lead_from_agent_to_agent(play: Player) -> None:
    script = {"a": [to("b"), "a2"], "b": [to("c")], "c": [to("a")]}
    played = await play(swarm(max_turns=4), script, "go")
    messages = [message for message in played.folkmoot.last.messages if not message["type"].endswith("Event")]
    assert [(message["source"], message.get("target")) for message in messages] == [
        ("user", None),
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("a", None),
    ]


@covers("B054")
async def test_without_a_handoff_the_same_agent_goes_on(play: Player) -> None:
    played = await play(swarm(max_turns=2), {"a": ["a1", "a2", "a3", "a4"]}, "go", "more")
    assert played.folkmoot.last.said == [("user", "more"), ("a", "a3"), ("a", "a4")]


@covers("B055")
async def test_calls_beside_a_handoff_are_its_context(play: Player) -> None:
    script = {"a": [to("b", also=({"name": "add", "arguments": {"a": 1, "b": 2}},))], "b": ["Three."]}
    played = await play(swarm(max_turns=2), script, "1 + 2?")
    assert [name for name, _ in played.folkmoot.heard("b")] == ["user", "assistant", "tool", "a"]


@covers("B056")
async def test_the_first_of_several_handoffs_counts(play: Player) -> None:
    played = await play(swarm(max_turns=2), {"a": [to("c", "b")], "c": ["c1"]}, "go")
    assert played.folkmoot.last.said[-1] == ("c", "c1")


@better("B057", why="Both refuse; AutoGen's text goes on with an example in Python.")
async def test_after_a_handoff_to_the_user_only_a_handoff_goes_on(play: Player) -> None:
    def back(lib: Any) -> Any:
        return lib.HandoffMessage(content="Here I am.", source="user", target="b")

    script = {"a": [to("user")], "b": [to("user")]}
    played = await play(swarm(handed), script, "go", "text", None, back)
    for record in (played.autogen, played.folkmoot):
        kinds = [outcome.failure and outcome.failure.type for outcome in record.outcomes]
        assert kinds == [None, "ValueError", "ValueError", None]
    assert played.autogen.asked == played.folkmoot.asked
    assert played.folkmoot.last.stop_reason == "Handoff to user from b detected."


@covers("B058")
async def test_a_task_with_a_handoff_begins_at_its_target(play: Player) -> None:
    def task(lib: Any) -> Any:
        return lib.HandoffMessage(content="Take it.", source="user", target="c")

    played = await play(swarm(max_turns=1), {"c": ["c1"]}, task)
    assert played.folkmoot.last.said[-1] == ("c", "c1")


@covers("B058")
async def test_a_task_with_a_handoff_to_a_stranger_is_refused(play: Player) -> None:
    def task(lib: Any) -> Any:
        return lib.HandoffMessage(content="Take it.", source="user", target="stranger")

    played = await play(swarm(max_turns=1), {}, task)
    assert played.folkmoot.failure.text.startswith("The target stranger is not one of the participants")


@covers("B060")
def test_a_first_participant_that_cannot_hand_off_is_refused(play: Player) -> None:
    def team(lib: Any) -> Any:
        inner = lib.round_robin("a", max_turns=1)
        first = lib.SocietyOfMindAgent("society", inner, lib.model("m"))
        return lib.Swarm([first, lib.agent("b")])

    text = "ValueError: The first participant must be able to produce a handoff messages."
    assert play.refusals(team)["autogen"] == text


@better("B060", why="AutoGen shows the team as an object at an address, Folkmoot by its name.")
def test_teams_are_refused(play: Player) -> None:
    found = play.refusals(lambda lib: lib.Swarm([lib.round_robin("a", max_turns=1)]))
    assert all("must be a ChatAgent" in text for text in found.values()), found


@better(
    "B057",
    why="A handoff to nobody in the team, with no condition that ends there, fails in AutoGen without a text.",
)
async def test_a_handoff_to_nobody(play: Player) -> None:
    played = await play(swarm(max_turns=3), {"a": [to("user")]}, "go", spare=True)
    assert played.autogen.failure.type == "AssertionError"
    assert not played.autogen.failure.text
    assert "user" in played.folkmoot.failure.text


@covers("B053")
async def test_an_old_handoff_rules_a_new_task(play: Player) -> None:
    script = {"a": [to("b")], "b": ["b1", "b2", "b3"]}
    played = await play(swarm(max_turns=2), script, "one", "two")
    assert played.folkmoot.last.said[:2] == [("user", "two"), ("b", "b2")]


@better(
    "B058", why="AutoGen checks only the first handoff of a task though the last decides, and fails without a text."
)
async def test_a_task_whose_last_handoff_is_to_a_stranger(play: Player) -> None:
    def task(lib: Any) -> Any:
        return [lib.HandoffMessage(content="Go.", source="user", target=target) for target in ("b", "stranger")]

    played = await play(swarm(max_turns=1), {}, task, spare=True)
    assert played.autogen.failure == Failure("AssertionError", "")
    assert played.folkmoot.failure.text.startswith("The target stranger is not one of the participants")


@covers("B058")
async def test_the_last_of_a_tasks_handoffs_decides(play: Player) -> None:
    def task(lib: Any) -> Any:
        return [lib.HandoffMessage(content="Go.", source="user", target=target) for target in ("b", "c")]

    played = await play(swarm(max_turns=1), {"c": ["c1"]}, task)
    assert played.folkmoot.last.said[-1] == ("c", "c1")


@covers("B053", "B060")
async def test_an_assistant_without_handoffs_may_be_first(play: Player) -> None:
    def team(lib: Any) -> Any:
        return lib.Swarm([lib.agent("a"), lib.agent("b")], max_turns=2)

    played = await play(team, {"a": ["a1", "a2"]}, "go")
    assert played.folkmoot.last.said[-1] == ("a", "a2")


@covers("B053")
async def test_team_events_tell_who_speaks(play: Player) -> None:
    played = await play(swarm(max_turns=2, emit_team_events=True), {"a": [to("c")], "c": ["c1"]}, "go")
    speakers = [message for message in played.folkmoot.last.messages if message["type"] == "SelectSpeakerEvent"]
    assert [message["content"] for message in speakers] == [["a"], ["c"]]


@better("B097", why="After an error AutoGen's swarm gives one turn a run, and nothing limits it any more.")
async def test_after_an_error_a_swarm_completes(play: Player) -> None:
    script = {"a": [to("b")], "b": [{"status": 400, "message": "no"}, "b1", "b2"]}
    played = await play(swarm(max_turns=3), script, "go", None, spare=True)
    assert played.autogen.last.stop_reason == "The group chat is stopped."
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 3 reached."
