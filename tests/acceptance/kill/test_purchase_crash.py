"""The application's worker is killed at each step of a purchase: exactly one order comes of it, and one message.

Every purchase of a test waits at a step of its own, and one kill -9 strikes them all there.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from activities.contracts import PurchaseOutcome
from activities.database import Database
from activities.tables import Budget, PurchaseOrder, SupplierMessage
from folkmoot import Chat, Folkmoot
from folkmoot.testing import ScriptedServer
from tests._support.application import company, count, fresh_postgres, one
from tests._support.postgres_server import PostgresServer
from tests._support.purchases import DIRECTOR, FINANCE, LARGE, MANAGER, MEDIUM, SMALL, Buyers, Plan, purchase_request
from tests._support.waiting import eventually
from workflows.purchase_approval import start

ROOT = Path(__file__).parents[3]
LONG = 90.0
"""Seconds; what takes longer never comes."""


@dataclass
class Crew:
    """Workers of the application that come and go, on a queue of their own."""

    moot: Folkmoot
    model: ScriptedServer
    buyers: Buyers
    database: Database
    url: str
    address: str
    folder: Path
    _stack: AsyncExitStack

    async def worker(self, **variables: str) -> asyncio.subprocess.Process:
        """Start one; it polls when this returns."""
        held = self.folder / "held"
        held.mkdir(exist_ok=True)
        own = {
            "TEMPORAL_ADDRESS": self.address,
            "FOLKMOOT_TASK_QUEUE": self.moot.queue,
            "FOLKMOOT_STORE": str(self.folder / "store"),
            "FOLKMOOT_DATABASE_URL": self.url,
            "OPENAI_BASE_URL": self.model.base_url,
            "OPENAI_API_KEY": "none",
            "HELD": str(held),
        }
        command = [sys.executable, "-m", "tests.acceptance.kill.purchase_worker"]
        environment = {**os.environ, **own, **variables}
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment)
        self._stack.push_async_callback(_end, process)
        await eventually(self.moot._workers.any, what="the worker polls", within=60)
        return process

    async def ask(self, id: str, plan: Plan) -> WorkflowHandle[Any, PurchaseOutcome]:
        """Send a request in."""
        self.buyers.plans[id] = plan
        return await start(self.moot.client, purchase_request(id, plan), queue=self.moot.queue)

    async def chat_that_asks(self, handle: WorkflowHandle[Any, Any]) -> tuple[Chat, str]:
        """The purchase's chat, and its request to people."""
        chat_id = f"{handle.id}-chat"

        async def opened() -> bool:
            running = f"WorkflowId = '{chat_id}'"
            return any([True async for _ in self.moot.client.list_workflows(running)])

        await eventually(opened, what="the chat is open")
        chat = await self.moot.get(chat_id)
        (request,) = await eventually(chat.pending, what="people are asked")
        return chat, request.request


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'application.db'}"
        return
    server = PostgresServer()
    server.start()
    yield from fresh_postgres(server.url)
    server.remove()


@pytest.fixture
async def crew(server_address: str, tmp_path: Path, url: str) -> AsyncIterator[Crew]:
    buyers = Buyers()
    with company(url) as database:
        async with AsyncExitStack() as stack:
            model = await stack.enter_async_context(ScriptedServer(buyers))
            queue, store = f"crew-{uuid.uuid4().hex[:8]}", tmp_path / "store"
            moot = await stack.enter_async_context(await Folkmoot.connect(server_address, queue=queue, store=store))
            yield Crew(moot, model, buyers, database, url, server_address, tmp_path, stack)


async def steps(crew: Crew, handle: WorkflowHandle[Any, Any]) -> list[tuple[str, str]]:
    """The activities of a purchase: which workflow's (its id's ending), and their ids."""
    found: list[tuple[str, str]] = []
    for ending in ("", "-chat"):
        history = await crew.moot.client.get_workflow_handle(handle.id + ending).fetch_history()
        found += [
            (ending, event.activity_task_scheduled_event_attributes.activity_id)
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ]
    return found


async def test_a_crash_at_each_step_writes_exactly_one_order(crew: Crew) -> None:
    first = await crew.worker()
    label = uuid.uuid4().hex[:8]
    plain = await crew.ask(f"plain-{label}", SMALL)
    assert (await plain.result()).status == "ordered"
    found = await steps(crew, plain)
    # Intake, decisions, end and message of the process; eight model calls and four tools of its chat.
    assert (found.count(("", "4")), len(found)) == (1, 4 + 8 + 4 + 1)
    first.terminate()
    assert await first.wait() == 0

    names = {f"{label}-{n}-{place}": (*step, place) for n, step in enumerate(found) for place in ("before", "after")}
    hold = {f"purchase-{name}{ending}": [step, place] for name, (ending, step, place) in names.items()}
    second = await crew.worker(HOLD=json.dumps(hold))
    handles = [await crew.ask(name, SMALL) for name in names]
    medium, large = await crew.ask(f"medium-{label}", MEDIUM), await crew.ask(f"large-{label}", LARGE)
    small_chat, small_request = await crew.chat_that_asks(medium)
    large_chat, large_request = await crew.chat_that_asks(large)
    await large_chat.approve(large_request, by=DIRECTOR)
    reached = crew.folder / "held"
    await eventually(lambda: {file.name for file in reached.iterdir()} == set(hold), what="all wait", within=60)
    second.kill()
    await second.wait()
    placed = count(crew.database, PurchaseOrder)
    assert 1 < placed < len(names), "some had placed their order, and the others had not"

    third = await crew.worker()
    await small_chat.approve(small_request, by=MANAGER)
    await large_chat.approve(large_request, by=FINANCE)
    async with asyncio.timeout(LONG):
        outcomes = await asyncio.gather(*(handle.result() for handle in [*handles, medium, large]))
    assert [outcome.status for outcome in outcomes] == ["ordered"] * len(outcomes)
    for name in [*names, f"medium-{label}", f"large-{label}"]:
        assert count(crew.database, PurchaseOrder, purchase=name) == 1, name
        assert count(crew.database, SupplierMessage, order=f"PO-{name}") == 1, name
    spent = SMALL.amount * (len(names) + 1) + MEDIUM.amount + LARGE.amount
    budget = one(crew.database, Budget, cost_centre="engineering")
    assert (budget["reserved"], budget["spent"]) == (0, round(spent * 100))
    third.terminate()
    assert await third.wait() == 0


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
async def test_killed_right_before_a_commit_nothing_is_written_twice(crew: Crew) -> None:
    """The order, then the message: each transaction is lost with its process once, and made again."""
    handle = await crew.ask(f"R-{uuid.uuid4().hex[:8]}", SMALL)
    for table in ("purchases", "purchase_orders", "supplier_messages"):
        process = await crew.worker(KILL_BEFORE_COMMIT=f"{table}:{crew.folder / table}")
        async with asyncio.timeout(LONG):
            assert await process.wait() == -9, "it was killed there"
        assert count(crew.database, SupplierMessage) == 0
    assert count(crew.database, PurchaseOrder) == 1, "that transaction was made again before"
    await crew.worker()
    async with asyncio.timeout(LONG):
        assert (await handle.result()).status == "ordered"
    assert (count(crew.database, PurchaseOrder), count(crew.database, SupplierMessage)) == (1, 1)
    assert one(crew.database, Budget, cost_centre="engineering")["spent"] == 39_500
