"""Calls that must not be repeated and were lost, on a real server: people say what became of them, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    BaseChatAgent,
    BaseChatMessage,
    CancellationToken,
    Chat,
    ChatFailedError,
    CodeExecutorAgent,
    CustomAgent,
    FolderStore,
    FolkmootPlugin,
    FunctionTool,
    HistoryLimits,
    LocalCommandLineCodeExecutor,
    PendingRequest,
    RoundRobinGroupChat,
    TextMessage,
    ToolContext,
    ToolOptions,
)
from folkmoot.agents import Response
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, kinds, said, unique, until

pytestmark = pytest.mark.filterwarnings("ignore:No approval function")

CALL = {"calls": [{"name": "pay", "arguments": {"amount": 12}}]}
ONCE = ToolOptions(retryable=False, heartbeat_timeout=1.0)
OFTEN = HistoryLimits(events=30, resting_events=10, resting_age=0, seal_bytes=0)


def told(verdict: str, what: str) -> str | None:
    """What a vote brings along: only who says that a call succeeded says with what."""
    return what if verdict == "succeeded" else None


class Payments:
    """A tool whose first call never ends by itself."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def pay(self, amount: int, context: ToolContext) -> str:
        """Pay."""
        self.keys.append(context.idempotency_key)
        if len(self.keys) == 1:
            await asyncio.Event().wait()
        return f"paid {amount}"

    @property
    def tool(self) -> FunctionTool:
        return FunctionTool(self.pay, options=ONCE)


async def lost(chat: Chat, begun: Any) -> tuple[asyncio.Task[Any], PendingRequest]:
    """A run whose call is cancelled midway: the run, and what people are asked after the pause."""
    run = asyncio.create_task(chat.run(task="go"))
    await eventually(begun, what="the call has begun")
    await chat.pause(now=True)
    await until(chat, "paused")
    (request,) = await eventually(chat.pending)
    await chat.resume()
    return run, request


async def paying(sites: SiteFactory, payments: Payments, *words: Any, **options: Any) -> tuple[Site, Chat]:
    site = await sites([CALL, *(words or ("done",))], tools=[payments.tool], store=options.pop("store", None))
    return site, await site.open(site.agent(tools=["pay"], max_tool_iterations=2), **options)


@pytest.mark.parametrize(
    ("verdict", "fields", "told"),
    [
        ("succeeded", {"content": "receipt 7"}, "receipt 7"),
        ("failed", {"reason": "no money left"}, "ann: no money left"),
        ("retry", {}, "paid 12"),
    ],
)
async def test_of_a_tool_call(sites: SiteFactory, verdict: str, fields: dict[str, str], told: str) -> None:
    payments = Payments()
    site, chat = await paying(sites, payments)
    run, request = await lost(chat, lambda: payments.keys)
    assert (await until(chat, "waiting")).waiting_for == ("outcome:writer",)
    assert (request.kind, request.name, request.arguments) == ("outcome", "pay", {"amount": 12})
    assert request.verdicts == ("succeeded", "failed", "retry")
    decision = await chat.decide(request.request, verdict, by="ann", **fields)
    assert decision.decided == verdict
    await run
    assert site.model.requests[1]["messages"][-1]["content"] == told
    assert len(payments.keys) == (2 if verdict == "retry" else 1)
    assert len(set(payments.keys)) == 1, "one key for one call"


async def test_it_waits_through_a_continue_as_new(sites: SiteFactory, tmp_path: Path) -> None:
    payments = Payments()
    _site, chat = await paying(sites, payments, store=FolderStore(tmp_path), limits=OFTEN)
    run, request = await lost(chat, lambda: payments.keys)

    async def continued() -> bool:
        return (await chat.status()).continued > 0

    await eventually(continued, what="the chat has continued as new")
    assert [item.request for item in await chat.pending()] == [request.request]
    await chat.decide(request.request, "retry", by="ann")
    await run
    assert len(payments.keys) == 2
    assert len(set(payments.keys)) == 1


async def test_after_a_rollback_it_is_asked_again_and_has_its_key(sites: SiteFactory) -> None:
    payments = Payments()
    _site, chat = await paying(sites, payments)
    run, old = await lost(chat, lambda: payments.keys)
    await chat.rollback(old.offset, force=True)
    with pytest.raises(Exception, match=r"cancelled|rolled back"):
        await run
    (new,) = await eventually(chat.pending)
    assert (new.kind, new.request != old.request) == ("outcome", True)
    assert len(payments.keys) == 1, "it is not run by itself"
    with pytest.raises(Exception, match="There is no open request"):
        await chat.decide(old.request, "retry", by="ann", hash=old.hash)
    await chat.decide(new.request, "retry", by="ann")
    await until(chat, "idle")
    assert len(payments.keys) == 2
    assert len(set(payments.keys)) == 1, "who has done it once must not do it twice"


