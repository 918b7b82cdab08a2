"""The snapshots of a chat as a tree: branches beside each other, each as far to the right as it is deep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from folkmoot.chat import LabelledSnapshot

__all__ = ["Row", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree.

    Attributes:
        snapshot: The snapshot.
        depth: In which column its branch is drawn.
        begins: It is the first of its branch.
        parent: Offset of the snapshot that branch goes on after; None: it began anew.
        last: It is the newest of the branch the chat is on.
    """

    snapshot: LabelledSnapshot
    depth: int
    begins: bool
    parent: int | None
    last: bool


def rows_of(snapshots: Sequence[LabelledSnapshot]) -> list[Row]:
    """The rows, newest first within the whole log, so that the present is on top.

    Args:
        snapshots: All of them, oldest first.
    """
    depth: dict[int, int] = {}
    where = {snapshot.offset: snapshot.branch for snapshot in snapshots}
    begun = set[int]()
    rows: list[Row] = []
    present = max((item.offset for item in snapshots if item.current), default=None)
    for snapshot in snapshots:
        begins = snapshot.branch not in begun
        begun.add(snapshot.branch)
        if begins:
            above = where.get(-1 if snapshot.parent is None else snapshot.parent)
            depth[snapshot.branch] = 0 if above is None else depth[above] + 1
        rows.append(Row(snapshot, depth[snapshot.branch], begins, snapshot.parent, snapshot.offset == present))
    return rows[::-1]
