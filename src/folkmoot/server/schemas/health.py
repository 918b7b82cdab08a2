"""The server itself."""

from __future__ import annotations

from .base import Told

__all__ = [
    "Health",
    "Readiness",
    "Version",
]


class Health(Told):
    """This process answers."""

    status: str


class Readiness(Told):
    """Whether what chats need is there."""

    ready: bool
    checks: dict[str, str]
    """What was looked at: `ok`, or what is wrong with it."""


class Version(Told):
    """Which release this is."""

    version: str
