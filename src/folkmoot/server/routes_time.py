"""Snapshots, branches, and going back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from folkmoot._client.comparing import Side as ClientSide
from folkmoot.chat import LabelledSnapshot
from folkmoot.errors import BadCommandError

from .bodies import StrictRoute
from .dependencies import CHANGES, READS, CommandedChat, ReadChat, ThatLabel, ThatOffset, ThatTurn, WholeChat, in_time
from .schemas import (
    Branch,
    Branches,
    Comparison,
    Crossing,
    Difference,
    Labelled,
    LabelSnapshot,
    Rollback,
    RollbackChat,
    Side,
    Snapshot,
    Snapshots,
    SnapshotWithState,
    message_json,
)

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/chats/{id}", tags=["time travel"])

Place = Annotated[int, Query(ge=0, le=2**53, description="Offset of a snapshot.")]


@router.get("/snapshots", summary="List a chat's snapshots", responses=READS)
async def list_snapshots(chat: ReadChat) -> Snapshots:
    """The points the chat can be read at, rolled back to or forked from, on whatever branch."""
    return Snapshots(snapshots=[_snapshot(item) for item in await chat.snapshots()])


@router.get("/snapshots/{offset}", summary="Show a snapshot", responses=READS)
async def get_snapshot(
    chat: WholeChat, offset: Annotated[int, Path(ge=0, le=2**53, description="Its offset.")]
) -> SnapshotWithState:
    """A snapshot and the folded state there."""
    return SnapshotWithState.model_validate(await chat.snapshot(offset))


@router.get("/branches", summary="List a chat's branches", responses=READS)
async def list_branches(chat: ReadChat) -> Branches:
    """The snapshots as a tree: what was gone back behind stays readable."""
    return Branches(branches=[Branch.model_validate(asdict(item)) for item in await chat.branches()])


@router.get("/compare", summary="Compare two snapshots", responses=READS)
async def compare_snapshots(chat: WholeChat, first: Place, second: Place) -> Comparison:
    """What two snapshots have in common and what not, on whatever branches they lie."""
    found = await chat.compare(first, second)
    differences = [Difference(path=path, first=one, second=two) for path, (one, two) in found.state.items()]
    return Comparison(shared=found.shared, first=_side(found.first), second=_side(found.second), state=differences)


@router.get("/crossing", summary="Show what a rollback would cross", responses=READS)
async def show_crossing(
    chat: WholeChat, offset: ThatOffset = None, turn: ThatTurn = None, label: ThatLabel = None
) -> Crossing:
    """The calls of tools with side effects that a rollback to a snapshot would cross."""
    found = await chat.crossing(offset, turn=turn, label=label)
    return Crossing(crossed=[dict(call) for call in found])


@router.post("/label", summary="Label a snapshot", responses=CHANGES)
async def label_snapshot(chat: CommandedChat, body: LabelSnapshot) -> Labelled:
    """Give a snapshot a name, the last one if none is said; one that has the name loses it."""
    if not body.remove:
        found = await chat.label(body.label, body.offset, turn=body.turn)
        return Labelled(label=body.label, snapshot=_snapshot(found))
    if (body.offset, body.turn) != (None, None):
        raise BadCommandError("A label is removed from whatever snapshot has it; leave offset and turn away.")
    await chat.unlabel(body.label)
    return Labelled(label=body.label, snapshot=None)


@router.post("/rollback", summary="Roll a chat back", responses=CHANGES)
async def rollback_chat(chat: CommandedChat, body: RollbackChat) -> Rollback:
    """Go back to a snapshot: the next run goes on from there. What came after it stays readable, as a branch."""
    async with in_time(f"Rolling chat {chat.id!r} back"):
        found = await chat.rollback(**body.named(), force=body.force, compensate=body.compensate)
    return Rollback(
        snapshot=_snapshot(found.snapshot),
        crossed=[dict(call) for call in found.crossed],
        offset=found.offset,
        compensated=[dict(call) for call in found.compensated],
    )


def _snapshot(found: LabelledSnapshot) -> Snapshot:
    return Snapshot.model_validate(asdict(found))


def _side(found: ClientSide) -> Side:
    return Side(
        snapshot=Snapshot.model_validate({"current": False, "labels": [], **asdict(found.snapshot)}),
        messages=[message_json(message) for message in found.messages],
        tool_calls=[dict(call) for call in found.tool_calls],
        tokens=found.tokens,
    )
