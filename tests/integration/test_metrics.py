"""Metrics of a real server and worker: exact after a scripted chat, and nothing twice, however often it is replayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Plugin, WorkflowHistory
from temporalio.runtime import Runtime

from folkmoot import (
    ApprovalPolicy,
    Budget,
    Chat,
    ChatCancelled,
    ChatFailedError,
    FolderStore,
    FunctionTool,
    HistoryLimits,
    RoundRobinGroupChat,
    ToolOptions,
)
from folkmoot._spec import to_json
from folkmoot._telemetry.metrics import OTHER
from folkmoot._temporal.log_cache import LogCache
from folkmoot.server.app import create_app
from folkmoot.server.census import keep_counting
from folkmoot.server.tokens import issue
from folkmoot.testing import fetch_histories, replay
from tests._support.waiting import eventually
from tests._support.watched import watch, watched
from tests.integration.conftest import KEY, Site, unique
from tests.integration.server.conftest import SECRET, served, settings
from tests.integration.server.streams import entries, events

STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


def look(what: str) -> str:
    """Look."""
    return f"seen {what}"


def pay(amount: int) -> str:
    """Pay."""
    if amount > 100:
        raise ValueError("too much")
    return f"paid {amount}"


PAY = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy()))
SCRIPT: list[Any] = [
    {"calls": [{"name": "look", "arguments": {"what": "this"}}], "usage": [100, 10]},
    {"calls": [{"name": "pay", "arguments": {"amount": 12}}], "usage": [200, 20]},
    {"calls": [{"name": "pay", "arguments": {"amount": 999}}], "usage": [300, 30]},
    {"status": 503, "headers": {"retry-after-ms": "1"}},
    {"text": "done", "usage": [400, 40]},
    {"status": 400, "message": "no"},
]
"""A run with three tool calls, two of them approved, and a failed attempt; then one that fails for good."""


async def scripted_chat(site: Site) -> Chat:
    """Two runs: one that ends well, one that fails."""
    agent = site.agent(tools=["look", "pay"], max_tool_iterations=5)
    chat = await site.open(RoundRobinGroupChat([agent], max_turns=1, name="tillers"))
    run = asyncio.create_task(chat.run(task="go"))
    first = await asked(chat)
    await chat.approve(first, by="ann")
    second = await asked(chat, first)
    await chat.approve(second, by="ann")
    assert (await run).messages[-1].to_text() == "done"
    with pytest.raises(ChatFailedError):
        await chat.run(task="again")
    return chat


async def asked(chat: Chat, but: str = "") -> str:
    """The id of what is asked, once something else is than before."""

    async def found() -> str:
        return next((item.request for item in await chat.pending() if item.request != but), "")

    return await eventually(found, what="a request")


@asynccontextmanager
async def caller(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may do everything."""
    token = issue([SECRET], "olga", roles=("designer",), tenant="")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{url}/v1", headers=headers, timeout=60) as client:
        yield client


OF_CHATS: dict[tuple[str, ...], float] = {
    ("chats_opened_total", "tillers"): 1,
    ("request_seconds_count", "approval"): 2,
    ("requests_decided_total", "people", "approval", "approve"): 2,
    ("requests_total", "approval"): 2,
    ("run_failures_total", "ModelCallError"): 1,
    ("run_seconds_count", "failed"): 1,
    ("run_seconds_count", "stopped"): 1,
    ("runs_started_total", "tillers"): 2,
    ("runs_total", "failed", "tillers"): 1,
    ("runs_total", "stopped", "tillers"): 1,
    ("turn_history_bytes_count",): 1,
    ("turn_history_events_count",): 1,
    ("turns_total", "tillers"): 2,
}
OF_CALLS: dict[tuple[str, ...], float] = {
    ("log_reads_total", "cache"): 9,
    ("model_cost_millionths_total", "scripted"): 1_000_000,
    ("model_errors_total", "client", "scripted"): 1,
    ("model_errors_total", "server", "scripted"): 1,
    ("model_seconds_count", "scripted", "error"): 2,
    ("model_seconds_count", "scripted", "ok"): 4,
    ("model_tokens_total", "scripted", "completion"): 100,
    ("model_tokens_total", "scripted", "prompt"): 1000,
    ("tool_seconds_count", "error", "pay"): 1,
    ("tool_seconds_count", "ok", "look"): 1,
    ("tool_seconds_count", "ok", "pay"): 1,
}


@pytest.mark.parametrize("cached", [1000, 0], ids=["cached", "replayed for every task"])
async def test_each_thing_counts_once(server_address: str, server_plugins: Sequence[Plugin], cached: int) -> None:
    seen = watch()
    options: dict[str, Any] = {"tools": [look, PAY], "price": lambda *_: 0.25}
    worker = {"max_cached_workflows": cached}
    async with watched(server_address, server_plugins, SCRIPT, seen, worker=worker, **options) as site:
        chat = await scripted_chat(site)
        assert await seen.values() == OF_CHATS | OF_CALLS
        # A look at it has the worker replay it, where nothing is cached.
        assert (await chat.status()).turn == 2
        assert await seen.values() == OF_CHATS | OF_CALLS
        texts = {value for sample in await seen.scrape() for value in sample.labels.values()}
        assert not any(word in value for value in texts for word in (chat.id, "this", "writer", KEY))
        names = {sample.name for sample in await seen.scrape()}
        assert {"temporal_workflow_task_execution_latency_count", "temporal_request_latency_sum"} <= names


