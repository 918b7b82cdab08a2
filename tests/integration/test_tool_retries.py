"""Tools: what raises is shown to the model or retried, as their options say; every attempt has the same key."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ChatFailedError, FunctionTool, HistoryLimits, ToolContext, ToolOptions
from tests.integration.conftest import SiteFactory, said, unique

QUICK = {"initial_interval": 0.01, "backoff": 1.0}


def call(name: str) -> dict[str, object]:
    return {"calls": [{"name": name, "arguments": {}}]}


async def test_a_raising_tool_is_shown_to_the_model(sites: SiteFactory) -> None:
    attempts: list[int] = []

    def break_() -> str:
        """Break."""
        attempts.append(1)
        raise OSError("the disk is gone")

    site = await sites([call("break_"), "oh dear"], tools=[break_])
    chat = await site.open(site.agent(tools=["break_"], max_tool_iterations=2))
    result = await chat.run(task="go")
    outcome = result.messages[2].content[0]
    assert outcome.is_error
    assert outcome.content == "the disk is gone"
    assert site.model.requests[1]["messages"][-1]["content"] == "the disk is gone"
    assert said(result.messages)[-1] == ("writer", "oh dear")
    assert len(attempts) == 1


async def test_retried_errors_have_one_idempotency_key(sites: SiteFactory) -> None:
    seen: list[ToolContext] = []

    def pay(context: ToolContext) -> str:
        """Pay."""
        seen.append(context)
        if context.attempt < 3:
            raise OSError("try again")
        return "paid"

    options = ToolOptions(retry_errors=True, max_attempts=4, **QUICK)
    site = await sites([call("pay"), call("pay")], tools=[FunctionTool(pay, options=options)])
    chat = await site.open(site.agent(tools=["pay"]))
    assert (await chat.run(task="go")).messages[-1].to_text() == "paid"
    assert [context.attempt for context in seen] == [1, 2, 3]
    assert len({context.idempotency_key for context in seen}) == 1
    await chat.run(task="again")
    assert len({context.idempotency_key for context in seen}) == 2, "another call, another key"
    assert {context.chat_id for context in seen} == {chat.id}


async def test_retried_errors_end_with_the_last_one_shown_to_the_model(sites: SiteFactory) -> None:
    attempts: list[int] = []

    def break_(context: ToolContext) -> str:
        """Break."""
        attempts.append(context.attempt)
        raise OSError(f"failure {context.attempt}")

    options = ToolOptions(retry_errors=True, max_attempts=3, **QUICK)
    site = await sites([call("break_")], tools=[FunctionTool(break_, options=options)])
    chat = await site.open(site.agent(tools=["break_"]))
    assert (await chat.run(task="go")).messages[-1].to_text() == "failure 3"
    assert attempts == [1, 2, 3]


async def test_keys_of_two_chats_and_of_one_that_continued_differ(sites: SiteFactory) -> None:
    keys: list[str] = []

    def pay(context: ToolContext) -> str:
        """Pay."""
        keys.append(context.idempotency_key)
        return "paid"

    site = await sites([{**call("pay"), "repeat": True}], tools=[pay])
    limits = HistoryLimits(events=30, resting_events=15, resting_age=0)
    chats = [await site.open(site.agent(tools=["pay"]), limits=limits) for _ in range(2)]
    for chat in chats:
        for _ in range(4):
            await chat.run(task="go")
        assert (await chat.status()).continued > 0
    assert len(keys) == len(set(keys)) == 8


async def test_a_chat_of_a_reused_id_has_new_keys(sites: SiteFactory) -> None:
    keys: list[str] = []

    def pay(context: ToolContext) -> str:
        """Pay."""
        keys.append(context.idempotency_key)
        return "paid"

    site = await sites([{**call("pay"), "repeat": True}], tools=[pay])
    chat_id = unique()
    for _ in range(2):
        chat = await site.open(site.agent(tools=["pay"]), id=chat_id, replace=True)
        await chat.run(task="go")
        await chat.close()
    assert len(set(keys)) == 2


async def test_a_tool_that_may_not_be_repeated_and_was_cancelled_has_an_unknown_outcome(sites: SiteFactory) -> None:
    started = asyncio.Event()

    async def pay() -> str:
        """Pay."""
        started.set()
        await asyncio.Event().wait()
        return "never"

    options = ToolOptions(retryable=False, heartbeat_timeout=1.0, unknown_outcome="fail")
    site = await sites([call("pay")], tools=[FunctionTool(pay, options=options)])
    chat = await site.open(site.agent(tools=["pay"]))
    run = asyncio.create_task(chat.run(task="go"))
    await started.wait()
    await chat.pause(now=True)
    with pytest.raises(ChatFailedError, match="'pay' is unknown") as failed:
        await run
    assert failed.value.error_type == "UnknownOutcomeError"
