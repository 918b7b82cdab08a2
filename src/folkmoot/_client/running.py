"""Runs as their callers see them: messages as they come, then the result or the error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

from temporalio.client import Client
from temporalio.converter import DataConverter

from folkmoot._chat.log import Entry
from folkmoot.errors import ChatCancelled, ChatClosedError, ChatFailedError
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, ModelClientStreamingChunkEvent, TaskResult

from .commands import Accepted, outcome_error
from .follower import Follower
from .pages import LogPages

__all__ = ["Previews", "RunReader"]

Message = BaseChatMessage | BaseAgentEvent
PREVIEW_EVERY = 0.1
SOON = 1.0
"""Seconds within which a run may end without having been read in between."""


class RunReader:
    """Reads one run from the log.

    Args:
        pages: The chat's log.
        asked: The command that asked for the run.
    """

    def __init__(self, pages: LogPages, chat_id: str, asked: Accepted) -> None:
        self._pages = pages
        self._marks = pages.follower.marks
        self._chat_id = chat_id
        self._command = asked.command
        self._next = asked.after
        pages.follower.ignore_until(asked.run_id, asked.events)
        self._run: int | None = None
        self._echo = True
        self._ended: Entry | None = None

    async def messages(self, previews: Previews | None = None) -> AsyncIterator[Message]:
        """The run's messages and events as they come, the task first unless it is not wanted back.

        Raises:
            FolkmootError: The run was refused.
            ChatClosedError: The chat was closed under it.
        """
        follower = self._pages.follower
        while self._ended is None:
            seen, closed = follower.tasks, follower.closed
            entries = await self._pages.fetch(self._next, patient=True)
            for entry in entries:
                self._next = entry.offset + 1
                message = await self._take(entry)
                if message is not None:
                    if previews is not None and (rest := previews.rest(message)) is not None:
                        yield rest
                    yield message
                if self._ended is not None:
                    return
            if entries:
                continue
            if closed:
                raise ChatClosedError(f"Chat {self._chat_id!r} was closed during the run.")
            if previews is None:
                await follower.wait(seen)
            else:
                async for chunk in previews.until(follower.wait(seen)):
                    yield chunk

    async def finish(self) -> list[Message]:
        """Wait for the run's end without reading on the way; then all its messages."""
        follower = self._pages.follower
        found: list[Message] = []
        await self._ended_soon(follower)
        while self._ended is None:
            seen, closed = follower.marks, follower.closed
            entries = await self._pages.fetch(self._next, patient=True)
            for entry in entries:
                self._next = entry.offset + 1
                if self._ended is None and (message := await self._take(entry)) is not None:
                    found.append(message)
            if entries or self._ended is not None:
                continue
            if closed:
                raise ChatClosedError(f"Chat {self._chat_id!r} was closed during the run.")
            await follower.wait(seen, marks_only=True)
        return found

    async def _ended_soon(self, follower: Follower) -> None:
        """Give a short run the time to end before the first read; what leaves no mark, a late refusal, is read then."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON):
                await follower.wait(self._marks, marks_only=True)

    async def _take(self, entry: Entry) -> Message | None:
        data = entry.data
        if self._run is None:
            if data.get("command") == self._command:
                if (error := outcome_error(entry)) is not None:
                    raise error
                self._run, self._echo = data["run"], data.get("echo", True)
            return None
        if data.get("run") != self._run:
            return None
        if entry.kind == "run_ended":
            self._ended = entry
            return None
        if data.get("role") == "task" and "scope" not in data and not self._echo:
            return None
        return await self._pages.message(entry)

    def result(self, messages: list[Message]) -> TaskResult:
        """The run's result.

        Raises:
            ChatFailedError: An agent failed; the chat lives on, `run(task=None)` takes that turn again.
            ChatCancelled: The run was cancelled.
        """
        assert self._ended is not None
        data = self._ended.data
        if data["status"] == "failed":
            error = data["error"]
            raise ChatFailedError(error["agent"], error["type"], error["message"], chat_id=self._chat_id)
        if data["status"] == "cancelled":
            raise ChatCancelled(f"The run of chat {self._chat_id!r} was cancelled.", chat_id=self._chat_id)
        return TaskResult(messages=messages, stop_reason=data.get("stop_reason"))


@dataclass
class Previews:
    """Live text of agents that stream, read from the heartbeats of pending activities; the log has the final words."""

    client: Client
    chat_id: str
    _shown: dict[str, str] = field(default_factory=dict[str, str])

    async def until(self, waiting: Coroutine[Any, Any, None]) -> AsyncIterator[ModelClientStreamingChunkEvent]:
        """Chunks, until `waiting` is over."""
        task = asyncio.ensure_future(waiting)
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=PREVIEW_EVERY)
                if done:
                    task.result()
                    return
                for chunk in await self._look():
                    yield chunk
        finally:
            task.cancel()

    async def _look(self) -> list[ModelClientStreamingChunkEvent]:
        described = await self.client.get_workflow_handle(self.chat_id).describe()
        chunks: list[ModelClientStreamingChunkEvent] = []
        converter: DataConverter = self.client.data_converter
        for pending in described.raw_description.pending_activities:
            if not pending.HasField("heartbeat_details"):
                continue
            details = await converter.decode(pending.heartbeat_details.payloads, [dict])
            part = cast(dict[str, Any], details[0]) if details and isinstance(details[0], dict) else {}
            if "text" in part:
                chunk = self._grow(part["id"], part["agent"], part["text"])
                if chunk is not None:
                    chunks.append(chunk)
        return chunks

    def _grow(self, message_id: str, source: str, text: str) -> ModelClientStreamingChunkEvent | None:
        before = self._shown.get(message_id, "")
        if len(text) <= len(before) or not text.startswith(before):
            return None
        self._shown[message_id] = text
        return ModelClientStreamingChunkEvent(content=text[len(before) :], source=source, full_message_id=message_id)

    def rest(self, message: Message) -> ModelClientStreamingChunkEvent | None:
        """What of a message was not shown yet, if any of it was."""
        content = getattr(message, "content", None)
        if message.id not in self._shown or not isinstance(content, str):
            return None
        return self._grow(message.id, message.source, content)
