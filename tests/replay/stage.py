"""Where the paths are taken: a scripted model, a worker and a client on a real server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.client import Client, Plugin
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from folkmoot import (
    AssistantAgent,
    Chat,
    ChatStatus,
    FolderStore,
    Folkmoot,
    FolkmootPlugin,
    RoundRobinGroupChat,
    TaskResult,
    tool,
)
from folkmoot.messages import BaseAgentEvent, BaseChatMessage
from folkmoot.testing import ScriptedModel
from tests._support.counter import Counter
from tests._support.repertoire import PIECES, Play, label, permit
from tests._support.waiting import eventually
from tests.replay.caller import Caller


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def enough(messages: list[BaseChatMessage | BaseAgentEvent]) -> bool:
    """A condition's function: three drafts are enough."""
    return any("draft 3" in message.to_text() for message in messages if isinstance(message, BaseChatMessage))


@tool
def book(item: str) -> str:
    """Book an item."""
    return f"booked {item}"


@dataclass
class Stage:
    """What a path may use.

    Attributes:
        moot: The client.
        plugin: The worker's and the client's.
        model: Speaks for all agents of `agent` and `pair`.
        play: Speaks for those of the repertoire.
        parts: Its models, by name.
        queue: The worker's.
    """

    moot: Folkmoot
    plugin: FolkmootPlugin
    model: ScriptedModel
    play: Play
    parts: dict[str, ScriptedModel]
    queue: str

    def script(self, *steps: Any) -> None:
        """What the model says from now on."""
        self.model.script.replace(steps)

    def agent(self, name: str = "writer", **options: Any) -> AssistantAgent:
        """An agent the model speaks for."""
        return AssistantAgent(name, "gpt", **options)

    def pair(self, **options: Any) -> RoundRobinGroupChat:
        """A writer who can add, and a critic."""
        return RoundRobinGroupChat([self.agent(tools=["add"]), self.agent("critic")], **options)

    async def perform(self, piece: str, *held: str, **options: Any) -> tuple[Chat, asyncio.Task[TaskResult]]:
        """A piece of the repertoire that is under way; it waits where the calls `held` are asked for."""
        self.play.held |= {f"{piece}-plain:{call}" for call in held}
        chat = await self.open(PIECES[piece].team, **options)
        run = asyncio.create_task(chat.run(task=f"Begin {label(piece, 'plain')}"))
        await patiently(lambda: set(held) <= set(self.play.counts(piece, "plain")), what=f"{held} are asked for")
        return chat, run

    def release(self, piece: str, *calls: str) -> None:
        """Let the answers to these calls go."""
        for call in calls:
            self.parts[call.partition(":")[0]].release(f"{piece}-plain:{call}")

    async def open(self, team: Any, **options: Any) -> Chat:
        """A new chat."""
        return await self.moot.open(team, id=f"path-{uuid.uuid4().hex[:12]}", **options)


# Without a cache the SDK now and then loses a query among evictions, and the server answers it after 10 to 20 s only.
patiently = partial(eventually, within=90.0)


async def status(chat: Chat, wanted: str) -> ChatStatus:
    """The chat's status once it is this one."""

    async def probe() -> ChatStatus | None:
        found = await chat.status()
        return found if found.status == wanted else None

    found = await patiently(probe, what=f"{chat!r} is {wanted}")
    assert found is not None
    return found


@asynccontextmanager
async def stage(address: str, folder: Path, *, plugins: Sequence[Plugin] = (), **options: Any) -> AsyncIterator[Stage]:
    """A stage on the server of that address; `plugins` are for its client, `options` are the worker's."""
    model = ScriptedModel([], name="gpt")
    store = FolderStore(folder)
    play = Play()
    names = {part for piece in PIECES.values() for part in piece.lines}
    parts = {name: ScriptedModel(play, name=name) for name in sorted(names)}
    plugin = FolkmootPlugin(
        models={"gpt": model, **parts},
        tools=[add, book],
        functions={"enough": enough, "permit": permit},
        agents={"counter": Counter},
        code_folder=folder / "code",
        store=store,
    )
    queue = f"stage-{uuid.uuid4().hex[:12]}"
    async with AsyncExitStack() as stack:
        client = await Client.connect(address, plugins=[plugin, *plugins], identity="stage")
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue))
        runner = UnsandboxedWorkflowRunner()
        worker = Worker(client, task_queue=queue, workflows=[Caller], workflow_runner=runner, **options)
        await stack.enter_async_context(worker)
        await eventually(moot._workers.any, what="the worker polls")
        yield Stage(moot, plugin, model, play, parts, queue)
