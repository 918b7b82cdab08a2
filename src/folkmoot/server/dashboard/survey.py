"""What goes wrong in the chats of a tenant: failures and their causes, and chats that do not get on.

Lists tell most of it. What they do not is asked of Temporal for chats that run (their calls in flight), and of
workers for the newest idle ones (why the last run failed). Each look is bounded, and shared by all who want it.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowHistoryEventFilterType
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._temporal.names import STORE
from folkmoot.server.chats import Chats
from folkmoot.server.listing import DUE, TEAM, WAITING_FOR, Wanted, list_page
from folkmoot.server.schemas import ChatState

from .details import Details

__all__ = ["KINDS", "Findings", "Survey", "Trouble", "cause_of", "grouped", "troubles_of_calls"]

KEPT = 15.0
"""Seconds for which a look holds."""
PATIENCE = 15.0
MOST = 200
"""Chats that are looked at of each sort, the newest first."""
AT_ONCE = 8
MANY_ATTEMPTS = 3
SLOW = timedelta(minutes=10)
"""A call in flight for longer is no progress."""
UNBEGUN = timedelta(minutes=1)
"""So long a workflow task may wait for a worker."""
_CAUSE = 160
_CLOSES = 2_000

KINDS = {
    "run": ("Run failed", "The chat is idle and can be run again. Read its last entries; mend the cause first."),
    "call": ("Call fails", "It is tried again by itself. Pause the chat to stop that while you mend the cause."),
    "ended": ("Chat ended", "Its workflow was ended from outside or failed. Its log stays readable; fork it to go on."),
    "name": ("Missing on workers", "Start a worker that has it registered; the chat goes on by itself."),
    "store": ("Store away", "Chats wait until the store answers, and go on by themselves."),
    "worker": ("No worker", "Start a worker on the task queue; nothing is lost meanwhile."),
    "task": (
        "Worker fails",
        "Workers cannot go on with it: look at their log. A mended version goes on by itself.",
    ),
    "slow": ("No progress", "A call is under way for long. Cancel the run if it will not come back."),
    "due": ("Past due", "Decide or answer it in the inbox."),
}
"""What each kind of trouble is called, and what to do about it."""
STUCK = ("worker", "task", "slow", "due", "name", "store")
FAILURES = ("run", "call", "ended", "name", "store", "task")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a chat.

    Attributes:
        chat: Its id.
        team: Its team.
        kind: One of `KINDS`.
        detail: What is known of it.
        since: Since when, if that is known.
    """

    chat: str
    team: str
    kind: str
    detail: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look found.

    Attributes:
        troubles: All of it.
        at: When.
        cut: There are more chats than were looked at.
    """

    troubles: tuple[Trouble, ...]
    at: datetime
    cut: bool


class Survey:
    """Looks for what goes wrong.

    Args:
        client: The server's.
        chats: The server's chats.
        details: Why runs failed.
    """

    def __init__(self, client: Client, chats: Chats, details: Details) -> None:
        self._client = client
        self._chats = chats
        self._details = details
        self._found: dict[str | None, Findings] = {}
        self._locks: dict[str | None, asyncio.Lock] = {}
        self._closes: OrderedDict[str, str] = OrderedDict()

    async def look(self, tenant: str | None) -> Findings:
        """What goes wrong in a tenant's chats; None: in all.

        Raises:
            RPCError: The server does not answer.
            TimeoutError: It answers too slowly.
        """
        async with self._locks.setdefault(tenant, asyncio.Lock()):
            known = self._found.get(tenant)
            if known is None or (datetime.now(UTC) - known.at).total_seconds() >= KEPT:
                async with asyncio.timeout(PATIENCE):
                    known = self._found[tenant] = await self._look(tenant)
            return known

    async def _look(self, tenant: str | None) -> Findings:
        now = datetime.now(UTC)
        wanted = [
            Wanted(status=ChatState.RUNNING, tenant=tenant),
            Wanted(status=ChatState.PAUSING, tenant=tenant),
            Wanted(status=ChatState.WAITING, tenant=tenant),
            Wanted(status=ChatState.IDLE, tenant=tenant),
            Wanted(unbegun=True, tenant=tenant),
            Wanted(broken=True, tenant=tenant),
            Wanted(living=True, due_before=now, tenant=tenant),
        ]
        pages = await asyncio.gather(*(list_page(self._client, item, MOST, None) for item in wanted))
        running, pausing, waiting, idle, unbegun, broken, late = (page for page, _ in pages)
        active = [*running, *pausing, *unbegun]
        found = [
            *_late(late),
            *_waits([*running, *waiting]),
            *(await self._in_flight(active, now)),
            *(await self._runs(idle)),
            *(await self._ended(broken)),
        ]
        cut = any(following is not None for _, following in pages)
        return Findings(tuple(found), now, cut)

    async def _in_flight(self, chats: Sequence[WorkflowExecution], now: datetime) -> list[Trouble]:
        """Calls that fail or do not come back, and chats without a worker."""
        queues = {chat.task_queue for chat in chats}
        worked = dict(zip(queues, await asyncio.gather(*map(self._chats.worked, queues)), strict=True))
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(chat: WorkflowExecution) -> list[Trouble]:
            team = chat.typed_search_attributes.get(TEAM) or ""
            if not worked[chat.task_queue]:
                return [Trouble(chat.id, team, "worker", f"Nobody polls the task queue {chat.task_queue!r}.")]
            async with slots:
                try:
                    handle = self._client.get_workflow_handle(chat.id, run_id=chat.run_id)
                    described = (await handle.describe()).raw_description
                except RPCError as error:
                    if error.status != RPCStatusCode.NOT_FOUND:
                        raise
                    return []
            return troubles_of_calls(chat.id, team, described, now)

        return [item for items in await asyncio.gather(*map(one, chats)) for item in items]

    async def _runs(self, chats: Sequence[WorkflowExecution]) -> list[Trouble]:
        """Idle chats whose last run failed."""
        await self._details.get(chats)
        found: list[Trouble] = []
        for chat in chats:
            detail = self._details.of(chat)
            if detail is not None and detail.error is not None:
                team = chat.typed_search_attributes.get(TEAM) or ""
                found.append(Trouble(chat.id, team, "run", ": ".join(detail.error)))
        return found

    async def _ended(self, chats: Sequence[WorkflowExecution]) -> list[Trouble]:
        """Chats whose workflow failed or was ended from outside."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(chat: WorkflowExecution) -> Trouble:
            if chat.run_id not in self._closes:
                async with slots:
                    self._closes[chat.run_id] = await self._why_closed(chat)
            team = chat.typed_search_attributes.get(TEAM) or ""
            return Trouble(chat.id, team, "ended", self._closes[chat.run_id], chat.close_time)

        found = [*await asyncio.gather(*map(one, chats))]
        while len(self._closes) > _CLOSES:
            self._closes.popitem(last=False)
        return found

    async def _why_closed(self, chat: WorkflowExecution) -> str:
        handle = self._client.get_workflow_handle(chat.id, run_id=chat.run_id)
        why = ""
        try:
            kind = WorkflowHistoryEventFilterType.CLOSE_EVENT
            async for event in handle.fetch_history_events(event_filter_type=kind):
                why = (
                    event.workflow_execution_terminated_event_attributes.reason
                    or event.workflow_execution_failed_event_attributes.failure.message
                )
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
        return f"{_ENDS.get(chat.status, 'Ended')}{f': {why}' if why else ''}"


