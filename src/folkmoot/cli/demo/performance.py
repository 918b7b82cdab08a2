"""The course of the demo: run, kill in the middle of a turn, go on, count."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import PendingActivityState

from folkmoot._temporal.names import ACTIVITY_MODEL
from folkmoot.chat import Chat
from folkmoot.cli.connection import Connection
from folkmoot.cli.conversation import Conversation
from folkmoot.cli.screen import Screen
from folkmoot.messages import TaskResult, TextMessage

from .application import LEDGER, TASK, team
from .processes import WorkerProcess
from .proof import Proof, prove
from .words import HOLD, ScriptedWords

if TYPE_CHECKING:
    from folkmoot._scripted.http import ScriptedServer

__all__ = ["Model", "Performance"]

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Model:
    """The model the agents speak by.

    Attributes:
        name: Its name in the specs.
        environment: Variables by which workers find it.
        said: What people are told about it.
        server: The scripted server; None: it is a real model.
        words: What that server says.
    """

    name: str
    environment: Mapping[str, str]
    said: str
    server: ScriptedServer | None = None
    words: ScriptedWords | None = None


class Performance:
    """One run of the demo.

    Args:
        screen: Where it is shown.
        connection: The server.
        model: The model.
        folder: The folder the workers work in.
        environment: The workers' whole environment.
        chat_id: The chat's id.
        queue: The workers' task queue.
    """

    def __init__(
        self,
        screen: Screen,
        connection: Connection,
        model: Model,
        folder: Path,
        environment: Mapping[str, str],
        *,
        chat_id: str,
        queue: str,
    ) -> None:
        self._screen = screen
        self._connection = connection
        self._model = model
        self._folder = folder
        self._environment = environment
        self._chat_id = chat_id
        self._queue = queue
        self._conversation = Conversation(screen)
        self._criticised = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._in_flight: int | None = None
        self._killed = 0.0
        self._outage = ExitStack()

    async def run(self) -> Proof:
        """Do it all.

        Raises:
            FolkmootError: A worker process did not come up, or ended by itself; or the run failed.
        """
        try:
            worker = await self._start_worker()
            async with self._connection.moot(self._queue) as moot:
                chat = await moot.open(team(self._model.name), self._chat_id)
                self._screen.say(f"  chat    {self._chat_id}: writer with a tool, and critic")
                await self._play(chat, worker)
                return await self._count(chat)
        finally:
            self._outage.close()
            if self._worker is not None:
                await self._worker.kill()

    async def _start_worker(self) -> WorkerProcess:
        with self._screen.waiting("starting a worker process"):
            self._worker = await WorkerProcess.start(self._folder, self._environment)
        self._screen.emit({"kind": "worker", "pid": self._worker.pid})
        self._screen.say(f"  worker  process {self._worker.pid}")
        return self._worker

    async def _play(self, chat: Chat, worker: WorkerProcess) -> None:
        """The conversation, while the other half sees to the workers."""
        talking = asyncio.create_task(self._talk(chat))
        working = asyncio.create_task(self._accident(worker))
        try:
            # The second ends before the first only by failing.
            await asyncio.wait({talking, working}, return_when=asyncio.FIRST_COMPLETED)
            await (talking if talking.done() else working)
        finally:
            talking.cancel()
            working.cancel()
            await asyncio.gather(talking, working, return_exceptions=True)

    async def _talk(self, chat: Chat) -> None:
        async for item in chat.run_stream(task=TASK):
            self._back()
            if isinstance(item, TaskResult):
                self._conversation.break_off()
                self._screen.emit({"kind": "result", "stop_reason": item.stop_reason})
                self._screen.say(f"\n{item.stop_reason}", "bold")
            else:
                self._conversation.show(item)
                if isinstance(item, TextMessage) and item.source == "critic":
                    self._criticised.set()

    async def _accident(self, worker: WorkerProcess) -> None:
        """Kill the worker while a model call of the third turn is in flight; start another, and watch over it."""
        waiting = asyncio.create_task(self._mid_turn())
        dying = asyncio.create_task(worker.wait())
        try:
            await asyncio.wait({waiting, dying}, return_when=asyncio.FIRST_COMPLETED)
            await (dying if dying.done() else waiting)
        finally:
            waiting.cancel()
            dying.cancel()
        server = self._model.server
        self._in_flight = server.total if server is not None else 0
        await worker.kill()
        self._killed = time.monotonic()
        self._conversation.break_off()
        self._screen.emit({"kind": "killed", "pid": worker.pid, "signal": "SIGKILL"})
        self._screen.say(
            f"\n  ✗ worker {worker.pid} killed with SIGKILL while writer's model call was in flight", "bold red"
        )
        if server is not None:
            server.release(HOLD)
        successor = await self._start_worker()
        self._outage.enter_context(
            self._screen.waiting("Temporal misses the heartbeat within 10 s, then gives the call anew")
        )
        await successor.wait()

    async def _mid_turn(self) -> None:
        """Wait until the third turn's model call is being made."""
        await self._criticised.wait()
        if self._model.words is not None:
            await self._model.words.held.wait()
        handle = self._connection.client.get_workflow_handle(self._chat_id)
        while True:
            described = await handle.describe()
            for pending in described.raw_description.pending_activities:
                started = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
                if started and pending.activity_type.name == ACTIVITY_MODEL:
                    return
            await asyncio.sleep(_POLL_SECONDS)

    def _back(self) -> None:
        """The chat goes on after the outage."""
        if self._killed:
            seconds = time.monotonic() - self._killed
            self._outage.close()
            self._screen.emit({"kind": "resumed", "seconds": round(seconds, 1)})
            self._screen.say(f"  ✓ the chat goes on, {seconds:.0f} s after the kill", "bold green")
            self._killed = 0.0

    async def _count(self, chat: Chat) -> Proof:
        events = [event async for event in chat.events(follow=False)]
        described = await self._connection.client.get_workflow_handle(self._chat_id).describe()
        size = described.raw_description.workflow_execution_info.history_size_bytes
        ledger = self._folder / LEDGER
        server = self._model.server
        return prove(
            events,
            None if server is None else server.requests,
            in_flight=self._in_flight,
            notes=ledger.read_text(encoding="utf-8") if ledger.exists() else "",
            history=(described.history_length, size),
        )
