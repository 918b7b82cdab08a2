"""Message transforms (AutoGen 0.2: `TransformMessages`): what is changed in a conversation before a model reads it.

A transform is only a spec; `apply` is its rule, a pure function of LLM messages in AutoGen's JSON form. The system
messages at the beginning are never touched, and no transform tears a tool call from its results: endpoints refuse
both halves.
"""

from __future__ import annotations

import copy
import inspect
import reprlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import PrivateAttr

from ._spec import Carried, Spec, function_name

__all__ = [
    "FunctionTransform",
    "MessageHistoryLimiter",
    "MessageTokenLimiter",
    "TextMessageContentName",
    "Transform",
    "transformed",
]

Message = Mapping[str, Any]
"""An LLM message in AutoGen's JSON form."""
Count = Callable[[Message], int]
"""Tokens of a message; a longer text never counts less."""
Functions = Mapping[str, Callable[..., object]]
"""Registered functions by name."""

_NONE: Functions = {}
_ROLE = "A transform function"


class Transform(Spec, frozen=True):
    """The base of all transforms."""

    def apply(self, messages: Sequence[Message], count: Count, functions: Functions = _NONE) -> list[Message]:
        """The messages as the model is to see them; those given are not changed.

        Args:
            messages: Oldest first; system messages at the beginning are kept as they are.
            count: Tokens of a message.
            functions: What is registered where this runs, for a `FunctionTransform`.

        Raises:
            ValueError: A function is not registered, or did not return messages.
        """
        start = next((place for place, message in enumerate(messages) if not _is_system(message)), len(messages))
        rest = messages[start:]
        match self:
            case MessageHistoryLimiter():
                changed = _newest(self, rest)
            case MessageTokenLimiter():
                changed = _fitting(self, rest, count)
            case TextMessageContentName():
                changed = [_named(self, message) for message in rest]
            case FunctionTransform():
                changed = _returned(self, rest, functions)
            case _:
                raise ValueError(f"No rule for a transform of type {self.type!r}.")
        return [*messages[:start], *_whole(changed)]


class MessageHistoryLimiter(Transform, frozen=True):
    """The last messages only.

    Args:
        max_messages: How many, at least 1; None: all.
        keep_first_message: The first one is kept, as one of them.
    """

    type: Literal["MessageHistoryLimiter"] = "MessageHistoryLimiter"
    max_messages: int | None = None
    keep_first_message: bool = False

    def __init__(self, max_messages: int | None = None, keep_first_message: bool = False) -> None:
        self._fill(max_messages=max_messages, keep_first_message=keep_first_message)

    def check(self) -> None:
        """Refuse to keep nothing."""
        super().check()
        if self.max_messages is not None and self.max_messages < 1:
            raise ValueError(f"max_messages must be None or at least 1, got {self.max_messages}.")


class MessageTokenLimiter(Transform, frozen=True):
    """As much of the newest messages as fits; texts are cut off at their end.

    Unlike in 0.2 a message that fits is kept whole, whether or not `max_tokens_per_message` is given; there, one limit
    alone leaves only the newest message. A tool call is never cut, only its results are.

    Args:
        max_tokens_per_message: Tokens each message is cut down to, not less than 0; None: messages stay whole.
        max_tokens: Tokens of all messages together, not less than 0: the oldest that still fits in part is cut, those
            before it are left out; None: no limit.
        min_tokens: Below this number of tokens in all, nothing is changed; None: 0.
    """

    type: Literal["MessageTokenLimiter"] = "MessageTokenLimiter"
    max_tokens_per_message: int | None = None
    max_tokens: int | None = None
    min_tokens: int | None = None

    def __init__(
        self,
        max_tokens_per_message: int | None = None,
        max_tokens: int | None = None,
        min_tokens: int | None = None,
    ) -> None:
        self._fill(max_tokens_per_message=max_tokens_per_message, max_tokens=max_tokens, min_tokens=min_tokens)

    def check(self) -> None:
        """Refuse what 0.2 refuses, in its words."""
        super().check()
        if any(limit is not None and limit < 0 for limit in (self.max_tokens, self.max_tokens_per_message)):
            raise ValueError("max_tokens and max_tokens_per_message must be None or greater than or equal to 0")
        if self.min_tokens is not None and self.min_tokens < 0:
            raise ValueError("min_tokens must be None or greater than or equal to 0.")
        if None not in (self.min_tokens, self.max_tokens) and cast(int, self.min_tokens) > cast(int, self.max_tokens):
            raise ValueError("min_tokens must not be more than max_tokens.")


