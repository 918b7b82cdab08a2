"""An incident from alarm to postmortem: shifts are runs of one chat, and the person on call takes part in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from activities import ACTIVITIES, tools_for
from activities.contracts import HandOver, PurchaseRules, ShiftStart
from activities.incident_records import open_incident, start_shift
from activities.tables import Incident, Page, Postmortem, Service, Shift, TimelineEntry
from folkmoot import PendingRequest, Tool
from folkmoot.errors import BadCommandError, DecisionRefusedError
from folkmoot.processes import AlreadyStartedError
from tests._support.application import company, count, one
from tests._support.incidents import ANA, BO, Desk, Responders, alarm, state
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, unique, worker_on
from workflows import WORKFLOWS, incident_response


@pytest.fixture
async def desk(site: Site, responders: Responders, tmp_path: Path) -> AsyncIterator[Desk]:
    with company(f"sqlite:///{tmp_path / 'application.db'}") as database:
        async with worker_on(site.client, site.queue, workflows=WORKFLOWS, activities=ACTIVITIES):
            yield Desk(site.moot, database, responders)


@pytest.fixture
def responders() -> Responders:
    return Responders()


@pytest.fixture
async def site(sites: SiteFactory, responders: Responders) -> Site:
    return await sites(responders, tools=tools_for(PurchaseRules()), worker=False)


async def test_a_spec_without_the_approval_rolls_nothing_back(
    site: Site, responders: Responders, tmp_path: Path
) -> None:
    """Who may open or change a chat leaves the policy away; the tool finds nobody's word in the log."""
    name = unique("I")
    with company(f"sqlite:///{tmp_path / 'application.db'}") as database:
        await open_incident(alarm(name), f"incident-{name}-chat")
        await start_shift(ShiftStart(incident=name, number=1))
        async with worker_on(site.client, site.queue):
            team = site.agent("responder", tools=[Tool("roll_back_release")], max_tool_iterations=1)
            chat = await site.moot.open(team, f"incident-{name}-chat")
            outcome = await chat.run(task="Please go back a release.")
        assert "A rollback takes the approval of whoever is on call" in outcome.messages[-1].to_text()
        assert one(database, Service, name="checkout")["release"] == "2.4.1"


