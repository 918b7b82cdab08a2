"""What the agents of an incident may do: look at the service, page people, keep the timeline, go back a release.

As in `activities.purchasing`, a tool acts on the incident of the chat it is called in, writes once, and tells a refusal
as a result.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from activities.database import RefusedError
from activities.effects import answered, written
from activities.tables import Incident, Page, Reading, Service, Shift, TimelineEntry
from folkmoot import ToolContext, ToolOptions, tool

__all__ = ["add_entry", "add_timeline", "page_on_call", "roll_back_release", "run_diagnostic"]

_READING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10)
_WRITING = ToolOptions(timeout=60, retry_errors=True, max_attempts=10, side_effects=True)


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
        shift = session.execute(
            select(Shift).where(Shift.incident == incident.id).order_by(Shift.number.desc()).limit(1)
        ).scalar_one()
        session.add(Page(id=context.idempotency_key, incident=incident.id, person=shift.person, text=text))
        return f"{shift.person} is paged."

    return written(context, "page_on_call", {"text": text}, paged)


@tool(options=_WRITING)
def roll_back_release(
    release: Annotated[str, "The release to go back to, as run_diagnostic tells the one before"],
    reason: Annotated[str, "Why, as approvers read it"],
    context: ToolContext,
) -> str:
    """Put the release before the current one back into operation."""

    def rolled_back(session: Session) -> str:
        incident = _open_incident(session, context)
        service = session.get_one(Service, incident.service, with_for_update=True)
        if release != service.previous or release == service.release:
            raise RefusedError(f"{service.name} can go back from {service.release} to {service.previous} only.")
        left, service.release = service.release, release
        entry = f"{service.name} rolled back from {left} to {release}: {reason}"
        add_entry(session, context.idempotency_key, incident.id, context.agent, entry)
        return f"{service.name} runs {release} now."

    return written(context, "roll_back_release", {"release": release, "reason": reason}, rolled_back)


def add_entry(session: Session, key: str, incident: str, author: str, text: str) -> None:
    """Add to the timeline of an incident whose row the transaction has locked."""
    last = session.execute(select(func.max(TimelineEntry.number)).where(TimelineEntry.incident == incident)).scalar()
    session.add(TimelineEntry(key=key, incident=incident, number=(last or 0) + 1, author=author, text=text))


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
