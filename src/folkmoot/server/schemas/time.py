"""Snapshots, branches, and states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictBool

from .base import ChatId, Given, JsonObject, Offset, Told, Turn

__all__ = [
    "Branch",
    "Branches",
    "BudgetUse",
    "Comparison",
    "Context",
    "Crossing",
    "Difference",
    "ForkChat",
    "Forked",
    "ImportChat",
    "LabelSnapshot",
    "Labelled",
    "Rollback",
    "RollbackChat",
    "Side",
    "Snapshot",
    "SnapshotWithState",
    "Snapshots",
    "Usage",
]


class Snapshot(Told):
    """A point a chat can be read at, rolled back to or forked from."""

    offset: int
    """Its id."""
    turn: int
    run: int
    speakers: list[str]
    time: str
    reason: str
    """`turn`, `wait`, `load` or `change`."""
    parent: int | None
    tokens: int
    branch: int
    current: bool
    """It lies on the branch the chat is on."""
    labels: list[str]


class Snapshots(Told):
    """All snapshots of a chat, oldest first by their place in the log."""

    snapshots: list[Snapshot]


class SnapshotWithState(Told):
    """A snapshot and the folded state there."""

    snapshot: Snapshot
    state: JsonObject


class Branch(Told):
    """A stretch of the conversation that was not gone back behind."""

    offset: int
    parent: int | None
    snapshots: list[Snapshot]
    current: bool


class Branches(Told):
    """The tree of a chat's snapshots."""

    branches: list[Branch]


class Side(Told):
    """What only one of two snapshots has."""

    snapshot: Snapshot
    messages: list[JsonObject]
    tool_calls: list[JsonObject]
    tokens: int


class Difference(Told):
    """A part of the folded state that differs."""

    path: str
    first: Any
    second: Any


class Comparison(Told):
    """Two snapshots side by side."""

    shared: int
    """Offset of the last entry both branches have."""
    first: Side
    second: Side
    state: list[Difference]


class _Which(Given):
    """Which snapshot is meant, by exactly one of three."""

    offset: Offset | None = None
    """Its offset, on whatever branch."""
    turn: Turn | None = None
    """The turn of the present branch after which it was taken."""
    label: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The name someone gave it."""

    def named(self) -> dict[str, Any]:
        """The arguments of the client that say so."""
        return {"offset": self.offset, "turn": self.turn, "label": self.label}


class LabelSnapshot(Given):
    """A name for a snapshot."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    offset: Offset | None = None
    """Which snapshot; with neither offset nor turn: the last one."""
    turn: Turn | None = None
    remove: StrictBool = False
    """Take the name away from whatever snapshot has it."""


class Labelled(Told):
    """The snapshot that has the name now."""

    label: str
    snapshot: Snapshot | None
    """Null: the name was taken away."""


class RollbackChat(_Which):
    """Where to go back to."""

    force: StrictBool = False
    """End a run that is under way first."""
    compensate: StrictBool = False
    """Have the tools run that undo crossed calls, the latest first."""


class Rollback(Told):
    """What a rollback did."""

    snapshot: Snapshot
    crossed: list[JsonObject]
    """Calls of tools with side effects that were made after it."""
    offset: int
    """Of the entry that says so."""
    compensated: list[JsonObject]


class Crossing(Told):
    """What a rollback would cross."""

    crossed: list[JsonObject]


class ForkChat(_Which):
    """The new chat, and the snapshot it goes on from; with none named, as the chat is now."""

    id: ChatId | None = None
    """The new chat's id; none: one is made."""


class Forked(Told):
    """A chat that goes on from a snapshot of another."""

    id: str
    source: str
    crossed: list[JsonObject]
    """Calls of tools with side effects that the source made after the snapshot."""


class ImportChat(Given):
    """An exported chat to open anew."""

    document: JsonObject
    """What `export` gave."""
    id: ChatId | None = None
    """The new chat's id; none: one is made."""
    replace: StrictBool = False
    """Start anew where a chat of that id was closed."""
    tenant: Annotated[str, Field(max_length=200)] | None = None
    """Whose chat it is; none: the caller's tenant."""


class Context(Told):
    """What a model would see next."""

    messages: list[JsonObject]
    tokens: int
    """About."""
    whole: int
    """Messages before anything was left out."""
    unapplied: list[str]
    """Functions that will change the messages on a worker."""


class BudgetUse(Told):
    """How far a limit of a budget is used."""

    path: str
    """Whose budget: empty, the chat's; else the path of an agent or a team."""
    limit: str
    """`tokens`, `cost`, `seconds`, `tool_calls` or `model_calls`."""
    used: float
    max: float
    """How much there is, extensions included."""
    extended: float
    """How much of it people have added."""


class Usage(Told):
    """Tokens and calls by agent, over the chat's whole life, and how far its budgets are used."""

    agents: Mapping[str, Mapping[str, Any]]
    budgets: list[BudgetUse]
    """The chat's own first; empty: it has none."""
