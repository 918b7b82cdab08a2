"""Messages and their forms: AutoGen's JSON, the compact one in the log, its text without objects, back."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from folkmoot import messages as m
from folkmoot.messages.base import REGISTERED, is_builtin


class Ruling(BaseModel):
    """A user's structure."""

    good: bool
    why: str | None = None
    score: float = 1e20


class Note(m.BaseTextChatMessage):
    """A user's own message."""

    type: Literal["Note"] = "Note"


class Loud(m.BaseChatMessage):
    """A user's own message with a text of its own."""

    type: Literal["Loud"] = "Loud"
    words: list[str]

    def to_text(self) -> str:
        return " ".join(self.words).upper()

    def to_model_text(self) -> str:
        return self.to_text()

    def to_model_message(self) -> m.UserMessage:
        return m.UserMessage(content=self.to_text(), source=self.source)


CALL = m.FunctionCall(id="c1", arguments='{"q": "it\'s"}', name="search")
RESULT = m.FunctionExecutionResult(content='say "hi"\nnow', name="search", call_id="c1", is_error=False)
PIXEL = m.Image(data=base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode())
WHEN = datetime(2026, 11, 21, 3, 48, 43, 956660, tzinfo=UTC)
CONTEXT: list[m.LLMMessage] = [
    m.SystemMessage(content="s"),
    m.UserMessage(content=["see", PIXEL], source="user"),
    m.AssistantMessage(content=[CALL], thought="hm", source="a"),
    m.FunctionExecutionResultMessage(content=[RESULT]),
]

SAMPLES: list[m.BaseChatMessage | m.BaseAgentEvent] = [
    m.TextMessage(content="Grüße", source="user"),
    m.TextMessage(
        id="7",
        content="",
        source="a",
        models_usage=m.RequestUsage(prompt_tokens=5, completion_tokens=2),
        metadata={"k": "v"},
        created_at=WHEN,
    ),
    m.StopMessage(content="enough", source="a"),
    m.HandoffMessage(content="yours", source="a", target="b", context=CONTEXT),
    m.ToolCallSummaryMessage(content="hi", source="a", tool_calls=[CALL], results=[RESULT]),
    m.MultiModalMessage(content=["look", PIXEL, "there"], source="user"),
    m.StructuredMessage[Ruling](content=Ruling(good=True), source="a"),
    m.StructuredMessage(content={"a": [1, None]}, type="StructuredMessage[Other]", source="a"),
    m.StructuredMessage[Ruling](content=Ruling(good=True), format_string="good: {good}", source="a"),
    m.StructuredMessage[Ruling](content=Ruling(good=True), format_string="{nope}", source="a"),
    m.ToolCallRequestEvent(content=[CALL, CALL], source="a"),
    m.ToolCallExecutionEvent(content=[RESULT, RESULT.model_copy(update={"is_error": None})], source="a"),
    m.MemoryQueryEvent(
        content=[
            m.MemoryContent(content="it's", mime_type="text/plain"),
            m.MemoryContent(content={"k": 1}, mime_type="application/json", metadata={"score": 0.5}),
            m.MemoryContent(content=b"\xff\x00", mime_type="application/octet-stream"),
            m.MemoryContent(content=PIXEL, mime_type="image/png"),
            m.MemoryContent(content={"data": "iVBORw0K", "form": "image"}, mime_type="application/json"),
        ],
        source="a",
    ),
    m.UserInputRequestedEvent(request_id="r1", source="a"),
    m.ModelClientStreamingChunkEvent(content="par", source="a", full_message_id="7"),
    m.ThoughtEvent(content="hm", source="a"),
    m.SelectSpeakerEvent(content=["a", "it's"], source="manager"),
    m.SelectorEvent(content="a", source="manager"),
    m.CodeGenerationEvent(
        retry_attempt=0, content="```py```", code_blocks=[m.CodeBlock(code="1", language="py")], source="a"
    ),
    m.CodeExecutionEvent(retry_attempt=1, result=m.CodeResult(exit_code=0, output="1\n"), source="a"),
    Note(content="mine", source="a"),
    Loud(words=["not", "so"], source="a"),
]
IDS = [f"{index}-{type(sample).__name__}" for index, sample in enumerate(SAMPLES)]


