"""Messages in the log: their compact JSON, the way back, and the text of one without building an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from .base import REGISTERED, BaseAgentEvent, BaseChatMessage, BaseMessage, is_builtin
from .chat import StructuredMessage, compact_json, structured_text
from .events import MemoryContent

__all__ = ["checked_log", "from_log", "is_builtin_kind", "is_chat", "is_own_kind", "model_text_of", "text_of", "to_log"]

Data = Mapping[str, Any]

TEXT = "$text"
"""Key of the text of a user's own message class, which `text_of` cannot compute without the class."""

_STRUCTURED = "StructuredMessage["


def is_chat(kind: str) -> bool:
    """Whether this `type` is a chat message's; else it is an event's.

    It follows from the name alone (`BaseMessage` sees to it): a replay must not depend on a worker's classes.
    """
    return not kind.endswith("Event")


def is_builtin_kind(kind: object) -> bool:
    """Whether this `type` is one of AutoGen's own, so that its fields are known; a structured message's is not."""
    return kind in _READERS


def is_own_kind(kind: str) -> bool:
    """Whether this `type` is a class of the users' own, which a team has to list."""
    return not is_builtin_kind(kind) and not kind.startswith(_STRUCTURED)


def to_log(message: BaseChatMessage | BaseAgentEvent) -> dict[str, Any]:
    """The compact JSON of a message: without fields that are None, and without empty metadata."""
    data = _compact(message.type, message.model_dump(mode="json", exclude_none=is_builtin_kind(message.type)))
    if not is_builtin(type(message)) and (text := message.to_text()) != text_of(data):
        data[TEXT] = text
    return data


def _compact(kind: str, data: Data) -> dict[str, Any]:
    """Without common fields that say nothing. In a structure of the users' own a None may say something, and stays."""
    common = (*BaseMessage.model_fields, *(() if is_own_kind(kind) else ("format_string",)))
    return {
        name: value
        for name, value in data.items()
        if (value is not None or name not in common) and (value or name != "metadata")
    }


def from_log(data: Data) -> BaseChatMessage | BaseAgentEvent:
    """The message or event whose JSON, compact or in AutoGen's full form, is `data`.

    Raises:
        ValueError: `type` is missing or unknown (AutoGen's texts), or a field is wrong.
    """
    kind = _kind_of(data)
    if kind.startswith(_STRUCTURED):
        return _structured(kind, data)
    found = REGISTERED.get(kind)
    if found is None:
        raise ValueError(f"Unknown message type: {kind}")
    # Every registered class is one or the other; users do not derive from BaseMessage itself.
    loaded = found.load({key: value for key, value in data.items() if key != TEXT})
    return cast(BaseChatMessage | BaseAgentEvent, loaded)


def _kind_of(data: Data) -> str:
    kind = data.get("type")
    if kind is None:
        raise ValueError("Field 'type' is required in the message data to recover the message type.")
    if not isinstance(kind, str) or kind == StructuredMessage.__name__:
        raise ValueError(f"Unknown message type: {kind}")
    return kind


def _structured(kind: str, data: Data) -> StructuredMessage[Any]:
    """The message with its content as an object if its class is known here and fits, else as a mapping."""
    typed = cast(type[StructuredMessage[Any]] | None, REGISTERED.get(kind))
    if typed is not None:
        try:
            loaded = typed.load(data)
        except ValueError:
            # The class has changed since, or is another of that name: the chat stays readable.
            return _untyped(data)
        if len(loaded.content.model_fields_set) >= len(data["content"]):
            return loaded
    # Either there is no class, or it would drop fields.
    return _untyped(data)


def _untyped(data: Data) -> StructuredMessage[Any]:
    return cast(StructuredMessage[Any], StructuredMessage.load(data))


class BaseStranger(BaseMessage, extra="allow"):
    """A message whose class this process need not have: a name that begins with `Base` is registered nowhere."""

    def to_text(self) -> str:
        """As `text_of`."""
        return text_of(self.dump())


def checked_log(data: Data) -> dict[str, Any]:
    """The compact JSON of a message from outside, checked as far as that needs none of the users' classes.

    What a workflow makes of a message must be the same on every worker, whatever classes it has imported.

    Raises:
        ValueError: As for `from_log`, but a class of the users' own may be unknown.
    """
    kind = _kind_of(data)
    if is_builtin_kind(kind):
        return to_log(from_log(data))
    if kind.startswith(_STRUCTURED):
        return to_log(_untyped(data))
    return _compact(kind, BaseStranger.load(data).dump())


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


def _memories(data: Data) -> str:
    return str([MemoryContent.model_validate(item) for item in data["content"]])


_READERS: dict[str, Callable[[Data], str]] = {
    "TextMessage": _content,
    "StopMessage": _content,
    "HandoffMessage": _content,
    "ToolCallSummaryMessage": _content,
    "MultiModalMessage": _parts,
    "ToolCallRequestEvent": _printed("FunctionCall", "id", "arguments", "name"),
    "ToolCallExecutionEvent": _printed("FunctionExecutionResult", "content", "name", "call_id", "is_error"),
    "MemoryQueryEvent": _memories,
    "UserInputRequestedEvent": _content,
    "ModelClientStreamingChunkEvent": _content,
    "ThoughtEvent": _content,
    "SelectSpeakerEvent": _names,
    "SelectorEvent": _content,
    "CodeGenerationEvent": _content,
    "CodeExecutionEvent": _output,
}
