"""Performances of the repertoire on workers that are killed.

All performances of a test run at the same time on one worker, each waits at a place of its own, and one kill -9 strikes
them all there.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folkmoot import Chat, TaskResult
from tests._support.repertoire import PIECES, Piece, Play, label, neutral
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, WorkerProcess, messages, theatre

__all__ = ["Company", "Performance", "company"]


@dataclass(frozen=True)
class Performance:
    """A piece that is being played.

    Attributes:
        piece: The piece.
        take: Tells it from other performances of the piece.
        held: The calls that were under way when the worker was killed.
        chat: Its chat.
        run: Its run.
    """

    piece: Piece
    take: str
    held: tuple[str, ...]
    chat: Chat
    run: asyncio.Task[TaskResult]

    async def said(self) -> list[str]:
        """What was said, without the performance's label; sorted, if several speak at the same time."""
        found = [neutral(message, self.piece.name, self.take) for message in await messages(self.chat)]
        return sorted(found) if self.piece.parallel else found


@dataclass
class Company:
    """Plays any piece of the repertoire."""

    house: Theatre
    play: Play
    performances: list[Performance] = field(default_factory=list[Performance])

    async def worker(self) -> WorkerProcess:
        """A worker that polls."""
        return await self.house.worker({"WORKER_CODE": str(self.house.folder / "code")})

    async def perform(self, name: str, take: str, *held: str, **options: Any) -> Performance:
        """Begin a performance in a new chat.

        Args:
            name: The piece's.
            take: Tells this performance from others.
            held: The calls at which it waits until the worker is killed.
            options: Of `Folkmoot.open`.
        """
        piece = PIECES[name]
        assert set(held) <= set(piece.calls)
        self.play.held |= {f"{name}-{take}:{call}" for call in held}
        chat = await self.house.moot.open(piece.team, id=f"{name}-{take}-{uuid.uuid4().hex[:8]}", **options)
        run = asyncio.create_task(chat.run(task=f"Begin {label(name, take)}"))
        found = Performance(piece, take, held, chat, run)
        self.performances.append(found)
        return found

    async def waiting(self, performance: Performance) -> None:
        """Wait until all calls are asked for at which it waits; what was asked for before has been answered."""
        counts = self.play.counts
        name, take = performance.piece.name, performance.take

        def there() -> bool:
            assert not performance.run.done(), f"the run of {name}-{take} ended: {performance.run}"
            return set(performance.held) <= set(counts(name, take))

        await eventually(there, what=f"{name}-{take} waits at {performance.held}")

    async def strike(self, worker: WorkerProcess) -> None:
        """kill -9 while all performances wait where they were told to; another worker goes on."""
        for performance in self.performances:
            await self.waiting(performance)
        await worker.kill()
        for call in self.play.held:
            self.house.model.release(call)
        await self.worker()

    async def check(self) -> None:
        """See that each performance came out as an undisturbed one, and that no finished call was made again."""
        for performance in list(self.performances):
            await self._check(performance, await self._undisturbed(performance.piece.name))

    async def _undisturbed(self, name: str) -> Performance:
        known = next((item for item in self.performances if (item.piece.name, item.take) == (name, "plain")), None)
        return known or await self.perform(name, "plain")

    async def _check(self, performance: Performance, plain: Performance) -> None:
        piece, take = performance.piece, performance.take
        ended, undisturbed = await performance.run, await plain.run
        assert neutral(ended.stop_reason, piece.name, take) == neutral(undisturbed.stop_reason, piece.name, "plain")
        asked = self.play.counts(piece.name, take)
        assert asked == {call: 2 if call in performance.held else 1 for call in piece.calls}, f"{piece.name}-{take}"
        assert self.play.questions(piece.name, take) == self.play.questions(piece.name, "plain")
        assert await performance.said() == await plain.said(), f"{piece.name}-{take}"

    def notes(self, name: str, take: str) -> Sequence[str]:
        """What tools and custom agents of a performance have noted."""
        path = self.house.folder / "bookings"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if label(name, take) in line]


@asynccontextmanager
async def company(address: str, folder: Path) -> AsyncIterator[Company]:
    """A company on the server of that address."""
    play = Play()
    async with theatre(address, folder, play, "tests.acceptance.kill.worker") as house:
        yield Company(house, play)
