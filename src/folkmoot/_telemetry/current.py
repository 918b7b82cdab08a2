"""What is being done now, as logs and spans tell it: of a task, and of all it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any

__all__ = ["Fields", "leave", "now", "within"]

Fields = Mapping[str, Any]

_current: ContextVar[Callable[[], Fields]] = ContextVar("folkmoot.now", default=dict[str, Any])


def within(fields: Callable[[], Fields]) -> Token[Callable[[], Fields]]:
    """From now on this task is doing what `fields` tells; it is asked only when somebody wants to know."""
    return _current.set(fields)


def leave(token: Token[Callable[[], Fields]]) -> None:
    """Back to what was being done before."""
    _current.reset(token)


def now() -> Fields:
    """What is being done. Nothing may fail over it."""
    try:
        return _current.get()()
    except Exception:  # noqa: BLE001 - a log line with less in it is better than none
        return {}