def test_samples_hold_every_type() -> None:
    ours = {name.partition("[")[0] for name, cls in REGISTERED.items() if is_builtin(cls)}
    assert ours == {type(sample).__name__.partition("[")[0] for sample in SAMPLES if is_builtin(type(sample))}


@pytest.mark.parametrize("message", SAMPLES, ids=IDS)
def test_text_in_log_form_is_the_objects_text(message: m.BaseChatMessage | m.BaseAgentEvent) -> None:
    assert m.text_of(m.to_log(message)) == message.to_text()
    if is_builtin(type(message)):
        assert m.text_of(message.dump()) == message.to_text()


@pytest.mark.parametrize("message", SAMPLES, ids=IDS)
def test_message_comes_back_equal(message: m.BaseChatMessage | m.BaseAgentEvent) -> None:
    for data in (m.to_log(message), message.dump()):
        again = m.from_log(data)
        assert type(again) is type(message)
        assert again == message
    assert type(message).load(message.dump()) == message


@pytest.mark.parametrize("message", SAMPLES, ids=IDS)
def test_chat_types_are_told_by_name(message: m.BaseChatMessage | m.BaseAgentEvent) -> None:
    assert m.is_chat(m.to_log(message)["type"]) is isinstance(message, m.BaseChatMessage)


def test_texts_are_autogens() -> None:
    texts = {type(sample).__name__: sample.to_text() for sample in SAMPLES}
    assert texts["MultiModalMessage"] == "look\n<image>\nthere"
    assert m.ToolCallRequestEvent(content=[CALL], source="a").to_text() == (
        "[FunctionCall(id='c1', arguments='{\"q\": \"it\\'s\"}', name='search')]"
    )
    assert m.ToolCallExecutionEvent(content=[RESULT], source="a").to_text() == (
        "[FunctionExecutionResult(content='say \"hi\"\\nnow', name='search', call_id='c1', is_error=False)]"
    )
    assert texts["SelectSpeakerEvent"] == "['a', \"it's\"]"
    assert texts["CodeExecutionEvent"] == "1\n"
    assert SAMPLES[6].to_text() == '{"good":true,"why":null,"score":1e+20}'
    assert SAMPLES[8].to_text() == "good: True"


def test_dump_is_autogens_json() -> None:
    assert SAMPLES[1].dump() == {
        "id": "7",
        "source": "a",
        "models_usage": {"prompt_tokens": 5, "completion_tokens": 2},
        "metadata": {"k": "v"},
        "created_at": "2026-11-21T03:48:43.956660Z",
        "content": "",
        "type": "TextMessage",
    }
    assert SAMPLES[5].dump()["content"] == ["look", {"data": PIXEL.data}, "there"]
    assert list(CONTEXT[2].model_dump(mode="json")) == ["content", "thought", "source", "type"]


def test_log_form_is_compact() -> None:
    assert m.to_log(SAMPLES[0]) == {"source": "user", "content": "Grüße", "type": "TextMessage"}
    assert m.to_log(SAMPLES[7])["content"] == {"a": [1, None]}


def test_what_models_hear() -> None:
    assert m.TextMessage(content="x", source="b").to_model_message() == m.UserMessage(content="x", source="b")
    multi = m.MultiModalMessage(content=["look", PIXEL], source="user")
    assert multi.to_model_message() == m.UserMessage(content=["look", PIXEL], source="user")
    assert multi.to_model_text() == "look [image]"
    assert multi.to_model_text(image_placeholder=None) == f"look {PIXEL.data}"
    structured = m.StructuredMessage(content={"a": 1}, format_string="{a}!", type="StructuredMessage[A]", source="b")
    assert structured.to_model_text() == "1!"
    assert structured.to_model_message() == m.UserMessage(content='{"a":1}', source="b")


def test_structured_content_gives_the_object_back() -> None:
    message = m.StructuredMessage(content=Ruling(good=True), source="a")
    assert message.type == "StructuredMessage[Ruling]"
    assert message.parse(Ruling) == Ruling(good=True)


def test_structured_type_resolves_where_the_class_is_unknown() -> None:
    message = m.from_log({"type": "StructuredMessage[Gone]", "content": {"a": 1}, "source": "a"})
    assert isinstance(message, m.StructuredMessage)
    assert message.content == {"a": 1}


