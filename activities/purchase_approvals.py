"""Who may let an order of a purchase be placed: as people are asked for it, and as the tools check it once more.

The policies are registered with the tools, so they hold in every chat, whatever its spec says. And no order rests on
them alone: before one is written, what people decided is read from the chat's log and held against the rules of the
purchase, which are in the database.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from temporalio import activity

from activities import chats
from activities.contracts import Decision, PurchaseRules
from activities.database import RefusedError, current
from activities.money import cents, shown
from activities.tables import Purchase
from folkmoot.approvals import ApprovalPolicy, Escalation

__all__ = ["LARGE", "SMALL", "Order", "check_approved", "large_approval", "small_approval"]

SMALL = "place_order"
"""The tool for amounts that one manager may approve, or that need nobody."""
LARGE = "place_large_order"
"""The tool for amounts from there on."""


class Order(BaseModel):
    """The arguments of both tools."""

    supplier: str
    quantity: int
    amount: float


def small_approval(rules: PurchaseRules) -> ApprovalPolicy:
    """Who approves of `place_order`: nobody at small amounts, else a manager, then a director in their place.

    Args:
        rules: Those of the worker: how long it may take. Which amounts need it is said by the purchase's own.
    """
    return ApprovalPolicy(
        when=why_small_order,
        approvers=("role:manager",),
        exclude_requester=True,
        escalation=(Escalation(after=rules.manager_escalates, approvers=("role:director",)),),
        deadline=rules.manager_deadline,
        may_answer=False,
        reason="An order of this amount needs a manager.",
    )


def large_approval(rules: PurchaseRules) -> ApprovalPolicy:
    """Who approves of `place_large_order`: two people of the directors and finance.

    Args:
        rules: As for `small_approval`.
    """
    return ApprovalPolicy(
        when=why_large_order,
        approvers=("role:director", "role:finance"),
        quorum=2,
        exclude_requester=True,
        remind_every=rules.board_reminder,
        deadline=rules.board_deadline,
        may_answer=False,
        reason="An order of this amount needs two people.",
    )


async def why_small_order(_tool: str, arguments: Mapping[str, Any]) -> str:
    """Why people are asked about a small order, from an activity of its chat; empty: they are not."""
    # From `manager_below` on the tool refuses by itself, so nobody is asked in vain.
    return await _why(arguments, lambda total, own: total < own.automatic_below or total >= own.manager_below)


async def why_large_order(_tool: str, arguments: Mapping[str, Any]) -> str:
    """The same of a large one; below `manager_below` the tool refuses by itself."""
    return await _why(arguments, lambda total, own: total < own.manager_below)


async def _why(arguments: Mapping[str, Any], free: Callable[[int, Purchase], bool]) -> str:
    chat = activity.info().workflow_id or ""
    purchase = await asyncio.to_thread(_purchase, chat)
    if purchase is None or _rejection(await chats.decisions_in(chat)) is not None:
        return ""  # The tool refuses.
    amount: object = arguments.get("amount")
    # Whatever is not plainly an amount that needs nobody is asked for: a text, say, as functions take one for a number.
    if isinstance(amount, int | float) and math.isfinite(amount) and free(round(amount * 100), purchase):
        return ""
    return f"{purchase.requester} asks for {purchase.quantity} x {purchase.item}: {purchase.purpose}"


def _purchase(chat: str) -> Purchase | None:
    with current().session() as session:
        found = session.execute(select(Purchase).where(Purchase.chat == chat)).scalar_one_or_none()
        if found is not None:
            session.expunge(found)
        return found


def check_approved(purchase: Purchase, tool: str, order: Order, decisions: Sequence[Decision]) -> None:
    """Refuse an order that people have not let pass, whoever may have seen to it that they were not asked.

    Args:
        purchase: Whose order it is; its rules are those of the day it came in.
        tool: The tool that is to place it.
        order: With what.
        decisions: All that was decided in the purchase's chat.

    Raises:
        RefusedError: An order was rejected before, which is final; or those it takes have not approved of this one.
    """
    if (rejection := _rejection(decisions)) is not None:
        who = "nobody decided in time" if rejection.timeout else f"by {', '.join(rejection.by)}"
        raise RefusedError(f"An order for {purchase.id} was rejected ({who}), which is final.")
    amount = cents(order.amount)
    if amount < purchase.automatic_below:
        return
    large = amount >= purchase.manager_below
    roles, quorum = ({"director", "finance"}, 2) if large else ({"manager", "director"}, 1)
    for decision in decisions:
        if decision.tool == tool and decision.verdict == "approve" and _order_of(decision) == order:
            by = {person for person in decision.by if roles & set(decision.roles.get(person, ()))}
            if len(by - {purchase.requester}) >= quorum:
                return
    who = "two people of the directors and finance" if large else "a manager"
    raise RefusedError(f"An order of {shown(amount)} takes the approval of {who} for exactly this; there is none.")


def _rejection(decisions: Sequence[Decision]) -> Decision | None:
    orders = (decision for decision in decisions if decision.tool in (SMALL, LARGE))
    return next((decision for decision in orders if decision.verdict == "reject"), None)


def _order_of(decision: Decision) -> Order | None:
    try:
        return Order.model_validate(decision.arguments)
    except ValidationError:
        return None
