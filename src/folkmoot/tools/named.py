"""A tool by name: what a spec's JSON holds of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

from folkmoot._spec import Frozen
from folkmoot.options import ToolOptions

__all__ = ["Tool"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

_BY_FIELD: dict[str, type[Tool]] = {}
"""The kinds of tools whose JSON is more than a name, by the field that tells them."""


class Tool(Frozen, frozen=True):
    """A tool by name, registered on the worker. Its JSON is the name, or name and options.

    Args:
        name: The tool's name: letters, digits, `_` and `-`, at most 64.
        options: How its calls are run here; None: the defaults.

    Raises:
        ValueError: The name is none that models take.
    """

    told_by: ClassVar[str | None] = None
    """The field of its JSON that tells this kind from others."""

    name: str
    options: ToolOptions = ToolOptions()

    def __init__(self, name: str, options: ToolOptions | None = None) -> None:
        self._fill(name=name, options=options or ToolOptions())

    def check(self) -> None:
        """Refuse a name that models' endpoints refuse."""
        super().check()
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A tool's name has 1 to 64 letters, digits, '_' and '-'; got {self.name!r}.")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.told_by is not None:
            _BY_FIELD[cls.told_by] = cls

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The tool of that name, of that name and options, or of another kind, told by a field of its JSON."""
        if cls is Tool and isinstance(data, Mapping):
            for field, kind in _BY_FIELD.items():
                if field in data:
                    return cast(Self, kind.from_json(cast(Mapping[str, object], data)))
        return super().from_json({"name": data} if isinstance(data, str) else cast(object, data))

    def to_json(self) -> object:
        """The name alone where the options say nothing."""
        options = self.options.to_json()
        return {"name": self.name, "options": options} if options else self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tool) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.name, self.options))
