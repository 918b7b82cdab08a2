"""Messages of AutoGen 0.2: dictionaries in the form of OpenAI's chat messages, with the speaker's name."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["read_dictionary"]

Said = list[tuple[str | None, dict[str, Any]]]
"""Who, and a message in log form; its `source` is filled in once the speaker is known."""
Data = Mapping[str, Any]

_ROLES = ("user", "assistant", "system", "tool", "function")
_DATA_URI = "data:image/"


def read_dictionary(place: int, data: Data, warnings: list[str]) -> Said:
    """What a dictionary says: a message, or tool calls (after the words beside them, as a thought), or their results.

    Args:
        place: Of the dictionary in its list.
        data: The dictionary.
        warnings: What is lost on the way is added here.

    Raises:
        ValueError: It says nothing, or says it in another form.
    """
    role, name = data.get("role"), data.get("name") or None
    if role is not None and role not in _ROLES:
        raise ValueError(f"the role is one of {', '.join(_ROLES)}; got {role!r}.")
    if name is not None and not isinstance(name, str):
        raise ValueError(f"the name is a text, got {name!r}.")
    if responses := data.get("tool_responses"):
        return [(name, _results([_result(response) for response in _objects("tool_responses", responses)]))]
    # Alone, both are OpenAI's: there `name` is the function's; whose result it is, the call tells.
    if role == "tool":
        return [(None, _results([_result(data)]))]
    if role == "function":
        return [(None, _results([{**_result(data, known=False), "name": name or ""}]))]
    if name is None and role == "user":
        name = "user"
    calls = _calls(place, data)
    text = _content(data.get("content"), warnings, f"messages[{place}]")
    if not calls:
        if text is None:
            raise ValueError(f"there is neither content nor a tool call in {reprlib.repr(dict(data))}.")
        kind = "TextMessage" if isinstance(text, str) else "MultiModalMessage"
        return [(name, {"type": kind, "content": text})]
    said: Said = []
    if text:
        words = text if isinstance(text, str) else "".join(part for part in text if isinstance(part, str))
        said.append((name, {"type": "ThoughtEvent", "content": words}))
    return [*said, (name, {"type": "ToolCallRequestEvent", "content": calls})]


def _calls(place: int, data: Data) -> list[dict[str, Any]]:
    found = [_call(item.get("id"), item.get("function")) for item in _objects("tool_calls", data.get("tool_calls"))]
    if (function := data.get("function_call")) is not None:
        # The older form, of one call without an id.
        found.append(_call(f"call_{place}", function))
    return found


def _call(id: object, function: object) -> dict[str, Any]:
    name = cast(Data, function).get("name") if isinstance(function, Mapping) else None
    if not isinstance(id, str) or not isinstance(name, str):
        raise ValueError(
            "a tool call is {'id': text, 'function': {'name': text, 'arguments': text}}, "
            f"got the id {id!r} and the function {function!r}."
        )
    given: Any = cast(Data, function).get("arguments")
    arguments = given if isinstance(given, str) else json.dumps({} if given is None else given, ensure_ascii=False)
    return {"id": id, "name": name, "arguments": arguments}


def _results(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "ToolCallExecutionEvent", "content": results}


def _result(data: Data, known: bool = True) -> dict[str, Any]:
    call, content = data.get("tool_call_id"), data.get("content")
    if known and not isinstance(call, str):
        raise ValueError(f"a tool's result names its call as 'tool_call_id', got {call!r}.")
    text = content if isinstance(content, str) else "" if content is None else json.dumps(content, ensure_ascii=False)
    return {"call_id": call or "", "name": "", "content": text, "is_error": False}


def _objects(field: str, value: object) -> list[Data]:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in cast(list[object], value)):
        return cast(list[Data], value)
    raise ValueError(f"{field} is a list of dictionaries, got {reprlib.repr(cast(object, value))}.")


def _content(content: object, warnings: list[str], where: str) -> str | list[Any] | None:
    """The content: a text, or texts and images; None if there is none."""
    if content is None or isinstance(content, str):
        return content
    parts = [_part(part, warnings, where) for part in _objects("content that is no text", content)]
    if all(isinstance(part, str) for part in parts):
        return "\n".join(parts)
    return parts


def _part(part: Data, warnings: list[str], where: str) -> Any:
    kind = part.get("type")
    if kind == "text" and isinstance(text := part.get("text"), str):
        return text
    image: Any = part.get("image_url")
    address: Any = cast(Data, image).get("url") if isinstance(image, Mapping) else image
    if kind != "image_url" or not isinstance(address, str):
        raise ValueError(f"a part of a content is of the type text or image_url, got {reprlib.repr(dict(part))}.")
    head, comma, encoded = address.partition(",")
    if head.startswith(_DATA_URI) and head.endswith(";base64") and comma:
        return {"data": encoded}
    warnings.append(f"{where}: the image at {reprlib.repr(address)} is not in the message; its address stands for it.")
    return f"[image: {address}]"
