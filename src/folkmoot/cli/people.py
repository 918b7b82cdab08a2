"""What people are asked: the verbs pending and answer, and the questions that `run` puts at a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from folkmoot.chat import Chat, PendingRequest
from folkmoot.errors import BadCommandError
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, ModelClientStreamingChunkEvent

from .chats import a_chat
from .conversation import Conversation
from .reading import ChatId, add_row, new_table
from .screen import Screen, clean
from .verbs import Invocation, verb

__all__ = ["VERBS", "asking"]

Item = BaseChatMessage | BaseAgentEvent

_KINDS = {"request", "answered", "run_ended", "scope_ended", "reset", "closed"}
"""Entries by which what is asked may have changed."""
_LONGEST = 65536
"""Bytes of a line that is typed; terminals give at most 4096."""


async def pending(invocation: Invocation, chat_id: ChatId) -> None:
    """List what people are asked in a chat, oldest first."""
    async with a_chat(invocation, chat_id) as chat:
        found = await chat.pending()
    screen = invocation.screen
    for request in found:
        screen.emit({"chat": chat_id, **asdict(request)})
    if screen.json:
        return
    if not found:
        screen.say("Nobody is asked anything.")
        return
    table = new_table("Request", "Kind", "Who", "Since", "Question")
    # An id that is cut off answers nothing.
    table.columns[0].no_wrap = True
    for request in found:
        since = request.since.replace("T", " ")[:16]
        add_row(table, request.request, request.kind, request.path, since, request.prompt)
    screen.emit({}, table)


async def answer(
    invocation: Invocation,
    chat_id: ChatId,
    request: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST", envvar="FOLKMOOT_REQUEST", show_envvar=True, help="Its id, from `folkmoot pending`."
        ),
    ],
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", envvar="FOLKMOOT_ANSWER", show_envvar=True, help="The answer; '-': read it."),
    ],
    by: Annotated[str, typer.Option(envvar="FOLKMOOT_BY", help="Who answers, for the log.")] = "",
) -> None:
    """Answer what a person is asked in a chat."""
    content = sys.stdin.read() if text == "-" else text
    async with a_chat(invocation, chat_id) as chat:
        await chat.answer(request, content, by=by)
        status = (await chat.status()).status
    invocation.screen.emit(
        {"chat": chat_id, "command": "answer", "request": request, "status": status}, f"{chat_id}: {status}"
    )


@asynccontextmanager
async def asking(screen: Screen, chat: Chat, conversation: Conversation) -> AsyncGenerator[Callable[[Item], None]]:
    """While the block runs, put what a run asks people to whoever sits at this terminal, one after the other.

    Where nobody sits there, it is told once for each request how to answer it.

    Yields:
        To be called with each item of the run's stream, once it is shown: a question comes after what led to it.
    """
    questions = _Questions(screen, chat, conversation)
    after = (await chat.status()).head - 1
    tasks = [asyncio.create_task(work) for work in (questions.watch(after), questions.put())]
    try:
        yield questions.saw
    finally:
        for task in tasks:
            task.cancel()
        # What ended the watch ends the run for its reader, too, who tells it.
        await asyncio.gather(*tasks, return_exceptions=True)


class _Questions:
    """What is asked now, and what of it was put to the person."""

    def __init__(self, screen: Screen, chat: Chat, conversation: Conversation) -> None:
        self._screen = screen
        self._chat = chat
        self._conversation = conversation
        self._interactive = not screen.json and sys.stdin.isatty() and sys.stdout.isatty()
        self._open: dict[str, PendingRequest] = {}
        self._before: dict[str, str | None] = {}
        """By request, the id of the last message before it."""
        self._seen: set[str | None] = {None}
        self._changed = asyncio.Event()

    def saw(self, item: Item) -> None:
        """An item of the stream has been shown."""
        if not isinstance(item, ModelClientStreamingChunkEvent):
            self._seen.add(item.id)
            self._changed.set()

    async def watch(self, after: int) -> None:
        """Keep up with what is asked, and answered elsewhere, in the log after that offset."""
        last: str | None = None
        async for event in self._chat.events(after=after):
            if event.message is not None:
                last = event.message.id
            elif event.kind in _KINDS:
                if event.kind == "request":
                    self._before[event.data["request"]] = last
                await self._look()

    async def _look(self) -> None:
        self._open = {item.request: item for item in await self._chat.pending()}
        self._changed.set()

    async def put(self) -> None:
        """Put each question as it comes up."""
        told: set[str] = set()
        while True:
            request = next((item for item in self._open.values() if item.request not in told and self._led(item)), None)
            if request is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            told.add(request.request)
            self._conversation.break_off()
            if self._interactive:
                await self._ask(request)
            else:
                self._hint(request)

    def _led(self, request: PendingRequest) -> bool:
        """Whether all that was said before it is shown."""
        return self._before.get(request.request, "") in self._seen

    async def _ask(self, request: PendingRequest) -> None:
        while request.request in self._open:
            self._screen.out.print(Text(clean(f"\n{request.path}: {request.prompt.rstrip()} ".lstrip(": "))), end="")
            text = await self._typed(request)
            if text is None:
                return
            try:
                await self._chat.answer(request.request, text)
            except BadCommandError as error:
                # Somebody else was faster, or a name is none of those asked for.
                self._screen.note(str(error))
                await self._look()
            else:
                return

    async def _typed(self, request: PendingRequest) -> str | None:
        """The next line; None: there is none, or the question has gone."""
        # No thread that sits in `input`: it could not be left when the run ends.
        loop, keyboard, ready = asyncio.get_running_loop(), sys.stdin.fileno(), False

        def wake() -> None:
            nonlocal ready
            ready = True
            loop.remove_reader(keyboard)
            self._changed.set()

        loop.add_reader(keyboard, wake)
        try:
            while not ready and request.request in self._open:
                self._changed.clear()
                await self._changed.wait()
        finally:
            loop.remove_reader(keyboard)
        if not ready:
            self._screen.say("(no longer asked)", "dim")
            return None
        line = os.read(keyboard, _LONGEST)
        if not line:  # Ctrl-D: the person leaves it to others.
            self._interactive = False
            self._screen.say("")
            self._hint(request)
            return None
        return line.decode(errors="replace").rstrip("\r\n")

    def _hint(self, request: PendingRequest) -> None:
        who, prompt = request.path or "the team", request.prompt.strip()
        self._screen.note(f"{who} is asked: {prompt} (folkmoot answer {self._chat.id} {request.request} TEXT)")


VERBS = [verb("pending", pending), verb("answer", answer)]
