"""Requests in the wire format of OpenAI chat completions: messages, tools, schemas, and the body around.

Everything is encoded to bytes piece by piece: messages once each, tools and schemas once per set, so that a
request with hundreds of messages is one join of what is at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from folkmoot.errors import ModelCallError
from folkmoot.options import ModelInfo

from .base import ModelRequest

__all__ = ["RequestEncoder", "check_options", "dumps", "render_message"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SYSTEM = b'{"role":"system"'
_OWN_OPTIONS = ("model", "messages", "tools", "tool_choice", "stream")
_IMAGE_TYPES = {"/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}
_FAMILIES = {
    "claude": ("claude",),
    "gemini": ("gemini",),
    "mistral": ("mistral", "ministral", "pixtral", "codestral", "open-mistral", "open-codestral"),
}
"""Families with rules of their own, by how the names of theirs begin."""

T = TypeVar("T")


def dumps(value: object) -> bytes:
    """Compact JSON in UTF-8: what goes over the wire.

    Raises:
        ValueError, TypeError: The value is not JSON (NaN is not).
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, as cut-off emoji leave it, has no UTF-8; escaped it is still JSON.
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse request options that Folkmoot itself sets.

    Raises:
        ValueError: One of them is in `options`.
    """
    taken = [name for name in _OWN_OPTIONS if name in options]
    if taken:
        raise ValueError(f"model options may not set {taken[0]!r}: it is set by each call")


def render_message(message: Mapping[str, Any], info: ModelInfo) -> bytes:
    """Encode one message of AutoGen's JSON as one or several wire messages joined by a comma.

    A user message carries its source as `name` where the API allows that name; tool results become one
    message each; without vision, `<image>` stands where one was. A thought goes along with tool calls only, as their
    text. Nothing is left of a text without words that a Claude would refuse.

    Raises:
        ValueError: The message is of no known type.
    """
    if (family := _family(info)) and (worded := _worded(message, family)) is not message:
        return b"" if worded is None else render_message(worded, info)
    kind = message.get("type")
    if kind == "UserMessage":
        return dumps(_user(message, info))
    if kind == "AssistantMessage":
        return dumps(_assistant(message))
    if kind == "FunctionExecutionResultMessage":
        return b",".join(
            dumps(
                {
                    "role": "tool",
                    "tool_call_id": result["call_id"],
                    "content": result["content"],
                }
            )
            for result in message["content"]
        )
    if kind == "SystemMessage":
        return dumps({"role": "system", "content": message["content"]})
    raise ValueError(
        f"unknown LLM message type {kind!r}: expected UserMessage, AssistantMessage, SystemMessage or "
        "FunctionExecutionResultMessage"
    )


def _family(info: ModelInfo) -> str:
    """Whose rules hold; empty: OpenAI's."""
    return next((name for name, starts in _FAMILIES.items() if info.family.startswith(starts)), "")


def _worded(message: Mapping[str, Any], family: str) -> Mapping[str, Any] | None:
    """The message with a space for an empty text where the API takes none; None: it is to be left out (AutoGen)."""
    kind, content = message.get("type"), message.get("content")
    if not isinstance(content, str):
        silent = kind == "AssistantMessage" and message.get("thought") == "" and family != "mistral"
        return {**message, "thought": " "} if silent else message
    if kind == "SystemMessage":
        return message if content else {**message, "content": " "}
    if family == "claude" and not content.strip():
        return None
    return {**message, "content": " "} if family == "gemini" and not content else message


def _user(message: Mapping[str, Any], info: ModelInfo) -> dict[str, Any]:
    content = message["content"]
    wire: dict[str, Any] = {
        "role": "user",
        "content": content if isinstance(content, str) else _parts(content, info),
    }
    source = message.get("source")
    # Mistral's API takes no names at all.
    if isinstance(source, str) and _NAME.fullmatch(source) and _family(info) != "mistral":
        wire["name"] = source
    return wire


def _parts(parts: Sequence[str | Mapping[str, Any]], info: ModelInfo) -> str | list[dict[str, Any]]:
    if not info.vision:
        # A model that cannot see knows at least that there was something to see (AutoGen).
        return "\n".join(part if isinstance(part, str) else "<image>" for part in parts)
    wire: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, str):
            wire.append({"type": "text", "text": part})
        else:
            url = _image_url(part["data"])
            wire.append(
                {
                    "type": "image_url",
                    "image_url": {"url": url, "detail": part.get("detail", "auto")},
                }
            )
    return wire


def _image_url(data: str) -> str:
    """A data URL for base64 image bytes; their first bytes tell the format, PNG is what AutoGen writes."""
    mime = next(
        (mime for start, mime in _IMAGE_TYPES.items() if data.startswith(start)),
        "image/png",
    )
    return f"data:{mime};base64,{data}"


