"""What all bodies share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ID_PATTERN", "AnyJson", "ChatId", "Given", "Offset", "TaskJson", "Told"]

AnyJson = dict[str, Any]
ID_PATTERN = r"^[^/'\"\\\x00-\x1f\x7f]+$"
"""Ids of chats that can stand in a path and in a list filter."""
ChatId = Annotated[str, Field(min_length=1, max_length=200, pattern=ID_PATTERN, examples=["release-42"])]
Offset = Annotated[int, Field(ge=0, le=2**53)]
TaskJson = str | list[AnyJson]


class Given(BaseModel):
    """A body of a request: what is misspelt in it is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Told(BaseModel):
    """A body of a response."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)
