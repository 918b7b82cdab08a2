"""What a model calls a tool with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["arguments_of"]


def arguments_of(text: str) -> Mapping[str, Any]:
    """A model's arguments; `null` stands for none.

    Raises:
        ValueError: They are not a JSON object.
    """
    given: object = json.loads(text or "{}")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"arguments must be a JSON object, got {text[:200]}")
    return cast(dict[str, Any], given)
