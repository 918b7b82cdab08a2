"""Snapshots: a view of the log. One after every turn and at every wait; its id is an offset, it stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .engine import Chat
from .log import Entry, Log
from .state import ChatState

__all__ = ["Snapshot", "current", "snapshots", "state_at"]

REASONS = {"waiting": "wait", "request": "wait", "loaded": "load"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point a chat can be read at, rolled back to or forked from.

    Attributes:
        offset: Its id: the state right after the entry at this offset.
        turn: Turns counted over the whole chat.
        run: The run it lies in.
        speakers: Who had just spoken, or what is waited for; nobody after a load.
        time: ISO 8601, UTC.
        reason: `turn`, `wait` or `load`.
        parent: The snapshot before it on its branch.
        tokens: All tokens the chat had used.
        branch: Offset of the entry its branch began with: 0, a rollback or a load.
    """

    offset: int
    turn: int
    run: int
    speakers: tuple[str, ...]
    time: str
    reason: str
    parent: int | None
    tokens: int
    branch: int = 0


def _steps(chat: Chat, until: int | None = None) -> Iterator[tuple[Entry, ChatState, ChatState]]:
    """Every held entry with the state after it, and what the state was before (only its small fields)."""
    state = chat.base.model_copy(deep=True)
    log = Log(chat.log.base, chat.log.base_digest)
    log.pinned = chat.log.pinned
    for entry in chat.log.after(chat.log.base, until):
        before = state.model_copy()
        log.extend(entry)
        chat.fold.apply(state, log, entry)
        yield entry, before, state


def snapshots(chat: Chat) -> list[Snapshot]:
    """The snapshots in the held part of the log, oldest first."""
    found: list[Snapshot] = []
    for entry, before, state in _steps(chat):
        if state.parent != entry.offset:
            continue
        reason = REASONS.get(entry.kind, "turn")
        whose = {"turn": tuple(state.spoke), "wait": (str(entry.data.get("for")),), "load": ()}
        found.append(
            Snapshot(
                offset=entry.offset,
                turn=state.turn,
                run=state.run,
                speakers=whose[reason],
                time=entry.time,
                reason=reason,
                parent=None if reason == "load" else before.parent,
                tokens=state.tokens,
                branch=state.branch,
            )
        )
    return found


def current(found: list[Snapshot], last: int | None) -> list[Snapshot]:
    """Those on the branch whose last snapshot is at offset `last`, oldest first."""
    by_offset = {snapshot.offset: snapshot for snapshot in found}
    chain: list[Snapshot] = []
    while last is not None and (snapshot := by_offset.get(last)) is not None:
        chain.append(snapshot)
        last = snapshot.parent
    return chain[::-1]


def state_at(chat: Chat, offset: int) -> ChatState:
    """The state right after the entry at `offset`.

    Raises:
        KeyError: If that entry is not in the held part.
    """
    chat.log.at(offset)
    *_, (_, _, state) = _steps(chat, offset + 1)
    return state
