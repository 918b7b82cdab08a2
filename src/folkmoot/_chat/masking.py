"""Secrets in tools' arguments: which they are the tool says, and readers do not see them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from .entries import CHAT_KINDS
from .log import Entry

__all__ = ["MASK", "MASK_GIVEN", "has_mask", "mask_entry", "masked", "restored"]

MASK = "•••"
"""What readers see in place of a secret."""
MASK_GIVEN = f"The arguments have {MASK!r} in place of a secret: changed arguments need the secret itself."


def masked(arguments: str, secrets: Sequence[str]) -> str:
    """The JSON text of arguments without their secrets.

    Args:
        arguments: As a model wrote them: they may be no JSON at all, and are then hidden whole.
        secrets: Names of arguments, at any depth.
    """
    if not secrets:
        return arguments
    try:
        given = json.loads(arguments)
    except ValueError:
        return json.dumps(MASK, ensure_ascii=False)
    return json.dumps(_without(given, frozenset(secrets)), ensure_ascii=False)


def has_mask(value: object) -> bool:
    """Whether the mask stands somewhere in arguments that somebody gave."""
    if isinstance(value, Mapping):
        return any(map(has_mask, cast(Mapping[str, object], value).values()))
    if isinstance(value, list):
        return any(map(has_mask, cast(list[object], value)))
    return value == MASK


def restored(arguments: Mapping[str, Any], asked: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Changed arguments with the secrets that were not shown, and so could not be changed, as they were.

    Args:
        arguments: As somebody gave them who saw the masked ones.
        asked: The JSON text of what was masked.
        secrets: Names of arguments, at any depth.

    Raises:
        ValueError: The mask stands where there was no secret.
    """
    return cast(dict[str, Any], _with(dict(arguments), json.loads(asked), frozenset(secrets), "$"))


def _with(value: Any, old: Any, secrets: frozenset[str], place: str) -> Any:
    if isinstance(value, dict):
        given, had = cast(dict[str, Any], value), cast(dict[str, Any], old) if isinstance(old, dict) else {}
        return {name: _field(name, item, had, secrets, f"{place}.{name}") for name, item in given.items()}
    if isinstance(value, list):
        items, had_items = cast(list[Any], value), cast(list[Any], old) if isinstance(old, list) else []
        pairs = enumerate(items)
        return [
            _with(item, had_items[n] if n < len(had_items) else None, secrets, f"{place}[{n}]") for n, item in pairs
        ]
    return value


def _field(name: str, value: Any, old: Mapping[str, Any], secrets: frozenset[str], place: str) -> Any:
    if name not in secrets or value != MASK:
        return _with(value, old.get(name), secrets, place)
    if name not in old:
        raise ValueError(f"at {place}: {MASK!r} stands for a secret that is shown to nobody, and there was none here")
    return old[name]


def _without(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, dict):
        given = cast(dict[str, Any], value)
        return {name: MASK if name in secrets else _without(item, secrets) for name, item in given.items()}
    if isinstance(value, list):
        return [_without(item, secrets) for item in cast(list[Any], value)]
    return value


def mask_entry(entry: Entry) -> Entry:
    """An entry as readers see it: without the secrets in the arguments of calls."""
    data = _mask(entry.data)
    return entry if data is entry.data else replace(entry, data=data)


def _mask(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if "secrets" in data and "arguments" in data:
        return {**data, "arguments": masked(data["arguments"], data["secrets"])}
    if data.get("kind") == "rolled_back":
        return {**data, "crossed": [_mask(call) for call in data["crossed"]]} if "crossed" in data else data
    if data.get("kind") == "late":
        outcome = data["outcome"]
        return {**data, "outcome": _calls(outcome, outcome)}
    if data.get("kind") == "loaded":
        return {name: value for name, value in data.items() if name != "state"}
    if data.get("kind") not in (*CHAT_KINDS, "copied") or data.get("message", {}).get("type") != "ToolCallRequestEvent":
        return data
    message = _calls(data, data["message"])
    return data if message is data["message"] else {**data, "message": message}


def _calls(data: Mapping[str, Any], holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """What has a model's calls as its content, without their secrets, as the policies in `data` say."""
    hidden = {
        int(index): policy["secrets"] for index, policy in data.get("policies", {}).items() if "secrets" in policy
    }
    if not hidden:
        return holder
    calls = [
        {**call, "arguments": masked(call["arguments"], hidden.get(index, ()))}
        for index, call in enumerate(holder["content"])
    ]
    return {**holder, "content": calls}