async def test_the_person_on_call_is_asked_and_what_was_learned_is_kept(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    chat, question = await desk.asked(handle, "ana")
    with pytest.raises(BadCommandError, match="may not decide"):
        await chat.answer(question.request, "Never mind.", by=BO)
    await chat.answer(question.request, "Please go back a release.", by=ANA)
    chat, approval = await desk.asked(handle, "ana", "approval")
    assert (approval.name, approval.reason) == ("roll_back_release", "checkout: Every third payment fails")
    with pytest.raises(DecisionRefusedError):
        await chat.approve(approval.request, by=BO)
    assert one(desk.database, Service, name="checkout")["release"] == "2.4.1"
    await chat.approve(approval.request, by={"subject": "cleo", "roles": ["incident_commander"]})
    end = await handle.result()
    assert (end.status, end.postmortem, end.shifts) == ("resolved", "Postmortem: release 2.4.1 was bad.", 1)
    assert one(desk.database, Service, name="checkout")["release"] == "2.4.0"
    assert one(desk.database, Incident)["status"] == "resolved"
    assert one(desk.database, Postmortem)["text"] == end.postmortem
    assert one(desk.database, Page)["person"] == "ana"
    await desk.moot.client.get_workflow_handle(chat.id).result()
    assert (await chat.status()).run == 2, "the response, and the postmortem"


async def test_a_hand_over_is_another_run_of_the_same_chat(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    chat, question = await desk.asked(handle, "ana")
    await handle.signal("hand_over", HandOver(note="I looked at the database, it is fine.", by="ana"))
    same, later = await desk.asked(handle, "bo")
    assert same.id == chat.id
    with pytest.raises(BadCommandError):
        await chat.answer(question.request, "Too late.", by=ANA)
    with pytest.raises(BadCommandError, match="may not decide"):
        await chat.answer(later.request, "I have gone home.", by=ANA)
    starts = [entry async for entry in chat.events(follow=False) if entry.kind == "run_started"]
    assert len(starts) == 2
    notes = [
        entry.message.content  # type: ignore[union-attr]
        async for entry in chat.events(follow=False)
        if entry.message is not None and entry.message.source == "desk"
    ]
    assert notes[1].startswith("Hand-over: bo takes over from ana, who says: I looked at the database, it is fine.")
    assert "- alarm: Every third payment fails" in notes[1]
    assert "responder: The error rate is bad." in notes[1]
    await desk.resolve(handle, "bo")
    assert (await handle.result()).shifts == 2
    assert one(desk.database, Shift, number=1)["ended"] is not None
    assert one(desk.database, Page, person="bo")["text"].endswith("Every third payment fails")
    (asked,) = desk.responders.seen
    transcript = str(asked["messages"])
    assert "Hand-over: bo takes over" in transcript, "the scribe has heard every run"
    assert "ana is on call" in transcript


async def test_whoever_is_named_takes_over(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    await desk.asked(handle, "ana")
    await handle.signal("hand_over", {"to": "chidi"})
    await desk.asked(handle, "chidi")
    await handle.signal("hand_over", {"to": "ana"})
    await desk.resolve(handle, "ana")
    assert (await handle.result()).shifts == 3


async def test_a_hand_over_to_somebody_who_is_not_on_the_rota_is_refused(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    await desk.asked(handle, "ana")
    await handle.signal("hand_over", {"to": "olga", "by": "olga"})

    async def refused() -> list[str]:
        return (await state(handle)).refused

    told = await eventually(refused, what="it is told")
    assert told == ["hand_over: 'olga' is not on the rota of 'checkout', which has ana, bo, chidi."]
    await desk.resolve(handle, "ana")
    end = await handle.result()
    assert (end.status, one(desk.database, Shift, number=2)["person"]) == ("resolved", "ana")


async def test_who_hands_over_to_themselves_does_not_approve_alone(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    await desk.asked(handle, "ana")
    await handle.signal("hand_over", {"to": "bo", "by": "bo"})
    chat, question = await desk.asked(handle, "bo")
    await chat.answer(question.request, "Please go back a release.", by=BO)

    async def probe() -> list[PendingRequest]:
        return [request for request in await chat.pending() if request.kind == "approval"]

    (approval,) = await eventually(probe, what="the rollback is asked about")
    assert approval.approvers == ("role:incident_commander",)
    with pytest.raises(DecisionRefusedError, match="may not decide"):
        await chat.approve(approval.request, by=BO)
    await chat.approve(approval.request, by={"subject": "cleo", "roles": ["incident_commander"]})
    assert (await handle.result()).status == "resolved"


async def test_a_hand_over_during_an_approval_withdraws_it(desk: Desk) -> None:
    """Who takes over decides anew; what the one before was asked cannot be approved of any more."""
    handle = await desk.raise_alarm()
    chat, question = await desk.asked(handle, "ana")
    await chat.answer(question.request, "Please go back a release.", by=ANA)
    chat, approval = await desk.asked(handle, "ana", "approval")
    await handle.signal("hand_over")
    await desk.asked(handle, "bo")
    with pytest.raises(DecisionRefusedError):
        await chat.approve(approval.request, by=ANA)
    assert one(desk.database, Service, name="checkout")["release"] == "2.4.1"
    await desk.resolve(handle, "bo")
    assert (await handle.result()).status == "resolved"


async def test_nobody_answers_in_time(desk: Desk) -> None:
    """The default answer is taken; here it says to go back, and nobody approves of that in time either."""
    handle = await desk.raise_alarm(
        answer_within=0.2, approve_within=0.4, default_answer="Nobody is there: go back a release."
    )
    chat, _ = await desk.asked(handle, "ana", "approval")

    async def rejected() -> bool:
        return any([entry.kind == "decided" async for entry in chat.events(follow=False)])

    await eventually(rejected, what="the approval's deadline is over")
    assert one(desk.database, Service, name="checkout")["release"] == "2.4.1"
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_the_process_continues_as_new_after_some_shifts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = await desk.raise_alarm()
    people = ("ana", "bo", "chidi")
    for number in range(incident_response.SHIFTS + 1):
        await desk.asked(handle, people[number % 3])
        await handle.signal("hand_over", {"note": f"note {number}"})
    last = people[(incident_response.SHIFTS + 1) % 3]
    await desk.resolve(handle, last)
    assert (await handle.result()).shifts == incident_response.SHIFTS + 2
    runs = [found async for found in desk.moot.client.list_workflows(f"WorkflowId = '{handle.id}'")]
    assert len(runs) == 2
    assert count(desk.database, TimelineEntry, author="alarm") == 1, "it was taken in once"
    assert (
        one(desk.database, Shift, number=incident_response.SHIFTS + 1)["note"] == f"note {incident_response.SHIFTS - 1}"
    )


@pytest.mark.parametrize("args", [["nonsense"], [[1]], [{"too": "bo"}], [{"to": 5}], [{"to": "x" * 300}]], ids=str)
async def test_a_signal_that_cannot_be_read_is_told_and_holds_nothing_up(desk: Desk, args: list[Any]) -> None:
    handle = await desk.raise_alarm()
    await desk.asked(handle, "ana")
    await handle.signal("hand_over", args=args)

    async def refused() -> list[str]:
        return (await state(handle)).refused

    (why,) = await eventually(refused, what="it is told")
    assert why.startswith("hand_over: ")
    await desk.resolve(handle, "ana")
    assert (await handle.result()).shifts == 1


@pytest.mark.parametrize("args", [[], [None], [{}, {}]], ids=str)
async def test_a_signal_without_words_hands_over_to_the_next_of_the_rota(desk: Desk, args: list[Any]) -> None:
    handle = await desk.raise_alarm()
    await desk.asked(handle, "ana")
    await handle.signal("hand_over", args=args)
    await desk.resolve(handle, "bo")
    assert (await handle.result()).shifts == 2


async def test_a_failing_chat_is_written_down(desk: Desk, site: Site) -> None:
    site.model.script.replace([{"status": 400, "message": "no such model", "repeat": True}])
    end = await (await desk.raise_alarm()).result()
    assert (end.status, end.postmortem) == ("failed", None)
    assert one(desk.database, Incident)["status"] == "failed"


async def test_without_a_postmortem_the_incident_is_resolved_all_the_same(desk: Desk, site: Site) -> None:
    responders = desk.responders

    def tired(body: dict[str, Any]) -> dict[str, Any]:
        answer = responders(body)
        return {"status": 400, "message": "tired"} if "Postmortem" in answer.get("text", "") else answer

    site.model.script.replace(tired)
    handle = await desk.raise_alarm()
    await desk.resolve(handle, "ana")
    end = await handle.result()
    assert (end.status, end.postmortem) == ("resolved", None)


async def test_a_cancelled_incident_is_written_down(desk: Desk) -> None:
    handle = await desk.raise_alarm()
    chat, _ = await desk.asked(handle, "ana")
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    assert one(desk.database, Incident)["status"] == "cancelled"
    assert one(desk.database, Shift)["ended"] is not None
    await desk.moot.client.get_workflow_handle(chat.id).result()


async def test_an_alarm_has_one_process(desk: Desk) -> None:
    name = unique("I")
    handle = await desk.raise_alarm(id=name)
    assert (await desk.raise_alarm(id=name)).id == handle.id
    with pytest.raises(AlreadyStartedError):
        await desk.raise_alarm(id=name, severity="low")
    await desk.resolve(handle, "ana")
    await handle.result()
    assert count(desk.database, Incident) == 1


async def test_an_unknown_service_is_refused(desk: Desk) -> None:
    handle = await desk.raise_alarm(service="ghost")
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    cause = failure.value.cause
    assert cause is not None
    assert isinstance(cause.__cause__, ApplicationError)
    assert cause.__cause__.message == "There is no service 'ghost'."
