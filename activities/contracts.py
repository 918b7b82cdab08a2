"""What goes in and out of the business processes and their activities."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Decision",
    "HandOver",
    "Incident",
    "IncidentEnd",
    "IncidentProgress",
    "IncidentRequest",
    "IncidentRun",
    "IncidentState",
    "Purchase",
    "PurchaseEnd",
    "PurchaseOutcome",
    "PurchaseRequest",
    "PurchaseRules",
    "PurchaseState",
    "ShiftStart",
]

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Becomes a part of a workflow's id."""
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Contract(BaseModel):
    """Fields are only ever added, with defaults: processes that began with an older form go on."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- Purchasing


class PurchaseRequest(_Contract):
    """What somebody wants to buy.

    Attributes:
        id: The request's number; there is one purchase for it, however often it is sent.
        requester: Who asks; may not approve the order.
        item: What.
        quantity: How many.
        limit: What it may cost at most in all, in euros.
        cost_centre: Who pays.
        purpose: What for, as approvers read it.
        model: The model of all agents.
    """

    id: Id
    requester: Text
    item: Text
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    limit: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    cost_centre: Text
    purpose: Text
    model: str = "gpt-4o-mini"


class PurchaseRules(_Contract):
    """Who may approve which amounts, in euros, and how long it may take, in seconds.

    Attributes:
        automatic_below: Below it nobody is asked.
        manager_below: Below it one manager decides; from there on two of directors and finance.
        manager_escalates: After so long a director may decide in the manager's place.
        manager_deadline: After so long it counts as rejected.
        board_reminder: After so long, and then each time again, the directors and finance are reminded.
        board_deadline: After so long it counts as rejected.
    """

    automatic_below: Annotated[float, Field(gt=0)] = 1_000
    manager_below: Annotated[float, Field(gt=0)] = 10_000
    manager_escalates: Seconds = 24 * 3600
    manager_deadline: Seconds = 72 * 3600
    board_reminder: Seconds = 24 * 3600
    board_deadline: Seconds = 7 * 24 * 3600


class Purchase(_Contract):
    """A purchase that has been taken in.

    Attributes:
        id: The request's number.
        chat: The id of its chat.
        rules: Those that hold for it to its end.
    """

    id: str
    chat: str
    rules: PurchaseRules


class Decision(_Contract):
    """What people decided on a request of the chat.

    Attributes:
        request: The request.
        verdict: approve, reject, edit or answer.
        by: Who.
        reason: Who said no, and why.
        timeout: Nobody decided in time.
        offset: Its entry in the chat's log.
        roles: The roles that each of them had.
        tool: The tool whose call it was about; empty: it was about something else.
        arguments: With which arguments it may be called: those that were asked for, or what they were changed to.
    """

    request: str
    verdict: str
    by: list[str]
    reason: str = ""
    timeout: bool = False
    offset: int = -1
    roles: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    tool: str = ""
    arguments: dict[str, Any] | None = None


class PurchaseEnd(_Contract):
    """How a purchase's chat ended.

    Attributes:
        id: The purchase.
        status: What it ends as if nothing was ordered; None: what the decisions say.
        reason: Why.
        decisions: What people decided.
    """

    id: str
    status: str | None = None
    reason: str = ""
    decisions: list[Decision] = Field(default_factory=list[Decision])


class PurchaseState(_Contract):
    """Where a purchase stands; the answer to the query `state`.

    Attributes:
        id: The request's number.
        stage: intake, chat, settling, telling, done.
        chat: Its chat, which tells more: who spoke, what is asked of whom.
        outcome: What came of it, once it is settled.
    """

    id: str
    stage: str
    chat: str
    outcome: PurchaseOutcome | None = None


class PurchaseOutcome(_Contract):
    """What came of a purchase.

    Attributes:
        id: The request's number.
        status: ordered; rejected (by a person), expired (nobody decided in time), declined (the agents did not
            order), failed, cancelled.
        reason: Why, where nothing was ordered.
        order: The order's number.
        amount: What it costs, in euros.
        supplier: From whom.
    """

    id: str
    status: str
    reason: str = ""
    order: str | None = None
    amount: float | None = None
    supplier: str | None = None


# --- Incidents


class IncidentRequest(_Contract):
    """An alarm.

    Attributes:
        id: The incident's number; there is one process for it, however often the alarm is raised.
        service: What is broken.
        summary: How it shows.
        severity: How bad it is.
        answer_within: Seconds the person on call has to answer a question; then `default_answer` is theirs.
        approve_within: Seconds there are to approve a rollback; then it counts as rejected.
        default_answer: What is done if the person on call does not answer.
        model: The model of all agents.
    """

    id: Id
    service: Text
    summary: Text
    severity: Annotated[str, Field(pattern="^(low|high|critical)$")] = "high"
    answer_within: Seconds = 900
    approve_within: Seconds = 1800
    default_answer: Text = "Nobody on call has answered. Do what the runbook says and note it in the timeline."
    model: str = "gpt-4o-mini"


class IncidentProgress(_Contract):
    """What the process of an incident takes along when it continues as new.

    Attributes:
        shifts: How many have ended.
        to: Who is on call next; empty: whom the rota says.
        note: What they are handed over.
        by: Who handed over.
    """

    shifts: int = 0
    to: str = ""
    note: str = ""
    by: str = ""


class IncidentRun(IncidentRequest):
    """What the process of an incident is started with: an alarm, and nothing else by whoever raises it.

    Attributes:
        progress: From the run before this one.
    """

    progress: IncidentProgress | None = None


class HandOver(_Contract):
    """The signal `hand_over`: somebody else is on call from now on.

    Attributes:
        to: Who, of the service's rota; empty: its next.
        note: What they must know.
        by: Who hands over. Whoever does so to themselves approves of no rollback as the person on call.
    """

    to: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=4000)] = ""
    by: Annotated[str, Field(max_length=200)] = ""


class IncidentState(_Contract):
    """Where an incident stands; the answer to the query `state`.

    Attributes:
        id: The incident.
        stage: intake, response, postmortem, done.
        chat: Its chat.
        shift: The number of the shift.
        on_call: Who is on call.
        refused: Signals that could not be read, or did not have their way, and why.
    """

    id: str
    stage: str
    chat: str
    shift: int = 0
    on_call: str = ""
    refused: list[str] = Field(default_factory=list[str])


class ShiftStart(_Contract):
    """The next shift of an incident.

    Attributes:
        incident: The incident.
        number: The shift's, from 1.
        to: Who is to be on call; empty: whom the rota says.
        note: What the one before hands over.
        by: Who hands over.
    """

    incident: str
    number: int
    to: str = ""
    note: str = ""
    by: str = ""


class Incident(_Contract):
    """An incident as a shift finds it.

    Attributes:
        id: The incident.
        chat: Its chat.
        shift: The number of the shift.
        on_call: Who is on call.
        before: Who was before.
        note: What they hand over.
        refused: Why the hand-over was refused; whoever was on call stays so.
        approves: Whether the person on call may approve of rollbacks; not if they put themselves on call.
        as_before: The person and their rights are those of the shift before.
        timeline: What has happened so far, oldest first.
    """

    id: str
    chat: str
    shift: int
    on_call: str
    before: str = ""
    note: str = ""
    refused: str = ""
    approves: bool = True
    as_before: bool = False
    timeline: list[str] = Field(default_factory=list[str])


class IncidentEnd(_Contract):
    """How an incident ended.

    Attributes:
        id: The incident.
        status: resolved, unresolved, failed, cancelled.
        postmortem: What was learned; None: it could not be written.
        shifts: How many it took.
    """

    id: str
    status: str
    postmortem: str | None = None
    shifts: int = 1
