"""A purchase from request to order: who has to approve is said by its amount, and how it ended is in the database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from activities import ACTIVITIES, tools_for
from activities.contracts import PurchaseOutcome, PurchaseRules
from activities.purchase_records import RULES, open_purchase
from activities.purchasing import place_large_order, place_order, screen_supplier
from activities.tables import Budget, Effect, Purchase, PurchaseOrder, SupplierMessage
from folkmoot import ApprovalPolicy, AssistantAgent, BadCommandError, Chat, ChatClosedError, Tool, ToolOptions
from folkmoot.errors import DecisionRefusedError
from folkmoot.processes import AlreadyStartedError
from tests._support.application import call, company, count, one
from tests._support.purchases import (
    DIRECTOR,
    FINANCE,
    LARGE,
    MANAGER,
    MEDIUM,
    SMALL,
    Buyers,
    Office,
    Plan,
    number,
    purchase_request,
    state,
)
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, unique, worker_on
from workflows import WORKFLOWS


@pytest.fixture
def rules(request: pytest.FixtureRequest) -> PurchaseRules:
    """Those of the worker; a test that has others says so by `with_rules`."""
    return PurchaseRules(**getattr(request, "param", {}))


def with_rules(**fields: float) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rules", [fields], indirect=True)


@pytest.fixture
async def office(site: Site, buyers: Buyers, tmp_path: Path) -> AsyncIterator[Office]:
    with company(f"sqlite:///{tmp_path / 'application.db'}") as database:
        async with worker_on(site.client, site.queue, workflows=WORKFLOWS, activities=ACTIVITIES):
            yield Office(site.moot, database, buyers)


@pytest.fixture
def buyers() -> Buyers:
    return Buyers()


@pytest.fixture
async def site(sites: SiteFactory, buyers: Buyers, rules: PurchaseRules) -> Site:
    return await sites(buyers, tools=tools_for(rules), worker=False)


async def test_a_small_amount_is_ordered_without_asking_anybody(office: Office) -> None:
    handle = await office.ask(SMALL)
    name, outcome = number(handle), await handle.result()
    assert outcome == PurchaseOutcome(id=name, status="ordered", order=f"PO-{name}", amount=395, supplier="quay")
    assert one(office.database, Purchase)["decisions"] == []
    assert one(office.database, SupplierMessage)["order"] == f"PO-{name}"
    assert (await state(handle)).model_dump() == {
        "id": name,
        "stage": "done",
        "chat": f"{handle.id}-chat",
        "outcome": outcome.model_dump(),
    }
    # The chat is over, and can be read.
    await office.moot.client.get_workflow_handle(f"{handle.id}-chat").result()
    kinds = [entry.kind async for entry in (await office.moot.get(f"{handle.id}-chat")).events(follow=False)]
    assert "request" not in kinds


async def test_a_manager_approves_a_medium_amount_and_nobody_else(office: Office) -> None:
    handle = await office.ask(MEDIUM)
    chat, request = await office.asked_of_people(handle)
    assert (request.name, request.arguments) == ("place_order", {"supplier": "north", "quantity": 3, "amount": 3_897})
    assert re.fullmatch(r"rita asks for 3 x .+: .+", request.reason)
    for person in (
        {"subject": "rita", "roles": ["manager"]},
        {"subject": "erna", "roles": []},
        DIRECTOR,
    ):
        with pytest.raises(DecisionRefusedError, match="may not decide"):
            await chat.approve(request.request, by=person)
    with pytest.raises(BadCommandError):
        await chat.answer(request.request, "It is ordered.", by=MANAGER)
    assert count(office.database, PurchaseOrder) == 0
    await chat.approve(request.request, by=MANAGER)
    assert (await handle.result()).status == "ordered"
    (decision,) = one(office.database, Purchase)["decisions"]
    assert (decision["verdict"], decision["by"], decision["request"]) == ("approve", ["max"], request.request)


async def test_a_rejection_is_final_and_the_agents_hear_why(office: Office, site: Site) -> None:
    handle = await office.ask(MEDIUM)
    chat, request = await office.asked_of_people(handle)
    await chat.reject(request.request, "Lease them.", by=MANAGER)
    outcome = await handle.result()
    assert (outcome.status, outcome.reason) == ("rejected", "max: Lease them.")
    row = one(office.database, Purchase)
    assert (row["status"], row["reason"], row["reserved"]) == ("rejected", "max: Lease them.", 0)
    assert one(office.database, Budget, cost_centre="engineering")["reserved"] == 0
    assert (count(office.database, PurchaseOrder), count(office.database, SupplierMessage)) == (0, 0)
    assert "Lease them." in site.model.requests[-1]["messages"][-1]["content"]


async def test_amounts_are_those_of_the_day_it_came_in(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the worker began with: from 3,000 euros on it takes two people."""
    file = tmp_path / "rules.json"
    file.write_text('{"manager_below": 3000}')
    monkeypatch.setenv(RULES, str(file))
    handle = await office.ask(replace(MEDIUM, tool="place_large_order"))
    _, request = await office.asked_of_people(handle)
    assert request.quorum == 2
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()