class TextMessageContentName(Transform, frozen=True):
    """Each text says who wrote it, for models that are not told otherwise.

    Args:
        position: "start" or "end" of the text.
        format_string: What is added; must contain `{name}`.
        deduplicate: Not where the text has it already, as models copy what they see.
    """

    type: Literal["TextMessageContentName"] = "TextMessageContentName"
    position: Literal["start", "end"] = "start"
    format_string: str = "{name}:\n"
    deduplicate: bool = True

    def __init__(
        self,
        position: Literal["start", "end"] = "start",
        format_string: str = "{name}:\n",
        deduplicate: bool = True,
    ) -> None:
        self._fill(position=position, format_string=format_string, deduplicate=deduplicate)

    def check(self) -> None:
        """Refuse a format that names nobody or cannot be filled in."""
        super().check()
        try:
            fits = "{name}" in self.format_string and bool(self.format_string.format(name=""))
        except (LookupError, ValueError, AttributeError):
            fits = False
        if not fits and self.format_string != "{name}":
            raise ValueError(f"format_string must contain {{name}} and no other field, got {self.format_string!r}.")


class FunctionTransform(Transform, frozen=True):
    """A function of the application: takes the list of messages and returns one. It runs on a worker.

    Args:
        func: The name of a registered function, or the function itself (not async), known by its name.

    Raises:
        ValueError: The function has no name to be known by, or is async.
    """

    type: Literal["FunctionTransform"] = "FunctionTransform"
    func: str
    """The function's name."""

    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(self, func: str | Callable[[list[Message]], Sequence[Message]]) -> None:
        self._fill(func=function_name(func, _ROLE))
        if not isinstance(func, str):
            _check_not_async(self.func, func)
            self._hold(_function=func)

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        function_name(self.func, _ROLE)

    @property
    def function(self) -> Callable[..., object] | None:
        """The function, if it was passed itself."""
        return self._function

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None:
            into.add_function(self.func, self._function)


def transformed(
    transforms: Iterable[Transform], messages: Sequence[Message], count: Count, functions: Functions = _NONE
) -> list[Message]:
    """The messages after all transforms, in order."""
    done = list(messages)
    for transform in transforms:
        done = transform.apply(done, count, functions)
    return done


def _newest(limiter: MessageHistoryLimiter, messages: Sequence[Message]) -> Sequence[Message]:
    if limiter.max_messages is None or len(messages) <= limiter.max_messages:
        return messages
    head = 1 if limiter.keep_first_message else 0
    return [*messages[:head], *messages[len(messages) - limiter.max_messages + head :]]


def _fitting(limiter: MessageTokenLimiter, messages: Sequence[Message], count: Count) -> Sequence[Message]:
    if limiter.min_tokens and sum(map(count, messages)) < limiter.min_tokens:
        return messages
    left, kept = limiter.max_tokens, list[list[Message]]()
    for unit in reversed(_units(messages)):
        kept.append([_cut(message, limiter.max_tokens_per_message, count) for message in unit])
        if left is None:
            continue
        size = sum(map(count, kept[-1]))
        if size > left:
            kept[-1] = _cut_unit(kept[-1], left, count)
            break
        left -= size
    return [message for unit in reversed(kept) for message in unit]


def _named(transform: TextMessageContentName, message: Message) -> Message:
    name, content = message.get("source"), message["content"]
    parts = cast(list[object], [content] if isinstance(content, str) else content)
    # Tool calls and their results are data, and nothing is said by an empty text.
    if not name or parts in ([], [""]) or any(_is_call_part(part) for part in parts):
        return message
    mark, at_start = transform.format_string.format(name=name), transform.position == "start"
    edge = parts[0 if at_start else -1]
    if not isinstance(edge, str):
        return {**message, "content": [mark, *parts] if at_start else [*parts, mark]}
    if transform.deduplicate and (edge.startswith(mark) if at_start else edge.endswith(mark)):
        return message
    text = f"{mark}{edge}" if at_start else f"{edge}{mark}"
    if isinstance(content, str):
        return {**message, "content": text}
    return {**message, "content": [text, *parts[1:]] if at_start else [*parts[:-1], text]}


