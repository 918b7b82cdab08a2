"""One step of a script: what is answered to one request, and to which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from folkmoot.models import ToolCall

__all__ = ["Step", "When", "parse_step"]

_ANSWERS = ("text", "calls", "status", "raw", "drop")
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class When:
    """The requests a step is for; every part that is given must hold."""

    contains: str | None = None
    """This is in the text of some message other than a system message."""
    last_contains: str | None = None
    """This is in the text of the last message."""
    system_contains: str | None = None
    """This is in a system message."""
    model: str | None = None
    """The request is for the model of this name."""

    def matches(self, request: Mapping[str, Any]) -> bool:
        """Whether `request`, a body of the wire, is one the step is for."""
        if self.model is not None and request.get("model") != self.model:
            return False
        messages = cast(Sequence[Mapping[str, Any]], request.get("messages") or ())
        if self.last_contains is not None and not _in(self.last_contains, messages[-1:]):
            return False
        if self.system_contains is not None and not _in(self.system_contains, messages, system=True):
            return False
        return self.contains is None or _in(self.contains, messages, system=False)


@dataclass(frozen=True, slots=True)
class Step:
    """What is answered to one request. See `parse_step` for the fields' meaning."""

    text: str | None = None
    calls: Sequence[ToolCall] = ()
    thought: str | None = None
    status: int | None = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    raw: str | None = None
    drop: bool = False
    delay: float = 0.0
    hold: str | None = None
    usage: tuple[int, int] | None = None
    when: When | None = None
    repeat: bool | int = 1
    chunks: int | None = None
    chunk_delay: float = 0.0


def parse_step(data: object, where: str = "step") -> Step:
    """Read a step: a text, or an object with one answer and any options.

    Answers: `text`; `calls` (a list of `{"name", "arguments", "id"}`; arguments an object or any text;
    `thought` goes with both); `status` (an HTTP error, with `message`, `code`, `retry_after` in seconds,
    `headers`); `raw` (a body sent as it is); `drop` (true: the connection is cut; with `text`, a stream is
    cut half-way).

    Options: `delay` (seconds before the answer), `hold` (a name: the answer waits until it is released),
    `usage` (`[prompt, completion]` tokens), `when` (see `When`; the step then answers matching requests only,
    ahead of its turn), `repeat` (true: for ever; n: n times in all), `chunks` (pieces of a streamed text;
    otherwise one a word), `chunk_delay` (seconds between them).

    Args:
        data: The step.
        where: What it is called in errors.

    Raises:
        ValueError: It is no valid step; the message names the place and what was expected.
    """
    if isinstance(data, Step):
        return data
    if isinstance(data, str):
        return Step(text=data)
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be a text or an object, got {data!r}")
    given = cast(Mapping[str, Any], data)
    unknown = sorted(set(given) - set(Step.__dataclass_fields__))
    if unknown:
        raise ValueError(f"{where} has an unknown field {unknown[0]!r}; known: {', '.join(Step.__dataclass_fields__)}")
    answers = [name for name in _ANSWERS if given.get(name) not in (None, False)]
    if len(answers) != 1 and answers != ["text", "drop"]:
        raise ValueError(f"{where} must have one of {', '.join(_ANSWERS)}; it has {', '.join(answers) or 'none'}")
    fields = _Fields(given, where)
    status = fields.number("status", int, least=400)
    if status is not None and status > 599:
        raise ValueError(f"{where}: 'status' must be an error, 400 to 599, got {status!r}")
    return Step(
        text=fields.text("text"),
        calls=tuple(_call(call, f"{where}, call {n}") for n, call in enumerate(fields.items("calls"), 1)),
        thought=fields.text("thought"),
        status=status,
        message=fields.text("message"),
        code=fields.text("code"),
        retry_after=fields.number("retry_after", float),
        headers={str(name).lower(): str(value) for name, value in fields.object("headers").items()},
        raw=fields.text("raw"),
        drop=given.get("drop") is True,
        delay=fields.number("delay", float) or 0.0,
        hold=fields.text("hold"),
        usage=fields.usage(),
        when=_when(fields.object("when"), where) if given.get("when") is not None else None,
        repeat=given["repeat"] if isinstance(given.get("repeat"), bool) else fields.number("repeat", int, least=1) or 1,
        chunks=fields.number("chunks", int, least=1),
        chunk_delay=fields.number("chunk_delay", float) or 0.0,
    )


class _Fields:
    """Reads the fields of a step, with errors that name step, field and value."""

    def __init__(self, given: Mapping[str, Any], where: str) -> None:
        self._given = given
        self._where = where

    def text(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def number(self, name: str, kind: type[int | float], least: float = 0) -> Any:
        value = self._given.get(name)
        if value is None:
            return None
        allowed = (int,) if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed) or not value >= least:
            raise self._wrong(name, f"{'a whole number' if kind is int else 'a number'} of at least {least:g}")
        return kind(value)

    def items(self, name: str) -> list[object]:
        value = self._given.get(name)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)) or not value:
            raise self._wrong(name, "a list of at least one")
        return list(cast(Iterable[object], value))

    def object(self, name: str) -> Mapping[str, Any]:
        value = self._given.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object")
        return cast(Mapping[str, Any], value)

    def usage(self) -> tuple[int, int] | None:
        value = self._given.get("usage")
        if value is None:
            return None
        if not isinstance(value, (list, tuple)) or len(pair := list(cast(Iterable[object], value))) != 2:
            raise self._wrong("usage", "[prompt tokens, completion tokens]")
        prompt, completion = pair
        if not (isinstance(prompt, int) and isinstance(completion, int)):
            raise self._wrong("usage", "two whole numbers")
        return prompt, completion

    def _wrong(self, name: str, expected: str) -> ValueError:
        return ValueError(f"{self._where}: {name!r} must be {expected}, got {self._given[name]!r}")


def _call(data: object, where: str) -> ToolCall:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be an object with name and arguments, got {data!r}")
    call = cast(Mapping[str, Any], data)
    name, arguments = call.get("name"), call.get("arguments", {})
    if not isinstance(name, str) or not name:
        raise ValueError(f"{where}: 'name' must be a text, got {name!r}")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(id=str(call.get("id") or ""), name=name, arguments=text)


def _when(given: Mapping[str, Any], where: str) -> When:
    for name, value in given.items():
        if name not in When.__dataclass_fields__:
            raise ValueError(f"{where}: unknown condition {name!r}; known: {', '.join(When.__dataclass_fields__)}")
        if not isinstance(value, str):
            raise ValueError(f"{where}: condition {name!r} must be a text, got {value!r}")
    if not given:
        raise ValueError(f"{where}: 'when' must have a condition, one of {', '.join(When.__dataclass_fields__)}")
    return When(**given)


def _in(text: str, messages: Sequence[Mapping[str, Any]], system: bool | None = None) -> bool:
    """Whether some message holds `text`; of system messages only, of others only, or (None) of all."""
    return any(
        text in _text_of(message)
        for message in messages
        if system is None or (message.get("role") in ("system", "developer")) is system
    )


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = cast(Sequence[Mapping[str, Any]], content or ())
    return "\n".join(str(part.get("text", "")) for part in parts)