@asynccontextmanager
async def stolen(site: Site, buyers: Buyers, folder: Path, options: ToolOptions) -> AsyncIterator[Chat]:
    """The chat of a purchase with a team of somebody else's making, which orders under other options, and is at it."""
    request = purchase_request(unique("R"), MEDIUM)
    buyers.plans[request.id] = MEDIUM
    names = ("screen_supplier", "check_budget", "reserve_budget")
    tools = [*(Tool(name) for name in names), Tool("place_order", options), Tool("place_large_order", options)]
    team = AssistantAgent("finance", request.model, tools=tools, max_tool_iterations=9)
    with company(f"sqlite:///{folder / 'application.db'}") as database:
        chat_id = f"purchase-{request.id}-chat"
        await open_purchase(request, chat_id)
        await call(screen_supplier, chat_id, supplier="north")
        async with worker_on(site.client, site.queue):
            chat = await site.moot.open(team, chat_id)
            await chat.say(f"Request {request.id} of omar")
            yield chat
            assert count(database, PurchaseOrder) == 0


async def told_by_tool(chat: Chat) -> str:
    """The last result of a tool, once the run is over."""

    async def over() -> bool:
        return (await chat.status()).status == "idle"

    await eventually(over, what="the run is over")
    return [entry.data["content"] async for entry in chat.events(follow=False) if entry.kind == "tool"][-1]


OMAR: dict[str, Any] = {"subject": "omar", "roles": ["operator"]}
HIS = ApprovalPolicy(approvers=("omar",))


@pytest.mark.parametrize("theirs", [ToolOptions(max_attempts=9), ToolOptions(approval=HIS)], ids=["none", "his own"])
async def test_a_chats_spec_cannot_take_the_approval_away(
    site: Site, buyers: Buyers, tmp_path: Path, theirs: ToolOptions
) -> None:
    """The worker has registered the tools with their policies: those are asked."""
    async with stolen(site, buyers, tmp_path, theirs) as chat:
        (asked,) = await eventually(chat.pending, what="people are asked")
        assert asked.approvers == ("role:manager",)
        with pytest.raises(DecisionRefusedError, match="may not decide"):
            await chat.approve(asked.request, by=OMAR)
        await chat.reject(asked.request, "No.", by=MANAGER)
        assert await told_by_tool(chat) == "Rejected by max: No."
        # And then it is over: nobody is asked again, and the tool itself refuses.
        site.model.script.replace(orders_again)
        await chat.run(task="Once more")
        assert "was rejected (by max), which is final" in await told_by_tool(chat)


