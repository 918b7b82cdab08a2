"""Agent events (AutoGen: `autogen_agentchat.messages`): what who follows a chat sees besides its messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer, model_validator

from .base import BaseAgentEvent
from .llm import FunctionCall, FunctionExecutionResult, Image

__all__ = [
    "CodeBlock",
    "CodeExecutionEvent",
    "CodeGenerationEvent",
    "CodeResult",
    "MemoryContent",
    "MemoryQueryEvent",
    "ModelClientStreamingChunkEvent",
    "SelectSpeakerEvent",
    "SelectorEvent",
    "ThoughtEvent",
    "ToolCallExecutionEvent",
    "ToolCallRequestEvent",
    "UserInputRequestedEvent",
]


@dataclass
class CodeBlock:
    """A piece of code out of a message."""

    code: str
    language: str


@dataclass
class CodeResult:
    """What running code came to."""

    exit_code: int
    output: str


class MemoryContent(BaseModel):
    """One item a memory gave.

    JSON cannot tell bytes from text, nor an image from a mapping, so there `form` stands beside the content: `bytes`
    (then it is base64 text) or `image`.

    Raises:
        ValueError: The content of a `form` is not of that form.
    """

    content: str | bytes | dict[str, Any] | Image
    mime_type: str
    metadata: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_json(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "form" not in data:
            return cast(Any, data)
        fields = dict(cast(Mapping[str, Any], data))
        form, content = fields.pop("form"), fields.get("content")
        if form == "image":
            return {**fields, "content": Image.model_validate(content)}
        if form == "bytes" and isinstance(content, str):
            return {**fields, "content": base64.b64decode(content, validate=True)}
        raise ValueError(f"The form of a memory's content is 'bytes', with base64 text, or 'image', got {form!r}.")

    @model_serializer(mode="wrap")
    def _to_json(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = self.content
        if isinstance(content, bytes):
            text = self.model_copy(update={"content": base64.b64encode(content).decode()})
            return {**handler(text), "form": "bytes"}
        return {**handler(self), "form": "image"} if isinstance(content, Image) else handler(self)


class ToolCallRequestEvent(BaseAgentEvent):
    """A model asks for tool calls."""

    content: list[FunctionCall]
    type: Literal["ToolCallRequestEvent"] = "ToolCallRequestEvent"

    def to_text(self) -> str:
        """The calls as Python prints them (AutoGen)."""
        return str(self.content)


class ToolCallExecutionEvent(BaseAgentEvent):
    """The results of tool calls."""

    content: list[FunctionExecutionResult]
    type: Literal["ToolCallExecutionEvent"] = "ToolCallExecutionEvent"

    def to_text(self) -> str:
        """The results as Python prints them (AutoGen)."""
        return str(self.content)


class MemoryQueryEvent(BaseAgentEvent):
    """What an agent's memories gave for its turn."""

    content: list[MemoryContent]
    type: Literal["MemoryQueryEvent"] = "MemoryQueryEvent"

    def to_text(self) -> str:
        """The items as Python prints them (AutoGen)."""
        return str(self.content)


class UserInputRequestedEvent(BaseAgentEvent):
    """A person is asked."""

    request_id: str
    content: Literal[""] = ""
    type: Literal["UserInputRequestedEvent"] = "UserInputRequestedEvent"

    def to_text(self) -> str:
        """Nothing: the event has no words."""
        return self.content


class ModelClientStreamingChunkEvent(BaseAgentEvent):
    """A piece of text while the model writes: a preview, never in the log."""

    content: str
    full_message_id: str | None = None
    """The id the finished message will have."""
    type: Literal["ModelClientStreamingChunkEvent"] = "ModelClientStreamingChunkEvent"

    def to_text(self) -> str:
        """The piece."""
        return self.content


class ThoughtEvent(BaseAgentEvent):
    """A model's reasoning, or what it said beside its tool calls."""

    content: str
    type: Literal["ThoughtEvent"] = "ThoughtEvent"

    def to_text(self) -> str:
        """The thought."""
        return self.content


class SelectSpeakerEvent(BaseAgentEvent):
    """Who speaks next."""

    content: list[str]
    type: Literal["SelectSpeakerEvent"] = "SelectSpeakerEvent"

    def to_text(self) -> str:
        """The names as Python prints them (AutoGen)."""
        return str(self.content)


class SelectorEvent(BaseAgentEvent):
    """What a selecting model said."""

    content: str
    type: Literal["SelectorEvent"] = "SelectorEvent"

    def to_text(self) -> str:
        """Its words."""
        return self.content


class CodeGenerationEvent(BaseAgentEvent):
    """A model wrote code."""

    retry_attempt: int
    """0: the first one."""
    content: str
    """The whole reply."""
    code_blocks: list[CodeBlock]
    type: Literal["CodeGenerationEvent"] = "CodeGenerationEvent"

    def to_text(self) -> str:
        """The whole reply."""
        return self.content


class CodeExecutionEvent(BaseAgentEvent):
    """Code was run."""

    retry_attempt: int
    """0: the first run."""
    result: CodeResult
    type: Literal["CodeExecutionEvent"] = "CodeExecutionEvent"

    def to_text(self) -> str:
        """The code's output."""
        return self.result.output
