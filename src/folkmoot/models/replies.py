"""Reads replies in the wire format of OpenAI chat completions, whole or streamed, and checks what it uses.

The reply is parsed with plain JSON instead of the client's models: building those costs more than the rest of
a call, and a half-right reply from a proxy should be told as such, not as a validation report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

from .base import ModelResult, ToolCall
from .errors import Failures

__all__ = ["StreamReader", "parse_reply"]

_FINISH_REASONS = {
    "stop": "stop",
    "end_turn": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "function_calls",
    "function_calls": "function_calls",
}
_THINK = re.compile(r"\A\s*<think>(.*?)</think>\s*", re.DOTALL)


def parse_reply(body: bytes, failures: Failures, *, family: str = "unknown") -> ModelResult:
    """Read a whole reply.

    Args:
        body: The HTTP body.
        failures: Makes the errors.
        family: The model's family; with `r1`, a leading `<think>` block is the thought.

    Raises:
        ModelCallError: The body is not JSON, is an error in disguise, or lacks what a reply has.
    """
    reply = _object(_json(body, failures), "a JSON object", failures)
    choice = _first_choice(reply, failures)
    if choice is None:
        raise failures.bad_reply("a reply with choices", body)
    message = _object(choice.get("message"), "a choice with a message", failures)
    text = message.get("content")
    if text is None:
        text = message.get("refusal")
    if text is not None and not isinstance(text, str):
        raise failures.bad_reply("a message whose content is text or null", text)
    calls = _list(message.get("tool_calls"), "a message whose tool_calls are a list", failures)
    return _result(
        text or "",
        [_tool_call(call, failures) for call in calls],
        _reasoning(message),
        choice.get("finish_reason"),
        _usage(reply),
        family,
    )


class StreamReader:
    """Puts a streamed reply together, event by event.

    Args:
        failures: Makes the errors.
        family: The model's family; with `r1`, a leading `<think>` block is the thought.
        on_text: Called with each piece of text.
    """

    def __init__(self, failures: Failures, *, family: str, on_text: Callable[[str], None]) -> None:
        self._failures = failures
        self._family = family
        self._on_text = on_text
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish: object = None
        self._usage = (0, 0)
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the end of the stream was announced."""
        return self._done

    def feed(self, line: str) -> None:
        """Take one line of the event stream; lines that are no data are skipped.

        Raises:
            ModelCallError: The line holds an error or nonsense.
        """
        if not line.startswith("data:"):
            return
        data = line[5:].strip()
        if data == "[DONE]":
            self._done = True
            return
        if not data:
            return
        chunk = _object(_json(data, self._failures), "a JSON object", self._failures)
        choice = _first_choice(chunk, self._failures)
        if chunk.get("usage"):
            self._usage = _usage(chunk)
        if choice is not None:
            self._delta(_object(choice.get("delta") or {}, "a choice with a delta", self._failures))
            self._finish = choice.get("finish_reason") or self._finish

    def result(self) -> ModelResult:
        """The whole answer.

        Raises:
            ModelCallError: The stream broke off before the answer was complete.
        """
        if self._finish is None and not self._done:
            raise self._failures.bad_reply(
                "a stream with an end",
                f"{len(self._text)} pieces of text, then nothing",
            )
        if self._finish is None and not self._text and not self._calls:
            raise self._failures.bad_reply("a stream with an answer", "none")
        calls = [
            _tool_call({"id": call["id"], "function": call}, self._failures) for _, call in sorted(self._calls.items())
        ]
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        return _result(text, calls, reasoning or None, self._finish, self._usage, self._family)

    def _delta(self, delta: dict[str, Any]) -> None:
        text = delta.get("content") or delta.get("refusal")
        if text:
            if not isinstance(text, str):
                raise self._failures.bad_reply("a delta whose content is text", text)
            self._text.append(text)
            self._on_text(text)
        reasoning = _reasoning(delta)
        if reasoning:
            self._reasoning.append(reasoning)
        calls = _list(delta.get("tool_calls"), "a delta whose tool_calls are a list", self._failures)
        for position, part in enumerate(calls):
            self._call_delta(_object(part, "a tool call object", self._failures), position)

    def _call_delta(self, part: dict[str, Any], position: int) -> None:
        index = part.get("index", position)
        if not isinstance(index, int):
            raise self._failures.bad_reply("a tool call with a whole number as index", index)
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        call["id"] = part.get("id") or call["id"]
        function = _object(part.get("function") or {}, "a tool call with a function", self._failures)
        call["name"] = function.get("name") or call["name"]
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            raise self._failures.bad_reply("tool call arguments as text", arguments)
        call["arguments"] += arguments or ""


def _json(body: bytes | str, failures: Failures) -> object:
    try:
        return json.loads(body)
    except ValueError:
        raise failures.bad_reply("JSON", body) from None


def _object(value: object, expected: str, failures: Failures) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise failures.bad_reply(expected, value)
    return cast(dict[str, Any], value)


def _list(value: object, expected: str, failures: Failures) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise failures.bad_reply(expected, value)
    return cast(list[object], value)


def _first_choice(reply: dict[str, Any], failures: Failures) -> dict[str, Any] | None:
    """The reply's first choice, None without one (a stream's usage chunk); an error in disguise is raised."""
    choices = reply.get("choices")
    if choices and isinstance(choices, list):
        return _object(cast(list[object], choices)[0], "a choice object", failures)
    if choices:
        raise failures.bad_reply("a list of choices", choices)
    error = reply.get("error")
    if error:
        code = cast(dict[str, Any], error).get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
        raise failures.from_status(status, {}, reply)
    return None


def _tool_call(value: object, failures: Failures) -> ToolCall:
    call = _object(value, "a tool call object", failures)
    function = _object(call.get("function"), "a tool call with a function", failures)
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not name:
        raise failures.bad_reply("a tool call with a function name", call)
    if not isinstance(arguments, str):
        # Some servers send the arguments as an object, or nothing for none.
        arguments = json.dumps(arguments) if arguments is not None else ""
    call_id = call.get("id")
    return ToolCall(
        # Results are matched by id. Where a server sends none any will do, since the reply is recorded.
        id=call_id if isinstance(call_id, str) and call_id else f"call_{uuid4().hex}",
        # A name outside the API's alphabet could not be sent back in the next request.
        name=re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64],
        arguments=arguments,
    )


def _reasoning(message: dict[str, Any]) -> str | None:
    for key in ("reasoning_content", "reasoning"):
        value = message.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _usage(reply: dict[str, Any]) -> tuple[int, int]:
    """Prompt and completion tokens; zero where a server does not count, as in AutoGen."""
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        return 0, 0
    counts = cast(dict[str, Any], usage)
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    return (
        prompt if isinstance(prompt, int) else 0,
        completion if isinstance(completion, int) else 0,
    )


def _result(
    text: str,
    calls: list[ToolCall],
    reasoning: str | None,
    finish: object,
    usage: tuple[int, int],
    family: str,
) -> ModelResult:
    thought = reasoning
    if family == "r1" and thought is None and (block := _THINK.match(text)):
        thought, text = block.group(1).strip(), text[block.end() :]
    if calls and thought is None:
        thought = text or None
    reason = _FINISH_REASONS.get(finish, "unknown") if isinstance(finish, str) else "unknown"
    return ModelResult(calls or text, thought, usage[0], usage[1], reason)
