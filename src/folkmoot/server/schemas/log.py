"""The log, and runs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, StrictBool

from folkmoot.chat import ChatEvent
from folkmoot.messages import BaseAgentEvent, BaseChatMessage

from .base import Given, JsonObject, TaskJson, Told
from .chats import RunError

__all__ = [
    "ChatOpened",
    "Entry",
    "LogPage",
    "Run",
    "RunStatus",
    "StartRun",
    "message_json",
]


class Entry(Told):
    """An entry of a chat's log."""

    offset: int
    kind: str
    """What happened: `message`, `event`, `turn`, `run_started`, ..."""
    time: str
    """ISO 8601, UTC."""
    data: JsonObject
    """The entry as it is kept."""
    message: JsonObject | None = None
    """AutoGen's JSON of the message or event, for entries that are one."""

    @classmethod
    def of(cls, event: ChatEvent) -> Entry:
        """An entry as a handle gives it."""
        message = None if event.message is None else message_json(event.message)
        return cls(offset=event.offset, kind=event.kind, time=event.time, data=dict(event.data), message=message)


def message_json(message: BaseChatMessage | BaseAgentEvent) -> JsonObject:
    """AutoGen's JSON of a message or event."""
    return message.model_dump(mode="json")


class LogPage(Told):
    """A page of a chat's log, oldest first."""

    entries: list[Entry]
    next: int
    """Read on with `after` this."""
    more: bool
    """There is more already."""


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StartRun(Given):
    """What a run is to do."""

    task: TaskJson | None = Field(default=None, examples=["Write the release note"])
    """A text, or messages in AutoGen's JSON; none: go on where the last run ended."""
    output_task_messages: StrictBool = True
    """False: the task is not among the run's messages."""


class Run(Told):
    """A run of a chat."""

    chat: str
    run: int
    """Its number."""
    offset: int
    """Of the entry of the log it began with: read on from there."""
    status: RunStatus
    stop_reason: str | None = None
    error: RunError | None = None
    messages: list[JsonObject] = Field(default_factory=list[JsonObject])
    """AutoGen's JSON of its messages and events so far."""


class ChatOpened(Told):
    """A chat that was opened, or found."""

    id: str
    team: str
    tenant: str
    created: bool
    """False: it lived already."""
    run: Run | None = None
    """The run that was started with its task."""
    warnings: list[str] = Field(default_factory=list[str])
    """What is odd about the old messages it begins with."""