def _returned(transform: FunctionTransform, messages: Sequence[Message], functions: Functions) -> Sequence[Message]:
    function = transform.function or functions.get(transform.func)
    if function is None:
        raise ValueError(f"No transform function {transform.func!r} is registered; known are: {sorted(functions)}.")
    _check_not_async(transform.func, function)
    # Copies, as the messages belong to others too.
    given = function(copy.deepcopy(list(messages)))
    if not isinstance(given, list | tuple) or not all(map(_is_message, cast(Iterable[object], given))):
        shown = reprlib.repr(cast(object, given))
        raise ValueError(f"Transform function {transform.func!r} must return a list of LLM messages, got {shown}.")
    return cast(Sequence[Message], given)


def _is_message(given: object) -> bool:
    return isinstance(given, Mapping) and {"type", "content"} <= cast(Message, given).keys()


def _check_not_async(name: str, function: Callable[..., object]) -> None:
    if inspect.iscoroutinefunction(function):
        raise ValueError(f"Transform function {name!r} is async; it must be written with a plain `def`.")


def _is_system(message: Message) -> bool:
    return message["type"] == "SystemMessage"


def _is_result(part: object) -> bool:
    return isinstance(part, Mapping) and "call_id" in part


def _is_call_part(part: object) -> bool:
    """A tool call or a tool's result, as against texts and images."""
    return _is_result(part) or (isinstance(part, Mapping) and "arguments" in part)


def _calls(message: Message) -> list[str] | None:
    """The ids of the tool calls a message asks for; None if it asks for none."""
    content = message["content"]
    if message["type"] != "AssistantMessage" or isinstance(content, str):
        return None
    return [call["id"] for call in content]


def _units(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages, those of a tool call and its results together."""
    units: list[list[Message]] = []
    for message in messages:
        if message["type"] == "FunctionExecutionResultMessage" and units and _calls(units[-1][0]) is not None:
            units[-1].append(message)
        else:
            units.append([message])
    return units


def _whole(messages: Sequence[Message]) -> list[Message]:
    """The messages without tool calls that lost a result and without results that lost their call."""
    kept: list[Message] = []
    for unit in _units(messages):
        asked = _calls(unit[0]) or []
        results = [message for message in unit if message["type"] == "FunctionExecutionResultMessage"]
        answered = [result["call_id"] for message in results for result in message["content"]]
        if Counter(asked) == Counter(answered):
            kept += unit
    return kept


def _cut(message: Message, limit: int | None, count: Count) -> Message:
    """The message with each of its texts cut to the greatest common length at which it has `limit` tokens or less."""
    if limit is None or count(message) <= limit:
        return message
    low, high = 0, max((len(text) for text in _texts(message)), default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if count(_shortened(message, middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return _shortened(message, low)


def _cut_unit(unit: Sequence[Message], limit: int, count: Count) -> list[Message]:
    """What of a message, or of a tool call with its results, goes into `limit` tokens; nothing if no text would."""
    done: list[Message] = []
    for message in unit:
        left = limit - sum(map(count, done))
        cut = _cut(message, left, count)
        # A call has no text to cut: it is kept whole, with what of its results fits.
        if count(cut) > left or (_calls(message) is None and not any(_texts(cut))):
            return []
        done.append(cut)
    return done


def _texts(message: Message) -> list[str]:
    """The texts in a message that may be cut: not the arguments of tool calls."""
    content = message["content"]
    if isinstance(content, str):
        return [content]
    found: list[str] = []
    for part in cast(list[object], content):
        if isinstance(part, str):
            found.append(part)
        elif _is_result(part):
            found.append(cast(Message, part)["content"])
    return found


def _shortened(message: Message, length: int) -> Message:
    """The message with each text at most `length` characters long."""
    content = message["content"]
    if isinstance(content, str):
        return {**message, "content": content[:length]}
    parts: list[object] = []
    for part in cast(list[object], content):
        if isinstance(part, str):
            parts.append(part[:length])
        elif _is_result(part):
            result = cast(Message, part)
            parts.append({**result, "content": result["content"][:length]})
        else:
            parts.append(part)
    return {**message, "content": parts}
