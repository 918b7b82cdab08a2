"""Replies are read as the many servers of this protocol send them, and refused where they make no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from folkmoot.errors import ModelCallError
from folkmoot.models.base import ModelResult
from folkmoot.models.errors import Failures
from folkmoot.models.replies import StreamReader, parse_reply

FAILURES = Failures("m")


def parse(message: Any, **choice: Any) -> ModelResult:
    """Read a reply with this message."""
    return parse_reply(json.dumps({"choices": [{"message": message, **choice}]}).encode(), FAILURES)


def stream(*chunks: Any, end: bool = True) -> ModelResult:
    """Read a stream of these events."""
    reader = StreamReader(FAILURES, family="unknown", on_text=lambda _: None)
    for chunk in chunks:
        reader.feed("data: " + json.dumps(chunk))
    if end:
        reader.feed("data: [DONE]")
    return reader.result()


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """An event of a stream."""
    return {"choices": [{"delta": fields, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("stop", "stop"),
        ("tool_calls", "function_calls"),
        ("length", "length"),
        ("odd", "unknown"),
        (None, "unknown"),
    ],
)
def test_finish_reasons(given: str | None, told: str) -> None:
    assert parse({"content": "x"}, finish_reason=given).finish_reason == told


def test_no_content_is_empty_and_a_refusal_is_text() -> None:
    assert parse({"content": None}).content == ""
    assert parse({"content": None, "refusal": "I will not."}).content == "I will not."


def test_usage_may_be_missing() -> None:
    result = parse({"content": "x"})
    assert (result.prompt_tokens, result.completion_tokens) == (0, 0)


def test_tool_calls_of_sloppy_servers() -> None:
    calls = [
        {"function": {"name": "a.b c", "arguments": {"x": 1}}},
        {"id": "c2", "function": {"name": "d", "arguments": None}},
    ]
    content = parse({"tool_calls": calls}).content
    assert isinstance(content, list)
    assert [(call["name"], call["arguments"]) for call in content] == [("a_b_c", '{"x": 1}'), ("d", "")]
    assert content[0]["id"]
    assert content[1]["id"] == "c2"


@pytest.mark.parametrize(
    "message",
    [
        None,
        "text",
        {"content": 5},
        {"tool_calls": "add"},
        {"tool_calls": ["add"]},
        {"tool_calls": [{"id": "c"}]},
        {"tool_calls": [{"id": "c", "function": {"arguments": "{}"}}]},
    ],
)
def test_wrong_shapes_are_told(message: Any) -> None:
    with pytest.raises(ModelCallError, match=r"model 'm' sent no valid answer: expected .*, got ") as caught:
        parse(message)
    assert caught.value.retryable


def test_stream_of_a_server_that_numbers_no_calls() -> None:
    whole = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    assert stream(delta(tool_calls=[whole]), delta("tool_calls")).content == [
        {"id": "c", "name": "f", "arguments": "{}"}
    ]


def test_stream_without_done_is_complete_with_its_finish_reason() -> None:
    assert stream(delta(content="x"), delta("stop"), end=False).content == "x"


@pytest.mark.parametrize(
    "chunks",
    [
        [delta(content="x")],
        [],
    ],
)
def test_broken_stream_is_no_answer(chunks: list[Any]) -> None:
    with pytest.raises(ModelCallError, match="a stream with an end"):
        stream(*chunks, end=False)


def test_empty_stream_is_no_answer() -> None:
    with pytest.raises(ModelCallError, match="a stream with an answer"):
        stream()


def test_error_inside_a_stream() -> None:
    with pytest.raises(ModelCallError, match="overloaded") as caught:
        stream(delta(content="x"), {"error": {"message": "overloaded"}})
    assert caught.value.retryable


@pytest.mark.parametrize(
    "chunk",
    [
        ["x"],
        {"choices": {"a": 1}},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": "first"}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": 5}}]}}]},
    ],
)
def test_wrong_events_are_told(chunk: Any) -> None:
    with pytest.raises(ModelCallError, match="sent no valid answer"):
        stream(chunk)


def test_lines_that_are_no_data_are_skipped() -> None:
    reader = StreamReader(FAILURES, family="unknown", on_text=lambda _: None)
    for line in (
        ": comment",
        "event: x",
        "",
        "data:",
        'data:{"choices":[{"delta":{"content":"x"}}]}',
        "data: [DONE]",
    ):
        reader.feed(line)
    assert reader.result().content == "x"