_ENDS: dict[WorkflowExecutionStatus | None, str] = {
    WorkflowExecutionStatus.FAILED: "Failed",
    WorkflowExecutionStatus.TERMINATED: "Terminated",
    WorkflowExecutionStatus.TIMED_OUT: "Timed out",
    WorkflowExecutionStatus.CANCELED: "Cancelled",
}


def troubles_of_calls(
    chat: str, team: str, described: DescribeWorkflowExecutionResponse, now: datetime
) -> list[Trouble]:
    """What is wrong with the calls in flight of a chat, as Temporal describes its workflow."""
    found: list[Trouble] = []
    task = described.pending_workflow_task
    if described.HasField("pending_workflow_task"):
        since = task.original_scheduled_time.ToDatetime(UTC)
        if task.attempt >= MANY_ATTEMPTS:
            found.append(Trouble(chat, team, "task", f"Its workflow task fails: attempt {task.attempt}.", since))
        elif now - task.scheduled_time.ToDatetime(UTC) > UNBEGUN:
            found.append(Trouble(chat, team, "task", "No worker takes its workflow task.", since))
    for call in described.pending_activities:
        what = call.activity_type.name.rpartition(".")[2]
        if call.HasField("last_failure"):
            failure = call.last_failure
            while failure.HasField("cause"):
                failure = failure.cause
            kind = failure.application_failure_info.type
            why = f"{kind}: {failure.message}" if kind else failure.message
            found.append(Trouble(chat, team, "call", f"{what}: {why} (attempt {call.attempt})"))
        elif call.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
            since = call.last_started_time.ToDatetime(UTC)
            if now - since > SLOW:
                found.append(Trouble(chat, team, "slow", f"A call ({what}) is under way.", since))
        elif now - call.scheduled_time.ToDatetime(UTC) > UNBEGUN:
            since = call.scheduled_time.ToDatetime(UTC)
            found.append(Trouble(chat, team, "worker", f"No worker takes its call ({what}).", since))
    return found


