"""Performances of the repertoire on a worker in this process, to be paused, reset, stopped and continued as new."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from folkmoot import BaseAgentEvent, BaseChatMessage, Chat, FolderStore, Folkmoot, FolkmootPlugin, TaskResult, tool
from folkmoot.testing import ScriptedModel
from tests._support.counter import Counter
from tests._support.repertoire import PIECES, Piece, Play, label, neutral, permit
from tests._support.waiting import eventually

__all__ = ["Studio", "Take", "studio"]


@tool
def book(item: str) -> str:
    """Book an item."""
    return f"booked {item}"


@dataclass(frozen=True)
class Take:
    """A performance.

    Attributes:
        studio: Where it is played.
        piece: The piece.
        name: Tells it from other performances of the piece.
        chat: Its chat.
    """

    studio: Studio
    piece: Piece
    name: str
    chat: Chat

    @property
    def task(self) -> str:
        """What the team is given."""
        return f"Begin {label(self.piece.name, self.name)}"

    def begin(self) -> asyncio.Task[TaskResult]:
        """Start a run."""
        return asyncio.create_task(self.chat.run(task=self.task))

    async def asked(self, *calls: str) -> None:
        """Wait until these model calls have been asked for."""
        await eventually(lambda: set(calls) <= set(self.counts), what=f"{self.chat!r} has asked for {calls}")

    @property
    def counts(self) -> dict[str, int]:
        """How often each model call was asked for."""
        return self.studio.play.counts(self.piece.name, self.name)

    @property
    def questions(self) -> dict[str, str]:
        """What was asked in each call."""
        return self.studio.play.questions(self.piece.name, self.name)

    def release(self, *calls: str) -> None:
        """Let the answers to these calls go."""
        for call in calls:
            self.studio.models[call.partition(":")[0]].release(f"{self.piece.name}-{self.name}:{call}")

    def said(self, messages: Sequence[BaseChatMessage | BaseAgentEvent]) -> list[str]:
        """Messages without what tells them from another performance's; sorted, if several speak at the same time."""
        found = [_plain(message, self) for message in messages]
        return sorted(found) if self.piece.parallel else found

    async def until(self, status: str) -> None:
        """Wait until the chat has that status."""

        async def there() -> bool:
            return (await self.chat.status()).status == status

        await eventually(there, what=f"{self.chat!r} is {status}")

    async def noted(self) -> list[str]:
        """The kinds of the log's entries."""
        return [event.kind async for event in self.chat.events(follow=False)]


@dataclass
class Studio:
    """A worker and a client on a queue of their own.

    Attributes:
        moot: The client.
        play: Speaks for all models.
        models: The models by name.
        notes: What custom agents have noted.
        code: The folder in which code is run.
    """

    moot: Folkmoot
    play: Play
    models: dict[str, ScriptedModel]
    notes: list[str]
    code: Path
    _known: dict[str, tuple[Take, TaskResult]] = field(default_factory=dict[str, "tuple[Take, TaskResult]"])

    async def take(self, piece: str, name: str, *held: str, **options: Any) -> Take:
        """A performance in a chat of its own, ready to begin.

        Args:
            piece: The piece's name.
            name: Tells this performance from others.
            held: Model calls whose answers wait until they are released.
            options: Of `Folkmoot.open`.
        """
        assert set(held) <= set(PIECES[piece].calls)
        self.play.held |= {f"{piece}-{name}:{call}" for call in held}
        chat = await self.moot.open(PIECES[piece].team, id=f"{piece}-{name}-{uuid.uuid4().hex[:8]}", **options)
        return Take(self, PIECES[piece], name, chat)

    def again(self, take: Take, name: str) -> Take:
        """A further performance in the same chat."""
        return Take(self, take.piece, name, take.chat)

    async def plain(self, piece: str) -> tuple[Take, TaskResult]:
        """An undisturbed performance, and what came of it."""
        if piece not in self._known:
            take = await self.take(piece, "plain")
            run = take.begin()
            if piece == "person":
                await answered(take)
            self._known[piece] = (take, await run)
        return self._known[piece]

    async def same(
        self, take: Take, messages: Sequence[BaseChatMessage | BaseAgentEvent], twice: Sequence[str] = ()
    ) -> None:
        """See that a performance came out as an undisturbed one.

        Args:
            take: The performance.
            messages: What was said in it.
            twice: The calls that were made again; no other was.
        """
        plain, result = await self.plain(take.piece.name)
        assert take.said(messages) == plain.said(result.messages)
        assert take.questions == plain.questions
        assert take.counts == {call: 2 if call in twice else 1 for call in take.piece.calls}


async def answered(take: Take) -> None:
    """Answer the person's request."""
    (request,) = await eventually(take.chat.pending, what="the person is asked")
    await take.chat.answer(request.request, f"Mine {label(take.piece.name, take.name)}")


def _plain(message: BaseChatMessage | BaseAgentEvent, take: Take) -> str:
    own = message.model_dump(mode="json", exclude={"id", "created_at", "request_id", "models_usage"})
    return neutral(own, take.piece.name, take.name)


@asynccontextmanager
async def studio(address: str, folder: Path, *, store: bool = True, **options: Any) -> AsyncIterator[Studio]:
    """A studio on the server of that address.

    Args:
        address: The server's.
        folder: For the store and for code.
        store: Whether there is a store.
        options: Of `temporalio.worker.Worker`.
    """
    play, notes = Play(), list[str]()
    parts = {part for piece in PIECES.values() for part in piece.lines}
    models = {part: ScriptedModel(play, name=part) for part in parts}
    where = FolderStore(folder / "store") if store else None

    def counter(name: str, description: str) -> Counter:
        return Counter(name, description, notes.append)

    plugin = FolkmootPlugin(
        models=models,
        tools=[book],
        agents={"counter": counter},
        functions={"permit": permit},
        code_folder=folder / "code",
        store=where,
    )
    queue = f"studio-{uuid.uuid4().hex[:12]}"
    async with AsyncExitStack() as stack:
        # A bound for what never comes.
        await stack.enter_async_context(asyncio.timeout(60.0))
        client = await Client.connect(address, plugins=[plugin])
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue, store=where))
        await stack.enter_async_context(Worker(client, task_queue=queue, **options))
        await eventually(moot._workers.any, what="the worker polls")
        # Before the worker stops, whoever still waits for a model gets an answer.
        stack.callback(_release_all, models)
        yield Studio(moot, play, models, notes, folder / "code")


def _release_all(models: dict[str, ScriptedModel]) -> None:
    for model in models.values():
        model._stage.release_all()
