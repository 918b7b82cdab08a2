"""The bases of messages and events, and the registry that reads them back by `type`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, Field

from .llm import RequestUsage, UserMessage

__all__ = [
    "REGISTERED",
    "BaseAgentEvent",
    "BaseChatMessage",
    "BaseMessage",
    "BaseTextChatMessage",
    "is_builtin",
]

REGISTERED: dict[str, type[BaseMessage]] = {}
"""Every message and event class by its name; defining a subclass fills it."""

_OURS = __name__.rpartition(".")[0]


def is_builtin(cls: type[BaseMessage]) -> bool:
    """Whether a class is one of AutoGen's own, not a user's."""
    # pydantic gives `StructuredMessage[Plan]` the module in which it is written.
    defined = cls.__pydantic_generic_metadata__["origin"] or cls
    return defined.__module__.startswith(f"{_OURS}.")


class BaseMessage(BaseModel, ABC):
    """What messages and events have in common.

    Derive from `BaseChatMessage` or `BaseAgentEvent`, and declare `type: Literal["Name"] = "Name"`: a class
    is known by its name. That of an event ends in "Event", that of a message does not, so that conditions can
    count where the class is not installed.

    Raises:
        TypeError: A subclass keeps to neither.
        ValueError: A subclass has the name of one of AutoGen's.
    """

    id: str | None = None
    """None until the message enters the log, which assigns it: the same one on every attempt."""
    source: str
    """The name of the participant, or `user`."""
    models_usage: RequestUsage | None = None
    """Tokens spent on it."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """Anything the application wants to keep with it."""
    created_at: datetime | None = None
    """None until the message enters the log, which assigns it: the chat's time, UTC."""

    if TYPE_CHECKING:
        # A str; for type checkers Any, since only that lets a subclass narrow a mutable field to its Literal.
        type: Any
        """The class name."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__name__.startswith("Base") or cls.__pydantic_generic_metadata__["origin"] is not None:
            # A generic class has its name from its definition; only `StructuredMessage` cares what fills it.
            return
        known = REGISTERED.get(cls.__name__)
        if known is not None and is_builtin(known):
            raise ValueError(f"Message type {cls} is already registered.")
        field = cls.model_fields.get("type")
        if not is_builtin(cls) and (field is None or field.default != cls.__name__):
            raise TypeError(f"A message class declares its name: type: Literal[{cls.__name__!r}] = {cls.__name__!r}.")
        if cls.__name__.endswith("Event") is not issubclass(cls, BaseAgentEvent):
            raise TypeError(f"The name of an event ends in 'Event', that of a message does not: got {cls.__name__!r}.")
        REGISTERED[cls.__name__] = cls

    @abstractmethod
    def to_text(self) -> str:
        """The content as people read it, and as conditions search it."""

    def dump(self) -> dict[str, Any]:
        """The message as JSON, `type` included (AutoGen's form)."""
        return self.model_dump(mode="json")

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """A message of this class from `dump`'s JSON.

        Raises:
            pydantic.ValidationError: A field is missing or wrong; a ValueError.
        """
        return cls.model_validate(data)


class BaseChatMessage(BaseMessage, ABC):
    """A message: agents hear it. Events are only seen by who follows the chat."""

    @abstractmethod
    def to_model_text(self) -> str:
        """The content as text for a model."""

    @abstractmethod
    def to_model_message(self) -> UserMessage:
        """The message as the other agents' models hear it."""


class BaseTextChatMessage(BaseChatMessage, ABC):
    """A message that is text."""

    content: str

    def to_text(self) -> str:
        """The text."""
        return self.content

    def to_model_text(self) -> str:
        """The text."""
        return self.content

    def to_model_message(self) -> UserMessage:
        """The text, said by its source."""
        return UserMessage(content=self.content, source=self.source)


class BaseAgentEvent(BaseMessage, ABC):
    """Something an agent or a team did: streamed, and counted by conditions, never heard by agents."""