async def test_a_history_that_is_replayed_in_the_worker_counts_nothing(
    server_address: str, server_plugins: Sequence[Plugin]
) -> None:
    seen = watch(traces=True)
    async with watched(server_address, server_plugins, ["one", "two"], seen) as site:
        chat = await site.open(site.team("a", "b", max_turns=2))
        await chat.run(task="go")
        before, spans = await seen.values(), len(seen.spans)
        (whole,) = await fetch_histories(site.client, chat.id)
        started = [place for place, event in enumerate(whole.events, 1) if event.event_type == STARTED]
        # The last task of such a history is one that the SDK does not take for replayed.
        cut = WorkflowHistory(whole.workflow_id, whole.events[: started[-1]])
        previous = Runtime.default()
        Runtime.set_default(seen.telemetry.runtime(), error_if_already_set=False)
        try:
            await replay([whole, cut], site.plugin)
        finally:
            Runtime.set_default(previous, error_if_already_set=False)
        assert await seen.values() == before
        assert len(seen.spans) == spans


async def test_what_continue_as_new_carries_is_not_counted_again(
    server_address: str, server_plugins: Sequence[Plugin], tmp_path: Path
) -> None:
    seen = watch()
    limits = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)
    script = [{"text": "yes", "repeat": True}]
    async with watched(server_address, server_plugins, script, seen, store=FolderStore(tmp_path)) as site:
        chat = await site.open(site.team("a", "b", max_turns=2), limits=limits)
        for number in range(6):
            await chat.run(task=f"task {number}")
        await chat.close()
        status = await chat.status()
        values = await seen.values()
        assert status.continued > 1
        team = "RoundRobinGroupChat"
        expected = {
            ("chats_opened_total", team): 1,
            ("chats_closed_total", team): 1,
            ("continued_as_new_total", team): status.continued,
            ("runs_started_total", team): 6,
            ("runs_total", "stopped", team): 6,
            ("run_seconds_count", "stopped"): 6,
            ("turns_total", team): 12,
        }
        assert {key: values[key] for key in expected} == expected
        assert values["store_seconds_count", "put", "ok"] >= status.continued
        assert values["store_bytes_total", "put"] > 0


async def test_overdue_requests_and_budgets(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch()
    late = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy(deadline=0.1)))
    script = [{"calls": [{"name": "pay", "arguments": {"amount": 12}}], "usage": [60, 20]}, {"text": "well"}]
    async with watched(server_address, server_plugins, script, seen, tools=[late]) as site:
        agent = site.agent(tools=["pay"], max_tool_iterations=2)
        chat = await site.open(RoundRobinGroupChat([agent], max_turns=1, budget=Budget(tokens=80)))
        result = await chat.run(task="go")
        assert "exceeded" in (result.stop_reason or "")
        values = await seen.values()
        expected = {
            ("requests_total", "approval"): 1,
            ("requests_overdue_total", "approval"): 1,
            ("requests_decided_total", "deadline", "approval", "reject"): 1,
            ("budgets_warned_total", "tokens"): 1,
            ("budgets_exceeded_total",): 1,
        }
        assert {key: values.get(key) for key in expected} == expected


async def test_logs_that_no_workflow_showed_are_queried(
    server_address: str, server_plugins: Sequence[Plugin], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a worker whose workflows run elsewhere.
    monkeypatch.setattr(LogCache, "show", lambda *_: None)
    seen = watch()
    async with watched(server_address, server_plugins, ["one", {"status": 503}, "two"], seen) as site:
        chat = await site.open(site.team("a", "b", max_turns=2))
        await chat.run(task="go")
        reads = await seen.values("folkmoot_log_reads_total")
        assert reads == {("log_reads_total", "query"): 2, ("log_reads_total", "cache"): 1}


async def test_what_the_api_does(server_address: str, server_plugins: Sequence[Plugin], tmp_path: Path) -> None:
    seen = watch()
    async with watched(server_address, server_plugins, ["one"], seen) as site:
        app = create_app(site.moot, settings())
        async with served(app) as (_, url), caller(url) as client:
            chat_id = (await client.post("/chats", json={"team": to_json(site.team("a")), "id": unique()})).json()["id"]
            async with events(client, chat_id) as stream:
                await entries(stream, 1)
                values = await seen.values()
                assert (values["http_streams",], values["followed_chats",]) == (1, 1)
            await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
            assert (await client.get("/chats/nobody-knows-it")).status_code == 404
            assert (await client.get("/guessed/path")).status_code == 404
            assert (await client.get("/chats", headers={"Authorization": "Bearer no"})).status_code == 401
        values = await seen.values()
        count = "http_request_seconds_count"
        expected = {
            (count, "POST", "/v1/chats", "201"): 1,
            (count, "POST", "/v1/chats/{id}/runs", "200"): 1,
            (count, "GET", "/v1/chats/{id}", "404"): 1,
            (count, "GET", OTHER, "404"): 1,
            (count, "GET", "/v1/chats", "401"): 1,
            ("http_streams_total", "200"): 1,
            ("http_streams",): 0,
            ("followed_chats",): 0,
            ("http_requests_in_progress",): 0,
        }
        assert {key: values.get(key) for key in expected} == expected


async def test_open_chats_are_counted_in_the_namespace(server_address: str, server_plugins: Sequence[Plugin]) -> None:
    seen = watch()
    late = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy(deadline=0.1, on_timeout="wait")))
    script = [{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}]
    async with watched(server_address, server_plugins, script, seen, tools=[late]) as site:
        chat = await site.open(site.agent(tools=["pay"]))
        run = asyncio.create_task(chat.run(task="go"))
        await asked(chat)
        counting = asyncio.create_task(keep_counting(site.client, every=0.1))

        async def counted() -> bool:
            values = await seen.values()
            return values.get(("chats", "waiting"), 0) >= 1 and values.get(("chats_overdue",), 0) >= 1

        await eventually(counted, what="a chat that waits, and is overdue")
        counting.cancel()
        await chat.cancel()
        with pytest.raises(ChatCancelled):
            await run
