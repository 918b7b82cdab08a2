"""What all bodies share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

__all__ = ["ID_PATTERN", "ChatId", "Given", "JsonObject", "Offset", "TaskJson", "Told", "Turn"]

JsonObject = TypeAliasType("JsonObject", dict[str, Any])
"""Named, so that it is one type in the OpenAPI document and in what is generated from it."""
ID_PATTERN = r"^[^/'\"\\\x00-\x1f\x7f]+$"
"""Ids of chats that can stand in a path and in a list filter."""
ChatId = Annotated[str, Field(min_length=1, max_length=200, pattern=ID_PATTERN, examples=["release-42"])]
Offset = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Turn = Annotated[int, Field(ge=1, le=2**53, strict=True)]
TaskJson = str | list[JsonObject]


class Given(BaseModel):
    """A body of a request: what is misspelt in it is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Told(BaseModel):
    """A body of a response."""

    # Every field is in every response, whether or not it is what it is by default.
    model_config = ConfigDict(
        from_attributes=True, use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )
