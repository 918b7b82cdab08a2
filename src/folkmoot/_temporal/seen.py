"""Which commands a chat has carried out: each is carried out once, however often it is sent."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["Seen"]

MOST = 128
"""So many are remembered, the latest, and carried over continue-as-new."""
WIDTH = 8
"""Characters by which an id is remembered: 48 bits."""


class Seen:
    """The ids of the latest commands.

    Args:
        carried: What `dump` gave.
    """

    def __init__(self, carried: str = "") -> None:
        marks = (carried[place : place + WIDTH] for place in range(0, len(carried), WIDTH))
        self._marks = dict.fromkeys(marks)

    def __contains__(self, command: str) -> bool:
        return _mark(command) in self._marks

    def add(self, command: str) -> None:
        """Remember a command."""
        self._marks[_mark(command)] = None
        if len(self._marks) > MOST:
            del self._marks[next(iter(self._marks))]

    def dump(self) -> str:
        """As a text, as short as can be: every run of the chat carries it along."""
        return "".join(self._marks)


def _mark(command: str) -> str:
    return base64.urlsafe_b64encode(
        hashlib.blake2b(command.encode("utf-8", "replace"), digest_size=6).digest()
    ).decode()
