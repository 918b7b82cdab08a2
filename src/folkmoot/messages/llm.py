"""What a model reads and says (AutoGen: `autogen_core.models`): LLM messages, tool calls, images, usage."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, field_validator

__all__ = [
    "AssistantMessage",
    "FunctionCall",
    "FunctionExecutionResult",
    "FunctionExecutionResultMessage",
    "Image",
    "LLMMessage",
    "RequestUsage",
    "SystemMessage",
    "UserMessage",
]

_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))


@dataclass
class RequestUsage:
    """Tokens of one model call."""

    prompt_tokens: int
    completion_tokens: int


@dataclass
class FunctionCall:
    """A tool call a model asks for.

    Attributes:
        id: The model's id of the call.
        arguments: JSON text, as the model wrote it.
        name: The tool.
    """

    id: str
    arguments: str
    name: str


class FunctionExecutionResult(BaseModel):
    """What a tool call came to."""

    content: str
    name: str
    """The tool."""
    call_id: str
    """The model's id of the call; some models give none, then it is empty."""
    is_error: bool | None = None
    """The content is the text of an error."""


class Image(BaseModel, frozen=True):
    """An image as base64 text: its JSON is `{"data": ...}`, as AutoGen's."""

    data: str

    @field_validator("data")
    @classmethod
    def _check_base64(cls, data: str) -> str:
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("The data of an image must be base64 text.") from None
        return data

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """An image from the bytes of its file."""
        return cls(data=base64.b64encode(content).decode())

    @classmethod
    def from_base64(cls, data: str) -> Self:
        """An image from base64 text.

        Raises:
            ValueError: It is none.
        """
        return cls(data=data)

    def to_base64(self) -> str:
        """The image as base64 text."""
        return self.data

    @property
    def media_type(self) -> str:
        """The format by the first bytes; an unknown one is called JPEG, as AutoGen does."""
        start = base64.b64decode(self.data[:24])
        mime = next((mime for signature, mime in _SIGNATURES if start.startswith(signature)), "image/jpeg")
        if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
            mime = "image/webp"
        return mime

    @property
    def data_uri(self) -> str:
        """The image as a `data:` address."""
        return f"data:{self.media_type};base64,{self.data}"

    def __repr__(self) -> str:
        # The bytes of an image would drown every log line and error they get into.
        return f"Image(<{len(self.data)} characters of base64>)"

    __str__ = __repr__


class SystemMessage(BaseModel):
    """Instructions for the model."""

    content: str
    type: Literal["SystemMessage"] = "SystemMessage"


class UserMessage(BaseModel):
    """What others said, as the model hears it."""

    content: str | list[str | Image]
    source: str
    """Who said it."""
    type: Literal["UserMessage"] = "UserMessage"


class AssistantMessage(BaseModel):
    """What the model itself said: text, or the tool calls it asked for."""

    content: str | list[FunctionCall]
    thought: str | None = None
    """Its reasoning, or what it said beside its tool calls."""
    source: str
    """The agent."""
    type: Literal["AssistantMessage"] = "AssistantMessage"


class FunctionExecutionResultMessage(BaseModel):
    """The results of the tool calls in the message before it."""

    content: list[FunctionExecutionResult]
    type: Literal["FunctionExecutionResultMessage"] = "FunctionExecutionResultMessage"


LLMMessage = Annotated[
    SystemMessage | UserMessage | AssistantMessage | FunctionExecutionResultMessage,
    Field(discriminator="type"),
]
"""Any of the four, told apart by `type`."""
