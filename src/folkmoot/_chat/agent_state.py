"""A custom agent's state: a view of the log, which keeps what each turn changed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .delta import delta, patch
from .entries import BLOB, blob_of
from .log import NOTHING, Entry, Log
from .saved import agent_state_in, state_in

__all__ = ["StateView", "change_of"]

LARGE = 16_384
"""Bytes of a change from which on the whole state goes into the store instead (where there is one)."""


VERSIONS = 16
"""So many earlier states are kept for changes that were made of them."""


class StateView:
    """The fold of one agent's state.

    Attributes:
        next: The offset up to which the log has been read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self.next = 0
        self._versions: list[tuple[int, Any]] = [(NOTHING, None)]

    @property
    def state(self) -> Any:
        """As the agent saved it last; None: never."""
        return self._versions[-1][1]

    def read(self, log: Log, until: int, blobs: Mapping[str, str]) -> None:
        """Take in the log up to `until`; `blobs` holds the states that lie in the store."""
        if log.turns_back(self.next, until):
            self._begin()
        for first, end in log.branch(until):
            for entry in log.each(max(first, self.next), end):
                self._apply(entry, blobs)
                self.next = entry.offset + 1

    def _apply(self, entry: Entry, blobs: Mapping[str, str]) -> None:
        if entry.kind == "loaded":
            self._versions = [(NOTHING, agent_state_in(state_in(entry, blobs), self.path))]
        if entry.kind != "agent_state" or entry.data["path"] != self.path or "state" not in entry.data:
            return
        change = entry.data["state"]
        ref = blob_of(change)
        if ref is not None:
            state = json.loads(blobs[ref[BLOB]])
        else:
            # A hook and a turn may have been under way at once: each changed what there was when it was called.
            called = entry.data["call"] if "call" in entry.data else entry.data["hook"]
            state = patch(next(item for offset, item in reversed(self._versions) if offset < called), change)
        self._versions = [*self._versions[-VERSIONS:], (entry.offset, state)]


def change_of(old: Any, new: Any) -> tuple[list[Any] | None, str | None]:
    """What an entry is to hold of a new state.

    Returns:
        The change, and the whole state as text if the change is so large that it belongs into the store; no change and
        no text if nothing changed.
    """
    change = delta(old, new)
    if not change:
        return None, None
    large = len(json.dumps(change, ensure_ascii=False).encode("utf-8", "replace")) > LARGE
    return change, json.dumps(new, ensure_ascii=False) if large else None
