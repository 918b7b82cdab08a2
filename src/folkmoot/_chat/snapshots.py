"""Snapshots: a view of the log. One after every turn and at every wait; its id is an offset, it stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .engine import Chat
from .log import Entry, Log
from .state import ChatState

__all__ = ["Snapshot", "snapshots", "state_at"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point a chat can be read at, and later rolled back to or forked from.

    Attributes:
        offset: Its id: the state right after the entry at this offset.
        turn: Turns counted over the whole chat.
        run: The run it lies in.
        speakers: Who had just spoken, or what is waited for.
        time: ISO 8601, UTC.
        reason: `turn` or `wait`.
        parent: The snapshot before it on its branch.
        tokens: All tokens the chat had used.
    """

    offset: int
    turn: int
    run: int
    speakers: tuple[str, ...]
    time: str
    reason: str
    parent: int | None
    tokens: int


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
        waits = entry.kind in ("waiting", "request")
        speakers = (entry.data["for"],) if waits else (_speaker(chat, entry),)
        found.append(
            Snapshot(
                offset=entry.offset,
                turn=state.turn,
                run=state.run,
                speakers=speakers,
                time=entry.time,
                reason="wait" if waits else "turn",
                parent=before.parent,
                tokens=state.tokens,
            )
        )
    return found


def _speaker(chat: Chat, entry: Entry) -> str:
    """The path of whoever finished a turn with this entry."""
    if entry.kind == "scope_ended":
        return entry.data["scope"]
    seat = chat.plan.seat_of(entry.data)
    return entry.data["message"]["source"] if seat is None else seat.path


def state_at(chat: Chat, offset: int) -> ChatState:
    """The state right after the entry at `offset`.

    Raises:
        KeyError: If that entry is not in the held part.
    """
    chat.log.at(offset)
    *_, (_, _, state) = _steps(chat, offset + 1)
    return state
