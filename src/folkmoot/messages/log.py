"""Messages in the log: their compact JSON, the way back, and the text of one without building an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from .base import REGISTERED, BaseAgentEvent, BaseChatMessage, is_builtin
from .chat import StructuredMessage, compact_json, structured_text

__all__ = ["from_log", "is_chat", "model_text_of", "text_of", "to_log"]

Data = Mapping[str, Any]

TEXT = "$text"
"""Key of the text of a user's own message class, which `text_of` cannot compute without the class."""

_STRUCTURED = "StructuredMessage["


def is_chat(kind: str) -> bool:
    """Whether this `type` is a chat message's; else it is an event's.

    It follows from the name alone (`BaseMessage` sees to it): a replay must not depend on a worker's classes.
    """
    return not kind.endswith("Event")


def to_log(message: BaseChatMessage | BaseAgentEvent) -> dict[str, Any]:
    """The compact JSON of a message: without fields that are None, and without empty metadata."""
    data = message.model_dump(mode="json", exclude_none=True)
    if not data["metadata"]:
        del data["metadata"]
    if not is_builtin(type(message)) and (text := message.to_text()) != text_of(data):
        data[TEXT] = text
    return data


def from_log(data: Data) -> BaseChatMessage | BaseAgentEvent:
    """The message or event whose JSON, compact or in AutoGen's full form, is `data`.

    Raises:
        ValueError: `type` is missing or unknown (AutoGen's texts), or a field is wrong.
    """
    kind = data.get("type")
    if kind is None:
        raise ValueError("Field 'type' is required in the message data to recover the message type.")
    if isinstance(kind, str) and kind.startswith(_STRUCTURED):
        return StructuredMessage.load(data)
    found = REGISTERED.get(kind) if isinstance(kind, str) and kind != StructuredMessage.__name__ else None
    if found is None:
        raise ValueError(f"Unknown message type: {kind}")
    # Every registered class is one or the other; users do not derive from BaseMessage itself.
    loaded = found.load({key: value for key, value in data.items() if key != TEXT})
    return cast(BaseChatMessage | BaseAgentEvent, loaded)


def text_of(data: Data) -> str:
    """`to_text()` of a message in log form: the engine looks at every one, and objects are slow to build."""
    kind: str = data["type"]
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(data)
    content = data.get("content")
    if kind.startswith(_STRUCTURED):
        return structured_text(content, data.get("format_string"))
    text = data.get(TEXT)
    return text if isinstance(text, str) else _plain(content)


def model_text_of(data: Data) -> str:
    """`to_model_text()` of a chat message in log form."""
    if data["type"] != "MultiModalMessage":
        return text_of(data)
    return "".join(part if isinstance(part, str) else " [image]" for part in data["content"])


def _plain(content: object) -> str:
    if isinstance(content, str):
        return content
    return "" if content is None else compact_json(content)


def _content(data: Data) -> str:
    return _plain(data.get("content"))


def _names(data: Data) -> str:
    return str(data["content"])


def _parts(data: Data) -> str:
    return "\n".join(part if isinstance(part, str) else "<image>" for part in data["content"])


def _output(data: Data) -> str:
    return data["result"]["output"]


def _printed(name: str, *fields: str) -> Callable[[Data], str]:
    """The way Python prints a list of objects of class `name` (AutoGen's `str(self.content)`)."""

    def read(data: Data) -> str:
        items = (f"{name}({', '.join(f'{field}={item.get(field)!r}' for field in fields)})" for item in data["content"])
        return f"[{', '.join(items)}]"

    return read


_READERS: dict[str, Callable[[Data], str]] = {
    "TextMessage": _content,
    "StopMessage": _content,
    "HandoffMessage": _content,
    "ToolCallSummaryMessage": _content,
    "MultiModalMessage": _parts,
    "ToolCallRequestEvent": _printed("FunctionCall", "id", "arguments", "name"),
    "ToolCallExecutionEvent": _printed("FunctionExecutionResult", "content", "name", "call_id", "is_error"),
    "MemoryQueryEvent": _printed("MemoryContent", "content", "mime_type", "metadata"),
    "UserInputRequestedEvent": _content,
    "ModelClientStreamingChunkEvent": _content,
    "ThoughtEvent": _content,
    "SelectSpeakerEvent": _names,
    "SelectorEvent": _content,
    "CodeGenerationEvent": _content,
    "CodeExecutionEvent": _output,
}
