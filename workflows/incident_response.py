"""From an alarm to a postmortem: one chat for an incident, a run of it for each shift, and a last one to learn from it.

The person on call is a participant of the chat. When the signal `hand_over` comes, the run ends after its turn (or at
once, if it waits for that person), and the next one begins with a note for whoever takes over. Who may do so is in the
service's rota; and whoever hands over to themselves approves of no rollback. The scribe, who has heard every run,
writes the postmortem.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.contracts import (
        HandOver,
        Incident,
        IncidentEnd,
        IncidentProgress,
        IncidentRequest,
        IncidentRun,
        IncidentState,
        ShiftStart,
    )
    from activities.incident_records import end_incident, open_incident, start_shift, store_postmortem
    from activities.purchasing import ORDERING
    from folkmoot import (
        AssistantAgent,
        ChatCancelled,
        ChatExistsError,
        ChatNotFoundError,
        FolkmootError,
        HandoffMessage,
        MaxMessageTermination,
        SourceMatchTermination,
        Swarm,
        TextMentionTermination,
        Tool,
        ToolOptions,
        UserProxyAgent,
    )
    from folkmoot.approvals import ApprovalPolicy, Deadlines, Escalation
    from folkmoot.processes import Process, tenant_of_process
    from folkmoot.workflow import GroupChatHandle, get_group_chat, open_group_chat

from workflows.steps import Recorder

__all__ = ["INCIDENT", "IncidentResponse", "responders", "start"]

RESOLVED = "INCIDENT RESOLVED"
SHIFTS = 5
"""After so many the process continues as new, its history small however long an incident lasts."""

_RESPONDER = (
    "You respond to an incident. Run the diagnostic, note in the timeline what you find and do. Hand over to on_call "
    "with a question whenever a person has to know or decide something; page them if it is urgent. A rollback needs an "
    f"approval; its tool sees to that. When the diagnostic is fine again, say {RESOLVED} and what was wrong."
)
_SCRIBE = (
    "You have followed an incident and write its postmortem, from the conversation and nothing else: what happened, "
    "who did what, what the cause was, what has to change. At most 300 words, no blame."
)


def responders(request: IncidentRequest, on_call: str, *, approves: bool = True) -> Swarm:
    """The team of a shift: a responder with tools, the person on call, and a scribe who has the last word.

    Args:
        request: The alarm.
        on_call: Who is on call.
        approves: Whether they may approve of rollbacks; no: only those who lead the incident may.
    """
    rollback = ApprovalPolicy(
        approvers=(*((on_call,) if approves else ()), "role:incident_commander"),
        deadline=request.approve_within,
        escalation=(Escalation(after=request.approve_within / 2, approvers=("role:engineering_manager",)),),
        may_edit=False,
        may_answer=False,
        reason=f"{request.service}: {request.summary}",
    )
    options: dict[str, Any] = ORDERING.model_dump(exclude_defaults=True)
    responder = AssistantAgent(
        "responder",
        request.model,
        tools=[
            Tool("run_diagnostic"),
            Tool("add_timeline"),
            Tool("page_on_call"),
            Tool("roll_back_release", ToolOptions(**options, approval=rollback)),
        ],
        handoffs=["on_call"],
        max_tool_iterations=10,
        system_message=_RESPONDER,
    )
    person = UserProxyAgent(
        "on_call",
        description="The person on call",
        people=(on_call,),
        deadlines=Deadlines(deadline=request.answer_within),
        default_answer=request.default_answer,
    )
    scribe = AssistantAgent("scribe", request.model, system_message=_SCRIBE)
    ends = (
        TextMentionTermination(RESOLVED, sources=["responder"])
        | SourceMatchTermination(["scribe"])
        | MaxMessageTermination(200)
    )
    return Swarm([responder, person, scribe], name="responders", termination_condition=ends)


@workflow.defn
class IncidentResponse:
    """Leads an incident from shift to shift until it is resolved, and has what was learned written down."""

    @workflow.init
    def __init__(self, request: IncidentRun) -> None:
        self._past = past = request.progress or IncidentProgress()
        self._state = IncidentState(
            id=request.id, stage="intake", chat=f"{workflow.info().workflow_id}-chat", shift=past.shifts
        )
        self._next = ShiftStart(incident=request.id, number=past.shifts + 1, to=past.to, note=past.note, by=past.by)
        self._hand_over: HandOver | None = None
        self._chat: GroupChatHandle | None = None
        self._steps = Recorder()

    @workflow.run
    async def run(self, request: IncidentRun) -> IncidentEnd:
        """From alarm to postmortem.

        Raises:
            ApplicationError: The alarm was refused at intake; nothing was written.
            CancelledError: The process was cancelled; that is written down.
        """
        if request.progress is None:
            alarm = IncidentRequest.model_validate(request.model_dump(exclude={"progress"}))
            await self._steps.record(open_incident, alarm, self._state.chat)
        status = "cancelled"
        while not self._steps.cancelled:
            status = await self._shift(request)
            if status != "handed over":
                break
            if self._next.number > self._past.shifts + SHIFTS:
                given = self._next.model_dump(include={"to", "note", "by"})
                taken = IncidentProgress(shifts=self._next.number - 1, **given)
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(request.model_copy(update={"progress": taken}))
        if status in ("resolved", "unresolved") and not self._steps.cancelled:
            await self._learn(request, status)
        if self._chat is not None:
            with suppress(ChatNotFoundError):
                await self._chat.close(force=True)
        end = await self._steps.record(end_incident, request.id, status)
        self._at("done")
        if self._steps.cancelled and status == "cancelled":
            raise asyncio.CancelledError
        return end

    @workflow.signal
    def hand_over(self, *given: Any) -> None:
        """Somebody else is on call from now on.

        Args:
            given: A `contracts.HandOver`; nothing: an empty one. What is none is kept in the state, with the reason: a
                handler that fails, or cannot be called, would hold the whole process up. So is one to somebody who is
                not on the rota.
        """
        try:
            self._hand_over = HandOver.model_validate(given[0] if given and given[0] is not None else {})
        except ValidationError as error:
            self._refused(error.errors()[0]["msg"])

    @workflow.query
    def state(self) -> IncidentState:
        """Where the incident stands."""
        return self._state

    def _at(self, stage: str, **fields: Any) -> None:
        self._state = self._state.model_copy(update={"stage": stage, **fields})

    def _refused(self, why: str) -> None:
        told = f"hand_over: {why}"[:500]
        self._state = self._state.model_copy(update={"refused": [*self._state.refused, told][-20:]})

    async def _shift(self, request: IncidentRequest) -> str:
        """A run of the chat with whoever is on call now; how it ended, or `handed over`."""
        incident = await self._steps.record(start_shift, self._next)
        if incident.refused:
            self._refused(incident.refused)
        team = responders(request, incident.on_call, approves=incident.approves)
        if incident.shift > 1 and not incident.as_before:
            with suppress(ChatNotFoundError):  # It is gone: then the next line opens it anew.
                await get_group_chat(incident.chat).change(team, force=True, by=incident.before)
        self._chat = chat = await open_group_chat(team, incident.chat, tenant=tenant_of_process())
        self._at("response", shift=incident.shift, on_call=incident.on_call)
        task = HandoffMessage(source="desk", target="responder", content=_note(request, incident, self._next.by))
        run = asyncio.create_task(chat.run(task=task))
        try:
            await workflow.wait_condition(lambda: run.done() or self._hand_over is not None)
            if not run.done():
                await chat.stop()
            outcome = await run
        except ChatCancelled:
            return "cancelled"
        except ChatExistsError as error:
            # Nobody else's chat decides here. A process that has failed may be started again.
            raise ApplicationError(str(error), type="ChatExistsError", non_retryable=True) from None
        except FolkmootError as error:
            workflow.logger.warning("the chat of incident %s failed: %s", incident.id, error)
            return "failed"
        except asyncio.CancelledError:
            self._steps.cancelled = True
            run.cancel()
            return "cancelled"
        if RESOLVED in (outcome.stop_reason or ""):
            return "resolved"
        if self._hand_over is None:
            return "unresolved"
        given, self._hand_over = self._hand_over, None
        self._next = ShiftStart(
            incident=incident.id, number=incident.shift + 1, to=given.to, note=given.note, by=given.by
        )
        return "handed over"

    async def _learn(self, request: IncidentRequest, status: str) -> None:
        """The last run of the chat: the scribe writes the postmortem. Without a model there is none."""
        self._at("postmortem")
        assert self._chat is not None
        content = f"The incident {request.id} is {status}. Write its postmortem."
        try:
            outcome = await self._chat.run(task=HandoffMessage(source="desk", target="scribe", content=content))
        except FolkmootError as error:
            workflow.logger.warning("no postmortem of incident %s: %s", request.id, error)
            return
        except asyncio.CancelledError:
            self._steps.cancelled = True
            return
        if outcome.messages[-1].source == "scribe":
            await self._steps.record(store_postmortem, request.id, outcome.messages[-1].to_text())


INCIDENT = Process(
    name="incident",
    workflow="IncidentResponse",
    request=IncidentRequest,
    outcome=IncidentEnd,
    state=IncidentState,
    signals={"hand_over": HandOver},
    description="An alarm: agents and the person on call deal with it, shift after shift, and learn from it.",
)
"""As it is offered."""


async def start(
    client: Client, request: IncidentRequest, *, queue: str = "folkmoot"
) -> WorkflowHandle[Any, IncidentEnd]:
    """Start the process of an incident, or find the one it has; its handle gives the end.

    Args:
        client: Connected with a `FolkmootPlugin`.
        request: The alarm.
        queue: Task queue of the application's workers.

    Raises:
        AlreadyStartedError: Another alarm has that id.
    """
    return (await INCIDENT.start(client, request, queue=queue)).handle


def _note(request: IncidentRequest, incident: Incident, by: str) -> str:
    """What a shift begins with."""
    if not incident.before:
        return (
            f"Incident {request.id}, severity {request.severity}, {request.service}: {request.summary}\n"
            f"{incident.on_call} is on call."
        )
    timeline = "\n".join(f"- {line}" for line in incident.timeline)
    if incident.refused:
        begins = f"{incident.on_call} stays on call; a hand-over was refused: {incident.refused}"
    else:
        who = "who" if by in ("", incident.before) else by
        says = f"{who} says: {incident.note or 'nothing'}"
        begins = f"Hand-over: {incident.on_call} takes over from {incident.before}, {says}"
    return f"{begins}\nWhat has happened so far:\n{timeline}"
