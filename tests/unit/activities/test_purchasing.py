"""The rules of purchasing hold whatever an agent asks for, and what it does happens once."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.contracts import Decision, PurchaseEnd, PurchaseRequest
from activities.database import Database, KeyReusedError
from activities.purchase_approvals import LARGE, SMALL
from activities.purchase_records import RULES, open_purchase, purchase_rules, settle_purchase, tell_supplier
from activities.purchasing import (
    check_budget,
    look_up_supplier,
    place_large_order,
    place_order,
    reserve_budget,
    screen_supplier,
)
from activities.tables import Budget, Purchase, PurchaseOrder, SupplierMessage
from tests._support.application import call, count, one

CHAT = "purchase-R1-chat"


def request(**fields: Any) -> PurchaseRequest:
    plain = {"id": "R1", "requester": "rita", "item": "Laptop", "quantity": 10, "limit": 14_000, "purpose": "new staff"}
    return PurchaseRequest.model_validate({**plain, "cost_centre": "engineering", **fields})


ROLES = {"max": ["manager"], "dora": ["director"], "finn": ["finance"], "rita": ["director", "manager"]}
ORDER = {"supplier": "north", "quantity": 10, "amount": 12_990}


def decision(verdict: str, *by: str, tool: str = LARGE, arguments: Any = ORDER, **fields: Any) -> Decision:
    roles = {person: ROLES.get(person, []) for person in by}
    told = {"verdict": verdict, "by": list(by), "roles": roles, "tool": tool, "arguments": arguments}
    return Decision.model_validate({"request": "r", **told, **fields})


@pytest.fixture
async def purchase(database: Database, decided: list[Decision]) -> Database:
    """The purchase of ten laptops, taken in, and its order approved."""
    await open_purchase(request(), CHAT)
    decided.append(decision("approve", "dora", "finn"))
    return database


async def ready(supplier: str = "north", amount: float = 12_990) -> None:
    """All that comes before an order."""
    assert await call(screen_supplier, CHAT, supplier=supplier) == "Nordlicht Computer GmbH is on no list: clear."
    assert await call(reserve_budget, CHAT, amount=amount) == f"{amount:,.2f} EUR is reserved for R1."


async def large(**changed: Any) -> str:
    arguments = {"supplier": "north", "quantity": 10, "amount": 12_990.0, **changed}
    return await call(place_large_order, CHAT, **arguments)


async def test_agents_find_out_what_they_need(purchase: Database) -> None:
    offers = (await call(look_up_supplier, CHAT, item=" LAPTOP")).splitlines()
    assert [line.partition(":")[0] for line in offers] == ["volkov", "north", "quay"], "the cheapest first"
    assert offers[1] == "north: Nordlicht Computer GmbH (DE), 1299.00 EUR each, 5 days"
    assert await call(look_up_supplier, CHAT, item="submarine") == "Nobody offers 'submarine'."
    await call(reserve_budget, CHAT, amount=100)
    told = "engineering: 59,900.00 EUR left of 60,000.00 EUR (100.00 EUR reserved, 0.00 EUR spent)."
    assert await call(check_budget, CHAT) == told


async def test_an_order_is_placed_once_however_often_its_call_is_made(purchase: Database) -> None:
    await ready()
    arguments = {"supplier": "north", "quantity": 10, "amount": 12_990}
    first = await call(place_large_order, CHAT, key="k", **arguments)
    assert first == "Order PO-R1 is placed: 10 x laptop from north, 12,990.00 EUR."
    assert await call(place_large_order, CHAT, key="k", **arguments) == first
    assert one(purchase, PurchaseOrder)["amount"] == 1_299_000
    budget = one(purchase, Budget, cost_centre="engineering")
    assert (budget["reserved"], budget["spent"]) == (0, 1_299_000)


async def test_a_purchase_has_one_order_whatever_the_model_says(purchase: Database) -> None:
    await ready()
    await large()
    assert await large() == "Refused: The purchase R1 is ordered already."
    assert await call(reserve_budget, CHAT, amount=5) == "Refused: The purchase R1 is ordered already."
    assert count(purchase, PurchaseOrder) == 1


async def test_a_key_that_comes_with_another_order_is_an_error(purchase: Database) -> None:
    await ready()
    await call(place_large_order, CHAT, key="k", supplier="north", quantity=10, amount=12_990)
    with pytest.raises(KeyReusedError):
        await call(place_large_order, CHAT, key="k", supplier="north", quantity=9, amount=11_691)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"quantity": 11, "amount": 14_289}, "10 were requested, not 11."),
        ({"quantity": 0, "amount": 10_000}, "10 were requested, not 0."),
        ({"amount": 12_000}, "10 at 1,299.00 EUR are 12,990.00 EUR, not 12,000.00 EUR."),
        ({"amount": 12_990.005}, "12990.005 euros has fractions of a cent."),
        ({"amount": 1e300}, "1e+300 is no amount of money."),
        ({"supplier": "nobody"}, "There is no supplier 'nobody'; look_up_supplier tells their ids."),
        (
            {"supplier": "quay", "amount": 13_450},
            "Quay Office Supplies Ltd has not been screened; screen_supplier comes first.",
        ),
        ({"quantity": 1, "amount": 1_299}, "An order of 1,299.00 EUR has to be placed with place_order."),
    ],
)
async def test_an_order_that_breaks_a_rule_is_refused(
    purchase: Database, changed: dict[str, Any], refusal: str
) -> None:
    await ready()
    assert await large(**changed) == f"Refused: {refusal}"
    assert count(purchase, PurchaseOrder) == 0
    assert one(purchase, Purchase)["status"] == "open"


TOO_FEW = "Refused: An order of 12,990.00 EUR takes the approval of two people of the directors and finance"
FINAL = "Refused: An order for R1 was rejected"


@pytest.mark.parametrize(
    ("decisions", "refusal"),
    [
        ([], TOO_FEW),
        ([decision("approve", "dora")], TOO_FEW),
        ([decision("approve", "dora", "rita")], TOO_FEW),
        ([decision("approve", "max", "dora")], TOO_FEW),
        ([decision("approve", "mallory", "malvin")], TOO_FEW),
        ([decision("approve", "dora", "finn", arguments={**ORDER, "quantity": 9})], TOO_FEW),
        ([decision("approve", "dora", "finn", arguments=None)], TOO_FEW),
        ([decision("approve", "dora", "finn", tool=SMALL)], TOO_FEW),
        ([decision("answer", "dora", "finn")], TOO_FEW),
        ([decision("reject", "finn"), decision("approve", "dora", "finn")], FINAL),
        ([decision("approve", "dora", "finn"), decision("reject", timeout=True)], FINAL),
        ([decision("reject", "max", tool=SMALL), decision("approve", "dora", "finn")], FINAL),
    ],
    ids=[
        "nobody was asked",
        "one of two",
        "who asked for it",
        "a manager",
        "people without a role",
        "of another order",
        "of a call that cannot be read",
        "of another tool",
        "of an answer in the tool's place",
        "rejected before",
        "nobody decided in time",
        "a smaller one rejected before",
    ],
)
async def test_no_order_without_those_it_takes(
    purchase: Database, decided: list[Decision], decisions: list[Decision], refusal: str
) -> None:
    """Whatever the chat's spec made of the approval: the tool itself looks who has approved of what."""
    decided[:] = decisions
    await ready()
    assert (await large()).startswith(refusal)
    assert count(purchase, PurchaseOrder) == 0
    assert one(purchase, Purchase)["status"] == "open"


