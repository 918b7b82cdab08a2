"""Teams and chats as wholes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool

from .base import ChatId, Given, JsonObject, TaskJson, Told

__all__ = [
    "ChatPage",
    "ChatState",
    "ChatStatus",
    "ChatSummary",
    "Deletion",
    "Deletions",
    "OldMessages",
    "OpenChat",
    "Resumed",
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


class OldMessages(Given):
    """Old messages to go on from, and how they are to be read."""

    messages: list[JsonObject] = Field(
        examples=[[{"role": "user", "name": "user", "content": "Write the release note"}]]
    )
    """Oldest first: ours, AutoGen's, or dictionaries of AutoGen 0.2."""
    termination: Literal["keep", "remove"] | dict[str, str] | None = None
    """What becomes of the last one's text: none and `keep` leave it, and none warns if it would end the chat; `remove`
    takes out what the team's conditions look for; an object replaces texts."""
    admin_name: Annotated[str, Field(min_length=1, max_length=200)] = "Admin"
    """A further name of the person outside."""
    names: dict[str, str] = Field(default_factory=dict[str, str])
    """Names in the messages, and the participants they mean."""
    max_tokens: Annotated[int, Field(ge=1, le=2**53, strict=True)] | None = None
    """Only the newest that have no more tokens together, and the first task, are kept."""


class OpenChat(Given):
    """A chat to open, or to find where it lives already."""

    team: Annotated[str, Field(min_length=1, max_length=200)] | JsonObject = Field(examples=["release-notes"])
    """The name of a team of this server; or the JSON of a team's or an agent's spec, for the role `designer`."""
    id: ChatId | None = None
    """Its id; none: one is made."""
    task: TaskJson | None = Field(default=None, examples=["Write the release note"])
    """Start a run with this task: a text, or messages in AutoGen's JSON."""
    replace: StrictBool = False
    """Start anew where a chat of that id was closed."""
    messages: list[JsonObject] | OldMessages | None = None
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
    def of(cls, id: str, status: Any, **more: Any) -> Self:
        """What a handle tells, with what else there is to tell."""
        return cls(id=id, **asdict(status), **more)


class Resumed(ChatStatus):
    """Where a chat stands that goes on from old messages."""

    warnings: list[str] = Field(default_factory=list[str])
    """What is odd about them."""


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
