"""Cases that random stories have found: changes of the team, calls that are undone, and what was under way then."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.calls import Failure
from folkmoot._chat.commands import prepares
from folkmoot._chat.engine import Chat
from folkmoot._chat.snapshots import snapshots
from folkmoot._chat.specs import team_at
from folkmoot.agents import CustomAgent
from folkmoot.teams import GraphFlow, RoundRobinGroupChat, SelectorGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Driver, agent, asks
from tests.unit.chat.team_stories import GRAPHS, members
from tests.unit.chat.test_nested_any_order import carried
from tests.unit.chat.time.copies import changing, loading, looked_at, saved

BOOKING = {"0": {"side_effects": True, "compensate": "unbook"}}


def change(driver: Driver, team: Any, force: bool = False) -> None:
    entry = driver.tell("change", force=force, **changing(driver.chat, team, driver.now))
    assert entry.kind == "loaded", entry.data


def booked() -> tuple[Driver, int, int]:
    """A chat that has booked something in its second turn; the offsets of the snapshots before and after."""
    team = RoundRobinGroupChat([agent("a"), agent("b", tools=[Tool("book")])], max_turns=2)
    driver = Driver(team)
    driver.run("go", "hello", asks("book", policies=BOOKING), "booked it")
    before, after = (snapshot.offset for snapshot in snapshots(driver.chat))
    return driver, before, after


def test_who_was_speaking_may_go() -> None:
    a, b, c = (agent(name) for name in "abc")
    driver = Driver(RoundRobinGroupChat([a, b, c], max_turns=2))
    driver.run("go")
    assert driver.speaking == ["a"]
    change(driver, RoundRobinGroupChat([b, c], max_turns=2), force=True)
    driver.run("on", "1", "2")
    assert driver.spoken() == ["user: go", "user: on", "b: 1", "c: 2"]
    assert [snapshot.reason for snapshot in snapshots(driver.chat)] == ["change", "turn", "turn"]


def test_who_takes_the_place_of_a_speaker_in_a_graph_speaks() -> None:
    first, *rest = members()
    driver = Driver(GraphFlow([first, *rest], GRAPHS[0]))
    driver.run("go")
    assert driver.speaking == ["a"]
    change(driver, GraphFlow([CustomAgent("a"), *rest], GRAPHS[0]), force=True)
    driver.run(None)
    assert driver.speaking == ["a"], "the others come after it"


def test_a_state_is_loaded_into_the_team_of_the_day() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a"), agent("b")], max_turns=1))
    driver.run("go", "1")
    team = SelectorGroupChat([agent("a"), agent("b")], "scripted")
    change(driver, team)
    driver.tell("load_state", **loading(driver.chat.plan, saved(driver.chat), driver.now))
    assert team_at(driver.chat.log, driver.chat.log.head, driver.chat.team) == team
    assert "SelectorGroupChatManager" in saved(driver.chat)["agent_states"]


def test_an_outcome_comes_when_the_team_it_was_for_is_gone() -> None:
    inner = SelectorGroupChat([agent("a"), agent("b")], "scripted", name="inner")
    driver = Driver(RoundRobinGroupChat([inner, agent("c")]))
    driver.run("go")
    (call,) = driver.calls
    change(driver, RoundRobinGroupChat([agent("c"), agent("d")]), force=True)
    driver.finish(call, Failure("ModelCallError", "no"))
    assert driver.chat.log.at(driver.chat.log.head - 1).kind == "late"


def test_a_call_is_undone_once_on_whatever_branch_it_is_crossed() -> None:
    driver, before, after = booked()
    first = driver.tell("rollback", offset=before, compensate=True)
    driver.answer({"content": "unbooked"})
    driver.tell("rollback", offset=after)
    second = driver.tell("rollback", offset=before, compensate=True)
    assert [call["offset"] for call in second.data["crossed"]] == [call["offset"] for call in first.data["crossed"]]
    assert second.data["crossed"][0]["undone"]
    assert "undo" not in second.data
    assert driver.calls == []


def test_what_could_not_be_undone_is_tried_again() -> None:
    driver, before, after = booked()
    driver.tell("rollback", offset=before, compensate=True)
    driver.finish(driver.calls[0], Failure("ToolError", "not now"))
    driver.tell("rollback", offset=after)
    assert driver.tell("rollback", offset=before, compensate=True).data["undo"]


def test_a_call_that_a_rollback_cuts_off_is_named() -> None:
    driver = Driver(RoundRobinGroupChat([agent("a"), agent("b", tools=[Tool("book")])]))
    driver.run("go", "hello", asks("book", policies=BOOKING))
    (snapshot,) = snapshots(driver.chat)
    entry = driver.tell("rollback", offset=snapshot.offset, force=True, compensate=True)
    (call,) = entry.data["crossed"]
    assert (call["name"], call["is_error"]) == ("book", True), "nobody knows what became of it"
    assert "undo" not in entry.data


def test_a_call_that_is_sealed_is_crossed_from_a_branch_that_parted_before_it() -> None:
    driver, before, after = booked()
    driver.tell("rollback", offset=before)
    driver.run("another way", "fine")
    whole, base = driver.chat, driver.chat.log.head
    driver.chat = carried(whole, base)
    driver.run("on", "1", "2")
    other = snapshots(driver.chat)[-1].offset

    def go_back(offset: int) -> Any:
        for entry in driver.chat.log.after(whole.log.head):
            whole.log.extend(entry)
        again = Chat(whole.base_team, whole.uuid, whole.log)
        assert prepares(driver.chat, "rollback", {"offset": offset})
        return driver.tell("rollback", offset=offset, prepared=looked_at(again, base, offset), compensate=True)

    assert "undo" not in go_back(after).data
    (call,) = go_back(other).data["undo"]
    assert call["name"] == "unbook"
