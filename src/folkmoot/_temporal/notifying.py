"""The activity that delivers a notice to a sink: reads the log for what there is to tell, and tells it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity

from folkmoot._chat.deadlines import approvers, deadline
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.masking import mask_entry
from folkmoot._chat.people import audience, person_of
from folkmoot._chat.requests import hash_of
from folkmoot._chat.state import Request
from folkmoot._telemetry.meters import count
from folkmoot._telemetry.metrics import bounded
from folkmoot.errors import LogReadError, StoreMissingError, UnknownNameError
from folkmoot.notices import Notice, SinkRefusedError
from folkmoot.store import BlobNotFoundError, StoreUnavailableError

from . import names
from .deliveries import NotifyInput
from .failures import CallFailedError, ExpectedError
from .heartbeat import beating
from .kill_points import reach
from .log_cache import CachedChat
from .notices import kind_of
from .side import Side

__all__ = ["Notifier"]

AT_ONCE = 20
"""Notices one worker sends to one sink at once: a sink that hangs must not keep other calls from being made."""
MAX_TEXT = 4_000
"""Characters of a text in a notice."""
MAX_ARGUMENTS = 12_000
"""Characters of arguments as JSON."""


@dataclass
class _Asked:
    """What a log tells of a request up to an entry.

    Attributes:
        asked: The entry that asks.
        changed: The vote that changed it last.
        step: Steps of the escalation chain taken.
    """

    asked: Entry | None = None
    changed: Entry | None = None
    step: int = 0


class Notifier:
    """Delivers notices on one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._sending: Counter[str] = Counter()

    @activity.defn(name=names.ACTIVITY_NOTIFY)
    async def notify(self, raw: dict[str, Any]) -> None:
        """Deliver a notice (`NotifyInput`). Done twice, the notice has the same id."""
        data = NotifyInput.model_validate(raw)
        if self._sending[data.sink] >= AT_ONCE:
            # Not all at once again.
            pause = timedelta(seconds=random.uniform(1, 5))  # noqa: S311 - no secret
            text = f"{AT_ONCE} notices are being sent to {data.sink!r} by this worker already."
            raise ExpectedError(text, type="SinkBusyError", next_retry_delay=pause)
        self._sending[data.sink] += 1
        try:
            async with beating():
                await self._send(data)
        finally:
            self._sending[data.sink] -= 1

    async def _send(self, data: NotifyInput) -> None:
        try:
            # A worker that knows it may come: others try, too.
            sink = self._side.registry.sink(data.sink)
            notice = await self._notice(data)
        except (UnknownNameError, LogReadError, StoreMissingError, StoreUnavailableError) as error:
            raise CallFailedError(str(error), type=type(error).__name__) from None
        except BlobNotFoundError as error:
            raise CallFailedError(str(error), type=type(error).__name__, non_retryable=True) from None
        reach("notify.before")
        label = bounded("sink", data.sink)
        try:
            await sink.send(notice)
        except SinkRefusedError as error:
            count("folkmoot_notices_total", sink=label, outcome="refused")
            _tell(data, "was refused", error)
            raise ExpectedError(str(error)[:500], type=SinkRefusedError.__name__, non_retryable=True) from None
        except Exception as error:  # noqa: BLE001 - a user's sink may raise anything
            count("folkmoot_notices_total", sink=label, outcome="retried")
            pause = _pause(getattr(error, "retry_after", None))
            _tell(data, "is tried again", error)
            raise ExpectedError(str(error)[:500], type=type(error).__name__, next_retry_delay=pause) from None
        count("folkmoot_notices_total", sink=label, outcome="delivered")
        reach("notify.after")

    async def _notice(self, data: NotifyInput) -> Notice:
        info = activity.info()
        chat_id = data.id or info.workflow_id or ""
        run_id = data.run_id or info.workflow_run_id or ""
        chat = await self._side.reader.read_of(chat_id, run_id, data.at, data.d, whole=False)
        entry = await self._entry(chat, data.n)
        match entry.kind:
            case "run_ended":
                told = _of_run(entry)
            case "budget_warned":
                told = {name: entry.data[name] for name in ("path", "limit", "used", "max")}
            case _:
                told = _of_request(entry, await self._asked(chat, entry))
        return Notice(
            id=f"{chat.uuid}-{entry.offset}",
            kind=kind_of(entry) or entry.kind,
            time=entry.time,
            chat=chat_id,
            team=chat.team.name,
            tenant=data.tenant,
            offset=entry.offset,
            **told,
        )

    async def _entry(self, chat: CachedChat, offset: int) -> Entry:
        if offset >= chat.log.base:
            return chat.log.at(offset)
        return (await self._sealed(chat, offset)).at(offset)

    async def _asked(self, chat: CachedChat, entry: Entry) -> _Asked:
        """Read back to where the request was asked."""
        found, name = _Asked(), entry.data["request"]
        async for earlier in self._backwards(chat, entry.offset):
            if earlier.data.get("request") != name:
                continue
            match earlier.kind:
                case "request":
                    found.asked = earlier
                    return found
                case "escalated":
                    found.step = max(found.step, earlier.data["step"])
                case "vote" if "revision" in earlier.data and found.changed is None:
                    found.changed = earlier
                case _:
                    pass
        return found

    async def _backwards(self, chat: CachedChat, offset: int) -> AsyncIterator[Entry]:
        """An entry and those that led to it, newest first; of what other branches hold only what lies sealed."""
        for first, until in reversed(chat.log.branch(offset + 1)):
            for place in range(until - 1, max(first, chat.log.base) - 1, -1):
                yield chat.log.at(place)
        place = min(offset, chat.log.base - 1)
        while place >= 0:
            sealed = await self._sealed(chat, place)
            for entry in reversed(sealed.after(sealed.base, place + 1)):
                yield entry
            place = sealed.base - 1

    async def _sealed(self, chat: CachedChat, offset: int) -> Log:
        """The sealed part that holds an offset."""
        reader = self._side.reader
        segment = await reader.leaf(chat.segments, chat.uuid, offset)
        return Log.restore(segment.first, "", await reader.entries_of(segment, chat.uuid))


