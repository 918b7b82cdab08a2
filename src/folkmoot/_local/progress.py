"""How the slow steps of getting a server tell what they are doing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Progress", "reporter"]

Progress: TypeAlias = Callable[[str, float | None], None]
"""Called with a sentence and the share done, 0 to 1, or None where it is not known."""

_LOG = logging.getLogger("folkmoot.local")


def reporter(on_progress: Progress | None) -> Progress:
    """`on_progress`, or the log of `folkmoot.local` in its place."""
    return on_progress or _log


def _log(message: str, share: float | None) -> None:
    _LOG.info("%s%s", message, "" if share is None else f" ({share:.0%})")
