"""A stage for worker processes that are killed: a play for a writer and a critic, and notes on each performance.

The play is a function of what a model is asked, so a call that is made again gets the same answer. In each round the
writer books two items at once, writes a draft about them, and the critic judges it; the second draft is approved.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folkmoot import (
    AssistantAgent,
    Chat,
    FolderStore,
    Folkmoot,
    HistoryLimits,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TextMentionTermination,
)
from folkmoot.testing import ScriptedServer
from tests._support.impatient import Impatient
from tests._support.waiting import eventually

ROUNDS = 2
STEPS = [f"{who}:{n}" for n in range(1, ROUNDS + 1) for who in ("books", "drafts", "judges")]
"""Every model call of a performance."""
ITEMS = [f"{item}{n}" for n in range(1, ROUNDS + 1) for item in ("hall", "band")]
"""Every tool call of a performance."""
FREQUENT = HistoryLimits(events=30, resting_events=30, seal_bytes=0)
"""The chat continues as new after every turn or two, its log sealed."""

TEAM = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt", tools=["book"], system_message="You are the writer.", reflect_on_tool_use=True),
        AssistantAgent("critic", "gpt", system_message="You are the critic."),
    ],
    termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(40),
)


@dataclass
class Play:
    """Answers models' requests, and notes what was asked.

    Attributes:
        held: Steps, as `chat:who:n`, whose answers wait until they are released.
        asked: Bodies of the requests of each step.
    """

    held: set[str] = field(default_factory=set)
    asked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(body["messages"])
        label = re.search(r"Plan \[(\w+)\]", text)[1]  # type: ignore[index]
        drafts = len(re.findall("Draft", text))
        step: dict[str, Any]
        if "You are the critic." in text:
            who, n = "judges", drafts
            step = {"text": "APPROVE" if n == ROUNDS else f"Once more, {n}."}
        elif body["messages"][-1]["role"] == "tool":
            who, n = "drafts", drafts + 1
            step = {"text": f"Draft {n} of [{label}]."}
        else:
            who, n = "books", drafts + 1
            calls = [
                {"name": "book", "arguments": {"item": f"{label}-{item}{n}"}, "id": f"{item}{n}"}
                for item in ("hall", "band")
            ]
            step = {"calls": calls}
        name = f"{label}:{who}:{n}"
        self.asked.setdefault(name, []).append(body)
        return {**step, "hold": name} if name in self.held else step

    def counts(self, label: str) -> dict[str, int]:
        """How often each step of a performance was asked for."""
        return {step: len(self.asked.get(f"{label}:{step}", [])) for step in STEPS}


@dataclass
class WorkerProcess:
    """A worker process that polls."""

    process: asyncio.subprocess.Process

    async def killed(self, *runs: asyncio.Task[Any]) -> None:
        """Wait until it is killed in the midst of these runs."""
        end = asyncio.create_task(self.process.wait())
        await asyncio.wait({end, *runs}, return_when=asyncio.FIRST_COMPLETED)
        assert [run.result() for run in runs if run.done()] == [], "a run ended before"
        assert await end == -signal.SIGKILL

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return await self.process.wait()


@dataclass
class Theatre:
    """A queue on a real server with a scripted model; workers come and go."""

    moot: Folkmoot
    model: ScriptedServer
    play: Play
    address: str
    folder: Path
    program: str
    """The module that a worker process runs."""
    _stack: AsyncExitStack

    @property
    def _bookings(self) -> Path:
        return self.folder / "bookings"

    async def worker(self, env: Mapping[str, str] | None = None, **options: Any) -> WorkerProcess:
        """Start a worker process; it polls when this returns.

        Args:
            env: Further variables (see the program).
            options: Of `temporalio.worker.Worker`.
        """
        own = {
            "TEMPORAL_ADDRESS": self.address,
            "FOLKMOOT_TASK_QUEUE": self.moot.queue,
            "OPENAI_BASE_URL": self.model.base_url,
            "OPENAI_API_KEY": "none",
            "WORKER_STORE": str(self.folder / "store"),
            "WORKER_BOOKINGS": str(self._bookings),
            "WORKER_OPTIONS": json.dumps(options),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.program,
            env={**os.environ, **own, **(env or {})},
            stdout=asyncio.subprocess.PIPE,
        )
        self._stack.push_async_callback(_end, process)
        assert process.stdout is not None
        assert (await process.stdout.readline()).strip() == b"polling"
        await eventually(self.moot._workers.any, what="the server knows of a worker")
        return WorkerProcess(process)

    async def perform(self, label: str, **options: Any) -> tuple[Chat, asyncio.Task[Any]]:
        """Open a chat and start the play in it."""
        chat = await self.moot.open(TEAM, id=f"{label}-{uuid.uuid4().hex[:8]}", **options)
        return chat, asyncio.create_task(chat.run(task=f"Plan [{label}]"))

    def bookings(self, label: str) -> dict[str, list[dict[str, Any]]]:
        """The attempts of each booking of a performance."""
        found: dict[str, list[dict[str, Any]]] = {item: [] for item in ITEMS}
        for line in self._bookings.read_text().splitlines() if self._bookings.exists() else []:
            entry = json.loads(line)
            chat, item = entry["item"].split("-")
            if chat == label:
                found[item].append(entry)
        return found

    async def check(
        self, chat: Chat, label: str, *, asked_twice: tuple[str, ...] = (), booked_twice: tuple[str, ...] = ()
    ) -> None:
        """See that a performance came out as an undisturbed one, and that nothing known was asked for again.

        Args:
            chat: The chat.
            label: The performance.
            asked_twice: The model calls that had no completion in history when their worker was lost.
            booked_twice: The tool calls that were under way then.
        """
        plain, run = await self.perform("plain")
        await run
        assert _neutral(await messages(chat), label) == _neutral(await messages(plain), "plain")
        assert self.play.counts(label) == {step: 2 if step in asked_twice else 1 for step in STEPS}
        for step in STEPS:
            bodies = self.play.asked[f"{label}:{step}"]
            undisturbed = _neutral(self.play.asked[f"plain:{step}"][-1], "plain")
            assert all(_neutral(body, label) == undisturbed for body in bodies), "the very same question"
        bookings = self.bookings(label)
        times = {item: len(attempts) for item, attempts in bookings.items()}
        assert times == {item: 2 if item in booked_twice else 1 for item in ITEMS}
        keys = [{attempt["key"] for attempt in attempts} for attempts in bookings.values()]
        assert all(len(found) == 1 for found in keys), "one key for all attempts of a call"
        assert len(set().union(*keys)) == len(ITEMS), "and another for each call"


async def messages(chat: Chat) -> list[tuple[str, str, Any]]:
    """Type, source and content (of code that was run, the result) of the log's messages."""
    said = [event.message async for event in chat.events(follow=False) if event.message is not None]
    dumps = [(message, message.model_dump(mode="json")) for message in said]
    return [(message.type, message.source, dump.get("content", dump.get("result"))) for message, dump in dumps]


async def entry(chat: Chat, kind: str, count: int = 1) -> None:
    """Wait until the log has so many entries of a kind."""

    async def probe() -> bool:
        kinds = Counter([event.kind async for event in chat.events(follow=False)])
        return kinds[kind] >= count

    await eventually(probe, what=f"{count} entries {kind!r} of {chat!r}")


def _neutral(value: object, label: str) -> str:
    return json.dumps(value, sort_keys=True).replace(f"[{label}]", "[]").replace(f"{label}-", "-")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


@asynccontextmanager
async def theatre(
    address: str,
    folder: Path,
    script: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    program: str = "tests._support.worker_process",
) -> AsyncIterator[Theatre]:
    """A theatre on the server of that address.

    Args:
        address: The server's.
        folder: For the store and for what tools note.
        script: Answers models' requests; None: `Play`.
        program: The module that a worker process runs.
    """
    play = Play()
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedServer(script or play))
        store = FolderStore(folder / "store")
        queue = f"theatre-{uuid.uuid4().hex[:8]}"
        connecting = Folkmoot.connect(address, queue=queue, store=store, interceptors=[Impatient()])
        moot = await stack.enter_async_context(await connecting)
        yield Theatre(moot, model, play, address, folder, program, stack)
