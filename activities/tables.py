"""The application's tables: purchasing, incidents, and the effects that make every write happen once.

Money is kept in whole cents: a database's floats round, and SQLite has no decimals.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "Budget",
    "Effect",
    "Incident",
    "Offer",
    "OnCall",
    "OwnShift",
    "Page",
    "Postmortem",
    "Purchase",
    "PurchaseOrder",
    "Reading",
    "Sanction",
    "Screening",
    "Service",
    "Shift",
    "Supplier",
    "SupplierMessage",
    "Table",
    "TimelineEntry",
]


def _now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    """What all tables have in common: texts of any length, cents as big integers, times with their zone."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Effect(Table):
    """A write that happened, under the key of who asked for it; the second asker gets the first one's result."""

    __tablename__ = "effects"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    digest: Mapped[str]
    """Of the name and the arguments: a key that comes with others is somebody's mistake."""
    result: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=_now)


# --- Purchasing


class Supplier(Table):
    """Whom the company may buy from."""

    __tablename__ = "suppliers"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str]
    email: Mapped[str]


class Offer(Table):
    """What a supplier asks for an item."""

    __tablename__ = "offers"

    supplier: Mapped[str] = mapped_column(ForeignKey("suppliers.id"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    price: Mapped[int]
    """Cents for one."""
    days: Mapped[int]
    """Until delivery."""


class Sanction(Table):
    """A name that the company must not trade with."""

    __tablename__ = "sanctions"

    name: Mapped[str] = mapped_column(primary_key=True)
    list_name: Mapped[str]


class Budget(Table):
    """A cost centre's money for the year, in cents. More than there is can be neither reserved nor spent."""

    __tablename__ = "budgets"
    __table_args__ = (CheckConstraint("reserved >= 0 and spent >= 0 and reserved + spent <= total", "within_total"),)

    cost_centre: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)


class Purchase(Table):
    """A request to buy something, from intake to its end."""

    __tablename__ = "purchases"

    id: Mapped[str] = mapped_column(primary_key=True)
    chat: Mapped[str] = mapped_column(unique=True)
    """The chat whose agents may act on it."""
    requester: Mapped[str]
    item: Mapped[str]
    quantity: Mapped[int]
    limit: Mapped[int] = mapped_column("limit_cents")
    """Cents it may cost at most."""
    cost_centre: Mapped[str] = mapped_column(ForeignKey("budgets.cost_centre"))
    purpose: Mapped[str]
    automatic_below: Mapped[int]
    """The rules that held when it came in, in cents."""
    manager_below: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="open")
    """open, ordered, or how it ended else: rejected, expired, declined, failed, cancelled."""
    reason: Mapped[str] = mapped_column(default="")
    decisions: Mapped[list[dict[str, Any]] | None]
    """Who decided what, as the chat's log tells it."""
    created: Mapped[datetime] = mapped_column(default=_now)
    ended: Mapped[datetime | None]


class Screening(Table):
    """What compliance found about a supplier, for one purchase."""

    __tablename__ = "screenings"

    purchase: Mapped[str] = mapped_column(ForeignKey("purchases.id"), primary_key=True)
    supplier: Mapped[str] = mapped_column(ForeignKey("suppliers.id"), primary_key=True)
    clear: Mapped[bool]
    finding: Mapped[str]


class PurchaseOrder(Table):
    """An order. A purchase has one at most."""

    __tablename__ = "purchase_orders"

    id: Mapped[str] = mapped_column(primary_key=True)
    purchase: Mapped[str] = mapped_column(ForeignKey("purchases.id"), unique=True)
    supplier: Mapped[str] = mapped_column(ForeignKey("suppliers.id"))
    item: Mapped[str]
    quantity: Mapped[int]
    amount: Mapped[int]
    """Cents in all."""
    created: Mapped[datetime] = mapped_column(default=_now)


class SupplierMessage(Table):
    """The outbox: what suppliers are told. An order is told of once."""

    __tablename__ = "supplier_messages"

    id: Mapped[str] = mapped_column(primary_key=True)
    order: Mapped[str] = mapped_column("order_id", ForeignKey("purchase_orders.id"), unique=True)
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=_now)


# --- Incidents


class Service(Table):
    """A service in operation, and the release it runs."""

    __tablename__ = "services"

    name: Mapped[str] = mapped_column(primary_key=True)
    release: Mapped[str]
    previous: Mapped[str]


class Reading(Table):
    """What a diagnostic reads off a release of a service."""

    __tablename__ = "readings"

    service: Mapped[str] = mapped_column(ForeignKey("services.name"), primary_key=True)
    release: Mapped[str] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column("check_name", primary_key=True)
    value: Mapped[float]
    limit: Mapped[float] = mapped_column("upper_limit")


class OnCall(Table):
    """The rota of a service: who comes after whom."""

    __tablename__ = "rota"

    service: Mapped[str] = mapped_column(ForeignKey("services.name"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]


class Incident(Table):
    """An incident, from alarm to postmortem."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(primary_key=True)
    chat: Mapped[str] = mapped_column(unique=True)
    """The chat whose agents may act on it."""
    service: Mapped[str] = mapped_column(ForeignKey("services.name"))
    summary: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    """open, resolved, unresolved, failed, cancelled."""
    created: Mapped[datetime] = mapped_column(default=_now)
    ended: Mapped[datetime | None]


class Shift(Table):
    """Who was on call during which part of an incident."""

    __tablename__ = "shifts"

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    """What the one before handed over."""
    began: Mapped[datetime] = mapped_column(default=_now)
    ended: Mapped[datetime | None]


class OwnShift(Table):
    """A shift on which somebody put themselves: that makes nobody one who approves of rollbacks."""

    __tablename__ = "own_shifts"
    __table_args__ = (ForeignKeyConstraint(["incident", "number"], ["shifts.incident", "shifts.number"]),)

    incident: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class TimelineEntry(Table):
    """What happened during an incident, in order."""

    __tablename__ = "timeline"
    __table_args__ = (UniqueConstraint("incident", "number"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    number: Mapped[int]
    author: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=_now)


class Page(Table):
    """The outbox of the pager."""

    __tablename__ = "pages"

    id: Mapped[str] = mapped_column(primary_key=True)
    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    person: Mapped[str]
    text: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=_now)


class Postmortem(Table):
    """What was learned. An incident has one at most."""

    __tablename__ = "postmortems"

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    text: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=_now)
