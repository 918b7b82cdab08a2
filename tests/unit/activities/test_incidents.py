"""What agents do in an incident happens once, and to their own incident only; so do shifts and the postmortem."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.contracts import Decision, IncidentRequest, ShiftStart
from activities.database import Database
from activities.incident_records import end_incident, open_incident, start_shift, store_postmortem
from activities.incidents import add_timeline, page_on_call, roll_back_release, run_diagnostic
from activities.tables import Incident, Page, Postmortem, Service, Shift, TimelineEntry
from tests._support.application import call, count, one

CHAT = "incident-I1-chat"
ALARM = IncidentRequest(id="I1", service="checkout", summary="Every third payment fails")


def decision(verdict: str, *by: str, reason: str = "errors", roles: tuple[str, ...] = ()) -> Decision:
    return Decision(
        request="r",
        verdict=verdict,
        by=list(by),
        roles={person: list(roles) for person in by},
        tool="roll_back_release",
        arguments={"release": "2.4.0", "reason": reason},
    )


@pytest.fixture
async def incident(database: Database, decided: list[Decision]) -> Database:
    """An incident in its first shift; whoever is on call has approved of a rollback."""
    decided.append(decision("approve", "ana"))
    await open_incident(ALARM, CHAT)
    await start_shift(ShiftStart(incident="I1", number=1))
    return database


async def test_the_service_is_read_as_it_runs(incident: Database) -> None:
    told = await call(run_diagnostic, CHAT)
    assert told.splitlines() == [
        "checkout runs 2.4.1 (before: 2.4.0).",
        "error rate: 0.31 (BAD, limit 0.02)",
        "p95 seconds: 4.8 (BAD, limit 0.8)",
    ]
    told = await call(roll_back_release, CHAT, key="k", release="2.4.0", reason="errors")
    assert told == "checkout runs 2.4.0 now."
    assert await call(roll_back_release, CHAT, key="k", release="2.4.0", reason="errors") == told
    assert "error rate: 0.004 (ok, limit 0.02)" in await call(run_diagnostic, CHAT)
    assert one(incident, TimelineEntry, key="k")["text"] == "checkout rolled back from 2.4.1 to 2.4.0: errors"


@pytest.mark.parametrize("release", ["2.4.1", "2.3.0", ""])
async def test_only_the_release_before_can_be_gone_back_to(incident: Database, release: str) -> None:
    told = await call(roll_back_release, CHAT, release=release, reason="errors")
    assert told == "Refused: checkout can go back from 2.4.1 to 2.4.0 only."
    assert one(incident, Service, name="checkout")["release"] == "2.4.1"


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        [decision("approve", "bo")],
        [decision("approve", "ana", reason="other errors")],
        [decision("approve", "ana"), decision("reject", "ana")],
        [decision("approve")],
    ],
    ids=["nobody was asked", "somebody else", "of another rollback", "and then not", "a deadline"],
)
async def test_nothing_is_gone_back_without_an_approval(
    incident: Database, decided: list[Decision], decisions: list[Decision]
) -> None:
    decided[:] = decisions
    told = await call(roll_back_release, CHAT, release="2.4.0", reason="errors")
    assert told.startswith("Refused: A rollback takes the approval of whoever is on call or leads the incident")
    assert one(incident, Service, name="checkout")["release"] == "2.4.1"


async def test_who_leads_the_incident_may_approve(incident: Database, decided: list[Decision]) -> None:
    decided[:] = [decision("reject", "ana"), decision("approve", "cleo", roles=("incident_commander",))]
    assert await call(roll_back_release, CHAT, release="2.4.0", reason="errors") == "checkout runs 2.4.0 now."


async def test_it_is_gone_back_once(incident: Database) -> None:
    await call(roll_back_release, CHAT, release="2.4.0", reason="errors")
    told = await call(roll_back_release, CHAT, release="2.4.0", reason="errors")
    assert told == "Refused: checkout can go back from 2.4.0 to 2.4.0 only."


async def test_notes_and_pages_are_written_once_each(incident: Database) -> None:
    for _ in range(2):
        assert await call(add_timeline, CHAT, key="note", text="Looked") == "Noted."
        assert await call(page_on_call, CHAT, key="page", text="Come") == "ana is paged."
    assert await call(add_timeline, CHAT, text="Looked") == "Noted."
    assert count(incident, TimelineEntry, text="Looked") == 2, "another call is another note"
    page = one(incident, Page, text="Come")
    assert (page["person"], page["incident"]) == ("ana", "I1")
    assert one(incident, TimelineEntry, key="note")["author"] == "agent"


async def test_a_tool_acts_for_the_incident_of_its_chat_only(incident: Database) -> None:
    for told in (await call(add_timeline, "other", text="x"), await call(run_diagnostic, "other")):
        assert told == "Refused: The chat 'other' is that of no incident."


async def test_shifts_follow_the_rota_and_know_what_was_before(incident: Database) -> None:
    await call(add_timeline, CHAT, text="Looked")
    second = await start_shift(ShiftStart(incident="I1", number=2, note="still broken"))
    assert await start_shift(ShiftStart(incident="I1", number=2, note="still broken")) == second
    assert (second.on_call, second.before, second.note) == ("bo", "ana", "still broken")
    assert second.timeline == [
        "alarm: Every third payment fails",
        "desk: ana is on call",
        "agent: Looked",
        "desk: ana handed over to bo: still broken",
    ]
    assert await call(page_on_call, CHAT, text="x") == "bo is paged."
    third = await start_shift(ShiftStart(incident="I1", number=3, to="chidi"))
    fourth = await start_shift(ShiftStart(incident="I1", number=4))
    assert (third.on_call, fourth.on_call) == ("chidi", "ana"), "after its last comes its first"
    assert [one(incident, Shift, number=n)["ended"] is None for n in range(1, 5)] == [False, False, False, True]
    assert count(incident, Page, person="bo") == 2


async def test_who_is_not_on_the_rota_does_not_take_over(incident: Database) -> None:
    start = ShiftStart(incident="I1", number=2, to="olga", note="Mine.", by="olga")
    refused = await start_shift(start)
    assert await start_shift(start) == refused
    assert (refused.on_call, refused.approves, refused.as_before) == ("ana", True, True)
    assert refused.refused == "'olga' is not on the rota of 'checkout', which has ana, bo, chidi."
    assert count(incident, Page) == 1, "nobody is woken for it"
    assert refused.timeline[-1].startswith("desk: ana stays on call, as the hand-over by olga was refused: 'olga' is")
    assert await call(roll_back_release, CHAT, release="2.4.0", reason="errors") == "checkout runs 2.4.0 now."


@pytest.mark.parametrize("to", ["bo", ""], ids=["by name", "as the next of the rota"])
async def test_who_puts_themselves_on_call_rolls_nothing_back_alone(
    incident: Database, decided: list[Decision], to: str
) -> None:
    taken = await start_shift(ShiftStart(incident="I1", number=2, to=to, by="bo"))
    assert (taken.on_call, taken.approves, taken.refused) == ("bo", False, "")
    assert taken.timeline[-1] == "desk: ana handed over to bo (bo did so): "
    later = await start_shift(ShiftStart(incident="I1", number=3, to="ghost", by="bo"))
    assert (later.on_call, later.approves, later.as_before) == ("bo", False, True), "a refusal gives no rights"
    decided[:] = [decision("approve", "bo")]
    told = await call(roll_back_release, CHAT, release="2.4.0", reason="errors")
    assert told.startswith("Refused: bo took over by themselves, so a rollback takes the approval of whoever leads")
    decided[:] = [decision("approve", "bo", "cleo", roles=("incident_commander",))]
    assert await call(roll_back_release, CHAT, release="2.4.0", reason="errors") == "checkout runs 2.4.0 now."


async def test_who_is_put_on_call_by_somebody_else_may_approve(incident: Database, decided: list[Decision]) -> None:
    await start_shift(ShiftStart(incident="I1", number=2, to="bo", by="bo"))
    given = await start_shift(ShiftStart(incident="I1", number=3, to="bo", by="ana"))
    assert (given.approves, given.as_before) == (True, False)
    decided[:] = [decision("approve", "bo")]
    assert await call(roll_back_release, CHAT, release="2.4.0", reason="errors") == "checkout runs 2.4.0 now."


async def test_the_rota_begins_anew_at_its_end(incident: Database) -> None:
    await start_shift(ShiftStart(incident="I1", number=2, to="chidi"))
    assert (await start_shift(ShiftStart(incident="I1", number=3))).on_call == "ana"


async def test_the_end_is_written_once(incident: Database) -> None:
    await store_postmortem("I1", "The release was bad.")
    await store_postmortem("I1", "Second thoughts.")
    assert one(incident, Postmortem)["text"] == "The release was bad."
    end = await end_incident("I1", "resolved")
    assert await end_incident("I1", "failed") == end
    assert (end.status, end.postmortem, end.shifts) == ("resolved", "The release was bad.", 1)
    assert one(incident, Incident)["status"] == "resolved"
    assert one(incident, Shift, number=1)["ended"] is not None
    told = await call(roll_back_release, CHAT, release="2.4.0", reason="late")
    assert told == "Refused: The incident I1 is resolved already."


async def test_an_alarm_is_taken_in_once(incident: Database) -> None:
    assert await open_incident(ALARM, CHAT) == "I1"
    with pytest.raises(ApplicationError, match="other arguments"):
        await open_incident(ALARM.model_copy(update={"summary": "Else"}), CHAT)
    assert count(incident, Incident) == 1


async def test_what_the_company_does_not_have_is_refused(database: Database) -> None:
    with pytest.raises(ApplicationError, match="There is no service 'ghost'") as refused:
        await open_incident(ALARM.model_copy(update={"service": "ghost"}), CHAT)
    assert refused.value.non_retryable
