"""Would the code installed here carry on the chats that are under way? Their histories are replayed to find out.

Nothing is called and nothing is written: neither models nor tools, and no chat notices. Compared are the steps that a
workflow has taken with those this code would have taken, which the SDK does, and the log that its calls were given with
the one this code makes: a call in flight whose log reads otherwise fails.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from folkmoot._temporal import names
from folkmoot._temporal.log_cache import CachedChat
from folkmoot.errors import ChatClosedError, ChatNotFoundError
from folkmoot.plugin import FolkmootPlugin

from .filtering import refusing_filter

__all__ = ["BreakingChat", "ReplayReport", "replay_chats"]

AT_ONCE = 4
"""Histories held in memory at a time; one may have 50 MB."""
PAGE = 200
"""Chats listed at a time."""
_MESSAGE = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
"""In what the SDK's core says of a failed replay: a structure, printed, with the message in its midst."""
_ESCAPED = re.compile(r"\\(.)")
_CLOSING = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    }
)


@dataclass(frozen=True, slots=True)
class BreakingChat:
    """A chat that this code could not carry on.

    Attributes:
        id: The chat.
        run_id: The run of its workflow that was replayed: the present one, as continue-as-new made it.
        error: What the code would do otherwise, or how it failed, in one line.
    """

    id: str
    run_id: str
    error: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What came of replaying the live chats of a namespace.

    Attributes:
        namespace: The namespace.
        replayed: How many chats were replayed, the breaking ones among them.
        breaking: Those that would break, newest first.
    """

    namespace: str
    replayed: int
    breaking: tuple[BreakingChat, ...]

    @property
    def ok(self) -> bool:
        """Whether every chat would go on."""
        return not self.breaking


async def replay_chats(
    client: Client,
    *,
    filter: str = "",
    limit: int | None = None,
    id: str | None = None,
    on_chat: Callable[[str, BreakingChat | None], None] | None = None,
) -> ReplayReport:
    """Replay the live chats of the client's namespace with the code of this process.

    Several at once, and never more than a few histories in memory. Chats that close meanwhile are left out.

    Args:
        client: A client with a `FolkmootPlugin`, and with the codec of the chats' payloads if they have one.
        filter: A further condition in Temporal's list filter language, e.g. `ChatTurns > 100`.
        limit: At most so many, the newest.
        id: Only this chat.
        on_chat: Told of each chat as soon as it was replayed: its id, and how it would break or None.

    Raises:
        ChatNotFoundError: There is no chat `id`.
        ChatClosedError: The chat `id` is closed: no code will carry it on.
        ValueError: `limit` is below 1, or `id` is given with another choice.
        BadCommandError: The filter is none.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is how many chats are replayed at most, from 1; got {limit!r}.")
    if id is not None and (filter or limit is not None):
        raise ValueError(f"id={id!r} chooses one chat; expected neither filter nor limit beside it.")
    async with aclosing(_live(client, filter, limit) if id is None else _one(client, id)) as chats:
        work = _Work(client, chats, on_chat)
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(AT_ONCE if id is None else 1):
                    lanes.create_task(work.lane())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
    breaking = [work.breaking[place] for place in sorted(work.breaking)]
    return ReplayReport(client.namespace, work.replayed, tuple(breaking))


