"""Sites: a scripted model behind HTTP, a worker and a client, on a task queue of their own on a real server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio.client import Client, Plugin, WorkflowHandle
from temporalio.worker import Worker

from folkmoot import (
    AgentSpec,
    AssistantAgent,
    Chat,
    ChatStatus,
    Folkmoot,
    FolkmootPlugin,
    FunctionTool,
    OpenAIChatModel,
    RoundRobinGroupChat,
    Store,
    TeamSpec,
)
from folkmoot._scripted.http import ScriptedServer
from folkmoot._temporal.stopping import running
from tests._support.waiting import eventually

KEY = "sk-test-4711-never-to-be-seen"
"""The key of the scripted model; it must not turn up anywhere."""

MODEL = "scripted"


@dataclass(frozen=True)
class Site:
    """Where a test's chats live."""

    moot: Folkmoot
    client: Client
    model: ScriptedServer
    plugin: FolkmootPlugin
    queue: str
    address: str

    def agent(self, name: str = "writer", **options: Any) -> AssistantAgent:
        """An agent the scripted model speaks for."""
        return AssistantAgent(name, options.pop("model_client", MODEL), **options)

    def team(self, *names: str, **options: Any) -> RoundRobinGroupChat:
        """A round robin of such agents, one turn a run unless told otherwise."""
        if not options.keys() & {"max_turns", "termination_condition"}:
            options["max_turns"] = 1
        return RoundRobinGroupChat([self.agent(name) for name in names or ("writer",)], **options)

    async def open(self, team: TeamSpec | AgentSpec | None = None, **options: Any) -> Chat:
        """A new chat with an id of its own."""
        return await self.moot.open(team or self.team(), id=options.pop("id", unique()), **options)

    def handle(self, chat: Chat) -> WorkflowHandle[Any, Any]:
        """The chat's workflow."""
        return self.client.get_workflow_handle(chat.id)


def unique(prefix: str = "chat") -> str:
    """An id nobody else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


async def until(chat: Chat, *statuses: str) -> ChatStatus:
    """The chat's status once it is one of these."""

    async def probe() -> ChatStatus | None:
        status = await chat.status()
        return status if status.status in statuses else None

    found = await eventually(probe, what=f"{chat!r} is {' or '.join(statuses)}")
    assert found is not None
    return found


async def kinds(chat: Chat, after: int = -1) -> list[str]:
    """The kinds of the log's entries."""
    return [entry.kind async for entry in chat.events(after=after, follow=False)]


def said(items: Sequence[Any]) -> list[tuple[str, str]]:
    """Who said what."""
    return [(item.source, item.content) for item in items]


@asynccontextmanager
async def worker_on(client: Client, queue: str, **options: Any) -> AsyncIterator[Worker]:
    """A worker that is known to poll when the block begins."""
    moot = Folkmoot(client, queue=queue)
    async with running(Worker(client, task_queue=queue, **options)) as worker:
        await eventually(moot._workers.any, what="the worker polls")
        yield worker


@asynccontextmanager
async def _site(
    address: str,
    plugins: Sequence[Plugin],
    script: Any,
    *,
    tools: Sequence[FunctionTool | Callable[..., Any]] = (),
    functions: Mapping[str, Callable[..., Any]] | None = None,
    price: Callable[..., Any] | None = None,
    store: Store | None = None,
    worker: bool = True,
    queue: str | None = None,
) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedServer(script))
        models = {MODEL: OpenAIChatModel(MODEL, base_url=model.base_url, api_key=KEY)}
        plugin = FolkmootPlugin(models=models, tools=tools, functions=functions, price=price, store=store)
        client = await Client.connect(address, plugins=[plugin, *plugins])
        queue = queue or unique("queue")
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue, store=store))
        if worker:
            await stack.enter_async_context(worker_on(client, queue))
        # Before the worker stops, whoever still waits for the model gets an answer.
        stack.callback(model.script.replace, ["bye"])
        yield Site(moot, client, model, plugin, queue, address)


SiteFactory = Callable[..., Awaitable[Site]]


@pytest.fixture
async def sites(server_address: str, server_plugins: Sequence[Plugin]) -> AsyncIterator[SiteFactory]:
    """Makes sites: `await sites(script, tools=..., functions=..., price=..., store=..., worker=False, queue=...)`."""
    async with AsyncExitStack() as stack:

        async def make(script: Any = ({"text": "hello", "repeat": True},), **options: Any) -> Site:
            return await stack.enter_async_context(_site(server_address, server_plugins, script, **options))

        yield make


@pytest.fixture
async def site(sites: SiteFactory) -> Site:
    """A site whose model always says hello."""
    return await sites()