def _assistant(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    calls = [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in content
    ]
    return {"role": "assistant", "content": message.get("thought"), "tool_calls": calls}


class RequestEncoder:
    """Builds request bodies for one model.

    Args:
        model: The model's name on the wire.
        info: What the model can do.
        options: Request options of every call.
    """

    def __init__(self, model: str, info: ModelInfo, options: Mapping[str, Any]) -> None:
        check_options(options)
        self._model = model
        self._info = info
        self._options = dict(options)
        self._prefix = b'{"model":' + dumps(model) + b',"messages":['
        self._tools: _Recent[Sequence[Mapping[str, Any]]] = _Recent(_encode_tools)
        self._schemas: _Recent[Mapping[str, Any]] = _Recent(_encode_schema)

    def body(self, request: ModelRequest) -> bytes:
        """The whole JSON body of a call.

        Raises:
            ModelCallError: The request asks for what the model cannot do, or its options are wrong; not
                retryable.
        """
        messages = [message for message in request.messages if message]
        if not self._info.multiple_system_messages:
            messages = self._one_system(messages)
        return b"".join((self._prefix, b",".join(messages), b"]", *self._rest(request), b"}"))

    def _rest(self, request: ModelRequest) -> list[bytes]:
        rest: list[bytes] = []
        if request.tools:
            if not self._info.function_calling:
                raise self._refusal("it cannot call tools, yet tools are given")
            rest += (
                b',"tools":',
                self._tools(request.tools),
                b',"tool_choice":"',
                request.tool_choice.encode(),
                b'"',
            )
        if request.output_schema is not None:
            if not self._info.structured_output:
                raise self._refusal("it has no structured output, yet an output schema is given")
            rest += (b',"response_format":', self._schemas(request.output_schema))
        options: dict[str, Any] = {}
        if request.on_text is not None:
            rest.append(b',"stream":true')
            options["stream_options"] = {"include_usage": True}
        options |= self._options
        options |= request.options
        if request.output_schema is not None:
            # Two response formats in one body would leave the choice to the server's parser.
            options.pop("response_format", None)
        try:
            check_options(request.options)
            rest += [b"," + dumps(key) + b":" + dumps(value) for key, value in options.items() if value is not None]
        except (ValueError, TypeError) as error:
            raise self._refusal(str(error)) from error
        return rest

    def _one_system(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """Merge system messages for a model that takes one; they must follow each other, as in AutoGen."""
        at = [index for index, message in enumerate(messages) if message.startswith(_SYSTEM)]
        if len(at) < 2:
            return messages
        first, last = at[0], at[-1]
        if last - first + 1 != len(at):
            raise self._refusal("it takes one system message, yet several are given that do not follow each other")
        text = "\n".join(json.loads(messages[index])["content"] for index in at)
        return [
            *messages[:first],
            dumps({"role": "system", "content": text}),
            *messages[last + 1 :],
        ]

    def _refusal(self, reason: str) -> ModelCallError:
        return ModelCallError(f"model {self._model!r} cannot be called: {reason}", retryable=False)


class _Recent(Generic[T]):
    """An encoder that remembers the last few values it encoded: found by identity, else by equality."""

    def __init__(self, encode: Callable[[T], bytes], size: int = 16) -> None:
        self._encode = encode
        self._size = size
        self._known: list[tuple[T, bytes]] = []

    def __call__(self, value: T) -> bytes:
        for known, encoded in self._known:
            if known is value:
                return encoded
        for known, encoded in self._known:
            if known == value:
                return encoded
        encoded = self._encode(value)
        self._known = [(value, encoded), *self._known[: self._size - 1]]
        return encoded


def _encode_tools(tools: Sequence[Mapping[str, Any]]) -> bytes:
    return dumps([{"type": "function", "function": _function(tool)} for tool in tools])


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "name": tool["name"],
        "description": tool.get("description", ""),
    }
    if "parameters" in tool:
        wire["parameters"] = tool["parameters"]
    wire["strict"] = bool(tool.get("strict", False))
    return wire


def _encode_schema(output: Mapping[str, Any]) -> bytes:
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", str(output["name"]))[:64] or "output"
    strict = not _is_open(output["schema"])
    schema = _strict(output["schema"]) if strict else output["schema"]
    return dumps({"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}})


def _is_open(schema: object) -> bool:
    """Whether an object in it may have any property, as a `dict[str, int]`: the strict mode has no such."""
    if isinstance(schema, list):
        return any(map(_is_open, cast(list[object], schema)))
    if not isinstance(schema, Mapping):
        return False
    given = cast(Mapping[str, Any], schema)
    return given.get("additionalProperties", False) is not False or any(map(_is_open, given.values()))


def _strict(schema: object) -> object:
    """The schema for the API's strict mode: every object closed, every property required, no defaults."""
    if isinstance(schema, list):
        return [_strict(item) for item in cast(list[object], schema)]
    if not isinstance(schema, Mapping):
        return schema
    given = cast(Mapping[str, Any], schema)
    strict: dict[str, Any] = {}
    for key, value in given.items():
        if key in ("properties", "$defs", "definitions"):
            strict[key] = {name: _strict(inner) for name, inner in value.items()}
        elif key not in ("default", "enum", "const", "examples"):
            strict[key] = _strict(value)
        elif key != "default":
            strict[key] = value
    if given.get("type") == "object":
        strict["additionalProperties"] = False
        strict["required"] = list(given.get("properties", ()))
    return strict