class _Work:
    """What the lanes share: the chats still to be taken, and what came of the others."""

    def __init__(
        self,
        client: Client,
        chats: AsyncIterator[tuple[str, str]],
        on_chat: Callable[[str, BreakingChat | None], None] | None,
    ) -> None:
        self._client = client
        self._chats = chats
        self._on_chat = on_chat
        self._turn = asyncio.Lock()
        self._taken = 0
        self.replayed = 0
        self.breaking: dict[int, BreakingChat] = {}

    async def lane(self) -> None:
        """Replay one chat after the other, until none is left."""
        place, run_id = 0, ""

        async def histories() -> AsyncIterator[WorkflowHistory]:
            nonlocal place, run_id
            while (taken := await self._next()) is not None:
                place, chat_id, listed = taken
                found = await _history(self._client, chat_id, listed)
                if found is not None:
                    run_id, history = found
                    yield history

        # Nothing a worker has registered is needed: all of that runs in activities.
        plugin = FolkmootPlugin()
        plugin.cache.max_bytes = 0  # it keeps the log of the last chat only
        replayer = Replayer(
            workflows=[],
            plugins=[plugin],
            namespace=self._client.namespace,
            data_converter=self._client.data_converter,
        )
        async with replayer.workflow_replay_iterator(histories()) as results:
            # The next history is asked for when the last one's result has been taken.
            async for result in results:
                chat_id = result.history.workflow_id
                if result.replay_failure is not None:
                    error = _one_line(result.replay_failure)
                else:
                    cached = plugin.cache.get(self._client.namespace, chat_id)
                    error = None if cached is None else await _drift(self._client, result.history, cached)
                self._note(place, chat_id, None if error is None else BreakingChat(chat_id, run_id, error))

    async def _next(self) -> tuple[int, str, str] | None:
        async with self._turn:  # an async iterator may not be asked by two at a time
            chat = await anext(self._chats, None)
            self._taken += 1
            return None if chat is None else (self._taken, *chat)

    def _note(self, place: int, chat_id: str, broken: BreakingChat | None) -> None:
        self.replayed += 1
        if broken is not None:
            self.breaking[place] = broken
        if self._on_chat is not None:
            self._on_chat(chat_id, broken)


async def _live(client: Client, filter: str, limit: int | None) -> AsyncGenerator[tuple[str, str]]:
    query = f"WorkflowType = '{names.WORKFLOW}' AND ExecutionStatus = 'Running'"
    seen: set[str] = set()
    if filter:
        query += f" AND ({filter})"
    with refusing_filter(filter):
        async for found in client.list_workflows(query, limit=limit, page_size=PAGE):
            # Between two pages a chat may continue as new, and be listed again.
            if found.id not in seen:
                seen.add(found.id)
                yield found.id, found.run_id


async def _one(client: Client, chat_id: str) -> AsyncGenerator[tuple[str, str]]:
    try:
        found = await client.get_workflow_handle(chat_id).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        found = None
    if found is None or found.workflow_type != names.WORKFLOW:
        raise ChatNotFoundError(f"There is no chat {chat_id!r}.", chat_id=chat_id)
    if found.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
        raise ChatClosedError(f"Chat {chat_id!r} is closed; only chats under way are replayed.", chat_id=chat_id)
    yield chat_id, found.run_id


async def _history(client: Client, chat_id: str, run_id: str) -> tuple[str, WorkflowHistory] | None:
    """The chat's present run and its history; None if it has closed, or is gone."""
    while True:
        try:
            history = await client.get_workflow_handle(chat_id, run_id=run_id).fetch_history()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return None
        last = history.events[-1]
        if last.event_type in _CLOSING:
            return None
        if not any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED for event in history.events):
            # It has done nothing yet that could break, and the SDK would wait for it for ever.
            return None
        if last.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            return run_id, history
        # It was listed a moment ago, and has continued as new since.
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id


async def _drift(client: Client, history: WorkflowHistory, cached: CachedChat) -> str | None:
    """What is said of a log that this code makes otherwise; None if it is the one that the last call was given.

    The last call tells it all: its input has a running digest of all entries before it.
    """
    for event in reversed(history.events):
        if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            continue
        scheduled = event.activity_task_scheduled_event_attributes
        match await client.data_converter.decode(scheduled.input.payloads[:1]):
            case [{"at": int(at), "d": str(digest)}] if at >= cached.log.base:
                if cached.has(at, digest):
                    return None
                kind = scheduled.activity_type.name
                return (
                    f"The log up to offset {at} reads otherwise than when {kind!r} was called (event {event.event_id})"
                )
            case _:
                pass
    return None


def _one_line(failure: Exception) -> str:
    """What the code would do otherwise, without the structure and the traceback that the SDK tells it in."""
    text = str(failure)
    inner = _MESSAGE.search(text)
    if inner is not None:
        text = _ESCAPED.sub(lambda found: " " if found[1] == "n" else found[1], inner[1])
    return " ".join(text.removeprefix("[TMPRL1100] ").split())
