"""A table whose rows change in place, with rows to select."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from nicegui import ui

__all__ = ["Column", "Grid"]


class Column(NamedTuple):
    """A column.

    Attributes:
        key: Of the cell in a row.
        label: What the head says.
        kind: `id`: leads to the row's `href`; `status`: a badge, with another if the row has a `failure`; `num`: a
            number; `age`: a time in ISO 8601, shown by how long ago it was; `tags`: a list of `{"text", "kind"}`;
            `text`.
    """

    key: str
    label: str
    kind: Literal["id", "status", "num", "age", "tags", "text"] = "text"


class Grid(ui.element, component="grid.js"):
    """The table.

    Args:
        caption: What it is of, for those who do not see it.
        columns: Its columns.
        on_choose: Is told the ids of the rows that are selected; None: none can be.
    """

    def __init__(
        self, caption: str, columns: Sequence[Column], on_choose: Callable[[list[str]], Any] | None = None
    ) -> None:
        super().__init__()
        self.props["caption"] = caption
        self.props["columns"] = [column._asdict() for column in columns]
        self.props["rows"] = []
        self.props["selectable"] = on_choose is not None
        if on_choose is not None:
            self.on("chosen", lambda event: on_choose([str(item) for item in event.args]))

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show these rows, each with an `id`; nothing is sent if they are as before."""
        given = [dict(row) for row in rows]
        if given != self.props["rows"]:
            self.props["rows"] = given
            self.update()

    def clear_choice(self) -> None:
        """Select nothing any more."""
        self.run_method("clear")
