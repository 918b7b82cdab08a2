"""What was decided in a chat: by whom, over exactly what, which way. Read from its log, which keeps it for good."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from folkmoot._chat.people import person_of
from folkmoot.chat import ChatEvent
from folkmoot.server.handles import RequestChat

from .wording import plain_json, visible

__all__ = ["COLUMNS", "Ballot", "Settled", "as_csv", "as_json", "decisions_of", "settled_in"]

COLUMNS = (
    "time", "chat", "request", "kind", "name", "path", "verdict", "by", "channels", "reasons", "comments", "hash",
    "subject", "timeout", "offset", "asked", "votes",
)  # fmt: skip
"""Of the export."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that counted, or an answer.

    Attributes:
        time: ISO 8601, UTC.
        offset: Of its entry.
        subject: Who gave it.
        roles: What they are.
        channel: Which way it came.
        verdict: What they said.
        hash: Of what they looked at.
        reason: For whoever asked.
        comment: For the log.
        signed: It has a signature.
    """

    time: str
    offset: int
    subject: str
    roles: tuple[str, ...]
    channel: str
    verdict: str
    hash: str = ""
    reason: str = ""
    comment: str = ""
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A request that was decided or answered.

    Attributes:
        request: Its id.
        kind: See `PendingRequest.kind`.
        name: The tool's name.
        path: Who asked.
        asked: When, ISO 8601 in UTC.
        time: When it was settled.
        offset: Of the entry that says so.
        verdict: What was decided.
        hash: Of what was decided; empty: it was an answer.
        subject: What was decided, secrets masked: the arguments in the end, or the text in their place.
        timeout: Nobody decided in time.
        votes: All that counted, those included that a change of the arguments made void.
    """

    request: str
    kind: str
    name: str
    path: str
    asked: str
    time: str
    offset: int
    verdict: str
    hash: str
    subject: str
    timeout: bool
    votes: tuple[Ballot, ...] = field(default=())

    @property
    def who(self) -> str:
        """Who decided it, and which way."""
        if self.timeout:
            return "by its deadline: nobody decided in time"
        named = [f"{vote.subject}{f' ({vote.channel})' if vote.channel else ''}: {vote.verdict}" for vote in self.votes]
        return "; ".join(named) or "by nobody in particular"

    @property
    def notes(self) -> list[str]:
        """What those who decided said about it."""
        said = [(vote.subject, text) for vote in self.votes for text in (vote.reason, vote.comment) if text]
        return [f"{subject}: {text}" for subject, text in said]


class _Reading:
    """Requests that were asked and are not settled yet."""

    def __init__(self) -> None:
        self._asked: dict[str, ChatEvent] = {}
        self._votes: dict[str, list[Ballot]] = {}

    def take(self, event: ChatEvent) -> Settled | None:
        """What an entry settles."""
        request = str(event.data.get("request") or "")
        match event.kind:
            case "request":
                self._asked[request], self._votes[request] = event, []
            case "vote":
                self._votes.setdefault(request, []).append(_ballot(event, str(event.data["verdict"])))
            case "answered":
                by = [] if event.data.get("timeout") else [_ballot(event, "answer")]
                return self._settle(request, event, "answered", by)
            case "decided":
                return self._settle(request, event, str(event.data["verdict"]), [])
            case _:
                pass
        return None

    def _settle(self, request: str, event: ChatEvent, verdict: str, more: Sequence[Ballot]) -> Settled:
        asked, votes = self._asked.pop(request, None), [*self._votes.pop(request, []), *more]
        first: Mapping[str, Any] = {} if asked is None else asked.data
        subject = event.data.get("content", event.data.get("arguments", first.get("arguments", "")))
        scope, agent = str(first.get("scope") or ""), str(first.get("agent") or "")
        return Settled(
            request=request,
            kind=str(event.data.get("for") or first.get("for") or ""),
            name=str(first.get("name") or ""),
            path=str(event.data.get("path") or first.get("path") or (f"{scope}/{agent}" if scope else agent)),
            asked="" if asked is None else asked.time,
            time=event.time,
            offset=event.offset,
            verdict=verdict,
            hash=str(event.data.get("hash") or ""),
            subject=_pretty(subject),
            timeout=bool(event.data.get("timeout")),
            votes=tuple(votes),
        )


def _ballot(event: ChatEvent, verdict: str) -> Ballot:
    data, person = event.data, person_of(event.data.get("by"))
    told = {name: str(data[name]) for name in ("hash", "reason", "comment") if data.get(name)}
    return Ballot(
        event.time,
        event.offset,
        "nobody in particular" if person is None else person.subject,
        () if person is None else person.roles,
        "" if person is None else person.channel,
        verdict,
        **told,
        signed=bool(data.get("signature")),
    )


def _pretty(subject: object) -> str:
    if not isinstance(subject, str):
        return plain_json(subject)
    try:
        value: object = json.loads(subject)
    except ValueError:
        return visible(subject)
    return plain_json(cast(object, value)) if isinstance(value, dict | list) else visible(subject)


async def decisions_of(chat: RequestChat) -> AsyncIterator[Settled]:
    """What was decided in a chat, oldest first."""
    reading = _Reading()
    async for event in chat.events(follow=False):
        found = reading.take(event)
        if found is not None:
            yield found


async def settled_in(chat: RequestChat, request: str) -> Settled | None:
    """What became of a request; None: it was withdrawn, or there is none of that id."""
    found = None
    async for item in decisions_of(chat):
        if item.request == request:
            found = item
    return found


def as_json(chat: str, found: Sequence[Settled]) -> str:
    """The decisions as a JSON document."""
    return json.dumps({"chat": chat, "decisions": [asdict(item) for item in found]}, ensure_ascii=False, indent=1)


def as_csv(chat: str, found: Sequence[Settled]) -> str:
    """The decisions as a table, one to a row; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for item in found:
        row: dict[str, object] = {
            **asdict(item),
            "chat": chat,
            "by": "; ".join(vote.subject for vote in item.votes),
            "channels": "; ".join(vote.channel for vote in item.votes),
            "reasons": "; ".join(vote.reason for vote in item.votes if vote.reason),
            "comments": "; ".join(vote.comment for vote in item.votes if vote.comment),
            "votes": json.dumps([asdict(vote) for vote in item.votes], ensure_ascii=False),
        }
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: object) -> str:
    words = str(value)
    return f"'{words}" if words.startswith(_FORMULA) else words
