"""Followers of chats whose polls fail: who waits goes on waiting while a server is away, and is told anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryResponse
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._client.follower import Follower
from folkmoot._client.workers import Workers

AWAY = RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
TASK = HistoryEvent(event_id=4, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)


def follower_of(answers: Sequence[Exception | Sequence[HistoryEvent]], workers: Exception | bool = True) -> Follower:
    """A follower whose polls end so, one after the other."""
    left = list(answers)

    async def poll(request: Any, **options: Any) -> GetWorkflowExecutionHistoryResponse:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return GetWorkflowExecutionHistoryResponse(history=History(events=answer))

    async def absence(chat_id: str) -> str:
        if isinstance(workers, Exception):
            raise workers
        return "" if workers else "nobody is there"

    service = SimpleNamespace(get_workflow_execution_history=poll)
    client = SimpleNamespace(namespace="default", workflow_service=service)
    there = SimpleNamespace(absence=absence)
    return Follower(cast(Client, client), "chat", cast(Workers, there))


async def test_a_server_that_is_away_is_asked_again() -> None:
    follower = follower_of([AWAY, [TASK]])
    await asyncio.wait_for(follower.wait(0), 30)
    assert follower.tasks == 1


async def test_a_server_that_cannot_tell_who_polls_is_asked_again() -> None:
    follower = follower_of([[], [TASK]], workers=AWAY)
    await asyncio.wait_for(follower.wait(0), 30)
    assert follower.tasks == 1


async def test_what_ends_the_polling_is_told_to_all_who_wait_and_the_next_one_polls_again() -> None:
    follower = follower_of([ValueError("unreadable"), [TASK]])
    waiting = [asyncio.create_task(follower.wait(0)) for _ in range(2)]
    for wait in waiting:
        with pytest.raises(ValueError, match="unreadable"):
            await asyncio.wait_for(wait, 30)
    await asyncio.wait_for(follower.wait(0), 30)
    assert follower.tasks == 1


async def test_no_chat_ends_the_wait() -> None:
    follower = follower_of([RPCError("gone", RPCStatusCode.NOT_FOUND, b"")])
    await asyncio.wait_for(follower.wait(0), 30)
    assert follower.closed
