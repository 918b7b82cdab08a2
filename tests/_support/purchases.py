"""Purchases in tests: the requests, and what the three agents say, as a function of what they are asked."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowHandle

from activities.contracts import PurchaseOutcome, PurchaseRequest, PurchaseState
from activities.database import Database
from folkmoot import Chat, Folkmoot, PendingRequest
from tests._support.waiting import eventually
from workflows.purchase_approval import start

__all__ = [
    "DIRECTOR",
    "FINANCE",
    "LARGE",
    "MANAGER",
    "MEDIUM",
    "SMALL",
    "Buyers",
    "Office",
    "Plan",
    "number",
    "purchase_request",
    "state",
]

MANAGER = {"subject": "max", "roles": ["manager"]}
DIRECTOR = {"subject": "dora", "roles": ["director"]}
FINANCE = {"subject": "finn", "roles": ["finance"]}


@dataclass(frozen=True)
class Plan:
    """What the agents do about a request.

    Attributes:
        item: What is asked for.
        quantity: How many.
        supplier: From whom it is ordered.
        amount: What it costs, in euros.
        tool: With which tool it is ordered.
    """

    item: str
    quantity: int
    supplier: str
    amount: float
    tool: str = "place_order"


SMALL = Plan("desk lamp", 10, "quay", 395)
MEDIUM = Plan("laptop", 3, "north", 3_897)
LARGE = Plan("laptop", 10, "north", 12_990, "place_large_order")


def purchase_request(id: str, plan: Plan, **fields: Any) -> PurchaseRequest:
    """The request a plan is for."""
    plain = {"requester": "rita", "cost_centre": "engineering", "purpose": "new staff", "model": "scripted"}
    asked = {"id": id, "item": plan.item, "quantity": plan.quantity, "limit": float(plan.amount) + 1_000}
    return PurchaseRequest.model_validate({**plain, **asked, **fields})


@dataclass
class Buyers:
    """A model that speaks for analyst, compliance and finance.

    Attributes:
        plans: By the request's id.
        held: Steps, as `id:step`, whose answers wait until they are released.
        asked: How often each step of each request was asked for.
    """

    plans: dict[str, Plan] = field(default_factory=dict[str, Plan])
    held: set[str] = field(default_factory=set[str])
    asked: dict[str, int] = field(default_factory=dict[str, int])

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of the wire."""
        messages = body["messages"]
        text = json.dumps(messages)
        found = re.search(r"Request (\S+) of", text)
        assert found is not None, text
        plan = self.plans[found[1]]
        step, answer = self._answer(plan, messages[0]["content"], messages)
        name = f"{found[1]}:{step}"
        self.asked[name] = self.asked.get(name, 0) + 1
        return {**answer, "hold": name} if name in self.held else answer

    def _answer(self, plan: Plan, system: str, messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        results = [message["content"] for message in messages if message["role"] == "tool"]
        order = {"supplier": plan.supplier, "quantity": plan.quantity, "amount": plan.amount}
        if "You are the analyst" in system:
            if not results:
                return "look up", _call("look_up_supplier", item=plan.item)
            return "recommend", {"text": f"I recommend {plan.supplier}."}
        if "You are compliance" in system:
            if not results:
                return "screen", _call("screen_supplier", supplier=plan.supplier)
            blocked = "BLOCKED" in results[-1]
            return "clear", {"text": "CASE CLOSED: nobody may sell it." if blocked else "Cleared."}
        calls = [
            ("check", _call("check_budget")),
            ("reserve", _call("reserve_budget", amount=plan.amount)),
            ("order", _call(plan.tool, **order)),
        ]
        return calls[len(results)] if len(results) < 3 else ("close", {"text": f"CASE CLOSED: {results[-1]}"})


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments, "id": name}]}


@dataclass
class Office:
    """Purchases of a company whose worker is on the queue of `moot`."""

    moot: Folkmoot
    database: Database
    buyers: Buyers

    async def ask(self, plan: Plan, **fields: Any) -> WorkflowHandle[Any, PurchaseOutcome]:
        """Send a request in."""
        request = purchase_request(fields.pop("id", f"R-{uuid.uuid4().hex[:8]}"), plan, **fields)
        self.buyers.plans[request.id] = plan
        return await start(self.moot.client, request, queue=self.moot.queue)

    async def asked_of_people(self, handle: WorkflowHandle[Any, Any]) -> tuple[Chat, PendingRequest]:
        """The purchase's chat, and what it asks people, once it does."""

        async def opened() -> bool:
            return (await state(handle)).stage == "chat"

        await eventually(opened, what="the chat is on")
        chat = await self.moot.get(f"{handle.id}-chat")
        (request,) = await eventually(chat.pending, what="people are asked")
        return chat, request


async def state(handle: WorkflowHandle[Any, Any]) -> PurchaseState:
    """Where a purchase stands."""
    return await handle.query("state", result_type=PurchaseState)


def number(handle: WorkflowHandle[Any, Any]) -> str:
    """The request's id."""
    return handle.id.removeprefix("purchase-")
