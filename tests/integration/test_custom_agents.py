"""Custom agents on a real server: registered as objects, classes and functions; their state, hooks and costs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from folkmoot import (
    AgentTool,
    BaseChatAgent,
    BaseChatMessage,
    CancellationToken,
    Chat,
    ChatFailedError,
    CustomAgent,
    FolderStore,
    FolkmootPlugin,
    HistoryLimits,
    RoundRobinGroupChat,
    TextMessage,
    UnknownNameError,
)
from folkmoot._chat.agent_state import StateView
from folkmoot._chat.log import Log
from folkmoot.agents import Response
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, kinds, said, until, worker_on

NEVER = HistoryLimits(events=100_000, bytes=100_000_000, resting_events=100_000)
OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


class Counter(BaseChatAgent):
    """Counts its turns and keeps what it heard; `size` more characters with each turn."""

    def __init__(self, name: str = "counter", description: str = "Counts.", size: int = 0) -> None:
        super().__init__(name, description)
        self.size = size
        self.heard: list[str] = []
        self.hooks: list[str] = []

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        self.heard += [message.to_text() for message in messages] + ["x" * self.size] * bool(self.size)
        answer = TextMessage(content=f"heard {len(self.heard)}", source=self.name)
        return Response(chat_message=answer, inner_messages=[TextMessage(content="thinking", source=self.name)])

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.heard = []
        self.hooks.append("on_reset")

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        self.hooks.append("on_pause")

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        self.hooks.append("on_resume")

    async def save_state(self) -> Mapping[str, Any]:
        return {"heard": self.heard, "hooks": self.hooks}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.heard, self.hooks = list(state["heard"]), list(state["hooks"])


class Slow(Counter):
    """Takes its turn once it is let."""

    entered = asyncio.Event()
    released = asyncio.Event()

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        Slow.entered.set()
        await Slow.released.wait()
        return await super().on_messages(messages, cancellation_token)


class Failing(Counter):
    """Fails in its second turn, once."""

    failed = False

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        if self.heard and not Failing.failed:
            Failing.failed = True
            raise KeyError("lost")
        return await super().on_messages(messages, cancellation_token)


async def with_agents(sites: SiteFactory, agents: Mapping[str, Any], **options: Any) -> Site:
    """A site whose worker has these agents registered."""
    site = await sites(**options)
    site.plugin.registry.agents.update(FolkmootPlugin(agents=agents).registry.agents)
    return site


def alone(name: str = "counter", turns: int = 1) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([CustomAgent(name)], max_turns=turns)


async def state_of(site: Site, chat: Chat, path: str) -> Any:
    """An agent's state as the chat has it, folded from its log."""
    log = Log()
    async for event in chat.events(follow=False):
        log.append(dict(event.data))
    view = StateView(path)
    view.read(log, log.head, {})
    return view.state


def make_counter(name: str) -> Counter:
    return Counter(name)


async def make_later(name: str, description: str) -> Counter:
    return Counter(name, description)


@pytest.mark.parametrize(
    "made", [Counter(), Counter, make_counter, make_later], ids=["object", "class", "def", "async"]
)
async def test_what_may_be_registered(sites: SiteFactory, made: Any) -> None:
    site = await with_agents(sites, {"counter": made})
    chat = await site.open(alone(turns=2))
    result = await chat.run(task="go")
    assert said(result.messages) == [
        ("user", "go"),
        ("counter", "thinking"),
        ("counter", "heard 1"),
        ("counter", "thinking"),
        ("counter", "heard 1"),
    ]
    ids = [item.id for item in result.messages]
    assert len(set(ids)) == len(ids)


async def test_chats_that_share_an_object_do_not_mix(sites: SiteFactory) -> None:
    site = await with_agents(sites, {"counter": Counter()})
    chats = [await site.open(alone()) for _ in range(3)]
    for _ in range(2):
        await asyncio.gather(*(chat.run(task="go") for chat in chats))
    results = await asyncio.gather(*(chat.run(task="go") for chat in chats))
    assert {said(result.messages)[-1] for result in results} == {("counter", "heard 3")}


async def test_an_unknown_agent_is_refused(sites: SiteFactory) -> None:
    site = await sites()
    with pytest.raises(UnknownNameError, match="'counter'"):
        await (await site.open(alone())).run(task="go")


async def test_a_failure_ends_the_run_and_the_turn_is_taken_again_with_the_state_it_had(sites: SiteFactory) -> None:
    Failing.failed = False
    site = await with_agents(sites, {"counter": Failing})
    chat = await site.open(alone())
    await chat.run(task="one")
    with pytest.raises(ChatFailedError, match="lost") as failed:
        await chat.run(task="two")
    assert (failed.value.agent, failed.value.error_type) == ("counter", "KeyError")
    assert said((await chat.run()).messages)[-1] == ("counter", "heard 2")


