"""Chats in a user's own, sandboxed workflow: one run or many, across the caller's continue-as-new."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from tests._support.waiting import eventually
from tests.integration.callers import Asker, Changer, Keeper, Returning, Starter, team
from tests.integration.conftest import Site, SiteFactory, kinds, unique, until, worker_on

CALLERS = [Asker, Changer, Keeper, Returning, Starter]


async def ask(site: Site, caller: type, data: dict[str, Any], workflow_id: str | None = None) -> Any:
    """Run one of the callers to its end."""
    return await site.client.execute_workflow(
        caller.run,  # type: ignore[attr-defined]
        {"queue": site.queue, **data},
        id=workflow_id or unique("caller"),
        task_queue=site.queue,
    )


async def test_run_group_chat_is_one_run_of_a_chat_that_is_closed_after_it(sites: SiteFactory) -> None:
    site = await sites(["one", "two"], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        answer = await ask(site, Asker, {"chat": chat_id, "task": "go", "turns": 2})
        assert answer["texts"] == ["go", "one", "two"]
        assert answer["complete"] is True
        assert answer["stop_reason"] == "Maximum number of turns 2 reached."
        assert answer["usage"]["a"]["model_calls"] == 1
        await site.client.get_workflow_handle(chat_id).result()
        chat = await site.moot.get(chat_id)
        assert (await kinds(chat))[-1] == "closed"
        log = [event.offset async for event in chat.events(follow=False) if event.kind == "run_ended"]
        assert log == [answer["last"]]


async def test_what_comes_back_is_bounded(sites: SiteFactory) -> None:
    site = await sites(["x" * 600_000, "y" * 600_000], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        answer = await ask(site, Asker, {"chat": unique(), "task": "go", "turns": 2})
    assert answer["complete"] is False
    assert [len(text) for text in answer["texts"]] == [600_000], "the last message alone"


async def test_a_failed_run_fails_the_caller_with_its_error(sites: SiteFactory) -> None:
    site = await sites([{"status": 400, "message": "too bad"}], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        with pytest.raises(WorkflowFailureError) as failed:
            await ask(site, Asker, {"chat": chat_id, "task": "go"})
        cause = failed.value.cause
        assert isinstance(cause, ApplicationError)
        assert cause.type == "ChatFailedError"
        assert "too bad" in cause.message
        await site.client.get_workflow_handle(chat_id).result()


async def test_a_bad_task_fails_the_caller_and_not_its_workflow_task(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        answer = await ask(site, Keeper, {"chat": unique(), "tasks": [[]]})
    assert answer == ["ValueError: Task list cannot be empty."]


async def test_many_runs_of_one_chat_over_the_callers_continue_as_new(sites: SiteFactory) -> None:
    site = await sites(["one", "two", "three"], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        answer = await ask(site, Returning, {"chat": chat_id, "left": 3})
        assert answer == ["one", "two", "three"]
        chat = await site.moot.get(chat_id)
        assert (await chat.status()).run == 3
        texts = [message["content"] for message in site.model.requests[2]["messages"] if message["role"] != "system"]
        assert texts == ["task 3", "one", "task 2", "two", "task 1"], "it is one conversation"


async def test_the_chat_outlives_the_caller(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        assert await ask(site, Starter, {"chat": chat_id, "patience": 0.2}) == "gave up waiting"
        site.model.release("it")
        chat = await site.moot.get(chat_id)
        await until(chat, "idle")
        await eventually(lambda: _ended(chat))


async def _ended(chat: Any) -> bool:
    return "run_ended" in await kinds(chat)


async def test_a_chat_of_another_team_refuses_the_run(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat = await site.open(site.team("somebody", "other"))
        answer = await ask(site, Keeper, {"chat": chat.id, "tasks": ["go"]})
        assert answer == ["ChatExistsError: The chat lives with another team."]
        assert (await chat.status()).run == 0


async def test_a_chat_that_somebody_else_has_opened_is_not_taken_over_and_not_closed(sites: SiteFactory) -> None:
    site = await sites(["one"], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        other = await site.open(team(), tenant="others")
        data = {"chat": other.id, "tasks": ["go", "!close"]}
        text = "ChatExistsError: The chat was not opened by the workflow that asks."
        assert await ask(site, Keeper, data) == [text, "closed"]
        assert (await other.status()).status == "idle"
        assert (await other.run(task="mine")).messages[-1].to_text() == "one"


async def test_a_second_run_is_refused_and_the_first_goes_on(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        first = asyncio.create_task(ask(site, Keeper, {"chat": chat_id, "tasks": ["go"]}))
        await site.model.wait_for_requests(1)
        assert await ask(site, Changer, {"chat": chat_id, "teams": [[]]}) == ["ChatBusyError"]
        site.model.release("it")
        assert await first == ["one"]


async def test_a_cancelled_run_is_an_error_of_ours(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}], worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat_id = unique()
        asking = asyncio.create_task(ask(site, Keeper, {"chat": chat_id, "tasks": ["go"]}))
        await site.model.wait_for_requests(1)
        await (await site.moot.get(chat_id)).cancel()
        assert (await asking)[0].startswith("ChatCancelled")


async def test_a_closed_chat_cannot_be_asked(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        answer = await ask(site, Keeper, {"chat": unique(), "tasks": ["go", "!close", "again"]})
    assert answer[0] == "hello"
    assert answer[2].startswith(("ChatNotFoundError", "ChatClosedError"))


async def test_a_caller_changes_who_takes_part(sites: SiteFactory) -> None:
    site = await sites(worker=False)
    async with worker_on(site.client, site.queue, workflows=CALLERS):
        chat = await site.open(site.team("a"))
        told = await ask(site, Changer, {"chat": chat.id, "teams": ["", "bc", "", "d"]})
        assert told == ["user a", "user b c", "user b c", "user d"]
        (first, _) = [event.data for event in [e async for e in chat.events(follow=False)] if event.kind == "loaded"]
        assert "caller" in str(first["by"])
        assert await ask(site, Changer, {"chat": unique(), "teams": ["a"]}) == ["ChatNotFoundError"]
