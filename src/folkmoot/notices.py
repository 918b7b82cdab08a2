"""Notices: what a chat tells others of by itself: people are asked, reminded or have decided, a run has ended.

A team names the sinks its chats tell (`notify=["ops"]`), its workers have them (`FolkmootPlugin(sinks={"ops":
Webhook(url, secret=...)})`). Every notice is delivered at least once, each time with the same id.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, cast, runtime_checkable

from .errors import FolkmootError

__all__ = ["KINDS", "LOG", "LogSink", "Notice", "Sink", "SinkRefusedError", "SinkUnavailableError", "check_sink"]

KINDS = ("request", "reminder", "escalation", "overdue", "decision", "budget_warning", "run_ended", "run_failed")
"""What a notice can be about."""

LOG = "log"
"""Name of the sink that every worker has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that has happened in a chat. It tells what was so then, not what is so now.

    Attributes:
        id: The chat's uuid and the offset: the same at every attempt, and for every sink.
        kind: One of `KINDS`.
        time: When it happened, ISO 8601 in UTC.
        chat: The chat's id.
        team: The team's name.
        tenant: The chat's tenant.
        offset: Of the entry in the chat's log: notices of one chat are in this order, in whatever order they arrive.
        run: Number of the run.
        request: Id of what people are asked: it goes into `approve`, `answer` and so on.
        asks: What kind of request it is: `approval`, `input` and so on, as `PendingRequest.kind`.
        path: Who asks, or whose budget it is: the path in the team.
        prompt: The question.
        reason: Why it is asked; of a decision, why it is as it is.
        who: Who may decide or answer, as lists of chats are searched by: `person:ID`, `role:NAME`, or `anyone`.
        deadline: Until when, ISO 8601 in UTC; None: there is none.
        number: Which reminder, or which step of the escalation chain, from 1.
        name: The tool's name.
        arguments: What is to be decided, or was, without the secrets.
        content: What was proposed, or decided, as the answer in the tool's place.
        hash: What a decision binds to.
        verdict: Of a decision; `answered` where an answer was wanted.
        by: Who decided.
        timeout: Nobody decided in time.
        status: How the run ended: stopped, failed or cancelled.
        stop_reason: Why it stopped.
        error: Why it failed: `agent`, `type` and `message`.
        limit: Which limit of a budget is nearly reached.
        used: How much of it is.
        max: How much it is.
        complete: False: a text was cut, or arguments left out, as they are long; the chat has them.
    """

    id: str
    kind: str
    time: str
    chat: str
    team: str
    tenant: str = ""
    offset: int
    run: int = 0
    request: str = ""
    asks: str = ""
    path: str = ""
    prompt: str = ""
    reason: str = ""
    who: tuple[str, ...] = ()
    deadline: str | None = None
    number: int = 0
    name: str = ""
    arguments: Any = None
    content: str | None = None
    hash: str = ""
    verdict: str = ""
    by: tuple[str, ...] = ()
    timeout: bool = False
    status: str = ""
    stop_reason: str | None = None
    error: Mapping[str, str] | None = None
    limit: str = ""
    used: float | None = None
    max: float | None = None
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """The notice as JSON, without the fields that say nothing."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value: object = getattr(self, field.name)
            if value != field.default:
                found[field.name] = list(cast(tuple[str, ...], value)) if isinstance(value, tuple) else value
        return found

    @property
    def line(self) -> str:
        """The notice on one line, for people."""
        about = f"{self.asks} {self.request}" if self.request else f"run {self.run}"
        if self.limit:
            about = f"{self.used} of {self.max} {self.limit} used"
        parts = [f"{self.kind} of chat {self.chat!r} of team {self.team!r}: {about}"]
        if self.name:
            parts.append(f"tool {self.name}")
        if self.who:
            parts.append(f"for {', '.join(self.who)}")
        if self.deadline:
            parts.append(f"until {self.deadline}")
        if self.verdict:
            parts.append(f"{self.verdict} by {', '.join(self.by) or 'nobody in time'}")
        if self.error is not None:
            parts.append(f"{self.error.get('type')}: {self.error.get('message')}")
        elif self.status:
            parts.append(self.stop_reason or self.status)
        # A log line is one line, whatever a model or a person wrote.
        return " ".join("; ".join(parts).split())


class SinkRefusedError(FolkmootError):
    """A sink will not take a notice, now or later: it is not sent again."""


class SinkUnavailableError(FolkmootError):
    """A sink could not take a notice; it is sent again.

    Args:
        message: What happened.
        retry_after: Seconds until then; None: as the pauses between attempts are.
    """

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@runtime_checkable
class Sink(Protocol):
    """Takes notices. One object serves all chats of a worker, several notices at once.

    It may have an async method `close`, called when the worker is done with it.
    """

    async def send(self, notice: Notice) -> None:
        """Take a notice, within 50 seconds.

        The same may come again, with the same id: a worker can be lost before it has told that it was taken.

        Raises:
            SinkRefusedError: It is not to be sent again.
            SinkUnavailableError: It is to be sent again, after its `retry_after`.
            Exception: Any other: it is sent again.
        """
        ...


def check_sink(name: str, sink: object) -> None:
    """Refuse what is no sink.

    Raises:
        TypeError: It has no method `send`.
        ValueError: The name is empty.
    """
    if not name:
        raise ValueError("A sink is known by its name, which must not be empty.")
    if isinstance(sink, type) or not isinstance(sink, Sink):
        raise TypeError(f"The sink {name!r} needs an async method send(notice); got {sink!r}.")


class LogSink:
    """Writes each notice to a log: a line for people, and as `notice` in the record the whole as JSON.

    Failed runs and what is overdue are warnings, all else is information.

    Args:
        logger: Where to; None: `folkmoot.notices`.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger(__name__)

    def __repr__(self) -> str:
        return f"LogSink({self._logger.name!r})"

    async def send(self, notice: Notice) -> None:
        """Write it."""
        level = logging.WARNING if notice.kind in ("overdue", "run_failed") else logging.INFO
        self._logger.log(level, "%s", notice.line, extra={"notice": notice.to_json()})


def encode(notice: Notice) -> bytes:
    """A notice as the body of a request: `type`, `timestamp` and `data`, as Standard Webhooks recommends."""
    body = {"type": notice.kind, "timestamp": notice.time, "data": notice.to_json()}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