def _late(chats: Iterable[WorkflowExecution]) -> list[Trouble]:
    found: list[Trouble] = []
    for chat in chats:
        attributes = chat.typed_search_attributes
        waits = ", ".join(attributes.get(WAITING_FOR) or ())
        team = attributes.get(TEAM) or ""
        found.append(Trouble(chat.id, team, "due", f"Waits for {waits or 'people'}.", attributes.get(DUE)))
    return found


def _waits(chats: Iterable[WorkflowExecution]) -> list[Trouble]:
    """Chats that wait for a name that no worker knows, or for the store."""
    found: list[Trouble] = []
    for chat in chats:
        attributes = chat.typed_search_attributes
        for item in attributes.get(WAITING_FOR) or ():
            team = attributes.get(TEAM) or ""
            if item == STORE:
                found.append(Trouble(chat.id, team, "store", "The store does not answer."))
            elif item.startswith("worker:"):
                found.append(Trouble(chat.id, team, "name", f"No worker knows {item.removeprefix('worker:')}."))
    return found


_VARIES = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|\d+(\.\d+)?", re.IGNORECASE)


_STATUS = re.compile(r"\b((?:status|code|HTTP)(?: code)?:? )([1-5]\d\d)\b", re.IGNORECASE)
"""Of an answer: that is the cause, unlike other numbers."""


def cause_of(trouble: Trouble) -> str:
    """What troubles of one cause have in common: the beginning of what is told, without ids and most numbers."""
    line = trouble.detail.strip().partition("\n")[0]
    pieces = _STATUS.split(re.sub(r" \(attempt \d+\)$", "", line))
    # Every third piece is a status; what lies between is text.
    line = "".join(piece if number % 3 == 2 else _VARIES.sub("…", piece) for number, piece in enumerate(pieces))
    return line if len(line) <= _CAUSE else f"{line[: _CAUSE - 1]}…"


def grouped(troubles: Iterable[Trouble]) -> list[tuple[str, str, list[Trouble]]]:
    """Kind, cause and troubles, the most frequent first."""
    groups: dict[tuple[str, str], list[Trouble]] = {}
    for item in troubles:
        groups.setdefault((item.kind, cause_of(item)), []).append(item)
    order = list(KINDS)
    found = [(kind, cause, items) for (kind, cause), items in groups.items()]
    return sorted(found, key=lambda group: (-len(group[2]), order.index(group[0]), group[1]))
