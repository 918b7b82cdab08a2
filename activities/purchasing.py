"""What the agents of a purchase may do: look up, screen, check, reserve, order.

A tool acts on the purchase of the chat it is called in, whatever the model says. The company's rules are held here and
not in prompts: no order without a clear screening, a reservation, the supplier's own price, and the approval of those
whom the amount takes; none after a rejection; and one order for a purchase at most. What the rules forbid is told to
the model as a result; what goes wrong with the database is raised, and tried again by Temporal with the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from activities import chats
from activities.contracts import PurchaseRules
from activities.database import RefusedError
from activities.effects import answered, written
from activities.money import cents, euros, shown
from activities.purchase_approvals import LARGE, SMALL, Order, check_approved, large_approval, small_approval
from activities.tables import Budget, Offer, Purchase, PurchaseOrder, Sanction, Screening, Supplier
from folkmoot import FunctionTool, ToolContext, ToolOptions, tool

__all__ = [
    "ORDERING",
    "READING",
    "check_budget",
    "look_up_supplier",
    "ordering_tools",
    "place_large_order",
    "place_order",
    "reserve_budget",
    "screen_supplier",
]

READING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10)
"""Options of tools that look."""
ORDERING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10, side_effects=True)
"""Options of tools that write; the idempotency key makes every attempt the same one."""

SupplierId = Annotated[str, "The supplier's id, as look_up_supplier tells it"]


@tool(options=READING)
def look_up_supplier(item: Annotated[str, "What is to be bought, as the request names it"]) -> str:
    """Find out who offers an item, at which price and how fast."""

    def looked_up(session: Session) -> str:
        found = session.execute(
            select(Supplier, Offer).join(Offer, Offer.supplier == Supplier.id).where(Offer.item == item.strip().lower())
        ).all()
        lines = [
            f"{supplier.id}: {supplier.name} ({supplier.country}), {euros(offer.price):.2f} EUR each, {offer.days} days"
            for supplier, offer in sorted(found, key=lambda row: (row[1].price, row[0].id))
        ]
        return "\n".join(lines) or f"Nobody offers {item!r}."

    return answered(looked_up)


@tool(options=ORDERING)
def screen_supplier(supplier: SupplierId, context: ToolContext) -> str:
    """Hold a supplier against the sanctions lists; without a clear screening nothing can be ordered from them."""

    def screen(session: Session) -> str:
        purchase = _open_purchase(session, context)
        known = _supplier(session, supplier)
        hit = session.get(Sanction, known.name)
        finding = f"on the {hit.list_name}" if hit is not None else "on no list"
        session.merge(
            Screening(purchase=purchase.id, supplier=known.id, clear=hit is None, finding=finding),
        )
        return f"{known.name} is {finding}: {'clear' if hit is None else 'BLOCKED'}."

    return written(context, "screen_supplier", {"supplier": supplier}, screen)


@tool(options=READING)
def check_budget(context: ToolContext) -> str:
    """See what is left in the budget of the cost centre that pays for this purchase."""

    def check(session: Session) -> str:
        budget = session.get_one(Budget, _open_purchase(session, context).cost_centre)
        left = budget.total - budget.reserved - budget.spent
        return (
            f"{budget.cost_centre}: {shown(left)} left of {shown(budget.total)} "
            f"({shown(budget.reserved)} reserved, {shown(budget.spent)} spent)."
        )

    return answered(check)


@tool(options=ORDERING)
def reserve_budget(amount: Annotated[float, "Euros"], context: ToolContext) -> str:
    """Set money aside for this purchase, in place of what was reserved for it before."""

    def reserve(session: Session) -> str:
        purchase, wanted = _open_purchase(session, context), cents(amount)
        if not 0 < wanted <= purchase.limit:
            raise RefusedError(f"The request allows up to {shown(purchase.limit)}; {shown(wanted)} was asked for.")
        more = wanted - purchase.reserved
        # One statement: two purchases of one cost centre cannot both take its last money.
        done = session.execute(
            update(Budget)
            .where(Budget.cost_centre == purchase.cost_centre)
            .where(Budget.total - Budget.reserved - Budget.spent >= more)
            .values(reserved=Budget.reserved + more)
            .returning(Budget.cost_centre)
        ).one_or_none()
        if done is None:
            raise RefusedError(f"The budget of {purchase.cost_centre} does not have {shown(wanted)} left.")
        purchase.reserved = wanted
        return f"{shown(wanted)} is reserved for {purchase.id}."

    return written(context, "reserve_budget", {"amount": amount}, reserve)


@tool(options=ORDERING)
async def place_order(
    supplier: SupplierId,
    quantity: Annotated[int, "How many"],
    amount: Annotated[float, "What the order costs in all, in euros: quantity times the supplier's price"],
    context: ToolContext,
) -> str:
    """Order the requested item, at amounts below those that need two approvers."""
    return await _order(context, SMALL, Order(supplier=supplier, quantity=quantity, amount=amount))


@tool(options=ORDERING)
async def place_large_order(
    supplier: SupplierId,
    quantity: Annotated[int, "How many"],
    amount: Annotated[float, "What the order costs in all, in euros: quantity times the supplier's price"],
    context: ToolContext,
) -> str:
    """Order the requested item, at amounts that need two approvers."""
    return await _order(context, LARGE, Order(supplier=supplier, quantity=quantity, amount=amount))


def ordering_tools(rules: PurchaseRules) -> Sequence[FunctionTool]:
    """`place_order` and `place_large_order` with the approvals that hold in every chat of the worker.

    Args:
        rules: How long people have.
    """
    policies = ((place_order, small_approval(rules)), (place_large_order, large_approval(rules)))
    options: dict[str, Any] = ORDERING.model_dump(exclude_defaults=True)
    return [FunctionTool(item.func, options=ToolOptions(**options, approval=policy)) for item, policy in policies]


async def _order(context: ToolContext, name: str, given: Order) -> str:
    # Once for each attempt, and before the transaction, which is a thread's.
    decisions = await chats.decisions_in(context.chat_id)

    def order(session: Session) -> str:
        purchase, total = _open_purchase(session, context), cents(given.amount)
        if (total >= purchase.manager_below) is not (name == LARGE):
            other = SMALL if name == LARGE else LARGE
            raise RefusedError(f"An order of {shown(total)} has to be placed with {other}.")
        _check(session, purchase, _supplier(session, given.supplier), given.quantity, total)
        check_approved(purchase, name, given, decisions)
        placed = PurchaseOrder(
            id=f"PO-{purchase.id}",
            purchase=purchase.id,
            supplier=given.supplier,
            item=purchase.item,
            quantity=given.quantity,
            amount=total,
        )
        session.add(placed)
        budget = session.get_one(Budget, purchase.cost_centre, with_for_update=True)
        budget.reserved -= purchase.reserved
        budget.spent += total
        purchase.reserved, purchase.status = 0, "ordered"
        # On whose word; how the purchase ends adds what is decided after.
        purchase.decisions = [decision.model_dump(mode="json") for decision in decisions]
        told = f"{given.quantity} x {purchase.item} from {given.supplier}, {shown(total)}"
        return f"Order {placed.id} is placed: {told}."

    return await asyncio.to_thread(written, context, name, given.model_dump(mode="json"), order)


def _check(session: Session, purchase: Purchase, supplier: Supplier, quantity: int, total: int) -> None:
    """Refuse an order that breaks a rule."""
    offer = session.get(Offer, (supplier.id, purchase.item))
    if offer is None:
        raise RefusedError(f"{supplier.name} does not offer {purchase.item!r}.")
    if not 1 <= quantity <= purchase.quantity:
        raise RefusedError(f"{purchase.quantity} were requested, not {quantity}.")
    if total != offer.price * quantity:
        raise RefusedError(
            f"{quantity} at {shown(offer.price)} are {shown(offer.price * quantity)}, not {shown(total)}."
        )
    screening = session.get(Screening, (purchase.id, supplier.id))
    if screening is None:
        raise RefusedError(f"{supplier.name} has not been screened; screen_supplier comes first.")
    if not screening.clear:
        raise RefusedError(f"{supplier.name} is {screening.finding}.")
    if total > purchase.reserved:
        raise RefusedError(f"{shown(purchase.reserved)} is reserved, {shown(total)} is needed; reserve_budget first.")


def _open_purchase(session: Session, context: ToolContext) -> Purchase:
    """The chat's purchase, which nobody else changes until the transaction ends."""
    found = session.execute(
        select(Purchase).where(Purchase.chat == context.chat_id).with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise RefusedError(f"The chat {context.chat_id!r} is that of no purchase.")
    if found.status != "open":
        raise RefusedError(f"The purchase {found.id} is {found.status} already.")
    return found


def _supplier(session: Session, supplier: str) -> Supplier:
    found = session.get(Supplier, supplier)
    if found is None:
        raise RefusedError(f"There is no supplier {supplier!r}; look_up_supplier tells their ids.")
    return found