async def test_a_medium_order_needs_a_manager_and_none_after_a_rejection(
    purchase: Database, decided: list[Decision]
) -> None:
    await ready()
    order = {"supplier": "north", "quantity": 3, "amount": 3_897}
    decided[:] = [decision("approve", "finn", "rita", tool=SMALL, arguments=order)]
    assert (await call(place_order, CHAT, **order)).startswith(
        "Refused: An order of 3,897.00 EUR takes the approval of a manager for exactly this"
    )
    decided[:] = [decision("reject", "max", tool=SMALL, arguments=order)]
    assert "(by max), which is final" in await call(place_order, CHAT, supplier="north", quantity=1, amount=1_299)
    decided[:] = [decision("approve", "max", tool=SMALL, arguments=order)]
    assert (await call(place_order, CHAT, **order)).startswith("Order PO-R1 is placed")
    assert one(purchase, Purchase)["decisions"][0]["roles"] == {"max": ["manager"]}, "on whose word it was placed"


async def test_an_order_needs_its_money_reserved(purchase: Database) -> None:
    await ready(amount=12_989)
    told = "Refused: 12,989.00 EUR is reserved, 12,990.00 EUR is needed; reserve_budget first."
    assert await large() == told


async def test_each_amount_has_its_tool(purchase: Database, decided: list[Decision]) -> None:
    """The tool below the limit needs one approver at most, so it must not take what needs two."""
    await ready()
    told = "Refused: An order of 12,990.00 EUR has to be placed with place_large_order."
    assert await call(place_order, CHAT, supplier="north", quantity=10, amount=12_990) == told
    smaller = {"supplier": "north", "quantity": 7, "amount": 9_093}
    decided.append(decision("approve", "max", tool=SMALL, arguments=smaller))
    placed = await call(place_order, CHAT, **smaller)
    assert placed.startswith("Order PO-R1 is placed")


async def test_nothing_is_ordered_from_a_sanctioned_supplier(purchase: Database) -> None:
    told = await call(screen_supplier, CHAT, supplier="volkov")
    assert told == "Volkov Trading is on the consolidated list, entry 4711: BLOCKED."
    await call(reserve_budget, CHAT, amount=7_990)
    refused = await call(place_order, CHAT, supplier="volkov", quantity=10, amount=7_990)
    assert refused == "Refused: Volkov Trading is on the consolidated list, entry 4711."


