"""From a request to an order: agents look for an offer, people approve of it by its amount, it is ordered once.

The chat's last agent places the order with a tool that needs approval; who has to approve, and until when, hangs on
the amount in the tool's very arguments (see `activities.purchase_approvals`; the worker registers the tools with it).
What became of it is read from the database, never from what agents say.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.chats import decisions_of
    from activities.contracts import (
        Purchase,
        PurchaseEnd,
        PurchaseOutcome,
        PurchaseRequest,
        PurchaseState,
    )
    from activities.purchase_records import open_purchase, settle_purchase, tell_supplier
    from folkmoot import (
        AssistantAgent,
        ChatCancelled,
        ChatExistsError,
        ChatNotFoundError,
        FolkmootError,
        MaxMessageTermination,
        RoundRobinGroupChat,
        TextMentionTermination,
        Tool,
    )
    from folkmoot.processes import Process, tenant_of_process
    from folkmoot.workflow import open_group_chat

from workflows.steps import Recorder

__all__ = ["PURCHASE", "PurchaseApproval", "buyers", "start"]

CLOSED = "CASE CLOSED"
_CANCELLED = "The process was cancelled."

_ANALYST = (
    "You are the analyst. Find out with your tool who offers the item, and recommend the best offer within the limit, "
    "with supplier id, quantity, price of one and amount in all. If compliance blocks a supplier, recommend another."
)
_COMPLIANCE = (
    "You are compliance. Screen the recommended supplier with your tool. Say whether orders may go there. If no "
    f"supplier is left, say {CLOSED} and why."
)
_FINANCE = (
    "You are finance. If compliance has cleared the supplier: check the budget, reserve the amount, then place the "
    "order with place_order, or with place_large_order where that tool is told to be the right one. People may have to "
    f"approve of it; their word is final. When it is placed or refused for good, say {CLOSED} and what came of it."
)


def buyers(request: PurchaseRequest) -> RoundRobinGroupChat:
    """The team: analyst, compliance, finance, in this order until the case is closed."""
    analyst = AssistantAgent(
        "analyst",
        request.model,
        tools=[Tool("look_up_supplier")],
        max_tool_iterations=5,
        system_message=_ANALYST,
    )
    compliance = AssistantAgent(
        "compliance",
        request.model,
        tools=[Tool("screen_supplier")],
        max_tool_iterations=5,
        system_message=_COMPLIANCE,
    )
    finance = AssistantAgent(
        "finance",
        request.model,
        tools=[Tool(name) for name in ("check_budget", "reserve_budget", "place_order", "place_large_order")],
        max_tool_iterations=10,
        system_message=_FINANCE,
    )
    closed = TextMentionTermination(CLOSED, sources=["compliance", "finance"])
    return RoundRobinGroupChat(
        [analyst, compliance, finance], name="buyers", termination_condition=closed | MaxMessageTermination(60)
    )


@workflow.defn
class PurchaseApproval:
    """Takes a request in, has agents and people deal with it, and sees that at most one order comes of it."""

    @workflow.init
    def __init__(self, request: PurchaseRequest) -> None:
        chat = f"{workflow.info().workflow_id}-chat"
        self._state = PurchaseState(id=request.id, stage="intake", chat=chat)
        self._steps = Recorder()

    @workflow.run
    async def run(self, request: PurchaseRequest) -> PurchaseOutcome:
        """From intake to the message to the supplier.

        Raises:
            ApplicationError: The request was refused at intake, and nothing was written; or somebody else has opened a
                chat under the id of the process's.
            CancelledError: The process was cancelled before anything was ordered; that is written down.
        """
        purchase = await self._steps.record(open_purchase, request, self._state.chat)
        end = await self._deliberated(request, purchase)
        self._at("settling")
        outcome = await self._steps.record(settle_purchase, end)
        if outcome.order is not None:
            self._at("telling", outcome)
            await self._steps.record(tell_supplier, request.id)
        self._at("done", outcome)
        if self._steps.cancelled and outcome.status == "cancelled":
            raise asyncio.CancelledError
        return outcome

    @workflow.query
    def state(self) -> PurchaseState:
        """Where the purchase stands."""
        return self._state

    def _at(self, stage: str, outcome: PurchaseOutcome | None = None) -> None:
        self._state = self._state.model_copy(update={"stage": stage, "outcome": outcome})

    async def _deliberated(self, request: PurchaseRequest, purchase: Purchase) -> PurchaseEnd:
        """Hold the chat; how it ended, and what people decided in it."""
        if self._steps.cancelled:
            return PurchaseEnd(id=request.id, status="cancelled", reason=_CANCELLED)
        chat = await open_group_chat(buyers(request), purchase.chat, tenant=tenant_of_process())
        self._at("chat")
        try:
            outcome = await chat.run(task=_task(request), by=request.requester)
            status, reason = None, outcome.messages[-1].to_text()
        except ChatCancelled as error:
            status, reason = "cancelled", str(error)
        except ChatExistsError as error:
            # Nobody else's chat decides here. A process that has failed may be started again.
            raise ApplicationError(str(error), type="ChatExistsError", non_retryable=True) from None
        except FolkmootError as error:
            status, reason = "failed", str(error)
        except asyncio.CancelledError:
            self._steps.cancelled = True
            status, reason = "cancelled", _CANCELLED
        # Somebody else may have closed it.
        with suppress(ChatNotFoundError):
            await chat.close(force=True)
        decisions = await self._steps.record(decisions_of, purchase.chat)
        return PurchaseEnd(id=request.id, status=status, reason=reason[:2000], decisions=decisions)


PURCHASE = Process(
    name="purchase",
    workflow="PurchaseApproval",
    request=PurchaseRequest,
    outcome=PurchaseOutcome,
    state=PurchaseState,
    by=("requester",),
    description="A request to buy: agents find an offer, people approve of it by its amount, it is ordered once.",
)
"""As it is offered."""


async def start(
    client: Client, request: PurchaseRequest, *, queue: str = "folkmoot"
) -> WorkflowHandle[Any, PurchaseOutcome]:
    """Start the process of a request, or find the one it has; its handle gives the outcome.

    Args:
        client: Connected with a `FolkmootPlugin`.
        request: The request.
        queue: Task queue of the application's workers.

    Raises:
        AlreadyStartedError: Another request has that id.
    """
    return (await PURCHASE.start(client, request, queue=queue)).handle


def _task(request: PurchaseRequest) -> str:
    return (
        f"Request {request.id} of {request.requester}: {request.quantity} x {request.item} for at most "
        f"{request.limit:,.2f} EUR in all, paid by {request.cost_centre}. Purpose: {request.purpose}"
    )
