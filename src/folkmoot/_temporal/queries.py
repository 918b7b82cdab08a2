"""Answers to queries: views of the log and the state, read-only, bounded in size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, cast

from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.log import Entry
from folkmoot._chat.requests import shown
from folkmoot._chat.snapshots import snapshots, state_at
from folkmoot._chat.specs import json_of
from folkmoot._chat.spending import told

from .payloads import MAX_PAGE, ChatInput, LogQuery, Page, pack

__all__ = ["answer"]


def answer(chat: Chat, data: ChatInput, name: str, fields: object) -> Any:
    """The answer to the query `name`.

    Raises:
        ValueError: No such query, or bad fields.
        KeyError: An offset that is not there.
    """
    if not isinstance(fields, Mapping):
        raise ValueError(f"query {name!r}: expected a JSON object, got {fields!r}")
    fields = cast(Mapping[str, Any], fields)
    view = _VIEWS.get(name)
    if view is None:
        raise ValueError(f"unknown query {name!r}")
    return view(chat, data, fields)


def _snapshots(chat: Chat, data: ChatInput) -> dict[str, Any]:
    held = [asdict(snapshot) for snapshot in snapshots(chat)]
    return {"snapshots": held, "segments": [segment.model_dump() for segment in data.segments], **_place(chat)}


def _pending(chat: Chat) -> dict[str, Any]:
    requests = [shown(chat, name, item) for name, item in chat.state.requests.items()]
    return {"requests": requests, "waits": {key: wait.model_dump() for key, wait in chat.state.waits.items()}}


def _usage(chat: Chat) -> dict[str, Any]:
    agents = {name: use.told for name, use in chat.state.usage.items()}
    return {"agents": agents, "budgets": told(chat.plan, chat.state)}


def _command(chat: Chat, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a command, if it is among those that are held."""
    command = fields.get("command")
    if not isinstance(command, str) or not command:
        raise ValueError(f"query 'command': 'command' must be the id of one, got {command!r}")
    found = (entry.offset for entry in reversed(chat.log) if entry.data.get("command") == command)
    return {"offset": next(found, None)}


def _place(chat: Chat) -> dict[str, Any]:
    """What is needed to say which snapshots lie on the present branch, and how people call them."""
    return {"labels": chat.state.labels, "jumps": chat.state.jumps, "head": chat.log.head}


def _status(chat: Chat, data: ChatInput) -> dict[str, Any]:
    state, log = chat.state, chat.log
    return {
        "status": state.summary,
        "team": chat.team.name,
        "uuid": chat.uuid,
        "run": state.run,
        "turn": state.turn,
        "speakers": state.speakers,
        "head": log.head,
        "digest": log.digest,
        "last_run": {"status": state.status, "stop_reason": state.stop_reason, "error": state.error},
        "waiting_for": state.waiting_for,
        "tokens": state.tokens,
        "continued": data.runs,
        "held_from": log.base,
        "segments": len(data.segments),
    }


def _snapshot(chat: Chat, data: ChatInput, fields: Mapping[str, Any]) -> dict[str, Any]:
    offset = fields.get("offset")
    if not isinstance(offset, int):
        raise ValueError(f"query 'snapshot': 'offset' must be a whole number, got {offset!r}")
    if offset < chat.log.base and any(s.first <= offset <= s.last for s in data.segments):
        return {"segments": [s.model_dump() for s in data.segments if s.first <= offset <= s.last], **_place(chat)}
    found = next((item for item in snapshots(chat) if item.offset == offset), None)
    if found is None:
        raise ValueError(f"There is no snapshot {offset}; `snapshots` lists them.")
    return {"snapshot": asdict(found), "state": state_at(chat, offset).dump(), **_place(chat)}


def page(chat: Chat, data: ChatInput, query: LogQuery) -> Page:
    """A page of the log (see `Page`).

    Raises:
        ValueError: Bounds that are not there.
    """
    log = chat.log
    if query.after < 0 or query.after > log.head:
        raise ValueError(f"query 'log': 'after' must be from 0 to {log.head}, got {query.after}")
    first = max(query.after, log.base)
    entries: list[Entry] = []
    size = 0
    for entry in log.after(first, query.until)[: max(1, query.limit)]:
        size += len(entry.encoded) + 1
        if entries and size > MAX_PAGE:
            break
        entries.append(entry)
    refs = {offset: entry for offset, entry in all_references(entries, log.at).items() if offset < first}
    return Page(
        uuid=chat.uuid,
        first=first,
        digest=log.digest_at(first) or "",
        entries=pack([entry.encoded for entry in entries]),
        count=len(entries),
        head=log.head,
        head_digest=log.digest,
        segments=[segment for segment in data.segments if segment.last >= query.after],
        refs={offset: refs[offset].encoded.decode() for offset in sorted(refs)},
        status=chat.state.summary,
        spec=data.spec if query.spec else None,
    )


_VIEWS: Mapping[str, Callable[[Chat, ChatInput, Mapping[str, Any]], Any]] = {
    "status": lambda chat, data, _: _status(chat, data),
    "state": lambda chat, _data, _: {"offset": chat.log.head - 1, "state": chat.state.dump()},
    "snapshots": lambda chat, data, _: _snapshots(chat, data),
    "snapshot": _snapshot,
    "log": lambda chat, data, fields: page(chat, data, LogQuery.model_validate(dict(fields))).model_dump(
        exclude_defaults=True
    ),
    "pending": lambda chat, _data, _: _pending(chat),
    "command": lambda chat, _data, fields: _command(chat, fields),
    "usage": lambda chat, _data, _: _usage(chat),
    "spec": lambda chat, data, _: data.spec if chat.team == chat.base_team else json_of(chat.team),
}
"""Each query's answer, of the chat, its input and the query's fields."""