async def test_money_is_reserved_within_request_and_budget(database: Database) -> None:
    await open_purchase(request(cost_centre="office", limit=900), CHAT)
    await open_purchase(request(id="R2", cost_centre="office", limit=900), "other")
    assert "allows up to 900.00 EUR" in await call(reserve_budget, CHAT, amount=901)
    assert (await call(reserve_budget, CHAT, amount=-5)).startswith("Refused")
    assert (await call(reserve_budget, CHAT, amount=500)) == "500.00 EUR is reserved for R1."
    told = "Refused: The budget of office does not have 400.00 EUR left."
    assert await call(reserve_budget, "other", amount=400) == told
    # A new amount comes in place of the old one.
    assert await call(reserve_budget, CHAT, amount=400) == "400.00 EUR is reserved for R1."
    assert await call(reserve_budget, "other", amount=400) == "400.00 EUR is reserved for R2."
    assert one(database, Budget, cost_centre="office")["reserved"] == 80_000


async def test_a_tool_acts_for_the_purchase_of_its_chat_only(purchase: Database) -> None:
    await ready()
    told = "Refused: The chat 'other' is that of no purchase."
    assert await call(place_large_order, "other", supplier="north", quantity=10, amount=12_990) == told
    assert await call(screen_supplier, "other", supplier="north") == told


# --- The records of the process


async def test_a_request_is_taken_in_once(purchase: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"automatic_below": 5}')
    monkeypatch.setenv(RULES, str(rules))
    again = await open_purchase(request(), CHAT)
    assert again.rules.automatic_below == 1_000, "the rules that held when it came in"
    assert one(purchase, Purchase)["automatic_below"] == 100_000
    with pytest.raises(ApplicationError, match="other arguments") as refused:
        await open_purchase(request(quantity=11), CHAT)
    assert refused.value.non_retryable
    later = await open_purchase(request(id="R2"), "other")
    assert later.rules.automatic_below == 5


async def test_an_unknown_cost_centre_is_refused(database: Database) -> None:
    with pytest.raises(ApplicationError, match="There is no cost centre 'garden'") as refused:
        await open_purchase(request(cost_centre="garden"), CHAT)
    assert refused.value.non_retryable
    assert count(database, Purchase) == 0


async def test_an_ordered_purchase_ends_as_ordered_whatever_the_chat_says(purchase: Database) -> None:
    await ready()
    await large()
    outcome = await settle_purchase(PurchaseEnd(id="R1", status="failed", reason="an agent failed"))
    assert (outcome.status, outcome.order, outcome.amount, outcome.supplier) == ("ordered", "PO-R1", 12_990, "north")
    assert await tell_supplier("R1") == await tell_supplier("R1") == "MSG-PO-R1"
    message = one(purchase, SupplierMessage)
    assert message["recipient"] == "orders@nordlicht.example"
    assert message["body"] == "Dear Nordlicht Computer GmbH, we order 10 x laptop for 12,990.00 EUR."


@pytest.mark.parametrize(
    ("decisions", "status", "reason"),
    [
        ([decision("reject", "max", reason="max: too dear")], "rejected", "max: too dear"),
        ([decision("reject", timeout=True)], "expired", "Nobody decided in time."),
        ([decision("reject", "max"), decision("approve", "max")], "rejected", "by max"),
        ([], "declined", "the chat ended"),
    ],
    ids=["rejected", "expired", "rejected and then something else approved", "declined"],
)
async def test_what_was_not_ordered_ends_as_people_decided(
    purchase: Database, decisions: list[Decision], status: str, reason: str
) -> None:
    await ready()
    outcome = await settle_purchase(PurchaseEnd(id="R1", reason="the chat ended", decisions=decisions))
    assert (outcome.status, outcome.reason, outcome.order) == (status, reason, None)
    row = one(purchase, Purchase)
    assert (row["status"], row["reserved"], len(row["decisions"])) == (status, 0, len(decisions))
    assert one(purchase, Budget, cost_centre="engineering")["reserved"] == 0, "the money is free again"


async def test_after_the_end_nothing_is_ordered(purchase: Database) -> None:
    """A call that a lost worker still makes comes too late."""
    await ready()
    await settle_purchase(PurchaseEnd(id="R1", status="cancelled"))
    assert await large() == "Refused: The purchase R1 is cancelled already."
    again = await settle_purchase(PurchaseEnd(id="R1", status="failed"))
    assert again.status == "cancelled", "the first end stays"


@pytest.mark.parametrize(
    "text", ["{", '{"automatic": 5}', '{"automatic_below": 20000}', '{"manager_deadline": 10}', '{"manager_below": -1}']
)
async def test_wrong_rules_are_told(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "rules.json"
    file.write_text(text)
    monkeypatch.setenv(RULES, str(file))
    with pytest.raises(ValueError, match=r"rules\.json"):
        purchase_rules()


@pytest.mark.parametrize(
    "wrong",
    [{"quantity": 0}, {"limit": -1}, {"limit": float("inf")}, {"id": "a b"}, {"id": ""}, {"purpose": ""}, {"extra": 1}],
)
def test_a_wrong_request_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        request(**wrong)