@pytest.mark.parametrize("kind", [None, "Ruling", "StructuredMessage"])
def test_mapping_without_its_type_is_refused(kind: str | None) -> None:
    with pytest.raises(ValueError, match="needs a pydantic object, or a type"):
        m.StructuredMessage(content={"a": 1}, source="a", type=kind or "")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"content": "x"}, "Field 'type' is required in the message data to recover the message type."),
        ({"type": "Chorus"}, "Unknown message type: Chorus"),
        ({"type": "StructuredMessage"}, "Unknown message type: StructuredMessage"),
        ({"type": 5}, "Unknown message type: 5"),
    ],
)
def test_unknown_messages_are_refused_in_autogens_words(data: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        m.from_log(data)


def test_text_of_a_users_class_needs_no_class() -> None:
    data = {**m.to_log(Loud(words=["not", "so"], source="a")), "type": "LoudElsewhere"}
    assert m.text_of(data) == "NOT SO"
    assert m.text_of({"type": "Elsewhere", "source": "a", "content": {"k": "ü"}}) == '{"k":"ü"}'
    assert m.text_of({"type": "Elsewhere", "source": "a"}) == ""


def test_names_of_users_classes_are_held_to_the_rules() -> None:
    with pytest.raises(TypeError, match="got 'LoudEvent'"):

        class LoudEvent(m.BaseTextChatMessage):
            """A message under an event's name."""

            type: Literal["LoudEvent"] = "LoudEvent"

    with pytest.raises(TypeError, match="got 'Quiet'"):

        class Quiet(m.BaseAgentEvent):
            """An event under a message's name."""

            type: Literal["Quiet"] = "Quiet"

    with pytest.raises(TypeError, match="declares its name: type: Literal\\['Nameless'\\] = 'Nameless'"):
        type("Nameless", (m.BaseTextChatMessage,), {})
    with pytest.raises(ValueError, match="is already registered"):
        type("TextMessage", (m.BaseTextChatMessage,), {})


def test_image_is_checked_and_kept_out_of_reprs() -> None:
    with pytest.raises(ValueError, match="must be base64 text"):
        m.Image(data="not base64!")
    image = m.Image.from_bytes(b"\xff\xd8\xff" + b"x" * 300)
    assert m.Image.from_base64(image.to_base64()) == image
    assert image.data_uri.startswith("data:image/jpeg;base64,")
    assert PIXEL.data_uri.startswith("data:image/png;base64,")
    webp = m.Image.from_bytes(b"RIFF\x00\x00\x00\x00WEBPmore")
    assert webp.data_uri.startswith("data:image/webp;base64,")
    assert image.data not in repr(m.MultiModalMessage(content=[image], source="a"))


@pytest.mark.parametrize("task", ["go", m.TextMessage(content="go", source="user"), [SAMPLES[0], SAMPLES[2]]])
def test_task_forms(task: Any) -> None:
    expected = task if isinstance(task, list) else [m.TextMessage(content="go", source="user")]
    assert m.task_messages(task) == expected


def test_no_task_goes_on() -> None:
    assert m.task_messages(None) is None


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ([], "Task list cannot be empty."),
        (["go"], "All messages in task list must be valid BaseChatMessage types"),
        ([SAMPLES[0], SAMPLES[10]], "All messages in task list must be valid BaseChatMessage types"),
        ((SAMPLES[0],), "Task must be a string, a BaseChatMessage, or a list of BaseChatMessage."),
        (5, "Task must be a string, a BaseChatMessage, or a list of BaseChatMessage."),
    ],
)
def test_bad_tasks_are_refused_in_autogens_words(task: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        m.task_messages(task)


def test_users_class_must_be_one_the_team_takes() -> None:
    note = Note(content="mine", source="user")
    assert m.task_messages(note, ["Note"]) == [note]
    assert m.task_messages(SAMPLES[6], []) == [SAMPLES[6]]
    with pytest.raises(ValueError, match=r"Note'> is not registered with the message factory\. Please register"):
        m.task_messages(note, ["Other"])


def test_result_comes_back_from_json() -> None:
    result = m.TaskResult(messages=SAMPLES, stop_reason="done")
    again = m.TaskResult.model_validate_json(result.model_dump_json())
    assert again == result
    assert [type(message) for message in again.messages] == [type(message) for message in SAMPLES]
    assert again.stop_reason == "done"
