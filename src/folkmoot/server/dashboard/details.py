"""What lists do not tell of a chat, its speakers and what it cost: asked of its workers once per change.

Only chats that are shown are asked, few at a time, and all viewers share the answers; one that does not answer stays
without.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from folkmoot.errors import FolkmootError
from folkmoot.server.chats import Chats

__all__ = ["Detail", "Details", "cost_of"]

AT_ONCE = 4
KEPT = 5_000
"""Chats of which details are remembered."""
PATIENCE = 5.0
"""Seconds for one chat's answer."""
_PATIENCE = timedelta(seconds=PATIENCE)
STALE = 10.0
"""Seconds after which a chat that runs is asked again: its list entry follows only every few turns."""
AGAIN = 60.0
"""Seconds after which one is asked again that did not answer."""
_MILLION = 1_000_000
_LOG = logging.getLogger(__name__)
_STATUS = SearchAttributeKey.for_keyword("ChatStatus")
_TURNS = SearchAttributeKey.for_int("ChatTurns")
_TOKENS = SearchAttributeKey.for_int("ChatTokens")


@dataclass(frozen=True, slots=True)
class Detail:
    """What a chat tells.

    Attributes:
        speakers: Whose turn it is.
        turn: Turns so far.
        tokens: Tokens used.
        cost: What it cost, in the unit of the price function; None: nobody priced it, or not all.
        error: Type and text of what failed in the last run; empty: nothing.
    """

    speakers: tuple[str, ...] = ()
    turn: int = 0
    tokens: int = 0
    cost: float | None = None
    error: tuple[str, str] | None = None


@dataclass
class _Known:
    mark: tuple[object, ...]
    at: float
    detail: Detail | None


class Details:
    """Details of chats.

    Args:
        client: The server's.
        chats: The server's chats.
    """

    def __init__(self, client: Client, chats: Chats) -> None:
        self._client = client
        self._chats = chats
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._asking: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def of(self, chat: WorkflowExecution) -> Detail | None:
        """What is known of a chat."""
        known = self._known.get((chat.id, chat.run_id))
        return None if known is None else known.detail

    def want(self, chats: Sequence[WorkflowExecution], then: Callable[[], None]) -> None:
        """Ask what is not known, or not any more; `then` is called after each answer."""
        now = asyncio.get_running_loop().time()
        for chat in chats:
            key = (chat.id, chat.run_id)
            if key not in self._asking and self._is_old(chat, self._known.get(key), now):
                self._asking.add(key)
                task = asyncio.create_task(self._ask(chat, then))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def get(self, chats: Sequence[WorkflowExecution]) -> None:
        """Ask what is not known, or not any more, and wait for the answers."""
        now = asyncio.get_running_loop().time()
        old = [chat for chat in chats if self._is_old(chat, self._known.get((chat.id, chat.run_id)), now)]
        self._asking.update((chat.id, chat.run_id) for chat in old)
        await asyncio.gather(*(self._ask(chat, lambda: None) for chat in old))

    def stop(self) -> None:
        """The server stops."""
        for task in self._tasks:
            task.cancel()

    def _is_old(self, chat: WorkflowExecution, known: _Known | None, now: float) -> bool:
        if known is None or known.mark != _mark(chat):
            return True
        if known.detail is None:
            return now - known.at > AGAIN
        running = chat.status == WorkflowExecutionStatus.RUNNING
        return running and chat.typed_search_attributes.get(_STATUS) == "running" and now - known.at > STALE

    async def _ask(self, chat: WorkflowExecution, then: Callable[[], None]) -> None:
        key = (chat.id, chat.run_id)
        detail: Detail | None = None
        try:
            async with self._slots, asyncio.timeout(PATIENCE):
                if await self._chats.worked(chat.task_queue):
                    detail = await self._answer(chat)
        except (TimeoutError, FolkmootError, RPCError, WorkflowQueryFailedError) as error:
            _LOG.debug("chat %r does not tell its details: %s", chat.id, error or type(error).__name__)
        finally:
            self._asking.discard(key)
        self._known[key] = _Known(_mark(chat), asyncio.get_running_loop().time(), detail)
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        then()

    async def _answer(self, chat: WorkflowExecution) -> Detail:
        handle = self._client.get_workflow_handle(chat.id, run_id=chat.run_id)
        status: dict[str, Any] = await handle.query("status", {}, rpc_timeout=_PATIENCE)
        usage: dict[str, Any] = await handle.query("usage", {}, rpc_timeout=_PATIENCE)
        error = status["last_run"]["error"]
        return Detail(
            speakers=tuple(status["speakers"]),
            turn=status["turn"],
            tokens=status["tokens"],
            cost=cost_of(usage["agents"]),
            error=None if error is None else (str(error["type"]), str(error["message"])),
        )


def cost_of(agents: dict[str, dict[str, int]]) -> float | None:
    """What a chat cost by its usage; None: no call of it has a price."""
    priced = [agent["cost"] for agent in agents.values() if "cost" in agent]
    return sum(priced) / _MILLION if priced else None


def _mark(chat: WorkflowExecution) -> tuple[object, ...]:
    """What of a list's entry tells that a chat has changed."""
    attributes = chat.typed_search_attributes
    return (chat.status, attributes.get(_STATUS), attributes.get(_TURNS), attributes.get(_TOKENS))
