"""What budgets keep: over rollbacks, continue-as-new, changed teams; and what forks begin with."""

from __future__ import annotations

from folkmoot._chat.snapshots import snapshots
from folkmoot._chat.spending import told
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.teams import RoundRobinGroupChat, TeamSpec
from tests.unit.chat.driver import agent, said, team
from tests.unit.chat.people.office import Office
from tests.unit.chat.time.copies import changing, fork

ASKED = Budget(tokens=100, extend=ApprovalPolicy())


def spent(budget: Budget = ASKED) -> Office:
    driver = Office(team(max_turns=4, budget=budget))
    driver.run("go", said("1", (60, 0)), said("2", (60, 0)))
    return driver


def used(driver: Office) -> tuple[float, float]:
    (item,) = told(driver.chat.plan, driver.chat.state)
    return item["used"], item["max"]


def test_abandoned_branches_were_paid_for_and_extensions_stay() -> None:
    driver = spent()
    first = snapshots(driver.chat)[0]
    driver.vote("ann", arguments={"tokens": 50})
    driver.answer(said("3", (5, 0)))
    driver.tell("rollback", offset=first.offset, force=True)
    assert (driver.heard("a"), used(driver)) == (["U: go", "A: 1"], (125, 150))
    driver.run(None, said("two", (25, 0)))
    assert driver.pending[0]["prompt"].startswith("The chat has used up its budget: tokens 150 of 150.")


def test_a_rollback_to_where_people_were_asked_asks_them_again() -> None:
    driver = spent()
    name, _ = driver.request()
    place = snapshots(driver.chat)[-1]
    driver.vote("ann", "reject")
    driver.tell("rollback", offset=place.offset)
    again, request = driver.request()
    assert (driver.status, again != name, request.kind) == ("waiting", True, "budget")
    driver.vote("ann")
    assert [call.path for call in driver.calls] == ["a"]


def test_a_rollback_to_where_people_were_asked_for_what_they_then_gave_goes_on() -> None:
    driver = spent()
    place = snapshots(driver.chat)[-1]
    driver.vote("ann")
    driver.answer(said("3", (1, 0)), said("4", (1, 0)))
    driver.tell("rollback", offset=place.offset)
    assert (driver.pending, [call.path for call in driver.calls]) == ([], ["a"])


def test_a_chat_that_moves_house_while_people_are_asked() -> None:
    driver = spent().move_house()
    assert (driver.status, driver.calls) == ("waiting", [])
    driver.settle()
    assert (len(driver.pending), driver.calls) == (1, [])
    driver.vote("ann", arguments={"tokens": 30})
    assert [call.path for call in driver.calls] == ["a"]
    assert used(driver.move_house()) == (120, 130)


def test_a_chat_that_moves_house_can_be_stopped_while_people_are_asked() -> None:
    driver = spent().move_house()
    driver.tell("stop")
    driver.settle()
    assert driver.stop_reason == "External termination requested"


def test_a_fork_begins_with_a_budget_of_its_own() -> None:
    driver = spent()
    place = snapshots(driver.chat)[0]
    other = fork(driver.chat, place.offset)
    assert [item["used"] for item in told(other.chat.plan, other.chat.state)] == [0]
    other.run(None, said("two", (60, 0)))
    assert other.speaking == ["a"]


def test_a_fork_of_where_people_are_asked_goes_on_by_itself() -> None:
    driver = spent()
    other = fork(driver.chat, snapshots(driver.chat)[-1].offset)
    assert (other.status, [call.path for call in other.calls]) == ("running", ["a"])


def change(driver: Office, new: TeamSpec) -> None:
    entry = driver.tell("change", **changing(driver.chat, new, driver.now), state={"any": 1}, force=True)
    assert entry.kind == "loaded", entry.data


def test_another_budget_comes_with_another_team_and_what_was_used_and_granted_counts() -> None:
    driver = spent()
    driver.vote("ann", arguments={"tokens": 50})
    driver.tell("cancel")
    change(driver, team(max_turns=9, budget=Budget(tokens=110)))
    assert used(driver) == (120, 160)
    change(driver, team(max_turns=9))
    assert told(driver.chat.plan, driver.chat.state) == []
    driver.run(None, said("x", (1000, 0)))
    assert driver.status == "running"


def test_a_clock_that_ran_under_another_team_stands() -> None:
    driver = Office(team(budget=Budget(seconds=10)))
    driver.run("go")
    driver.seconds += 3
    change(driver, RoundRobinGroupChat([agent("c")]))
    driver.seconds += 50
    change(driver, team(budget=Budget(seconds=20)))
    assert used(driver) == (3, 20)
