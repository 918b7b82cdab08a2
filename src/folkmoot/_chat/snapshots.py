"""Snapshots: a view of the log. One after every turn and at every wait; its id is an offset, it stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .engine import Chat
from .fold import Fold
from .log import Entry, Log, stretches
from .specs import Team
from .state import ChatState

__all__ = ["Snapshot", "current", "past_at", "past_in", "snapshots", "state_at"]

REASONS = {"waiting": "wait", "request": "wait", "loaded": "load"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point a chat can be read at, rolled back to or forked from.

    Attributes:
        offset: Its id: the state right after the entry at this offset.
        turn: Turns counted over the whole chat.
        run: The run it lies in.
        speakers: Who had just spoken, or what is waited for; nobody after a load or a change.
        time: ISO 8601, UTC.
        reason: `turn`, `wait`, `load` (of a state) or `change` (of the team).
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


def _steps(
    team: Team, uuid: str, log: Log, base: ChatState, until: int | None = None
) -> Iterator[tuple[Entry, ChatState, ChatState, Team]]:
    """Every held entry with the state before (only its small fields) and after it, and the spec then in force."""
    state = base.model_copy(deep=True)
    grown = Log(log.base, log.base_digest)
    grown.pinned = log.pinned
    fold = Fold(team, uuid)
    for entry in log.after(log.base, until):
        before = state.model_copy()
        grown.extend(entry)
        fold.apply(state, grown, entry)
        yield entry, before, state, fold.team


def snapshots(chat: Chat) -> list[Snapshot]:
    """The snapshots in the held part of the log, oldest first."""
    found: list[Snapshot] = []
    for entry, before, state, _ in _steps(chat.base_team, chat.uuid, chat.log, chat.base):
        if state.parent != entry.offset:
            continue
        reason = "change" if "was" in entry.data else REASONS.get(entry.kind, "turn")
        whose = {"turn": tuple(state.spoke), "wait": (str(entry.data.get("for")),)}
        found.append(
            Snapshot(
                offset=entry.offset,
                turn=state.turn,
                run=state.run,
                speakers=whose.get(reason, ()),
                time=entry.time,
                reason=reason,
                parent=None if reason == "load" else before.parent,
                tokens=state.tokens,
                branch=state.branch,
            )
        )
    return found


def current(found: Iterable[Snapshot], jumps: Sequence[tuple[int, int]], head: int) -> list[Snapshot]:
    """Those on the present branch.

    Args:
        found: Snapshots.
        jumps: Of the state (see `ChatState.jumps`).
        head: Of the log.
    """
    ways = stretches(jumps, head)
    return [snapshot for snapshot in found if any(first <= snapshot.offset < end for first, end in ways)]


def state_at(chat: Chat, offset: int) -> ChatState:
    """The state right after the entry at `offset`.

    Raises:
        KeyError: If that entry is not in the held part.
    """
    return past_at(chat, offset)[0]


def past_at(chat: Chat, offset: int) -> tuple[ChatState, Team]:
    """The state right after the entry at `offset`, and the spec in force there.

    Raises:
        KeyError: If that entry is not in the held part.
    """
    return past_in(chat.base_team, chat.uuid, chat.log, chat.base, offset)


def past_in(team: Team, uuid: str, log: Log, base: ChatState, offset: int) -> tuple[ChatState, Team]:
    """As `past_at`, of a log.

    Args:
        team: The spec at the log's base.
        uuid: The chat's uuid.
        log: The log.
        base: The state at its base.
        offset: Where.
    """
    log.at(offset)
    *_, (_, _, state, found) = _steps(team, uuid, log, base, offset + 1)
    return state, found
