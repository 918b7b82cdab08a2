"""What the agents of a purchase may do: look up, screen, check, reserve, order.

A tool acts on the purchase of the chat it is called in, whatever the model says. The company's rules are held here and
not in prompts: no order without a clear screening, a reservation, the supplier's own price, and the authority that the
amount needs; and one order for a purchase at most. What the rules forbid is told to the model as a result; what goes
wrong with the database is raised, and tried again by Temporal with the same key.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from activities.database import RefusedError
from activities.effects import answered, written
from activities.money import cents, euros, shown
from activities.tables import Budget, Offer, Purchase, PurchaseOrder, Sanction, Screening, Supplier
from folkmoot import ToolContext, ToolOptions, tool

__all__ = [
    "ORDERING",
    "READING",
    "check_budget",
    "look_up_supplier",
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
def place_order(
    supplier: SupplierId,
    quantity: Annotated[int, "How many"],
    amount: Annotated[float, "What the order costs in all, in euros: quantity times the supplier's price"],
    context: ToolContext,
) -> str:
    """Order the requested item, at amounts below those that need two approvers."""
    return _order(context, "place_order", supplier, quantity, amount)


@tool(options=ORDERING)
def place_large_order(
    supplier: SupplierId,
    quantity: Annotated[int, "How many"],
    amount: Annotated[float, "What the order costs in all, in euros: quantity times the supplier's price"],
    context: ToolContext,
) -> str:
    """Order the requested item, at amounts that need two approvers."""
    return _order(context, "place_large_order", supplier, quantity, amount)


def _order(context: ToolContext, name: str, supplier: str, quantity: int, amount: float) -> str:
    def order(session: Session) -> str:
        purchase, total = _open_purchase(session, context), cents(amount)
        if (total >= purchase.manager_below) is not (name == "place_large_order"):
            other = "place_order" if name == "place_large_order" else "place_large_order"
            raise RefusedError(f"An order of {shown(total)} has to be placed with {other}.")
        _check(session, purchase, _supplier(session, supplier), quantity, total)
        placed = PurchaseOrder(
            id=f"PO-{purchase.id}",
            purchase=purchase.id,
            supplier=supplier,
            item=purchase.item,
            quantity=quantity,
            amount=total,
        )
        session.add(placed)
        budget = session.get_one(Budget, purchase.cost_centre, with_for_update=True)
        budget.reserved -= purchase.reserved
        budget.spent += total
        purchase.reserved, purchase.status = 0, "ordered"
        return f"Order {placed.id} is placed: {quantity} x {purchase.item} from {supplier}, {shown(total)}."

    return written(context, name, {"supplier": supplier, "quantity": quantity, "amount": amount}, order)


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