async def test_in_a_fork_it_is_asked_too(sites: SiteFactory) -> None:
    payments = Payments()
    site, chat = await paying(sites, payments, "done", "done")
    run, request = await lost(chat, lambda: payments.keys)
    fork = await chat.fork(unique(), offset=request.offset)
    (other,) = await eventually(fork.pending)
    assert other.kind == "outcome"
    await fork.decide(other.request, "succeeded", content="receipt 8", by="ann")
    await until(fork, "idle")
    await chat.decide(request.request, "succeeded", content="receipt 7", by="ann")
    await run
    assert len(payments.keys) == 1
    assert {body["messages"][-1]["content"] for body in site.model.requests[1:]} == {"receipt 7", "receipt 8"}


async def test_a_close_ends_the_question(sites: SiteFactory) -> None:
    payments = Payments()
    _site, chat = await paying(sites, payments)
    run, _request = await lost(chat, lambda: payments.keys)
    await chat.close(force=True)
    with pytest.raises(Exception, match="cancelled"):
        await run
    assert "tool" in await kinds(chat), "the call has an outcome in the log"


CODE = """```python
import os, signal
if os.path.exists("begun"):
    print("ran again")
else:
    open("begun", "w").close()
    signal.pause()
```"""


@pytest.mark.parametrize("model", [False, True])
@pytest.mark.parametrize("verdict", ["succeeded", "failed", "retry"])
async def test_of_code(sites: SiteFactory, tmp_path: Path, model: bool, verdict: str) -> None:
    site = await sites([CODE, "in words"])
    site.plugin.registry.code_folder = FolkmootPlugin(code_folder=tmp_path).registry.code_folder
    options: dict[str, Any] = {"model_client": "scripted"} if model else {}
    runner = CodeExecutorAgent("runner", LocalCommandLineCodeExecutor(timeout=60), options=ONCE, **options)
    members = [runner] if model else [site.agent("a"), runner]
    chat = await site.open(RoundRobinGroupChat(members, max_turns=len(members)))
    run, request = await lost(chat, lambda: list(tmp_path.rglob("begun")))
    assert "The outcome of the code of 'runner' is unknown" in request.prompt
    await chat.decide(request.request, verdict, content=told(verdict, "it said 7"), reason="it crashed", by="ann")
    result = await run
    expected = {"succeeded": "it said 7", "failed": "ann: it crashed", "retry": "ran again\n"}[verdict]
    if model:
        output = next(message.result for message in result.messages if message.type == "CodeExecutionEvent")
        assert (output.output, output.exit_code) == (expected, 1 if verdict == "failed" else 0)
    else:
        assert said(result.messages)[-1] == ("runner", expected)


class Slow(BaseChatAgent):
    """An agent whose first turn never ends by itself."""

    turns = 0

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        self.turns += 1
        if self.turns == 1:
            await asyncio.Event().wait()
        return Response(chat_message=TextMessage(content=f"turn {self.turns}", source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.turns = 0


@pytest.mark.parametrize("verdict", ["succeeded", "failed", "retry"])
async def test_of_a_custom_agents_turn(sites: SiteFactory, verdict: str) -> None:
    slow = Slow("slow", "Slow.")
    site = await sites(["hello"])
    site.plugin.registry.agents["slow"] = slow
    chat = await site.open(RoundRobinGroupChat([CustomAgent("slow", options=ONCE)], max_turns=1))
    run, request = await lost(chat, lambda: slow.turns)
    assert "The outcome of the agent of 'slow' is unknown" in request.prompt
    await chat.decide(request.request, verdict, content=told(verdict, "I have spoken."), reason="it crashed", by="ann")
    if verdict == "failed":
        with pytest.raises(ChatFailedError, match="ann: it crashed") as failed:
            await run
        assert failed.value.error_type == "UnknownOutcomeError"
    else:
        answer = "I have spoken." if verdict == "succeeded" else "turn 2"
        assert said((await run).messages)[-1] == ("slow", answer)
    assert slow.turns == (2 if verdict == "retry" else 1)


class Late(Slow):
    """An agent that gave up waiting for something."""

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        raise TimeoutError("the archive did not answer")


async def test_an_agents_own_timeout_is_a_known_outcome(sites: SiteFactory) -> None:
    site = await sites(["hello"])
    site.plugin.registry.agents["late"] = Late("late", "Late.")
    chat = await site.open(RoundRobinGroupChat([CustomAgent("late", options=ONCE)], max_turns=1))
    with pytest.raises(ChatFailedError, match="the archive did not answer") as failed:
        await chat.run(task="go")
    assert failed.value.error_type == "TimeoutError"
    assert await chat.pending() == []
