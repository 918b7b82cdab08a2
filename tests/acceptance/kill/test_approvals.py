"""Approvals over kill -9 of every process, the server's included: decided later, and carried out once, as approved."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot import ApprovalPolicy, AssistantAgent, Chat, Escalation, PendingRequest, Tool, ToolOptions
from folkmoot._local import Server, ensure_server
from folkmoot._local.locks import is_held
from folkmoot._local.ports import free_port
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, WorkerProcess, theatre

BOOK = {"calls": [{"name": "book", "arguments": {"item": "hall"}, "id": "b"}]}


def script(body: dict[str, Any]) -> dict[str, Any]:
    """Book, then say what came of it."""
    last = body["messages"][-1]
    return {"text": f"It says: {last['content']}"} if last["role"] == "tool" else BOOK


@dataclass
class Town:
    """A theatre on a server of its own, whose data is on disk; every process of it can be killed."""

    house: Theatre
    data: Path
    port: int
    server: Server
    worker: WorkerProcess | None = None

    async def work(self, **env: str) -> None:
        """Start a worker."""
        self.worker = await self.house.worker(env)

    async def die(self) -> None:
        """kill -9 for the worker and the server."""
        if self.worker is not None:
            await self.worker.kill()
            self.worker = None
        os.kill(int(json.loads((self.data / "server.json").read_text())["pid"]), signal.SIGKILL)
        await eventually(lambda: not is_held(self.data / "server.alive"), what="the server is gone")
        await self.server.stop()

    async def rise(self, **env: str) -> None:
        """Start both anew."""
        self.server = await ensure_server(data_dir=self.data, port=self.port, search_attributes=SEARCH_ATTRIBUTES)
        await self.work(**env)

    async def ask(self, policy: ApprovalPolicy, **options: Any) -> tuple[Chat, PendingRequest]:
        """A chat in which a booking has to be approved of; whoever asked for the run is gone."""
        tool = Tool("book", options=ToolOptions(approval=policy, **options))
        agent = AssistantAgent("writer", "gpt", tools=[tool], max_tool_iterations=2)
        chat = await self.house.moot.open(agent, id=f"chat-{uuid.uuid4().hex[:8]}")
        run = asyncio.create_task(chat.run(task="Book the hall."))
        (request,) = await eventually(chat.pending, what="people are asked")
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        return chat, request

    def booked(self) -> list[dict[str, Any]]:
        """Every attempt of a booking."""
        path = self.house.folder / "bookings"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
async def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Town]:
    """A town at work."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    data, port = tmp_path / "data", free_port()
    server = await ensure_server(data_dir=data, port=port, search_attributes=SEARCH_ATTRIBUTES)
    async with theatre(server.address, tmp_path, script) as house:
        found = Town(house, data, port, server)
        try:
            await found.work()
            yield found
        finally:
            await found.server.stop()


async def ended(chat: Chat) -> list[str]:
    """The kinds of the log's entries, once the run is over."""

    async def found() -> list[str]:
        kinds = [event.kind async for event in chat.events(follow=False)]
        return kinds if "run_ended" in kinds else []

    return await eventually(found, what="the run is over")


async def later(request: PendingRequest, seconds: float) -> None:
    """So long after a request was made."""
    due = datetime.fromisoformat(request.since).timestamp() + seconds
    await eventually(lambda: time.time() > due, what=f"{seconds} seconds have passed")


async def last_word(chat: Chat) -> str:
    messages = [event.message async for event in chat.events(follow=False) if event.message is not None]
    return messages[-1].to_text()


async def test_decided_after_everything_was_killed(town: Town) -> None:
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann",)))
    await town.die()
    await town.rise()
    (again,) = await chat.pending()
    assert again == request, "what was asked is frozen"
    assert town.booked() == []
    await chat.approve(again.request, by="ann", hash=request.hash)
    kinds = await ended(chat)
    assert [item["item"] for item in town.booked()] == ["hall"]
    assert await last_word(chat) == "It says: booked hall"
    assert [kinds.count(kind) for kind in ("request", "vote", "decided", "tool")] == [1, 1, 1, 1]


async def test_changed_arguments_are_what_runs_after_a_kill(town: Town) -> None:
    """Killed when it is decided and the call is under way, too: the next attempt has the same arguments and key."""
    assert town.worker is not None
    await town.worker.terminate()
    await town.work(WORKER_BLOCK="barn")
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann",)), heartbeat_timeout=1.0, initial_interval=0.01)
    await chat.edit(request.request, {"item": "barn"}, by="ann")
    await eventually(town.booked, what="the call is under way")
    await town.die()
    await town.rise()
    await ended(chat)
    attempts = town.booked()
    assert [item["item"] for item in attempts] == ["barn", "barn"]
    assert len({item["key"] for item in attempts}) == 1
    assert 'changed to {"item": "barn"}\nbooked barn' in await last_word(chat)


async def test_killed_between_the_decision_and_the_call(town: Town) -> None:
    """The decision is in the server's history; no worker was there that could have made the call."""
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann",)))
    assert town.worker is not None
    await town.worker.kill()
    # From here on there is nobody who makes calls, only one who runs workflows.
    town.worker = await town.house.worker(no_remote_activities=True)
    await chat.approve(request.request, by="ann", hash=request.hash)
    await town.die()
    assert town.booked() == []
    await town.rise()
    kinds = await ended(chat)
    assert [item["item"] for item in town.booked()] == ["hall"]
    assert kinds.count("decided") == 1


async def test_a_quorum_of_two_over_a_kill(town: Town) -> None:
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2))
    assert (await chat.approve(request.request, by="ann")).missing == 1
    await town.die()
    await town.rise()
    with pytest.raises(Exception, match="'ann' has voted already"):
        await chat.approve(request.request, by="ann")
    assert town.booked() == []
    assert (await chat.approve(request.request, by="cat")).decided == "approve"
    await ended(chat)
    assert [item["item"] for item in town.booked()] == ["hall"]


async def test_an_escalation_whose_time_came_while_everything_was_down(town: Town) -> None:
    chain = (Escalation(after=2, approvers=("boss",), replace=True),)
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann",), escalation=chain, deadline=3600))
    await town.die()
    await later(request, 2)
    await town.rise()

    async def escalated() -> bool:
        return (await chat.pending())[0].approvers == ("boss",)

    await eventually(escalated, what="the boss may decide")
    with pytest.raises(Exception, match="'ann' may not decide this"):
        await chat.approve(request.request, by="ann")
    await chat.approve(request.request, by="boss")
    await ended(chat)
    assert [item["item"] for item in town.booked()] == ["hall"]


async def test_a_deadline_that_passed_while_everything_was_down(town: Town) -> None:
    chat, request = await town.ask(ApprovalPolicy(approvers=("ann",), deadline=2, remind_every=0.5))
    await town.die()
    await later(request, 2)
    await town.rise()
    kinds = await ended(chat)
    assert kinds.count("expired") == 1
    assert town.booked() == []
    assert await last_word(chat) == "It says: Rejected: nobody decided in time."
    with pytest.raises(Exception, match="it was settled"):
        await chat.approve(request.request, by="ann", hash=request.hash)