@pytest.mark.parametrize(
    "theirs", [ToolOptions(max_attempts=9), ToolOptions(approval=HIS)], ids=["nobody is asked", "he approves himself"]
)
async def test_an_order_looks_for_itself_who_has_approved(
    sites: SiteFactory, buyers: Buyers, tmp_path: Path, theirs: ToolOptions
) -> None:
    """It does not rest on how the worker has registered the tools, either."""
    tools = {tool.name: tool for tool in (*tools_for(PurchaseRules()), place_order, place_large_order)}
    site = await sites(buyers, tools=[*tools.values()], worker=False)
    async with stolen(site, buyers, tmp_path, theirs) as chat:
        if theirs.approval is not None:
            (asked,) = await eventually(chat.pending, what="he is asked")
            await chat.approve(asked.request, by=OMAR)
        told = await told_by_tool(chat)
        assert told.startswith("Refused: An order of 3,897.00 EUR takes the approval of a manager")


def orders_again(body: dict[str, Any]) -> dict[str, Any]:
    """Order as before, and tell what came of it."""
    if (last := body["messages"][-1])["role"] == "tool":
        return {"text": last["content"]}
    order = {"supplier": "north", "quantity": 3, "amount": 3_897}
    return {"calls": [{"name": "place_order", "arguments": order, "id": "again"}]}


async def test_an_approver_may_order_less(office: Office) -> None:
    handle = await office.ask(MEDIUM)
    chat, request = await office.asked_of_people(handle)
    await chat.edit(request.request, {"supplier": "north", "quantity": 2, "amount": 2_598.0}, by=MANAGER)
    assert (await handle.result()).amount == 2_598
    assert one(office.database, PurchaseOrder)["quantity"] == 2


@with_rules(manager_escalates=0.2, manager_deadline=0.6)
async def test_nobody_decides_in_time(office: Office) -> None:
    outcome = await (await office.ask(MEDIUM)).result()
    assert (outcome.status, outcome.reason) == ("expired", "Nobody decided in time.")
    assert one(office.database, Purchase)["decisions"][0]["timeout"] is True
    assert count(office.database, PurchaseOrder) == 0


@with_rules(manager_escalates=0.3)
async def test_after_a_while_a_director_may_decide_in_the_managers_place(office: Office) -> None:
    handle = await office.ask(MEDIUM)
    chat, request = await office.asked_of_people(handle)

    async def escalated() -> bool:
        (found,) = await chat.pending()
        return "role:director" in found.approvers

    await eventually(escalated, what="a director is asked")
    await chat.approve(request.request, by=DIRECTOR)
    assert (await handle.result()).status == "ordered"


async def test_a_large_amount_needs_two_people(office: Office) -> None:
    handle = await office.ask(LARGE)
    chat, request = await office.asked_of_people(handle)
    assert request.quorum == 2
    with pytest.raises(DecisionRefusedError, match="may not decide"):
        await chat.approve(request.request, by=MANAGER)
    await chat.approve(request.request, by=DIRECTOR)
    with pytest.raises(DecisionRefusedError, match="has voted already"):
        await chat.approve(request.request, by=DIRECTOR)
    assert count(office.database, PurchaseOrder) == 0
    await chat.approve(request.request, by=FINANCE)
    assert (await handle.result()).amount == 12_990
    assert one(office.database, Purchase)["decisions"][0]["by"] == ["dora", "finn"]


async def test_a_large_amount_cannot_be_ordered_with_the_small_tool(office: Office) -> None:
    """Nobody is asked, as nothing would come of it; nor would an approver's edit up to such an amount."""
    outcome = await (await office.ask(replace(LARGE, tool="place_order"))).result()
    assert outcome.status == "declined"
    assert "has to be placed with place_large_order" in outcome.reason
    handle = await office.ask(replace(MEDIUM, quantity=10, amount=9_000))
    chat, request = await office.asked_of_people(handle)
    await chat.edit(request.request, {"supplier": "north", "quantity": 10, "amount": 12_990.0}, by=MANAGER)
    assert (await handle.result()).status == "declined"
    assert count(office.database, PurchaseOrder) == 0


