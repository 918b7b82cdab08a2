"""A Temporal server of one dashboard's own: one that is killed and started again, or that has many chats."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from folkmoot._local.binary import obtain_cli
from folkmoot._local.launch import Endpoints, Wanted, server_command
from folkmoot._local.ports import LOOPBACK
from folkmoot._temporal.names import SEARCH_ATTRIBUTES, WORKFLOW
from tests._support.service import Service
from tests._support.waiting import eventually

__all__ = ["OwnServer"]
AT_ONCE = 50
T = TypeVar("T")


def apart(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, run outside this thread, whose event loop is Playwright's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class OwnServer(Service):
    """The server.

    Args:
        folder: For its database; None: it is gone with the process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self._database = folder and folder / "temporal.db"

    @property
    def address(self) -> str:
        """host:port of the server."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it on its data, and wait until it answers for chats."""
        wanted = Wanted("default", SEARCH_ATTRIBUTES, ui=False, port=self.port)
        self.run(*server_command(apart(obtain_cli()), Endpoints(self.port, None), wanted, self._database))
        apart(self._serves())

    def list_chats(self, chats: Iterable[tuple[str, str]], tenant: str) -> None:
        """Start chats that lists show as idle, and that no worker ever looks at.

        Args:
            chats: Id and team of each, oldest first.
            tenant: Whose they are.
        """
        apart(self._start(chats, tenant))

    async def _start(self, chats: Iterable[tuple[str, str]], tenant: str) -> None:
        client = await Client.connect(self.address)
        rest = iter(chats)
        while batch := list(islice(rest, AT_ONCE)):
            await asyncio.gather(*(self._listed(client, chat, team, tenant) for chat, team in batch))

    async def _listed(self, client: Client, chat: str, team: str, tenant: str) -> None:
        values = {"ChatTenant": tenant, "ChatStatus": "idle", "ChatTeam": team}
        pairs = [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in values.items()]
        await client.start_workflow(
            WORKFLOW, id=chat, task_queue="nobody", search_attributes=TypedSearchAttributes(pairs)
        )

    async def _serves(self) -> None:
        async def knows_chats() -> bool:
            # It listens for a while before it serves.
            with suppress(RPCError, RuntimeError):
                await (await Client.connect(self.address)).count_workflows("ChatStatus = 'idle'")
                return True
            return False

        await eventually(knows_chats, what="the server knows chats", within=90)
