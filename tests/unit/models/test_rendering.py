"""Messages, tools and schemas become exactly the JSON that OpenAI chat completions want."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from folkmoot.errors import ModelCallError
from folkmoot.models import ModelRequest
from folkmoot.models.rendering import RequestEncoder, render_message
from folkmoot.options import ModelInfo

INFO = ModelInfo()
USER = {"type": "UserMessage", "content": "Hi", "source": "user"}
CALLS = [{"id": "c1", "name": "add", "arguments": '{"a":1}'}]
TOOL: dict[str, Any] = {
    "name": "add",
    "description": "Adds.",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}


def wire(message: Mapping[str, Any], info: ModelInfo = INFO) -> Any:
    """The wire messages a message becomes."""
    return json.loads(b"[" + render_message(message, info) + b"]")


def body(request: ModelRequest, info: ModelInfo = INFO, options: Mapping[str, Any] | None = None) -> Any:
    """The body of a request."""
    return json.loads(RequestEncoder("m", info, options or {}).body(request))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (USER, {"role": "user", "content": "Hi", "name": "user"}),
        ({**USER, "source": "no spaces allowed"}, {"role": "user", "content": "Hi"}),
        ({**USER, "source": "x" * 65}, {"role": "user", "content": "Hi"}),
        ({"type": "SystemMessage", "content": "Be kind"}, {"role": "system", "content": "Be kind"}),
        (
            {"type": "AssistantMessage", "content": "Yes", "thought": "hm", "source": "writer"},
            {"role": "assistant", "content": "Yes"},
        ),
    ],
)
def test_plain_messages(message: dict[str, Any], expected: dict[str, Any]) -> None:
    assert wire(message) == [expected]


@pytest.mark.parametrize("thought", ["Let me add.", None])
def test_tool_calls_carry_the_thought_as_text(thought: str | None) -> None:
    message = {"type": "AssistantMessage", "content": CALLS, "thought": thought, "source": "writer"}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    assert wire(message) == [{"role": "assistant", "content": thought, "tool_calls": [call]}]


def test_each_tool_result_is_a_message() -> None:
    results = [{"content": f"r{n}", "name": "add", "call_id": f"c{n}", "is_error": False} for n in (1, 2)]
    assert wire({"type": "FunctionExecutionResultMessage", "content": results}) == [
        {"role": "tool", "tool_call_id": "c1", "content": "r1"},
        {"role": "tool", "tool_call_id": "c2", "content": "r2"},
    ]


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        ("iVBORw0", "image/png"),
        ("/9j/4AA", "image/jpeg"),
        ("R0lGODl", "image/gif"),
        ("UklGRiI", "image/webp"),
    ],
)
def test_images_are_data_urls(data: str, mime: str) -> None:
    [message] = wire({**USER, "content": ["Look", {"data": data}]})
    assert message["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{data}", "detail": "auto"}},
    ]


def test_images_are_dropped_without_vision() -> None:
    [message] = wire({**USER, "content": ["Look", {"data": "iVBOR"}, "there"]}, ModelInfo(vision=False))
    assert message["content"] == "Look\n<image>\nthere"


def test_half_a_surrogate_pair_survives() -> None:
    assert wire({**USER, "content": "cut \ud83d"})[0]["content"] == "cut \ud83d"


def test_unknown_message_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown LLM message type 'TextMessage': expected UserMessage"):
        render_message({"type": "TextMessage", "content": "x"}, INFO)


def test_body_without_tools_has_no_tool_fields() -> None:
    assert body(ModelRequest([b'{"role":"user","content":"x"}'])) == {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
    }


def test_tools_and_choice() -> None:
    sent = body(ModelRequest([], tools=[TOOL], tool_choice="required"))
    assert sent["tools"] == [{"type": "function", "function": TOOL}]
    assert sent["tool_choice"] == "required"


def test_other_tools_are_not_mistaken_for_known_ones() -> None:
    encoder = RequestEncoder("m", INFO, {})
    for name in ("add", "subtract", "add"):
        sent = json.loads(encoder.body(ModelRequest([], tools=[{**TOOL, "name": name}])))
        assert sent["tools"][0]["function"]["name"] == name


def test_request_options_win_and_none_removes() -> None:
    request = ModelRequest([], options={"temperature": 1, "top_p": None})
    assert body(request, options={"temperature": 0, "top_p": 0.5, "seed": 7}) == {
        "model": "m",
        "messages": [],
        "temperature": 1,
        "seed": 7,
    }


def test_stream_asks_for_usage_unless_told_not_to() -> None:
    streamed = ModelRequest([], on_text=print)
    assert body(streamed)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in body(streamed, options={"stream_options": None})


def test_output_schema_is_made_strict() -> None:
    schema = {
        "type": "object",
        "properties": {
            "default": {"type": "string", "default": "x"},
            "inner": {"$ref": "#/$defs/Inner"},
        },
        "required": ["inner"],
        "$defs": {"Inner": {"type": "object", "properties": {"a": {"type": "integer", "enum": [1, 2]}}}},
    }
    sent = body(ModelRequest([], output_schema={"name": "Out[int]", "schema": schema}))["response_format"]
    assert sent == {
        "type": "json_schema",
        "json_schema": {
            "name": "Out_int_",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"default": {"type": "string"}, "inner": {"$ref": "#/$defs/Inner"}},
                "required": ["default", "inner"],
                "additionalProperties": False,
                "$defs": {
                    "Inner": {
                        "type": "object",
                        "properties": {"a": {"type": "integer", "enum": [1, 2]}},
                        "required": ["a"],
                        "additionalProperties": False,
                    }
                },
            },
        },
    }


def test_open_schema_is_sent_as_it_is() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    sent = body(ModelRequest([], output_schema={"name": "Out", "schema": schema}))["response_format"]["json_schema"]
    assert sent == {"name": "Out", "schema": schema, "strict": False}


def test_system_messages_are_merged_for_a_model_that_takes_one() -> None:
    info = ModelInfo(multiple_system_messages=False)
    messages = [render_message({"type": "SystemMessage", "content": text}, info) for text in ("one", "two")]
    user = render_message(USER, info)
    sent = body(ModelRequest([*messages, user]), info)
    assert [message["content"] for message in sent["messages"]] == ["one\ntwo", "Hi"]
    with pytest.raises(ModelCallError, match="do not follow each other"):
        body(ModelRequest([messages[0], user, messages[1]]), info)


@pytest.mark.parametrize(
    ("request_", "info", "said"),
    [
        (ModelRequest([], tools=[TOOL]), ModelInfo(function_calling=False), "cannot call tools"),
        (
            ModelRequest([], output_schema={"name": "O", "schema": {}}),
            ModelInfo(structured_output=False),
            "no structured output",
        ),
        (ModelRequest([], options={"stream": True}), INFO, "may not set 'stream'"),
        (ModelRequest([], options={"temperature": float("nan")}), INFO, "cannot be called"),
    ],
)
def test_what_cannot_be_asked_is_refused_for_good(request_: ModelRequest, info: ModelInfo, said: str) -> None:
    with pytest.raises(ModelCallError, match=said) as caught:
        body(request_, info)
    assert not caught.value.retryable


def test_reserved_option_is_refused_at_construction() -> None:
    with pytest.raises(ValueError, match="may not set 'messages'"):
        RequestEncoder("m", INFO, {"messages": []})
