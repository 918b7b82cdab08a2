"""Chat messages (AutoGen: `autogen_agentchat.messages`): what participants say to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, Field, model_validator

from .base import REGISTERED, BaseChatMessage, BaseTextChatMessage
from .llm import FunctionCall, FunctionExecutionResult, Image, LLMMessage, RequestUsage, UserMessage

__all__ = [
    "HandoffMessage",
    "MultiModalMessage",
    "StopMessage",
    "StructuredMessage",
    "TextMessage",
    "ToolCallSummaryMessage",
    "compact_json",
    "structured_text",
]

ContentModel = TypeVar("ContentModel", bound=BaseModel)
Content = TypeVar("Content")


class TextMessage(BaseTextChatMessage):
    """Text."""

    type: Literal["TextMessage"] = "TextMessage"


class StopMessage(BaseTextChatMessage):
    """A request to stop; `StopMessageTermination` heeds it."""

    type: Literal["StopMessage"] = "StopMessage"


class HandoffMessage(BaseTextChatMessage):
    """The floor goes to another participant."""

    target: str
    """Who gets it; `user` stands for the person outside."""
    context: list[LLMMessage] = Field(default_factory=list[LLMMessage])
    """What the target's model hears first: the tool calls made beside the handoff."""
    type: Literal["HandoffMessage"] = "HandoffMessage"


class ToolCallSummaryMessage(BaseTextChatMessage):
    """An agent's answer made of its tools' results, without a further model call."""

    type: Literal["ToolCallSummaryMessage"] = "ToolCallSummaryMessage"
    tool_calls: list[FunctionCall]
    results: list[FunctionExecutionResult]


class MultiModalMessage(BaseChatMessage):
    """Text and images."""

    content: list[str | Image]
    type: Literal["MultiModalMessage"] = "MultiModalMessage"

    def to_text(self) -> str:
        """One part a line; `<image>` stands for an image."""
        return "\n".join(part if isinstance(part, str) else "<image>" for part in self.content)

    def to_model_text(self, image_placeholder: str | None = "[image]") -> str:
        """The parts as one text.

        Args:
            image_placeholder: Stands for an image, after a space; None: its base64 text.
        """

        def text(part: str | Image) -> str:
            if isinstance(part, str):
                return part
            return f" {part.to_base64() if image_placeholder is None else image_placeholder}"

        return "".join(text(part) for part in self.content)

    def to_model_message(self) -> UserMessage:
        """The parts, said by their source."""
        return UserMessage(content=list(self.content), source=self.source)


class StructuredMessage(BaseChatMessage, Generic[Content]):
    """Content in a user's structure.

    Pass a pydantic object; `type` becomes `StructuredMessage[ItsClassName]`. The log holds it as JSON. A process in
    which `StructuredMessage[Plan]` has been written somewhere, as in `custom_message_types`, reads it as such an object
    again; any other one reads it as a mapping, of which `parse` makes the object. A mapping as content needs `type`
    beside it.

    Raises:
        ValueError: A mapping came without a `type` of that form, or the content is neither.
    """

    content: Content
    format_string: str | None = None
    """How people and models read it: `str.format` with the content's fields; None: as JSON."""
    type: str = ""

    if TYPE_CHECKING:
        # What the validator below makes of the arguments is wider than the fields' types.
        def __init__(
            self,
            *,
            content: Content,
            source: str,
            format_string: str | None = None,
            type: str = "",
            id: str | None = None,
            models_usage: RequestUsage | None = None,
            metadata: Mapping[str, str] = ...,
            created_at: datetime | None = None,
        ) -> None: ...

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        metadata = cls.__pydantic_generic_metadata__
        if metadata["origin"] is StructuredMessage and _is_model(content := metadata["args"][0]):
            # Of several classes of one name the last one counts; `from_log` looks whether it fits.
            REGISTERED[_kind_of(content)] = cls

    @model_validator(mode="before")
    @classmethod
    def _from_object(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or cls.model_fields["type"].default:
            return cast(Any, data)  # A class of a user's own that derives of this one has a name of its own.
        fields = dict(cast(Mapping[str, Any], data))
        content = fields.get("content")
        if isinstance(content, BaseModel):
            # Who makes one reads such objects from now on.
            StructuredMessage[type(content)]
            fields["type"] = fields.get("type") or _kind_of(type(content))
        elif not isinstance(content, Mapping):
            raise ValueError(f"The content of a StructuredMessage is a pydantic object or a mapping, got {content!r}.")
        elif (arguments := cls.__pydantic_generic_metadata__["args"]) and _is_model(arguments[0]):
            fields["type"] = fields.get("type") or _kind_of(arguments[0])
        kind = fields.get("type")
        if not (isinstance(kind, str) and kind.startswith("StructuredMessage[") and kind.endswith("]")):
            raise ValueError(
                f"A StructuredMessage needs a pydantic object, or a type 'StructuredMessage[Name]', got {kind!r}."
            )
        return fields

    def parse(self, model: type[ContentModel]) -> ContentModel:
        """The content as an object of its class.

        Raises:
            pydantic.ValidationError: It is not of that structure; a ValueError.
        """
        return model.model_validate(self.plain)

    @property
    def plain(self) -> Mapping[str, Any]:
        """The content as JSON."""
        content: object = self.content
        return content.model_dump(mode="json") if isinstance(content, BaseModel) else cast(Mapping[str, Any], content)

    def to_text(self) -> str:
        """The content under `format_string`, else as compact JSON."""
        return structured_text(self.plain, self.format_string)

    def to_model_text(self) -> str:
        """As `to_text`."""
        return self.to_text()

    def to_model_message(self) -> UserMessage:
        """The content as compact JSON, said by its source."""
        return UserMessage(content=compact_json(self.plain), source=self.source)


def _kind_of(content: type[BaseModel]) -> str:
    """The `type` of messages whose content is of this class."""
    return f"StructuredMessage[{content.__name__}]"


def _is_model(given: object) -> bool:
    return isinstance(given, type) and issubclass(given, BaseModel)


def compact_json(content: object) -> str:
    """JSON as pydantic writes it: no spaces, letters of all languages as they are."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def structured_text(content: object, format_string: str | None) -> str:
    """The text of structured content.

    Where AutoGen raises because the format names a field that is not there, this falls back to JSON:
    conditions look at the text of every message, and one bad reply must not stop a chat for good.
    """
    if format_string is None or not isinstance(content, Mapping):
        return compact_json(content)
    fields = dict(cast(Mapping[str, Any], content))
    try:
        return format_string.format(**fields)
    except (LookupError, AttributeError, ValueError, TypeError):
        return compact_json(fields)