def _tell(data: NotifyInput, what: str, error: Exception) -> None:
    """In a line: where in a sink that was noticed helps nobody, attempt after attempt."""
    activity.logger.warning("a notice to the sink %r %s: %s: %.500s", data.sink, what, type(error).__name__, error)


def _pause(seconds: object) -> timedelta | None:
    """What a sink asks for, if it is a time; an hour at most."""
    if not isinstance(seconds, int | float) or not seconds >= 0:
        return None
    return timedelta(seconds=min(seconds, 3600))


def _of_run(entry: Entry) -> dict[str, Any]:
    data = entry.data
    told: dict[str, Any] = {"run": data["run"], "status": data["status"]}
    reason, error = data.get("stop_reason"), data.get("error")
    if reason is not None:
        told["stop_reason"] = _cut(reason, told)
    if error is not None:
        told["error"] = {name: _cut(str(text), told) for name, text in error.items()}
    return told


def _of_request(entry: Entry, found: _Asked) -> dict[str, Any]:
    data = entry.data
    told: dict[str, Any] = {"request": data["request"], "number": data.get("number", data.get("step", 0))}
    if found.asked is not None:
        told |= _question(found.asked, found)
    if entry.kind in ("decided", "answered"):
        told |= {"verdict": data.get("verdict", "answered"), "by": _deciders(data)}
        told["timeout"] = bool(data.get("timeout"))
        told["reason"] = _cut(data.get("reason", ""), told)
        # Nobody is waited for any more.
        told |= {"who": (), "deadline": None}
    for given in (found.asked, found.changed, entry):
        if given is not None and (given.kind != "answered"):
            told |= _subject(given, told)
    return told


def _question(asked: Entry, found: _Asked) -> dict[str, Any]:
    data = asked.data
    policy = data.get("policy", {})
    request = Request(
        kind=data["for"],
        path="/".join(data[name] for name in ("scope", "agent") if data.get(name)),
        prompt=data["prompt"],
        since=asked.time,
        offset=asked.offset,
        policy=policy,
        escalated=found.step,
    )
    told: dict[str, Any] = {
        "run": data.get("run", 0),
        "asks": request.kind,
        "path": request.path,
        "who": tuple(audience(approvers(request))),
        "deadline": deadline(request),
        "name": data.get("name", ""),
        "hash": data.get("hash", ""),
    }
    if found.changed is not None:
        changed = found.changed.data
        told["hash"] = hash_of(request.kind, told["name"], changed.get("arguments", changed.get("content")))
    told["prompt"] = _cut(request.prompt, told)
    told["reason"] = _cut(policy.get("reason") or "", told)
    return told


def _subject(entry: Entry, told: dict[str, Any]) -> dict[str, Any]:
    """What is to be decided, or was, without secrets; the later of several holds."""
    data = mask_entry(entry).data
    if "content" in data:
        return {"content": _cut(data["content"], told), "arguments": None}
    if "arguments" not in data:
        return {}
    if len(data["arguments"]) > MAX_ARGUMENTS:
        return {"arguments": None, "content": None, "complete": False}
    try:
        return {"arguments": json.loads(data["arguments"]), "content": None}
    except ValueError:
        return {"arguments": data["arguments"], "content": None}


def _deciders(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Who decided or answered."""
    by: Any = data.get("by")
    if isinstance(by, list):
        return tuple(map(str, by))  # pyright: ignore[reportUnknownArgumentType]
    person = person_of(by)
    return () if person is None else (person.subject,)


def _cut(text: str, told: dict[str, Any]) -> str:
    """A text as long as a notice may have it; what is longer makes the notice incomplete."""
    if len(text) <= MAX_TEXT:
        return text
    told["complete"] = False
    return f"{text[: MAX_TEXT - 1]}…"