async def test_an_amount_as_text_does_not_get_round_the_approval(office: Office) -> None:
    """Functions take a text for a number; who wrote the condition must not miss that."""
    handle = await office.ask(replace(MEDIUM, amount="3897"))  # type: ignore[arg-type]
    _, request = await office.asked_of_people(handle)
    assert request.name == "place_order"
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_a_sanctioned_supplier_ends_it(office: Office) -> None:
    outcome = await (await office.ask(Plan("laptop", 1, "volkov", 799))).result()
    assert (outcome.status, outcome.reason) == ("declined", "CASE CLOSED: nobody may sell it.")


async def test_a_failing_chat_is_written_down(office: Office, site: Site) -> None:
    site.model.script.replace([{"status": 400, "message": "no such model", "repeat": True}])
    outcome = await (await office.ask(SMALL)).result()
    assert outcome.status == "failed"
    assert "no such model" in outcome.reason
    assert one(office.database, Purchase)["status"] == "failed"


async def test_an_order_stands_even_if_the_chat_fails_after_it(office: Office, site: Site) -> None:
    buyers = office.buyers

    def breaking(body: dict[str, Any]) -> dict[str, Any]:
        step = buyers(body)
        return {"status": 400, "message": "broken"} if "CASE CLOSED" in step.get("text", "") else step

    site.model.script.replace(breaking)
    assert (await (await office.ask(SMALL)).result()).status == "ordered"
    assert count(office.database, SupplierMessage) == 1


async def test_a_cancelled_purchase_is_written_down_and_orders_nothing(office: Office) -> None:
    handle = await office.ask(MEDIUM)
    chat, request = await office.asked_of_people(handle)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    row = one(office.database, Purchase)
    assert (row["status"], row["reserved"]) == ("cancelled", 0)
    await office.moot.client.get_workflow_handle(chat.id).result()
    with pytest.raises((BadCommandError, ChatClosedError)):
        await chat.approve(request.request, by=MANAGER)
    assert count(office.database, PurchaseOrder) == 0


async def test_the_chat_may_be_closed_by_somebody_else(office: Office) -> None:
    handle = await office.ask(MEDIUM)
    chat, _ = await office.asked_of_people(handle)
    await chat.close(force=True)
    assert (await handle.result()).status == "cancelled"


async def test_a_request_has_one_process_however_often_it_is_sent(office: Office) -> None:
    name = unique("R")
    first = await office.ask(MEDIUM, id=name)
    again = await office.ask(MEDIUM, id=name)
    assert again.id == first.id
    with pytest.raises(AlreadyStartedError, match="another request"):
        await office.ask(MEDIUM, id=name, purpose="something else")
    chat, request = await office.asked_of_people(first)
    await chat.approve(request.request, by=MANAGER)
    assert await first.result() == await again.result()
    late = await office.ask(MEDIUM, id=name)
    assert await late.result() == await first.result()
    assert count(office.database, Effect, name="open_purchase") == 1


async def test_a_refused_request_leaves_nothing_and_can_be_sent_again(office: Office) -> None:
    name = unique("R")
    handle = await office.ask(SMALL, id=name, cost_centre="garden")
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    cause = failure.value.cause
    assert cause is not None
    assert isinstance(cause.__cause__, ApplicationError)
    assert cause.__cause__.message == "There is no cost centre 'garden'."
    assert count(office.database, Purchase) == 0
    again = await office.ask(SMALL, id=name)
    assert (await again.result()).status == "ordered"


async def test_purchases_at_the_same_time_share_one_budget(office: Office) -> None:
    """The office has 800 euros: two of three such requests get what they ask for."""
    handles = [await office.ask(SMALL, cost_centre="office") for _ in range(3)]
    statuses = sorted([outcome.status for outcome in await asyncio.gather(*(handle.result() for handle in handles))])
    assert statuses == ["declined", "ordered", "ordered"]
    budget = one(office.database, Budget, cost_centre="office")
    assert (budget["reserved"], budget["spent"]) == (0, 79_000)
