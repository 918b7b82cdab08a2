"""Activities on a worker that never saw their chat read its log by one query; at a second attempt, from its history.

Workflows and activities have workers of their own here, as they do for a while after a worker was killed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    WorkflowHistory,
)
from temporalio.worker import Worker

from folkmoot import AssistantAgent, Chat, FolkmootPlugin, RoundRobinGroupChat, Tool, ToolContext, ToolOptions
from folkmoot._temporal import reader
from folkmoot._temporal.registry import Registry
from folkmoot._temporal.worker_side import WorkerSide
from folkmoot.client import Folkmoot
from folkmoot.models import ModelRegistry
from folkmoot.testing import ScriptedModel, fetch_histories
from folkmoot.tools import FunctionTool
from tests._support.waiting import eventually

CALLS = 8


class Readings(Interceptor):
    """Counts the queries of a client."""

    def __init__(self) -> None:
        self.queries = 0

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Counting(next, self)


class _Counting(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, readings: Readings) -> None:
        super().__init__(next)
        self._readings = readings

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:
        self._readings.queries += 1
        return await super().query_workflow(input)


@dataclass
class Desk:
    """A worker for activities only, the readings it makes, and the tool it has."""

    moot: Folkmoot
    side: WorkerSide
    readings: Readings
    model: ScriptedModel
    thinker: Worker
    replays: int = 0
    attempts: list[int] = field(default_factory=list)
    failing: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def forget(self) -> None:
        """As if the worker were new."""
        self.side.cache._chats.clear()

    async def look(self, context: ToolContext) -> str:
        """Look something up; the first attempt fails if so told."""
        self.attempts.append(context.attempt)
        if context.attempt == 1 and self.failing:
            await self.gate.wait()
            self.forget()
            raise ConnectionError("not now")
        return "found"


@pytest.fixture
async def desk(server_address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A desk that serves a team of one with the tool `look`."""
    # On a busy machine a query may take longer than the worker likes; here it is to be counted, not given up.
    monkeypatch.setattr(reader, "QUERY_TIMEOUT", timedelta(seconds=30))
    queue = f"desk-{uuid.uuid4().hex[:8]}"
    calls = [{"name": "look", "arguments": {}, "id": f"c{n}"} for n in range(CALLS)]
    model = ScriptedModel([{"calls": calls}, "done"], name="gpt")
    readings, plugin = (
        Readings(),
        FolkmootPlugin(models={"gpt": model}, tools=[FunctionTool(_look, name="look")]),
    )
    async with AsyncExitStack() as stack:
        client = await Client.connect(server_address, plugins=[plugin])
        thinker = await stack.enter_async_context(Worker(client, task_queue=queue, no_remote_activities=True))
        side = WorkerSide(Registry(ModelRegistry({"gpt": model})), None)
        desk = Desk(Folkmoot(client, queue=queue), side, readings, model, thinker)
        side.registry.tools["look"] = FunctionTool(
            desk.look, options=ToolOptions(retry_errors=True, initial_interval=0.05)
        )
        replay = side.reader._replay

        async def counted(*args: Any) -> None:
            desk.replays += 1
            await replay(*args)

        side.reader._replay = counted
        own = await Client.connect(server_address, data_converter=client.data_converter, interceptors=[readings])
        await stack.enter_async_context(Worker(own, task_queue=queue, activities=side.activities))
        await eventually(desk.moot._workers.any, what="the worker polls")
        yield desk


async def _look() -> str:
    raise AssertionError("the worker of workflows makes no calls")


async def _open(desk: Desk) -> Chat:
    tool = Tool("look", ToolOptions(retry_errors=True, initial_interval=0.05))
    agent = AssistantAgent("clerk", "gpt", tools=[tool], reflect_on_tool_use=True)
    return await desk.moot.open(RoundRobinGroupChat([agent], max_turns=1), id=f"cold-{uuid.uuid4().hex[:8]}")


async def test_parallel_calls_on_a_cold_worker_read_with_one_query(desk: Desk) -> None:
    """A model call, eight tool calls at once, and a model call: three states of the log, three queries."""
    chat = await _open(desk)
    result = await chat.run(task="Look")
    assert result.messages[-1].to_text() == "done"  # type: ignore[union-attr]
    assert desk.attempts == [1] * CALLS
    assert (desk.readings.queries, desk.replays) == (3, 0)


async def test_second_attempts_on_a_cold_worker_read_the_history_once(desk: Desk) -> None:
    """All eight fail together and the worker forgets what it knew: they ask nobody, and one replay serves them all."""
    desk.failing = True
    chat = await _open(desk)
    run = asyncio.create_task(chat.run(task="Look"))
    await eventually(lambda: len(desk.attempts) == CALLS, what="all first attempts are under way")
    before = desk.readings.queries
    desk.gate.set()
    await eventually(lambda: len(desk.attempts) == 2 * CALLS, what="all second attempts")
    assert desk.readings.queries == before
    assert 1 <= desk.replays <= CALLS
    await run
    assert sorted(desk.attempts) == [1] * CALLS + [2] * CALLS


async def test_a_second_attempt_reads_while_no_worker_answers_for_the_workflow(desk: Desk) -> None:
    """The workflow's worker is gone and its next task is open: the history alone is enough."""
    desk.failing = True
    chat = await _open(desk)
    run = asyncio.create_task(chat.run(task="Look"))
    await eventually(lambda: len(desk.attempts) == CALLS, what="all first attempts are under way")
    await desk.thinker.shutdown()
    await desk.moot.client.get_workflow_handle(chat.id).signal("stop")
    desk.gate.set()
    await eventually(lambda: len(desk.attempts) == 2 * CALLS, what="all second attempts")
    assert desk.replays >= 1
    run.cancel()
    assert _open_task((await fetch_histories(desk.moot.client, chat.id))[-1])


def _open_task(history: WorkflowHistory) -> bool:
    kinds = [event.event_type for event in history.events]
    last = max(n for n, kind in enumerate(kinds) if kind == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    return EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED not in kinds[last:]


class _Past:
    """A client to whom a workflow is as it was when its history ended there."""

    def __init__(self, client: Client, history: WorkflowHistory) -> None:
        self.namespace, self.data_converter = client.namespace, client.data_converter
        self._history = history

    def get_workflow_handle(self, _workflow_id: str, *, run_id: str) -> _Past:
        assert run_id == self._history.run_id
        return self

    async def fetch_history(self) -> WorkflowHistory:
        return self._history


async def test_every_stage_of_a_history_gives_the_log_of_the_calls_in_it(desk: Desk) -> None:
    """Whatever the last event is (a task scheduled or started, results not yet seen): every call's log is there."""
    chat = await _open(desk)
    await chat.run(task="Look")
    (history,) = await fetch_histories(desk.moot.client, chat.id)
    wanted: list[dict[str, Any]] = []
    for place, event in enumerate(history.events, 1):
        if event.HasField("activity_task_scheduled_event_attributes"):
            payloads = event.activity_task_scheduled_event_attributes.input.payloads
            wanted += await desk.moot.client.data_converter.decode(payloads)
        if not wanted or event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            continue  # with a task's completion come its commands' events: no history ends between them
        desk.forget()
        past: Any = _Past(desk.moot.client, WorkflowHistory(history.workflow_id, history.events[:place]))
        await desk.side._replay(past, chat.id, history.run_id)
        cached = desk.side.cache.get(desk.moot.client.namespace, chat.id)
        assert cached is not None
        assert all(cached.has(call["at"], call["d"]) for call in wanted), f"at event {place} of type {event.event_type}"
    assert len(wanted) == CALLS + 2