async def test_hooks_are_called_and_what_they_change_is_kept(sites: SiteFactory) -> None:
    site = await with_agents(sites, {"counter": Counter})
    chat = await site.open(alone())
    await chat.run(task="go")
    await chat.pause()
    await until(chat, "paused")
    await chat.resume()
    await chat.reset()

    async def hooks() -> bool:
        state = await state_of(site, chat, "counter")
        return state["hooks"] == ["on_pause", "on_resume", "on_reset"]

    await eventually(hooks, what="three hooks were called")
    assert (await state_of(site, chat, "counter"))["heard"] == []
    assert said((await chat.run(task="anew")).messages)[-1] == ("counter", "heard 1")


async def test_a_pause_in_the_middle_of_a_turn_reaches_the_object_at_work(sites: SiteFactory) -> None:
    Slow.entered, Slow.released = asyncio.Event(), asyncio.Event()
    site = await with_agents(sites, {"counter": Slow})
    chat = await site.open(alone())
    run = asyncio.create_task(chat.run(task="go"))
    await Slow.entered.wait()
    await chat.pause()

    async def told() -> bool:
        return "agent_state" in await kinds(chat)

    await eventually(told, what="the hook was called")
    Slow.released.set()
    await until(chat, "paused", "idle")
    await chat.resume()
    assert said((await run).messages)[-1] == ("counter", "heard 1")
    state = await state_of(site, chat, "counter")
    assert state["hooks"] == ["on_pause", "on_resume"]


async def test_a_growing_state_costs_what_is_added_to_it(sites: SiteFactory) -> None:
    def growing(name: str) -> Counter:
        return Counter(name, size=200)

    site = await with_agents(sites, {"counter": growing})
    chat = await site.open(alone(turns=30), limits=NEVER)
    await chat.run(task="go")
    sizes = [event.ByteSize() for event in (await site.handle(chat).fetch_history()).events]
    assert sum(sizes) < 30 * 2_500
    assert len((await state_of(site, chat, "counter"))["heard"]) == 31
    half = len(sizes) // 2
    assert sum(sizes[half:]) < 1.3 * sum(sizes[:half]), "late turns cost what early ones do"


async def test_large_states_lie_in_the_store(sites: SiteFactory, tmp_path: Path) -> None:
    def large(name: str) -> Counter:
        return Counter(name, size=100_000)

    site = await with_agents(sites, {"counter": large}, store=FolderStore(tmp_path))
    chat = await site.open(alone(turns=4))
    result = await chat.run(task="go")
    assert said(result.messages)[-1] == ("counter", "heard 5")
    history = await site.handle(chat).fetch_history()
    assert sum(event.ByteSize() for event in history.events) < 60_000
    stored = [event.data["state"] async for event in chat.events(follow=False) if event.kind == "agent_state"]
    assert any("$blob" in str(state) for state in stored)


async def test_a_chat_that_continues_keeps_its_agents_states(sites: SiteFactory, tmp_path: Path) -> None:
    site = await with_agents(sites, {"counter": Counter}, store=FolderStore(tmp_path))
    chat = await site.open(alone(turns=8), limits=OFTEN)
    for number in range(2):
        await chat.run(task=f"task {number}")
    result = await chat.run(task="task 2")
    assert said(result.messages)[-1] == ("counter", "heard 3")
    assert (await chat.status()).continued > 1


async def test_another_worker_takes_up_the_state(sites: SiteFactory) -> None:
    site = await with_agents(sites, {"counter": Counter()}, worker=False)
    async with worker_on(site.client, site.queue):
        chat = await site.open(alone())
        await chat.run(task="one")
    client = await Client.connect(site.address, plugins=[FolkmootPlugin(agents={"counter": Counter()})])
    async with worker_on(client, site.queue):
        assert said((await chat.run(task="two")).messages)[-1] == ("counter", "heard 2")


async def test_as_a_tool(sites: SiteFactory) -> None:
    call = {"calls": [{"name": "counter", "arguments": {"task": "count"}}]}
    site = await with_agents(sites, {"counter": Counter}, script=[call, call, "done"])
    chat = await site.open(site.agent("a", tools=[AgentTool(CustomAgent("counter"))], max_tool_iterations=3))
    result: Any = await chat.run(task="go")
    outcomes = [item.content[0].content for item in result.messages if item.type == "ToolCallExecutionEvent"]
    assert outcomes == [f"counter: thinking\n\ncounter: heard {number}" for number in (1, 2)]
