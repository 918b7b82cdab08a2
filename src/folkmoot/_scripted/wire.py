"""Steps in the wire format of OpenAI chat completions: whole replies, streams and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .step import Step

__all__ = ["Reply"]

_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """A step as the answer to a certain request.

    Replies carry no clock and no chance: the same script gives the same bytes.
    """

    step: Step
    number: int
    """Which request this answers, from 1."""
    request: Mapping[str, Any]
    """The request's body."""
    size: int
    """Bytes of the request's body; a quarter of it is the prompt's tokens where the step names no usage."""

    @property
    def streamed(self) -> bool:
        """Whether the request asks for a stream."""
        return self.request.get("stream") is True

    def whole(self) -> dict[str, Any]:
        """The body of a plain answer."""
        message: dict[str, Any] = {"role": "assistant", "content": self.step.text}
        if self.step.calls:
            message["content"] = self.step.thought
            message["tool_calls"] = [self._call(index) for index in range(len(self.step.calls))]
        elif self.step.thought is not None:
            message["reasoning_content"] = self.step.thought
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The events of a streamed answer; a dropped one stops half-way through its text."""
        step = self.step
        yield self._chunk({"role": "assistant", "content": ""})
        if step.thought is not None:
            yield self._chunk({"content" if step.calls else "reasoning_content": step.thought})
        pieces = _pieces(step.text or "", step.chunks)
        for piece in pieces[: (len(pieces) + 1) // 2] if step.drop else pieces:
            yield self._chunk({"content": piece})
        if step.drop:
            return
        for index in range(len(step.calls)):
            yield from self._call_chunks(index)
        yield self._chunk({}, finish=self._finish)
        options: Mapping[str, Any] = self.request.get("stream_options") or {}
        if options.get("include_usage"):
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}

    def error(self) -> dict[str, Any]:
        """The body of an HTTP error."""
        status = self.step.status or 500
        message = self.step.message or f"scripted error {status}"
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": message,
                "type": kind,
                "param": None,
                "code": self.step.code or _CODES.get(status),
            }
        }

    def error_headers(self) -> dict[str, str]:
        """The headers that go with an error, names in lower case."""
        headers = dict(self.step.headers)
        if self.step.retry_after is not None:
            headers["retry-after"] = f"{self.step.retry_after:g}"
        return headers

    @property
    def _finish(self) -> str:
        return "tool_calls" if self.step.calls else "stop"

    def _head(self, kind: str) -> dict[str, Any]:
        model = self.request.get("model", "scripted")
        return {"id": f"chatcmpl-{self.number}", "object": kind, "created": 0, "model": model}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _call(self, index: int) -> dict[str, Any]:
        call = self.step.calls[index]
        function = {"name": call["name"], "arguments": call["arguments"]}
        return {"id": call["id"] or f"call_{self.number}_{index}", "type": "function", "function": function}

    def _call_chunks(self, index: int) -> Iterator[dict[str, Any]]:
        """A tool call as real servers stream it: its name first, then its arguments in pieces."""
        call = self._call(index)
        arguments = call["function"]["arguments"]
        call["function"]["arguments"] = ""
        yield self._chunk({"tool_calls": [{"index": index, **call}]})
        for piece in _pieces(arguments, 2):
            yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def _usage(self) -> dict[str, int]:
        said = (self.step.text or "") + "".join(call["name"] + call["arguments"] for call in self.step.calls)
        estimate = (self.size // _BYTES_PER_TOKEN, len(said) // _BYTES_PER_TOKEN + 1)
        prompt, completion = self.step.usage or estimate
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _pieces(text: str, count: int | None) -> list[str]:
    """`text` in `count` pieces of about one length, or one a word; joined they are `text`."""
    if count is None:
        return re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)
    size = max(1, -(-len(text) // count))
    return [text[start : start + size] for start in range(0, len(text), size)]
