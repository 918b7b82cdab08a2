"""Pages of lists of chats that somebody looks at: each is read once for all who do, by one task, and by nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from folkmoot.errors import FolkmootError
from folkmoot.server.listing import Wanted, list_page
from folkmoot.server.schemas import ChatState

__all__ = ["LIMIT", "Board", "Boards", "View", "this_minute"]

LIMIT = 50
"""Chats of a page."""
EVERY = 2.0
"""Seconds between two looks at what is shown."""
COUNTED = 10.0
"""Seconds for which a number of chats holds."""
PATIENCE = 10.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """What is looked at: which chats, from which cursor on."""

    wanted: Wanted
    cursor: str | None = None

    def now(self) -> Wanted:
        """The same at this time: what is past due becomes more. Later pages are of the list that they are pages of."""
        if self.wanted.due_before is None or self.cursor is not None:
            return self.wanted
        return replace(self.wanted, due_before=this_minute())


def this_minute() -> datetime:
    """The time to the minute, so that all who ask for what is past due ask for the same."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@dataclass
class Board:
    """A page of a list as it was last seen.

    Attributes:
        chats: Its chats.
        following: Cursor of the next page.
        at: When; None: never yet.
        error: Why it could not be read since.
    """

    chats: Sequence[WorkflowExecution] = ()
    following: str | None = None
    at: datetime | None = None
    error: Exception | None = None
    watchers: set[Callable[[Board], None]] = field(default_factory=set[Callable[["Board"], None]])


class Boards:
    """The pages that are looked at now.

    Args:
        client: The server's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._boards: dict[View, Board] = {}
        self._counts: dict[str, tuple[float, Mapping[str, int]]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    @property
    def open(self) -> int:
        """How many pages are read."""
        return len(self._boards)

    async def join(self, view: View, watcher: Callable[[Board], None]) -> Board:
        """Watch a page; `watcher` is told of each look at it.

        Raises:
            BadCommandError: A value cannot be looked for, or the cursor is none of this list.
        """
        view.wanted.query()
        board = self._boards.get(view)
        if board is None or board.at is None:
            # What is wrong with the address is told at once, and nothing is kept of it; a server comes back.
            first = Board()
            await self._look(view, first)
            if isinstance(first.error, FolkmootError):
                raise first.error
            board = self._boards.setdefault(view, first)
        board.watchers.add(watcher)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        return board

    def leave(self, view: View, watcher: Callable[[Board], None]) -> None:
        """Watch it no more."""
        board = self._boards.get(view)
        if board is not None:
            board.watchers.discard(watcher)
            if not board.watchers:
                del self._boards[view]

    def look(self) -> None:
        """Look at once, as something was just done."""
        self._wake.set()

    def stop(self) -> None:
        """The server stops."""
        if self._polling is not None:
            self._polling.cancel()

    async def counts(self, wanted: Wanted) -> Mapping[str, int]:
        """How many chats there are by status, `all` included, whichever status is asked for."""
        loop = asyncio.get_running_loop()
        query = replace(wanted, status=None).query()
        at, known = self._counts.get(query, (float("-inf"), {}))
        if loop.time() - at < COUNTED:
            return known
        statuses = [None, *ChatState]
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.gather(
                *(self._client.count_workflows(replace(wanted, status=status).query()) for status in statuses)
            )
        known = {str(status or "all"): item.count for status, item in zip(statuses, found, strict=True)}
        now = loop.time()
        self._counts = {key: value for key, value in self._counts.items() if now - value[0] < COUNTED}
        self._counts[query] = (now, known)
        return known

    async def _poll(self) -> None:
        while self._boards:
            try:
                async with asyncio.timeout(EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await asyncio.gather(*(self._refresh(view, board) for view, board in [*self._boards.items()]))

    async def _refresh(self, view: View, board: Board) -> None:
        await self._look(view, board)
        for watcher in [*board.watchers]:
            try:
                watcher(board)
            except Exception:  # noqa: BLE001 - whatever it is
                # One page that cannot be drawn must not end what all others see.
                _LOG.exception("a page does not take what it watches")
                board.watchers.discard(watcher)

    async def _look(self, view: View, board: Board) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                board.chats, board.following = await list_page(self._client, view.now(), LIMIT, view.cursor)
            board.at, board.error = datetime.now(UTC), None
        except TimeoutError:
            board.error = TimeoutError("The Temporal server does not answer in time.")
        except (FolkmootError, RPCError, RuntimeError) as error:
            # RuntimeError: a client that connects late says so.
            board.error = error
