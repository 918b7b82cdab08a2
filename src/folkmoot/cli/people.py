"""What a run asks people, put to whoever sits at its terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rich.text import Text

from folkmoot.chat import Chat, PendingRequest
from folkmoot.errors import BadCommandError
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, ModelClientStreamingChunkEvent

from .ballot import Ballot
from .conversation import Conversation
from .requests import command_for
from .screen import Screen, clean

__all__ = ["asking"]

Item = BaseChatMessage | BaseAgentEvent

_ASKS = "request"
_ENDS = {"run_ended", "scope_ended", "interrupted", "rolled_back", "loaded", "reset", "closed"}
_KINDS = {_ASKS, "answered", "vote", "decided", "escalated", "expired", *_ENDS}
"""Entries by which what is asked may have changed."""
_LONGEST = 65536
"""Bytes of a line that is typed; terminals give at most 4096."""


@asynccontextmanager
async def asking(
    screen: Screen, chat: Chat, conversation: Conversation, by: dict[str, Any] | None = None
) -> AsyncGenerator[Callable[[Item], None]]:
    """While the block runs, put what a run asks people to whoever sits at this terminal, one after the other.

    Where nobody sits there, it is told once for each request how to answer or decide it.

    Args:
        screen: Where to.
        chat: Whose run.
        conversation: What is shown of it besides.
        by: Who sits there, for the log.

    Yields:
        To be called with each item of the run's stream, once it is shown: a question comes after what led to it.
    """
    questions = _Questions(screen, chat, conversation, by)
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

    def __init__(self, screen: Screen, chat: Chat, conversation: Conversation, by: dict[str, Any] | None) -> None:
        self._screen = screen
        self._chat = chat
        self._conversation = conversation
        self._by = by
        self._ballot = Ballot(screen, chat, by)
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
                if event.kind == _ASKS:
                    self._before[event.data["request"]] = last
                await self._look()

    async def _look(self) -> None:
        self._open = {item.request: item for item in await self._chat.pending()}
        self._changed.set()

    async def put(self) -> None:
        """Put each question as it comes up, and again once somebody changed what it is about."""
        told: set[tuple[str, int]] = set()
        while True:
            request = next((item for item in self._open.values() if _key(item) not in told and self._led(item)), None)
            if request is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            self._conversation.break_off()
            if self._interactive:
                request = await self._ask(request)
            else:
                self._hint(request)
            told.add(_key(request))

    def _led(self, request: PendingRequest) -> bool:
        """Whether all that was said before it is shown."""
        return self._before.get(request.request, "") in self._seen

    async def _ask(self, request: PendingRequest) -> PendingRequest:
        """Put it until the person is done with it; as it was then."""
        while (now := self._open.get(request.request)) is not None:
            request, done = now, await (self._decide(now) if now.verdicts else self._answer(now))
            if done:
                break
            await self._look()
        return request

    async def _decide(self, request: PendingRequest) -> bool:
        async def typed(prompt: str) -> str | None:
            return await self._typed(request, prompt)

        return await self._ballot.put(request, typed)

    async def _answer(self, request: PendingRequest) -> bool:
        text = await self._typed(request, f"\n{request.path}: {request.prompt.rstrip()} ".lstrip(": "))
        if text is None:
            return True
        try:
            await self._chat.answer(request.request, text, by=self._by)
        except BadCommandError as error:
            # Somebody else was faster, or a name is none of those asked for.
            self._screen.note(str(error))
            return False
        return True

    async def _typed(self, request: PendingRequest, prompt: str) -> str | None:
        """The line that is typed after a prompt; None: there is none, or the question has gone."""
        self._screen.out.print(Text(clean(prompt)), end="", soft_wrap=True)
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
        self._screen.note(f"{who} is asked: {prompt} ({command_for(self._chat.id, request)})")


def _key(request: PendingRequest) -> tuple[str, int]:
    """What is put once."""
    return request.request, request.revision
