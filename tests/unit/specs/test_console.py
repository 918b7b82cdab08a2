"""The console prints what AutoGen 0.7.5's prints (texts taken from it), loses no words, and asks people in turn."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from folkmoot.messages import (
    FunctionCall,
    FunctionExecutionResult,
    Image,
    ModelClientStreamingChunkEvent,
    MultiModalMessage,
    RequestUsage,
    Response,
    StopMessage,
    TaskResult,
    TextMessage,
    ThoughtEvent,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    UserInputRequestedEvent,
)
from folkmoot.ui import Console, UserInputManager
from tests._support.waiting import eventually

USAGE = RequestUsage(prompt_tokens=3, completion_tokens=4)
IMAGE = Image.from_bytes(b"\x89PNG\r\n\x1a\n")
ITEMS = [
    TextMessage(content="do", source="user"),
    ToolCallRequestEvent(source="w", content=[FunctionCall(id="1", arguments="{}", name="f")], models_usage=USAGE),
    ToolCallExecutionEvent(
        source="w", content=[FunctionExecutionResult(content="x", name="f", call_id="1", is_error=False)]
    ),
    ModelClientStreamingChunkEvent(source="w", content="Hello"),
    ModelClientStreamingChunkEvent(source="w", content=" there"),
    TextMessage(content="Hello there", source="w", models_usage=USAGE),
    MultiModalMessage(content=["look", IMAGE], source="c"),
    UserInputRequestedEvent(source="u", request_id="r1"),
    StopMessage(content="bye", source="c"),
]
PRINTED = """\
---------- TextMessage (user) ----------
do
---------- ToolCallRequestEvent (w) ----------
[FunctionCall(id='1', arguments='{}', name='f')]
---------- ToolCallExecutionEvent (w) ----------
[FunctionExecutionResult(content='x', name='f', call_id='1', is_error=False)]
---------- ModelClientStreamingChunkEvent (w) ----------
Hello there
---------- MultiModalMessage (c) ----------
look
<image>
---------- StopMessage (c) ----------
bye
"""
COUNT = "[Prompt tokens: 3, Completion tokens: 4]\n"
RESULT = TaskResult(messages=ITEMS, stop_reason="why")


async def stream(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def chunk(content: str, source: str = "w") -> ModelClientStreamingChunkEvent:
    return ModelClientStreamingChunkEvent(source=source, content=content)


async def test_a_run_is_printed_as_autogen_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert await Console(stream(*ITEMS, RESULT)) is RESULT
    assert capsys.readouterr().out == PRINTED


async def test_stats_stand_below_each_message_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    await Console(stream(*ITEMS, RESULT), output_stats=True)
    called, streamed = "name='f')]\n", "Hello there\n"
    expected = PRINTED.replace(called, called + COUNT, 1).replace(streamed, streamed + COUNT, 1)
    summary = (
        "---------- Summary ----------\nNumber of messages: 9\nFinish reason: why\n"
        "Total prompt tokens: 6\nTotal completion tokens: 8\nDuration: # seconds\n"
    )
    assert re.sub(r"\d+\.\d\d (?=seconds)", "# ", capsys.readouterr().out) == expected + summary


async def test_an_agents_response_is_printed_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    response = Response(
        chat_message=TextMessage(content="final", source="w", models_usage=USAGE), inner_messages=ITEMS[1:3]
    )
    assert await Console(stream(response), output_stats=True) is response
    assert re.sub(r"\d+\.\d\d (?=seconds)", "# ", capsys.readouterr().out) == (
        f"---------- w ----------\nfinal\n{COUNT}"
        "---------- Summary ----------\nNumber of inner messages: 2\n"
        "Total prompt tokens: 3\nTotal completion tokens: 4\nDuration: # seconds\n"
    )


async def test_a_stream_without_a_result_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^No TaskResult or Response was processed\.$"):
        await Console(stream(*ITEMS))


async def test_an_error_of_the_stream_comes_through() -> None:
    async def broken() -> AsyncIterator[Any]:
        yield ITEMS[0]
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await Console(broken())


async def test_a_message_other_than_its_chunks_is_printed_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """The chunks of an attempt that was lost are a preview only; AutoGen would print nothing else."""
    await Console(stream(chunk("Hel"), TextMessage(content="Good day", source="w"), RESULT))
    assert capsys.readouterr().out == (
        "---------- ModelClientStreamingChunkEvent (w) ----------\nHel\n"
        "---------- TextMessage (w) ----------\nGood day\n"
    )


async def test_a_thought_that_was_streamed_is_not_printed_again(capsys: pytest.CaptureFixture[str]) -> None:
    await Console(stream(chunk("<think>why</think>so"), ThoughtEvent(content="why", source="w"), RESULT))
    assert capsys.readouterr().out == (
        "---------- ModelClientStreamingChunkEvent (w) ----------\n<think>why</think>so\n"
    )


async def test_two_who_speak_at_once_have_headers_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    done = TextMessage(content="ab", source="w")
    await Console(stream(chunk("a"), chunk("x", "v"), chunk("b"), done, RESULT))
    assert capsys.readouterr().out == (
        "---------- ModelClientStreamingChunkEvent (w) ----------\na\n"
        "---------- ModelClientStreamingChunkEvent (v) ----------\nx\n"
        "---------- ModelClientStreamingChunkEvent (w) ----------\nb\n"
        "---------- TextMessage (w) ----------\nab\n"
    )


@pytest.mark.parametrize(("plain", "shown"), [(False, True), (True, False)])
async def test_iterm_shows_images_unless_told_not_to(
    plain: bool, shown: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM_PROGRAM", "iTerm.app")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    await Console(stream(ITEMS[6], RESULT), no_inline_images=plain)
    out = capsys.readouterr().out
    assert (f"\033]1337;File=inline=1:{IMAGE.data}\a" in out, "<image>" in out) == (shown, not shown)


class People:
    """Someone at the terminal, and a chat that waits for what they say."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.answered = asyncio.Event()

    async def answer(self, request_id: str, text: str) -> None:
        self.answers.append((request_id, text))
        self.answered.set()

    async def waiting(self) -> AsyncIterator[Any]:
        yield UserInputRequestedEvent(source="u", request_id="r1")
        await self.answered.wait()
        yield TextMessage(content=self.answers[0][1], source="u")
        yield RESULT


