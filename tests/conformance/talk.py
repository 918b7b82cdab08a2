"""A team or an agent under way, in either library: the verbs a scenario's story is told in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from folkmoot import ChatCancelled, ChatFailedError, FolkmootError
from folkmoot.testing import ScriptedServer
from tests._support.waiting import eventually

from .libraries import AutogenLibrary, Library
from .record import Failure, Ids, Outcome, Record, normal_items, normal_request

__all__ = ["Talk"]

_TRACEBACK = "\nTraceback:"


class Talk:
    """Both libraries' teams have the same verbs, so one class serves both; what they do goes into the record.

    Args:
        lib: The library.
        target: AutoGen's team or agent, or Folkmoot's chat.
        server: The scripted model.
    """

    def __init__(self, lib: Library, target: Any, server: ScriptedServer) -> None:
        self.lib = lib
        self.target = target
        self.record = Record()
        self._server = server
        self._ids = Ids()
        self._token: Any = None

    async def run(self, task: Any = None, **options: Any) -> Outcome:
        """`run`; a failure is part of the outcome."""
        return await self._verb("run", ValueError, lambda: self._run(task, options))

    async def stream(
        self, task: Any = None, *, chunks: bool = False, cancelled: bool = False, **options: Any
    ) -> Outcome:
        """`run_stream`; its items must be those of the result. What came before a failure is kept.

        Args:
            task: The task.
            chunks: Pieces of streamed text are part of the outcome.
            cancelled: The run's token is cancelled already.
            options: Further arguments of `run_stream`.
        """
        seen: list[Any] = []
        self._token = self.lib.CancellationToken()
        if cancelled:
            self._token.cancel()
        return await self._verb("run", ValueError, lambda: self._stream(task, options, seen, chunks), seen)

    def start(self, task: Any = None, **options: Any) -> asyncio.Task[Outcome]:
        """`stream` in the background."""
        return asyncio.create_task(self.stream(task, **options))

    async def attempt(self, verb: str, *arguments: Any, within: float | None = None, **options: Any) -> Outcome:
        """Any other verb: `reset`, `pause`, `resume`.

        Args:
            verb: Its name.
            within: Seconds after which it counts as hanging, for what AutoGen never returns from.
        """

        async def call() -> Outcome:
            async with asyncio.timeout(within):
                await getattr(self.target, verb)(*arguments, **options)
            return Outcome(verb)

        return await self._verb(verb, RuntimeError, call)

    async def within(self, seconds: float, run: asyncio.Task[Outcome]) -> None:
        """Wait for a run of `start`; one that does not end in time counts as hanging, and is given up."""
        await asyncio.wait([run], timeout=seconds)
        if not run.done():
            run.cancel()
            await asyncio.wait([run])

    async def until(self, status: str) -> None:
        """Wait until Folkmoot's chat has that status."""

        async def reached() -> bool:
            return (await self.target.status()).status == status

        await eventually(reached, what=f"the chat is {status}")

    async def stop(self) -> None:
        """Set the external termination."""
        if isinstance(self.lib, AutogenLibrary):
            for stop in self.lib.stops:
                stop.set()
        else:
            await self.target.stop()

    def cancel(self) -> None:
        """Cancel the token of the last run."""
        self._token.cancel()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What models were asked so far."""
        return self._server.requests

    async def asked(self, count: int) -> None:
        """Wait until models have been asked so often in all."""
        await self._server.wait_for_requests(count)

    def release(self, hold: str) -> None:
        """Let the replies held under this name go."""
        self._server.release(hold)

    def note(self, value: Any) -> None:
        """Note something down to be compared."""
        self.lib.notes.append(value)

    def finish(self) -> Record:
        """The record, once the story is told."""
        self.record.asked = [normal_request(body) for body in self._server.requests]
        self.record.notes = self.lib.notes
        return self.record

    async def _run(self, task: Any, options: dict[str, Any]) -> Outcome:
        self._token = self.lib.CancellationToken()
        result = await self.target.run(task=self._task(task), cancellation_token=self._token, **options)
        return self._outcome(result.messages, result.stop_reason)

    async def _stream(self, task: Any, options: dict[str, Any], seen: list[Any], chunks: bool) -> Outcome:
        items = self.target.run_stream(task=self._task(task), cancellation_token=self._token, **options)
        async for item in items:
            seen.append(item)  # noqa: PERF401 - what came before a failure is kept
        result = seen.pop()
        whole = [item for item in seen if item.type != "ModelClientStreamingChunkEvent"]
        if [item.dump() for item in whole] != [item.dump() for item in result.messages]:
            pytest.fail(f"stream and result differ:\n{whole}\n{result.messages}")
        return self._outcome(seen, result.stop_reason, chunks=chunks)

    def _task(self, task: Any) -> Any:
        return task(self.lib) if callable(task) else task

    def _outcome(self, items: Any, stop_reason: str | None, *, chunks: bool = False) -> Outcome:
        messages = normal_items([item.dump() for item in items], self._ids, chunks=chunks)
        return Outcome("run", messages, stop_reason)

    async def _verb(
        self, verb: str, refusal: type[Exception], call: Callable[[], Awaitable[Outcome]], seen: list[Any] | None = None
    ) -> Outcome:
        place = len(self.record.outcomes)
        self.record.outcomes.append(Outcome(verb))
        try:
            outcome = await call()
        except (Exception, asyncio.CancelledError) as error:
            given_up = (current := asyncio.current_task()) is not None and current.cancelling() > 0
            messages = normal_items([item.dump() for item in seen or ()], self._ids)
            failure = Failure("Hangs", "") if given_up else _failure(error, refusal)
            outcome = self.record.outcomes[place] = Outcome(verb, messages, failure=failure)
            if given_up:
                raise
        self.record.outcomes[place] = outcome
        return outcome


def _failure(error: BaseException, refusal: type[Exception]) -> Failure:
    """The error as both libraries would tell it.

    AutoGen makes of an agent's error a RuntimeError with type, text and traceback in its text; Folkmoot a
    ChatFailedError with fields. Folkmoot's refusals are ValueError and RuntimeError at once.
    """
    if isinstance(error, TimeoutError):
        return Failure("Hangs", "")
    if isinstance(error, asyncio.CancelledError | ChatCancelled):
        return Failure("Cancelled", "")
    if isinstance(error, ChatFailedError):
        return Failure(error.error_type, error.error_message)
    if isinstance(error, FolkmootError) and isinstance(error, refusal):
        return Failure(refusal.__name__, str(error))
    text = str(error)
    if isinstance(error, RuntimeError) and _TRACEBACK in text:
        kind, _, text = text.split(_TRACEBACK, 1)[0].partition(": ")
        return Failure(kind, text)
    return Failure(type(error).__name__, text)
