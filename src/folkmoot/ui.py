"""A chat on the terminal (AutoGen: `autogen_agentchat.ui`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeVar, cast

from .messages import (
    BaseAgentEvent,
    BaseChatMessage,
    ModelClientStreamingChunkEvent,
    MultiModalMessage,
    RequestUsage,
    Response,
    TaskResult,
    UserInputRequestedEvent,
)
from .tools import CancellationToken

__all__ = ["Console", "UserInputManager"]

AsyncInput = Callable[[str, CancellationToken | None], Awaitable[str]]
Input = Callable[[str], str] | AsyncInput
"""Asks the person at the terminal: `f(prompt)`, run in a thread of its own, or `async f(prompt, token)`."""
Answer = Callable[[str, str], Awaitable[None]]
Result = TypeVar("Result", bound=TaskResult | Response)

PROMPT = "Enter your response: "
_RULE = "-" * 10


class UserInputManager:
    """Asks the person at the terminal only when the console has come to the request, not amid other output.

    Args:
        callback: Asks.
        answer: Takes the id of the request and the text, such as `chat.answer`. With it the console itself asks
            for each `UserInputRequestedEvent` and hands the text on. Without it, give `get_wrapped_callback()` to
            `UserProxyAgent` as `input_func`.
    """

    def __init__(self, callback: Input, *, answer: Answer | None = None) -> None:
        self._callback = callback
        self._answer = answer
        self._known: set[str] = set()
        self._reached = asyncio.Semaphore(0)
        self._token = CancellationToken()
        self._asking: set[asyncio.Task[None]] = set()

    def get_wrapped_callback(self) -> AsyncInput:
        """The callback, held back until the console has seen a request: one request lets one call through."""

        async def wrapped(prompt: str, cancellation_token: CancellationToken | None = None) -> str:
            await self._reached.acquire()
            return await self._ask(prompt, cancellation_token)

        return wrapped

    def notify_event_received(self, request_id: str) -> None:
        """The console has come to this request; a second time, as when a stream is read again, nothing happens."""
        if request_id in self._known:
            return
        self._known.add(request_id)
        if self._answer is None:
            self._reached.release()
        else:
            self._asking.add(asyncio.ensure_future(self._serve(request_id, self._answer)))

    async def next_of(self, items: AsyncIterator[Any]) -> Any:
        """The next item of a stream, while the person is being asked.

        Raises:
            StopAsyncIteration: There is none.
            Exception: What the callback or `answer` raised.
        """
        self._settle()
        if not self._asking:
            return await anext(items)
        coming = asyncio.ensure_future(_item(items))
        try:
            while not coming.done():
                await asyncio.wait({coming, *self._asking}, return_when=asyncio.FIRST_COMPLETED)
                self._settle()
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.wait({coming})
        if not (found := coming.result()):
            raise StopAsyncIteration
        return found[0]

    def withdraw(self) -> None:
        """Nobody waits for an answer any more; a text typed from now on is dropped."""
        for task in self._asking:
            task.cancel()
        self._asking.clear()
        self._token.cancel()
        self._token = CancellationToken()

    def _settle(self) -> None:
        for task in [task for task in self._asking if task.done()]:
            self._asking.discard(task)
            task.result()

    async def _serve(self, request_id: str, answer: Answer) -> None:
        await answer(request_id, await self._ask(PROMPT, self._token))

    async def _ask(self, prompt: str, token: CancellationToken | None) -> str:
        if iscoroutinefunction(self._callback):
            return await cast(AsyncInput, self._callback)(prompt, token)
        text = await _in_daemon(cast(Callable[[str], str], self._callback), prompt)
        # An object with an async `__call__`, or a lambda around a coroutine function, shows only now.
        return await cast(Awaitable[str], text) if isawaitable(text) else text


async def Console(  # noqa: N802 - AutoGen's name
    stream: AsyncIterable[BaseAgentEvent | BaseChatMessage | Result],
    *,
    no_inline_images: bool = False,
    output_stats: bool = False,
    user_input_manager: UserInputManager | None = None,
) -> Result:
    """Print a stream as it comes (AutoGen: `Console`).

    Where AutoGen's loses words, this prints them: a message that is not what its chunks said is printed in full,
    and chunks of two agents that speak at once stand under headers of their own.

    Args:
        stream: Of `run_stream`, or of an agent's `on_messages_stream`.
        no_inline_images: False: in iTerm2, images are shown.
        output_stats: Print tokens after each message, and a summary at the end.
        user_input_manager: Is told of each `UserInputRequestedEvent`; these are never printed.

    Returns:
        The last TaskResult or Response.

    Raises:
        ValueError: There was none (AutoGen's text).
        Exception: What the stream, or the manager's callback, raised.
    """
    inline = not no_inline_images and os.environ.get("TERM_PROGRAM") == "iTerm.app" and sys.stdout.isatty()
    printer = _Printer(inline, output_stats)
    result: Result | None = None
    try:
        async for item in _items(stream, user_input_manager):
            if isinstance(item, TaskResult | Response):
                result = cast(Result, item)
                await printer.result(item)
            elif not isinstance(item, UserInputRequestedEvent):
                await printer.message(cast(BaseAgentEvent | BaseChatMessage, item))
            elif user_input_manager is not None:
                user_input_manager.notify_event_received(item.request_id)
    finally:
        if user_input_manager is not None:
            user_input_manager.withdraw()
    if result is None:
        raise ValueError("No TaskResult or Response was processed.")
    return result


class _Printer:
    def __init__(self, inline: bool, stats: bool) -> None:
        self._inline = inline
        self._stats = stats
        self._begun = time.monotonic()
        self._used = RequestUsage(prompt_tokens=0, completion_tokens=0)
        self._speaker: str | None = None
        self._streamed = ""

    async def message(self, message: BaseAgentEvent | BaseChatMessage) -> None:
        header = f"{_RULE} {type(message).__name__} ({message.source}) {_RULE}\n"
        if isinstance(message, ModelClientStreamingChunkEvent):
            if self._speaker != message.source:
                header = header if self._speaker is None else f"\n{header}"
                self._speaker, self._streamed = message.source, ""
                await _write(header)
            self._streamed += message.content
            await _write(message.content)
            return
        text = self._text(message)
        shown = self._speaker == message.source and text in self._streamed
        # Only the line of the chunks is still to be ended.
        output = "\n" if self._speaker is not None else ""
        if not shown:
            output += f"{header}{text}\n"
        self._speaker = None
        await _write(output + self._count(message))

    async def result(self, result: TaskResult | Response) -> None:
        if isinstance(result, TaskResult):
            counts = f"Number of messages: {len(result.messages)}\nFinish reason: {result.stop_reason}\n"
            output = ""
        else:
            counts = f"Number of inner messages: {len(result.inner_messages or ())}\n"
            answer = result.chat_message
            output = f"{_RULE} {answer.source} {_RULE}\n{self._text(answer)}\n{self._count(answer)}"
        if self._stats:
            output += (
                f"{_RULE} Summary {_RULE}\n{counts}"
                f"Total prompt tokens: {self._used.prompt_tokens}\n"
                f"Total completion tokens: {self._used.completion_tokens}\n"
                f"Duration: {time.monotonic() - self._begun:.2f} seconds\n"
            )
        await _write(output)

    def _text(self, message: BaseAgentEvent | BaseChatMessage) -> str:
        if not self._inline or not isinstance(message, MultiModalMessage):
            return message.to_text()
        # iTerm2's way to show an image: https://iterm2.com/documentation-images.html
        parts = (part if isinstance(part, str) else _iterm(part.to_base64()) for part in message.content)
        return "\n".join(parts)

    def _count(self, message: BaseAgentEvent | BaseChatMessage) -> str:
        """Add what the message used up; a line that says so, if stats are wanted."""
        usage = message.models_usage
        if usage is None:
            return ""
        self._used.prompt_tokens += usage.prompt_tokens
        self._used.completion_tokens += usage.completion_tokens
        if not self._stats:
            return ""
        return f"[Prompt tokens: {usage.prompt_tokens}, Completion tokens: {usage.completion_tokens}]\n"


def _iterm(image: str) -> str:
    return f"\033]1337;File=inline=1:{image}\a\n"


async def _items(stream: AsyncIterable[Any], manager: UserInputManager | None) -> AsyncIterator[Any]:
    items = aiter(stream)
    while True:
        try:
            yield await (anext(items) if manager is None else manager.next_of(items))
        except StopAsyncIteration:
            return


async def _item(items: AsyncIterator[Any]) -> list[Any]:
    """The next item in a list, empty at the end: a task cannot raise StopAsyncIteration to whom awaits it."""
    async for item in items:
        return [item]
    return []


async def _write(text: str) -> None:
    if text:
        # Standard output may be a pipe that nobody empties just now.
        await asyncio.to_thread(_flush, text)


def _flush(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


async def _in_daemon(function: Callable[[str], str], prompt: str) -> str:
    """Run `function(prompt)` in a thread that the process does not wait for: `input()` cannot be interrupted."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[str] = loop.create_future()

    def settle(text: str | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(cast(str, text))

    def run() -> None:
        try:
            result = function(prompt), None
        except BaseException as error:  # noqa: BLE001 - raised again by whoever awaits
            result = None, error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *result)

    threading.Thread(target=run, name="folkmoot-input", daemon=True).start()
    return await outcome
