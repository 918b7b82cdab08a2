"""What the process of a purchase writes down: intake, end, and the message to the supplier. Each of them once."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from activities import contracts
from activities.database import RefusedError
from activities.effects import recorded
from activities.money import cents, euros, shown
from activities.tables import Budget, Purchase, PurchaseOrder, Supplier, SupplierMessage

__all__ = ["RULES", "open_purchase", "purchase_rules", "settle_purchase", "tell_supplier"]

RULES = "APP_PURCHASE_RULES"
"""Environment variable: a JSON file of `contracts.PurchaseRules`; those by default if not set."""


@activity.defn
async def open_purchase(request: contracts.PurchaseRequest, chat: str) -> contracts.Purchase:
    """Take a request in, with the rules of today, which hold for it to its end.

    Raises:
        ApplicationError: The cost centre is unknown, or another request has that id. Not retried.
        ValueError: The rules' file is wrong; retried, until somebody has mended it.
    """
    rules = await asyncio.to_thread(purchase_rules)

    def opened(session: Session) -> dict[str, Any]:
        if session.get(Budget, request.cost_centre) is None:
            raise RefusedError(f"There is no cost centre {request.cost_centre!r}.")
        session.add(
            Purchase(
                id=request.id,
                chat=chat,
                requester=request.requester,
                item=request.item.strip().lower(),
                quantity=request.quantity,
                limit=cents(request.limit),
                cost_centre=request.cost_centre,
                purpose=request.purpose,
                automatic_below=cents(rules.automatic_below),
                manager_below=cents(rules.manager_below),
            )
        )
        return contracts.Purchase(id=request.id, chat=chat, rules=rules).model_dump(mode="json")

    key = f"purchase/{request.id}/open"
    told = {"request": request.model_dump(mode="json"), "chat": chat}
    return contracts.Purchase.model_validate(await recorded(key, "open_purchase", told, opened))


@activity.defn
async def settle_purchase(end: contracts.PurchaseEnd) -> contracts.PurchaseOutcome:
    """Write down how a purchase ended, and give back the money that is reserved for it.

    If it was ordered, that is how it ended, whatever the chat says. From here on nothing can be ordered for it: a tool
    call that is still on its way somewhere is refused.
    """

    def settled(session: Session) -> dict[str, Any]:
        purchase = session.execute(select(Purchase).where(Purchase.id == end.id).with_for_update()).scalar_one()
        purchase.decisions = [decision.model_dump(mode="json") for decision in end.decisions]
        purchase.ended = datetime.now(UTC)
        order = session.execute(select(PurchaseOrder).where(PurchaseOrder.purchase == end.id)).scalar_one_or_none()
        if order is not None:
            outcome = contracts.PurchaseOutcome(
                id=end.id, status="ordered", order=order.id, amount=euros(order.amount), supplier=order.supplier
            )
            return outcome.model_dump(mode="json")
        purchase.status, purchase.reason = _ending(end)
        if purchase.reserved:
            session.get_one(Budget, purchase.cost_centre, with_for_update=True).reserved -= purchase.reserved
            purchase.reserved = 0
        outcome = contracts.PurchaseOutcome(id=end.id, status=purchase.status, reason=purchase.reason)
        return outcome.model_dump(mode="json")

    # Not of the arguments: whoever settles it second, be it with other words, learns how it was settled.
    result = await recorded(f"purchase/{end.id}/settle", "settle_purchase", {"id": end.id}, settled)
    return contracts.PurchaseOutcome.model_validate(result)


@activity.defn
async def tell_supplier(purchase: str) -> str:
    """Put the order into the outbox for its supplier; the message's id."""

    def told(session: Session) -> dict[str, Any]:
        order = session.execute(select(PurchaseOrder).where(PurchaseOrder.purchase == purchase)).scalar_one()
        supplier = session.get_one(Supplier, order.supplier)
        message = SupplierMessage(
            id=f"MSG-{order.id}",
            order=order.id,
            recipient=supplier.email,
            subject=f"Order {order.id}",
            body=f"Dear {supplier.name}, we order {order.quantity} x {order.item} for {shown(order.amount)}.",
        )
        session.add(message)
        return {"message": message.id}

    result = await recorded(f"purchase/{purchase}/tell", "tell_supplier", {"id": purchase}, told)
    return str(result["message"])


def purchase_rules() -> contracts.PurchaseRules:
    """The rules of this process.

    Raises:
        ValueError: The file is no JSON, or not of rules; or its limits are out of order.
        OSError: It cannot be read.
    """
    file = os.environ.get(RULES)
    if not file:
        return contracts.PurchaseRules()
    try:
        rules = contracts.PurchaseRules.model_validate_json(Path(file).read_bytes())
    except ValidationError as error:
        raise ValueError(f"{file!r} does not hold rules for purchases: {error}") from None
    if rules.manager_below < rules.automatic_below or rules.manager_escalates >= rules.manager_deadline:
        raise ValueError(f"{file!r}: the limits of the rules are out of order: {rules!r}")
    return rules


def _ending(end: contracts.PurchaseEnd) -> tuple[str, str]:
    """Status and reason of a purchase for which nothing was ordered."""
    if end.status is not None:
        return end.status, end.reason
    refused = [decision for decision in end.decisions if decision.verdict == "reject"]
    if not refused:
        return "declined", end.reason
    last = refused[-1]
    if last.timeout:
        return "expired", last.reason or "Nobody decided in time."
    return "rejected", last.reason or f"by {', '.join(last.by)}"
