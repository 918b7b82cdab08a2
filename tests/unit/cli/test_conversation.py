"""A conversation in words: speakers are named once, streamed words are not said twice, terminals are not steered."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from folkmoot.chat import ChatEvent
from folkmoot.cli.conversation import Conversation, entry_line
from folkmoot.cli.screen import Screen, clean
from folkmoot.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    FunctionCall,
    FunctionExecutionResult,
    ModelClientStreamingChunkEvent,
    StopMessage,
    TextMessage,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    UserInputRequestedEvent,
)


def shown(*messages: BaseChatMessage | BaseAgentEvent) -> str:
    screen, out = Screen(json=False), io.StringIO()
    screen.out = Console(file=out, highlight=False, markup=False, emoji=False)
    conversation = Conversation(screen)
    for message in messages:
        conversation.show(message)
    return out.getvalue()


def chunk(text: str) -> ModelClientStreamingChunkEvent:
    return ModelClientStreamingChunkEvent(content=text, source="writer", full_message_id="m")


def final(text: str) -> TextMessage:
    return TextMessage(id="m", content=text, source="writer")


def test_a_change_of_the_team_tells_who_takes_part() -> None:
    was = {"type": "AssistantAgent", "name": "a", "system_message": "secret of the trade"}
    spec = {"type": "RoundRobinGroupChat", "participants": [was, {**was, "name": "b"}]}
    data = {"spec": spec, "was": was, "state": {"agent_states": {}}, "by": "ann"}
    line = entry_line(ChatEvent(7, "loaded", "2026-01-01T00:00:00Z", data, None)).plain
    assert line.endswith("  loaded  by=ann team=a,b was=a")


def test_each_speaker_is_named_once_in_a_row() -> None:
    said = shown(
        TextMessage(content="one", source="writer"),
        TextMessage(content="two", source="writer"),
        TextMessage(content="three", source="critic"),
    )
    assert said == "\nwriter\none\ntwo\n\ncritic\nthree\n"


def test_streamed_words_are_not_said_twice() -> None:
    assert shown(chunk("Hello "), chunk("world"), final("Hello world")) == "\nwriter\nHello world\n"


def test_words_of_a_lost_attempt_are_followed_by_those_of_the_log() -> None:
    assert shown(chunk("Hel"), final("Good day")) == "\nwriter\nHel\n(begun anew)\nGood day\n"


def test_a_message_after_streamed_ones_is_shown() -> None:
    said = shown(chunk("Hello"), final("Hello"), TextMessage(content="Bye", source="writer"))
    assert said == "\nwriter\nHello\nBye\n"


def test_tool_calls_and_results_are_shown() -> None:
    call = FunctionCall(id="1", name="add", arguments='{"a": 1}')
    results = [
        FunctionExecutionResult(content="3", name="add", call_id="1", is_error=False),
        FunctionExecutionResult(content="no", name="add", call_id="2", is_error=True),
    ]
    said = shown(
        ToolCallRequestEvent(content=[call], source="writer"), ToolCallExecutionEvent(content=results, source="writer")
    )
    assert said == '\nwriter\n  → add({"a": 1})\n  ← add: 3\n  ✗ add: no\n'


def test_a_long_result_is_cut_and_told_of() -> None:
    result = FunctionExecutionResult(content="x" * 5000, name="add", call_id="1", is_error=False)
    said = shown(ToolCallExecutionEvent(content=[result], source="writer"))
    assert len(said) < 1200
    assert "(5,000 characters)" in said


def test_that_somebody_is_asked_is_told_by_the_question_alone() -> None:
    event = UserInputRequestedEvent(request_id="r", source="editor")
    said = shown(TextMessage(content="one", source="writer"), event, TextMessage(content="two", source="editor"))
    assert said == "\nwriter\none\n\neditor\ntwo\n"


def test_other_messages_are_shown_with_their_type() -> None:
    assert "[StopMessage] over" in shown(StopMessage(content="over", source="writer"))


@pytest.mark.parametrize("text", ["\x1b[2Jhidden", "\x9b2J", "\u202etxt", "a\x08b", "\x07"])
def test_nothing_said_can_steer_the_terminal(text: str) -> None:
    said = shown(TextMessage(content=text, source="writer"))
    assert not any(character in said for character in "\x1b\x9b\u202e\x08\x07")


def test_markup_of_the_terminal_library_is_text() -> None:
    assert "[bold]x[/bold] :smile:" in shown(TextMessage(content="[bold]x[/bold] :smile:", source="writer"))


def test_lines_and_tabs_are_kept() -> None:
    assert clean("a\n\tb") == "a\n\tb"


def test_json_is_a_line_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    conversation = Conversation(Screen(json=True))
    conversation.show(chunk("Hé"))
    conversation.show(final("Hé\nho"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["kind"], first["content"]) == ("chunk", "Hé")
    assert (second["kind"], second["type"], second["content"]) == ("message", "TextMessage", "Hé\nho")


def entry(kind: str, message: BaseChatMessage | BaseAgentEvent | None = None, **data: object) -> ChatEvent:
    return ChatEvent(3, kind, "2026-01-02T03:04:05Z", {"kind": kind, **data}, message)


def test_an_entry_is_one_line() -> None:
    line = entry_line(entry("message", final("two\nlines"))).plain
    assert line.startswith("    3  ")
    assert line.endswith("  writer: two lines")


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ({"subject": "alice", "roles": ["finance", "board"], "channel": "http"}, "alice (finance, board) via http"),
        ({"subject": "alice"}, "alice"),
        ("alice", "alice"),
        (["alice", "bob"], "alice,bob"),
    ],
)
def test_who_did_something_is_told_as_a_person(by: object, told: str) -> None:
    assert entry_line(entry("vote", verdict="approve", by=by)).plain.endswith(f"  vote  verdict=approve by={told}")


def test_an_entry_without_a_message_shows_its_fields() -> None:
    line = entry_line(entry("run_ended", run=1, error=None, speakers=["a", "b"], command="hidden")).plain
    assert line.endswith("  run_ended  run=1 speakers=a,b")
