"""What the agents of an incident may do: look at the service, page people, keep the timeline, go back a release.

As in `activities.purchasing`, a tool acts on the incident of the chat it is called in, writes once, and tells a refusal
as a result; and a rollback checks for itself that people have approved of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from activities import chats
from activities.contracts import Decision
from activities.database import RefusedError
from activities.effects import answered, written
from activities.tables import Incident, OwnShift, Page, Reading, Service, Shift, TimelineEntry
from folkmoot import ToolContext, ToolOptions, tool

__all__ = ["add_entry", "add_timeline", "page_on_call", "roll_back_release", "run_diagnostic"]

_READING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10)
_WRITING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10, side_effects=True)
_LEADERS = frozenset({"incident_commander", "engineering_manager"})
"""Roles that approve of rollbacks beside the person on call, and alone if that person took over by themselves."""


@tool(options=_READING)
def run_diagnostic(context: ToolContext) -> str:
    """Read every check of the service this incident is about, as it runs now."""

    def read(session: Session) -> str:
        service = session.get_one(Service, _open_incident(session, context).service)
        wanted = (Reading.service == service.name) & (Reading.release == service.release)
        lines = [
            f"{reading.check}: {reading.value:g} ({'ok' if reading.value <= reading.limit else 'BAD'}, "
            f"limit {reading.limit:g})"
            for reading in session.execute(select(Reading).where(wanted).order_by(Reading.check)).scalars()
        ]
        return f"{service.name} runs {service.release} (before: {service.previous}).\n" + "\n".join(lines)

    return answered(read)


@tool(options=_WRITING)
def add_timeline(text: Annotated[str, "What happened or was done"], context: ToolContext) -> str:
    """Note something in the incident's timeline."""

    def noted(session: Session) -> str:
        incident = _open_incident(session, context)
        add_entry(session, context.idempotency_key, incident.id, context.agent, text)
        return "Noted."

    return written(context, "add_timeline", {"text": text}, noted)


@tool(options=_WRITING)
def page_on_call(text: Annotated[str, "What the person must know at once"], context: ToolContext) -> str:
    """Wake the person who is on call."""

    def paged(session: Session) -> str:
        incident = _open_incident(session, context)
        person = _shift(session, incident).person
        session.add(Page(id=context.idempotency_key, incident=incident.id, person=person, text=text))
        return f"{person} is paged."

    return written(context, "page_on_call", {"text": text}, paged)


@tool(options=_WRITING)
async def roll_back_release(
    release: Annotated[str, "The release to go back to, as run_diagnostic tells the one before"],
    reason: Annotated[str, "Why, as approvers read it"],
    context: ToolContext,
) -> str:
    """Put the release before the current one back into operation."""
    arguments = {"release": release, "reason": reason}
    decisions = await chats.decisions_in(context.chat_id)

    def rolled_back(session: Session) -> str:
        incident = _open_incident(session, context)
        service = session.get_one(Service, incident.service, with_for_update=True)
        if release != service.previous or release == service.release:
            raise RefusedError(f"{service.name} can go back from {service.release} to {service.previous} only.")
        _check_approved(session, incident, arguments, decisions)
        left, service.release = service.release, release
        entry = f"{service.name} rolled back from {left} to {release}: {reason}"
        add_entry(session, context.idempotency_key, incident.id, context.agent, entry)
        return f"{service.name} runs {release} now."

    return await asyncio.to_thread(written, context, "roll_back_release", arguments, rolled_back)


def add_entry(session: Session, key: str, incident: str, author: str, text: str) -> None:
    """Add to the timeline of an incident whose row the transaction has locked."""
    last = session.execute(select(func.max(TimelineEntry.number)).where(TimelineEntry.incident == incident)).scalar()
    session.add(TimelineEntry(key=key, incident=incident, number=(last or 0) + 1, author=author, text=text))


def _check_approved(
    session: Session, incident: Incident, arguments: dict[str, str], decisions: Sequence[Decision]
) -> None:
    """Refuse a rollback that people have not let pass, whatever the chat's spec says of whom to ask.

    What was decided last of the very same rollback counts: what was refused may be approved of later.
    """
    asked = [item for item in decisions if item.tool == "roll_back_release" and item.arguments == arguments]
    last = asked[-1] if asked else None
    shift = _shift(session, incident)
    may = {shift.person} if session.get(OwnShift, (incident.id, shift.number)) is None else set[str]()
    approved = last.by if last is not None and last.verdict == "approve" else []
    if last is not None and any(who in may or _LEADERS & set(last.roles.get(who, ())) for who in approved):
        return
    if not may:
        raise RefusedError(
            f"{shift.person} took over by themselves, so a rollback takes the approval of whoever leads the incident; "
            "there is none."
        )
    raise RefusedError("A rollback takes the approval of whoever is on call or leads the incident; there is none.")


def _shift(session: Session, incident: Incident) -> Shift:
    """The one under way."""
    last = select(Shift).where(Shift.incident == incident.id).order_by(Shift.number.desc()).limit(1)
    return session.execute(last).scalar_one()


def _open_incident(session: Session, context: ToolContext) -> Incident:
    """The chat's incident, which nobody else changes until the transaction ends."""
    found = session.execute(
        select(Incident).where(Incident.chat == context.chat_id).with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise RefusedError(f"The chat {context.chat_id!r} is that of no incident.")
    if found.status != "open":
        raise RefusedError(f"The incident {found.id} is {found.status} already.")
    return found
