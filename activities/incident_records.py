"""What the process of an incident writes down: its beginning, shifts, postmortem and end. Each of them once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities import contracts
from activities.database import RefusedError, current
from activities.effects import recorded
from activities.incidents import add_entry
from activities.tables import Incident, OnCall, OwnShift, Page, Postmortem, Service, Shift, TimelineEntry

__all__ = ["end_incident", "open_incident", "start_shift", "store_postmortem"]


@activity.defn
async def open_incident(request: contracts.IncidentRequest, chat: str) -> str:
    """Take an alarm in; the incident's number.

    Raises:
        ApplicationError: The service is unknown, or another incident has that id. Not retried.
    """

    def opened(session: Session) -> dict[str, Any]:
        if session.get(Service, request.service) is None:
            raise RefusedError(f"There is no service {request.service!r}.")
        incident = Incident(
            id=request.id, chat=chat, service=request.service, summary=request.summary, severity=request.severity
        )
        session.add(incident)
        session.flush()
        add_entry(session, f"incident/{request.id}/open", request.id, "alarm", request.summary)
        return {"id": request.id}

    told = {"request": request.model_dump(mode="json"), "chat": chat}
    return str((await recorded(f"incident/{request.id}/open", "open_incident", told, opened))["id"])


@activity.defn
async def start_shift(start: contracts.ShiftStart) -> contracts.Incident:
    """Have somebody take over, page them, and tell what they find.

    Nobody takes over who is not on the service's rota: then whoever was on call stays so, and the shift says why.

    Raises:
        ApplicationError: The rota of the service names nobody. Not retried.
    """
    key = f"incident/{start.incident}/shift/{start.number}"

    def started(session: Session) -> dict[str, Any]:
        incident = session.execute(select(Incident).where(Incident.id == start.incident).with_for_update()).scalar_one()
        before = session.get(Shift, (incident.id, start.number - 1))
        person, refused = _taking_over(session, incident.service, start.to, before.person if before is not None else "")
        approved = before is None or session.get(OwnShift, (incident.id, before.number)) is None
        approves = approved if refused else not start.by or start.by != person
        now = datetime.now(UTC)
        if before is not None:
            before.ended = now
        session.add(Shift(incident=incident.id, number=start.number, person=person, note=start.note, began=now))
        session.flush()
        if not approves:
            session.add(OwnShift(incident=incident.id, number=start.number))
        if not refused:
            session.add(Page(id=key, incident=incident.id, person=person, text=f"{incident.id}: {incident.summary}"))
        add_entry(session, key, incident.id, "desk", _entry(start, before, person, refused))
        session.flush()
        lines = session.execute(
            select(TimelineEntry).where(TimelineEntry.incident == incident.id).order_by(TimelineEntry.number)
        ).scalars()
        found = contracts.Incident(
            id=incident.id,
            chat=incident.chat,
            shift=start.number,
            on_call=person,
            before=before.person if before is not None else "",
            note=start.note,
            refused=refused,
            approves=approves,
            as_before=before is not None and (before.person, approved) == (person, approves),
            timeline=[f"{line.author}: {line.text}" for line in lines],
        )
        return found.model_dump(mode="json")

    # Without it, as before there was one: what was begun then may be tried again now.
    told = start.model_dump(mode="json", exclude=None if start.by else {"by"})
    return contracts.Incident.model_validate(await recorded(key, "start_shift", told, started))


@activity.defn
async def store_postmortem(incident: str, text: str) -> None:
    """Keep what was learned; the first text stays."""

    def stored(session: Session) -> dict[str, Any]:
        session.add(Postmortem(incident=incident, text=text))
        return {}

    await recorded(f"incident/{incident}/postmortem", "store_postmortem", {"incident": incident}, stored)


@activity.defn
async def end_incident(incident: str, status: str) -> contracts.IncidentEnd:
    """Write down how an incident ended. From here on its tools are refused.

    Args:
        incident: Its number.
        status: See `contracts.IncidentEnd`.
    """

    def ended(session: Session) -> dict[str, Any]:
        found = session.execute(select(Incident).where(Incident.id == incident).with_for_update()).scalar_one()
        found.status, found.ended = status, datetime.now(UTC)
        running = update(Shift).where(Shift.incident == incident, Shift.ended.is_(None))
        session.execute(running.values(ended=found.ended))
        add_entry(session, f"incident/{incident}/end", incident, "desk", f"The incident is {status}.")
        return {}

    await recorded(f"incident/{incident}/end", "end_incident", {"incident": incident}, ended)
    return await asyncio.to_thread(_ended, incident)


def _ended(incident: str) -> contracts.IncidentEnd:
    with current().session() as session:
        found = session.get_one(Incident, incident)
        postmortem = session.get(Postmortem, incident)
        shifts = session.execute(select(Shift.number).where(Shift.incident == incident)).scalars().all()
        text = postmortem.text if postmortem is not None else None
        return contracts.IncidentEnd(id=incident, status=found.status, postmortem=text, shifts=len(shifts))


def _taking_over(session: Session, service: str, to: str, before: str) -> tuple[str, str]:
    """Who is on call now, and why it is not whom it was to be; empty: it is."""
    people = session.execute(select(OnCall.person).where(OnCall.service == service).order_by(OnCall.position))
    rota = list(people.scalars())
    if to in rota:
        return to, ""
    if to and before:
        return before, f"{to!r} is not on the rota of {service!r}, which has {', '.join(rota) or 'nobody'}."
    if not rota:
        raise RefusedError(f"The rota of {service!r} names nobody.")
    return rota[(rota.index(before) + 1) % len(rota)] if before in rota else rota[0], ""


def _entry(start: contracts.ShiftStart, before: Shift | None, person: str, refused: str) -> str:
    """What the timeline says of a shift's beginning."""
    if before is None:
        return f"{person} is on call"
    if refused:
        return f"{person} stays on call, as the hand-over by {start.by or 'somebody'} was refused: {refused}"
    who = start.by or before.person
    by = f" ({who} did so)" if who != before.person else ""
    return f"{before.person} handed over to {person}{by}: {start.note}"
