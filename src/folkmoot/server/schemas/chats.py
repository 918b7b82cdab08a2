"""Teams and chats as wholes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StrictBool

from .base import ChatId, Given, JsonObject, TaskJson, Told

__all__ = [
    "ChatPage",
    "ChatState",
    "ChatStatus",
    "ChatSummary",
    "Deletion",
    "Deletions",
    "OpenChat",
    "RunError",
    "Team",
    "TeamSummary",
    "Teams",
]


class TeamSummary(Told):
    """A team that chats can be opened with by name."""

    name: str
    """What to call it here."""
    type: str
    """The class of its spec."""
    label: str
    """Its own name."""
    description: str
    participants: list[str]


class Teams(Told):
    """The teams that the operator of this server has set up."""

    teams: list[TeamSummary]


class Team(TeamSummary):
    """A team with its spec."""

    spec: JsonObject


class ChatState(StrEnum):
    """Where a chat stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    WAITING = "waiting"
    CLOSED = "closed"


class OpenChat(Given):
    """A chat to open, or to find where it lives already."""

    team: Annotated[str, Field(min_length=1, max_length=200)] | JsonObject = Field(examples=["release-notes"])
    """The name of a team of this server, or the JSON of a team's or an agent's spec."""
    id: ChatId | None = None
    """Its id; none: one is made."""
    task: TaskJson | None = Field(default=None, examples=["Write the release note"])
    """Start a run with this task: a text, or messages in AutoGen's JSON."""
    replace: StrictBool = False
    """Start anew where a chat of that id was closed."""
    messages: list[JsonObject] | None = None
    """Old messages to begin with: ours, AutoGen's, or dictionaries of AutoGen 0.2."""
    state: JsonObject | None = None
    """A saved state to begin with, ours or AutoGen's."""
    tenant: Annotated[str, Field(max_length=200)] | None = None
    """Whose chat it is; none: the caller's tenant."""


class ChatSummary(Told):
    """A line of a list of chats. It follows the chat within a second or so."""

    id: str
    status: ChatState
    team: str
    tenant: str
    turns: int
    """Written at least every 20 turns."""
    tokens: int
    waiting_for: list[str]
    due: datetime | None
    """The earliest deadline of what it waits for."""
    started: datetime
    """When it was opened, or last continued as new."""
    closed: datetime | None


class ChatPage(Told):
    """A page of a list of chats, newest first."""

    chats: list[ChatSummary]
    next: str | None
    """Cursor of the next page; null: this is the last."""


class RunError(Told):
    """What failed in a run."""

    agent: str | None = None
    """Who; empty: nobody in particular."""
    type: str
    message: str


class ChatStatus(Told):
    """Where a chat stands now."""

    id: str
    status: ChatState
    team: str
    run: int
    """Number of the current or last run."""
    turn: int
    """Turns so far, over all runs."""
    speakers: list[str]
    head: int
    """The offset the next entry of its log will get."""
    stop_reason: str | None
    """Of the last run."""
    error: RunError | None
    """Of the last run."""
    waiting_for: list[str]
    tokens: int
    continued: int
    """How often it has continued as new."""

    @classmethod
    def of(cls, id: str, status: Any) -> ChatStatus:
        """What a handle tells."""
        return cls(id=id, **asdict(status))


class Deletion(Told):
    """What was deleted of a chat."""

    id: str
    uuid: str
    team: str
    closed: str
    """ISO 8601, UTC; empty: it was living."""
    runs: int
    """Runs of its workflow."""
    blobs: int
    bytes: int
    manifest: bool


class Deletions(Told):
    """What was deleted: several chats may have had the id, one after another."""

    deleted: list[Deletion]
