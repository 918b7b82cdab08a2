"""Old messages in whatever form they were kept, as items of one form.

A list may mix messages and events of ours, AutoGen's JSON of them, and the dictionaries of AutoGen 0.2. What is wrong
with one is said with its place in the list.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from pydantic import ValidationError

from folkmoot.messages import BaseAgentEvent, BaseChatMessage, checked_log, is_chat, text_of, to_log

from .dictionaries import read_dictionary

__all__ = ["Kind", "Messages", "Old", "read_messages"]

Messages = str | Sequence[BaseChatMessage | BaseAgentEvent | Mapping[str, Any]]
"""Messages and events, AutoGen's JSON of them, or dictionaries of AutoGen 0.2, mixed; or the JSON text of a list."""

Kind = Literal["message", "calls", "results", "event"]
"""A chat message, tool calls that were asked for, their results, or another event."""

NOT_A_LIST = "Messages is not of type str or List[Dict]"
NOT_JSON = "Messages string is not a valid JSON string"
NONE_GIVEN = "Cannot resume group chat as no messages were provided. Begin a new chat with a task instead."

_KINDS: Mapping[str, Kind] = {"ToolCallRequestEvent": "calls", "ToolCallExecutionEvent": "results"}
_PASSING = ("ModelClientStreamingChunkEvent", "SelectSpeakerEvent", "SelectorEvent", "UserInputRequestedEvent")
"""Events that were for those who looked on: nothing follows from them."""


@dataclass(frozen=True, slots=True)
class Old:
    """One old message or event.

    Attributes:
        place: Of what it came of, in the list.
        name: Who said it, as the list has it; None: nobody is named.
        kind: What it is.
        message: In log form. Results have `content` alone that counts: `content`, `name`, `call_id`, `is_error` each.
        dictionary: It came of a dictionary of AutoGen 0.2, where results come from another agent than the call.
    """

    place: int
    name: str | None
    kind: Kind
    message: Mapping[str, Any]
    dictionary: bool = False

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"messages[{self.place}]"

    def with_text(self, change: Callable[[str], str]) -> Old:
        """The same with other words; what is no text stays as it is."""
        content = self.message.get("content")
        if isinstance(content, str):
            return replace(self, message={**self.message, "content": change(content)})
        if self.message["type"] != "MultiModalMessage":
            return self
        parts = [change(part) if isinstance(part, str) else part for part in cast(list[Any], content)]
        return replace(self, message={**self.message, "content": parts})

    @property
    def countable(self) -> Mapping[str, Any]:
        """The message with a `content`, for functions that count tokens."""
        return self.message if "content" in self.message else {**self.message, "content": text_of(self.message)}


def read_messages(messages: object) -> tuple[list[Old], list[str]]:
    """The items of a list of old messages, and warnings.

    Args:
        messages: The list, or its JSON text. It is not changed.

    Raises:
        ValueError: It is no such list, is empty (AutoGen 0.2's texts), or one of its messages is wrong.
    """
    found: list[Old] = []
    warnings: list[str] = []
    for place, item in enumerate(_listed(messages)):
        try:
            found += _items(place, item, warnings)
        except ValueError as error:
            raise ValueError(f"messages[{place}]: {_said(error)}") from None
    if not found:
        raise ValueError(NONE_GIVEN)
    return found, warnings


def _listed(messages: object) -> list[object]:
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except ValueError as error:
            raise ValueError(f"{NOT_JSON}: {error}") from None
    if not isinstance(messages, list | tuple):
        raise ValueError(f"{NOT_A_LIST}; got {reprlib.repr(messages)}")
    return list(cast(list[object], messages))


def _items(place: int, item: object, warnings: list[str]) -> list[Old]:
    if isinstance(item, BaseChatMessage | BaseAgentEvent):
        return _from_log(place, to_log(item))
    if callable(dump := getattr(item, "dump", None)):
        item = dump()  # AutoGen's own objects.
    if not isinstance(item, Mapping):
        raise ValueError(f"a message is an object or a dictionary, got {reprlib.repr(item)}.")
    data = cast(Mapping[str, Any], item)
    if "type" in data and ("source" in data or "role" not in data):
        return _from_log(place, checked_log(data))
    said = read_dictionary(place, data, warnings)
    return [Old(place, name, _kind(message["type"]), message, True) for name, message in said]


def _from_log(place: int, message: Mapping[str, Any]) -> list[Old]:
    kind = message["type"]
    return [] if kind in _PASSING else [Old(place, message["source"], _kind(kind), message)]


def _kind(kind: str) -> Kind:
    return _KINDS.get(kind, "message" if is_chat(kind) else "event")


def _said(error: ValueError) -> str:
    """What is wrong, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    at = ".".join(str(part) for part in first["loc"])
    return f"{at}: {first['msg']}, got {reprlib.repr(first['input'])}" if at else first["msg"]
