"""Incidents in tests: what responder and scribe say, as a function of what they are asked."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowHandle

from activities.contracts import IncidentEnd, IncidentRequest, IncidentState
from activities.database import Database
from folkmoot import Chat, Folkmoot, PendingRequest
from tests._support.waiting import eventually
from workflows.incident_response import start

__all__ = ["ANA", "BO", "Desk", "Responders", "alarm", "state"]

ANA: dict[str, Any] = {"subject": "ana", "roles": []}
BO: dict[str, Any] = {"subject": "bo", "roles": []}


def alarm(id: str, **fields: Any) -> IncidentRequest:
    """An alarm of the checkout."""
    plain = {"service": "checkout", "summary": "Every third payment fails", "model": "scripted"}
    return IncidentRequest.model_validate({"id": id, **plain, **fields})


@dataclass
class Responders:
    """A model that looks, asks the person on call what to do, goes back a release if told to, and looks again.

    Attributes:
        seen: The bodies of the scribe's requests.
    """

    seen: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of the wire."""
        messages = body["messages"]
        if "postmortem" in messages[0]["content"]:
            self.seen.append(body)
            return {"text": "Postmortem: release 2.4.1 was bad."}
        last = messages[-1]
        if last["role"] != "tool":
            told = last["content"] if isinstance(last["content"], str) else json.dumps(last["content"])
            if "go back" in told:
                return _call("roll_back_release", release="2.4.0", reason="errors since 2.4.1")
            return _call("run_diagnostic")
        if "error rate: 0.004" in last["content"]:
            return {"text": "INCIDENT RESOLVED: 2.4.1 was bad."}
        if "error rate" in last["content"]:
            return _call("add_timeline", text="The error rate is bad.")
        if "runs 2.4.0 now" in last["content"]:
            return _call("run_diagnostic")
        return _call("transfer_to_on_call")


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments, "id": name}]}


@dataclass
class Desk:
    """Incidents of a company whose worker is on the queue of `moot`."""

    moot: Folkmoot
    database: Database
    responders: Responders

    async def raise_alarm(self, **fields: Any) -> WorkflowHandle[Any, IncidentEnd]:
        """Raise an alarm."""
        request = alarm(fields.pop("id", f"I-{uuid.uuid4().hex[:8]}"), **fields)
        return await start(self.moot.client, request, queue=self.moot.queue)

    async def asked(
        self, handle: WorkflowHandle[Any, Any], person: str, kind: str = "input"
    ) -> tuple[Chat, PendingRequest]:
        """The incident's chat, and what it asks that person, once it does."""

        async def probe() -> tuple[Chat, PendingRequest] | None:
            found = await state(handle)
            if found.on_call != person or found.stage != "response":
                return None
            chat = await self.moot.get(found.chat)
            requests = [request for request in await chat.pending() if request.kind == kind]
            return (chat, requests[0]) if requests and person in requests[0].approvers else None

        answer = await eventually(probe, what=f"{person} is asked")
        assert answer is not None
        return answer

    async def resolve(self, handle: WorkflowHandle[Any, Any], person: str) -> None:
        """Have the person on call decide to go back a release."""
        by = {"subject": person, "roles": []}
        chat, question = await self.asked(handle, person)
        await chat.answer(question.request, "Please go back a release.", by=by)
        chat, approval = await self.asked(handle, person, "approval")
        await chat.approve(approval.request, by=by)


async def state(handle: WorkflowHandle[Any, Any]) -> IncidentState:
    """Where an incident stands."""
    return await handle.query("state", result_type=IncidentState)
