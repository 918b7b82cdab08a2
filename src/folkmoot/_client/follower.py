"""Following a chat: one per chat and process, fanned out to all its readers.

The server's long poll on the workflow's own history is the wake-up (it adds no event); on completed workflow tasks
readers fetch `log` from where they are. Who only waits for a run to end is woken by what every run's end leaves in
history, an upsert of search attributes, and makes no query in between.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import ClassVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from .workers import Workers

__all__ = ["Follower"]

logger = logging.getLogger("folkmoot.client")

POLL_TIMEOUT = timedelta(seconds=90)
SHARE = 0.04
"""Between two polls that brought events the follower rests for this share of the time it has followed, ..."""
LONGEST_PAUSE = 0.25
"""... for at most so many seconds, ..."""
EACH = 0.005
"""... and for so many seconds for every chat this process follows: polls cost client and server about 1 ms each."""
LONG_POLLS = 400
"""Long polls of a process at once; the server allows 1,200 in a namespace and frontend. What else is followed ..."""
LOOK = 1.0
"""... is looked at every so many seconds, or `EACH` for every chat followed, if that is longer, ..."""
LOOKS_FOR = 20.0
"""... for so many seconds: as long as the server lets a poll wait."""
_slots = asyncio.Semaphore(LONG_POLLS)

_CLOSED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
}


class Follower:
    """Wakes the readers of one chat. It polls only while somebody waits.

    Args:
        client: The connection.
        chat_id: The chat.
        workers: Whom to look for when nothing happens.
    """

    polling: ClassVar[int] = 0
    """Followers of this process that poll now."""

    def __init__(self, client: Client, chat_id: str, workers: Workers) -> None:
        self._client = client
        self._workers = workers
        self._warned = False
        self._chat_id = chat_id
        self._run_id = ""
        self._reading = ""
        self._read = 0
        self._looked: tuple[str, int] = ("", 0)
        self._before: tuple[str, int] = ("", 0)
        self._token = b""
        self._waiters = 0
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._changed = asyncio.Condition()
        self.tasks = 0
        """Completed workflow tasks seen."""
        self.marks = 0
        """Changes to another status than running, and continuations, seen: what may be the end of a run."""
        self.closed = False
        """The chat's workflow has ended."""

    async def wait(self, seen: int, *, marks_only: bool = False) -> None:
        """Wait until more was seen than `seen` of `tasks` (or `marks`), or the chat is closed.

        Raises:
            Exception: What ended the polling, if that was neither the chat's end nor a server that is away.
        """
        self._waiters += 1
        if self._task is None or self._task.done():
            self._error = None
            self._task = asyncio.create_task(self._poll())

        def over() -> bool:
            return self._error is not None or self.closed or (self.marks if marks_only else self.tasks) > seen

        try:
            async with self._changed:
                await self._changed.wait_for(over)
                if self._error is not None:
                    raise self._error
        finally:
            self._waiters -= 1

    def ignore_until(self, run_id: str, events: int) -> None:
        """Count no marks among the first events of a run of the workflow: they are older than what is waited for."""
        self._before = (run_id, events)

    async def close(self) -> None:
        """Stop polling."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _poll(self) -> None:
        Follower.polling += 1
        try:
            await self._poll_while_wanted()
        except Exception as error:  # noqa: BLE001 - told to those who wait, who would else wait for ever
            self._error = error
            async with self._changed:
                self._changed.notify_all()
        finally:
            Follower.polling -= 1

    async def _poll_while_wanted(self) -> None:
        pause = 0.1
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self._waiters and not self.closed:
            try:
                events = await self._look() if _slots.locked() else await self._poll_history()
                if not events:
                    await self.look_for_workers()
                pause = 0.1
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    self.closed = True
                    events = []
                else:
                    # The server restarts, or the network is away: the chat goes on, so do we.
                    logger.debug("following %s: %s", self._chat_id, error)
                    if error.status == RPCStatusCode.INVALID_ARGUMENT:
                        self._token = b""
                    await asyncio.sleep(pause)
                    pause = min(2.0, pause * 2)
                    continue
            await self._note(events)
            if self._waiters and events:
                # Polls that end with every event cost the server as much as the turn itself; waiting in proportion
                # lets several events come with one poll, and delays a run's end by at most this share of it.
                share = min(LONGEST_PAUSE, (loop.time() - began) * SHARE)
                await asyncio.sleep(max(share, min(LONGEST_PAUSE, Follower.polling * EACH)))

    async def _poll_history(self) -> list[HistoryEvent]:
        async with _slots:
            return await self._next_events()

    async def _look(self) -> list[HistoryEvent]:
        """What is new, looked for now and then: others take up all polls that may wait."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LOOKS_FOR
        asked = DescribeWorkflowExecutionRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=self._chat_id)
        )
        while self._waiters and loop.time() < until:
            found = await self._client.workflow_service.describe_workflow_execution(asked, retry=False)
            info = found.workflow_execution_info
            here = (info.execution.run_id, info.history_length)
            if here != self._looked and here != (self._reading, self._read):
                self._looked = here
                # Does not wait, as there is something new.
                return await self._next_events()
            await asyncio.sleep(max(LOOK, Follower.polling * EACH))
            if not _slots.locked():
                return await self._poll_history()
        return []

    async def _next_events(self) -> list[HistoryEvent]:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=self._chat_id, run_id=self._run_id),
            wait_new_event=True,
            next_page_token=self._token,
            skip_archival=True,
        )
        service = self._client.workflow_service
        response = await service.get_workflow_execution_history(request, timeout=POLL_TIMEOUT, retry=False)
        self._token = response.next_page_token
        return list(response.history.events)

    async def look_for_workers(self) -> None:
        """Nothing has happened for a while: say so, once, if that is because nobody works on the chat."""
        if not self._warned and (told := await self._workers.absence(self._chat_id)):
            self._warned = True
            logger.warning("chat %r waits: %s", self._chat_id, told)

    def _is_old(self, event: HistoryEvent) -> bool:
        run_id, events = self._before
        return run_id == self._reading and event.event_id <= events

    async def _note(self, events: list[HistoryEvent]) -> None:
        if not events and not self.closed:
            return
        self._warned = False
        async with self._changed:
            for event in events:
                self._read = event.event_id
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                    self.tasks += 1
                elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                    self._reading = event.workflow_execution_started_event_attributes.original_execution_run_id
                elif _may_end_a_run(event) and not self._is_old(event):
                    self.marks += 1
                elif event.event_type in _CLOSED:
                    self.closed = True
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
                    attributes = event.workflow_execution_continued_as_new_event_attributes
                    self._run_id, self._token = attributes.new_execution_run_id, b""
                    self.tasks += 1
            self._changed.notify_all()


def _may_end_a_run(event: HistoryEvent) -> bool:
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
        return True
    if event.event_type != EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        return False
    fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    return "ChatStatus" in fields and fields["ChatStatus"].data != b'"running"'
