"""Secrets in tools' arguments: which they are the tool says, and readers do not see them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from .entries import CHAT_KINDS
from .log import Entry

__all__ = ["MASK", "mask_entry", "masked"]

MASK = "•••"
"""What readers see in place of a secret."""


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
    if data.get("kind") not in CHAT_KINDS or data["message"]["type"] != "ToolCallRequestEvent":
        return data
    hidden = {
        int(index): policy["secrets"] for index, policy in data.get("policies", {}).items() if "secrets" in policy
    }
    if not hidden:
        return data
    calls = [
        {**call, "arguments": masked(call["arguments"], hidden.get(index, ()))}
        for index, call in enumerate(data["message"]["content"])
    ]
    return {**data, "message": {**data["message"], "content": calls}}