async def test_an_answer_goes_to_the_chat_while_the_stream_waits(capsys: pytest.CaptureFixture[str]) -> None:
    people, prompts = People(), list[str]()

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "yes"

    await Console(people.waiting(), user_input_manager=UserInputManager(ask, answer=people.answer))
    assert (people.answers, prompts) == ([("r1", "yes")], ["Enter your response: "])
    assert capsys.readouterr().out == "---------- TextMessage (u) ----------\nyes\n"


async def test_a_request_read_twice_is_asked_once() -> None:
    people, asked = People(), list[str]()

    async def ask(prompt: str, token: object) -> str:
        asked.append(prompt)
        return "yes"

    manager = UserInputManager(ask, answer=people.answer)
    await Console(people.waiting(), user_input_manager=manager)
    await Console(people.waiting(), user_input_manager=manager)
    assert (len(asked), len(people.answers)) == (1, 1)


async def test_an_error_of_who_is_asked_ends_the_console_not_the_wait() -> None:
    def ask(prompt: str) -> str:
        raise EOFError("no terminal")

    people = People()
    with pytest.raises(EOFError, match="no terminal"):
        await Console(people.waiting(), user_input_manager=UserInputManager(ask, answer=people.answer))


async def test_a_request_that_is_not_wanted_any_more_is_withdrawn() -> None:
    people, begun, cancelled = People(), asyncio.Event(), list[bool]()

    async def ask(prompt: str, token: Any) -> str:
        token.add_callback(lambda: cancelled.append(True))
        begun.set()
        await asyncio.Event().wait()
        return "too late"

    async def over() -> AsyncIterator[Any]:
        yield ITEMS[7]
        await begun.wait()
        yield RESULT

    await Console(over(), user_input_manager=UserInputManager(ask, answer=people.answer))
    assert (cancelled, people.answers) == ([True], [])


async def test_a_wrapped_callback_waits_for_the_console() -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "fine"

    manager = UserInputManager(ask)
    reply = asyncio.ensure_future(manager.get_wrapped_callback()("How is it?", None))
    # AutoGen's waits for ever if the console comes first; here the order does not matter.
    await Console(stream(ITEMS[0], RESULT), user_input_manager=manager)
    assert (reply.done(), asked) == (False, [])
    await Console(stream(ITEMS[7], RESULT), user_input_manager=manager)
    assert await eventually(lambda: reply.done() and reply.result()) == "fine"
    manager.notify_event_received("r2")
    assert await manager.get_wrapped_callback()("And now?", None) == "fine"
    assert asked == ["How is it?", "And now?"]
