"""Teams in teams and societies of mind on a real server, with continue-as-new and other workers in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from folkmoot import (
    AgentTool,
    AssistantAgent,
    ChatCancelled,
    ChatFailedError,
    FolderStore,
    FolkmootPlugin,
    HistoryLimits,
    OpenAIChatModel,
    RoundRobinGroupChat,
    SocietyOfMindAgent,
    TaskResult,
    TeamTool,
)
from tests._support.waiting import eventually
from tests.integration.conftest import KEY, MODEL, Site, SiteFactory, kinds, said, until, worker_on

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


def named(name: str, **options: Any) -> AssistantAgent:
    """An agent whose words are the script's list of its name."""
    return AssistantAgent(name, MODEL, system_message=f"You are {name}.", **options)


def rounds(name: str, *members: Any, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([*members], name=name, **options)


def deep(turns: int = 2) -> RoundRobinGroupChat:
    """Three levels: outer(middle(inner(a, b), c), d)."""
    middle = rounds("middle", rounds("inner", named("a"), named("b"), max_turns=2), named("c"), max_turns=2)
    return rounds("outer", middle, named("d"), max_turns=turns)


def society(turns: int = 2) -> RoundRobinGroupChat:
    """outer(mind(a, b), c)."""
    inner = rounds("inner", named("a"), named("b"), max_turns=2)
    mind = SocietyOfMindAgent("mind", inner, MODEL, instruction="You are mind.", response_prompt="Sum up.")
    return rounds("outer", mind, named("c"), max_turns=turns)


def tooled(turns: int = 2) -> RoundRobinGroupChat:
    """outer(a, c); a has the team of x and y, and the agent z, as tools."""
    crew = TeamTool(rounds("crew", named("x"), named("y"), max_turns=2), "crew", "Ask them.")
    first = named("a", tools=[crew, AgentTool(named("z"))], max_tool_iterations=2)
    return rounds("outer", first, named("c"), max_turns=turns)


def echo(body: dict[str, Any]) -> Any:
    """A reply that tells who was asked and how much it was told; `a` calls its tools first, if it has any."""
    messages = body["messages"]
    who = messages[0]["content"].split()[-1].strip(".")
    if body.get("tools") and messages[-1]["role"] != "tool":
        tasks = {name: {"task": f"help {name}"} for name in ("crew", "z")}
        return {"calls": [{"id": name, "name": name, "arguments": given} for name, given in tasks.items()]}
    return f"{who} read {len(messages)}"


def script(*names: str, times: int = 3) -> dict[str, list[str]]:
    return {name: [f"{name}{number}" for number in range(1, times + 1)] for name in names}


def roles(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"][1:]]


async def test_three_levels_over_two_runs(sites: SiteFactory) -> None:
    site = await sites(script("a", "b", "c", "d"))
    chat = await site.open(deep())
    result = await chat.run(task="go")
    assert said(result.messages) == [("user", "go"), ("a", "a1"), ("b", "b1"), ("c", "c1"), ("d", "d1")]
    assert result.stop_reason == "Maximum number of turns 2 reached."
    again = [item async for item in chat.run_stream(task="more")]
    assert said(again[:-1]) == [("user", "more"), ("a", "a2"), ("b", "b2"), ("c", "c2"), ("d", "d2")]
    assert roles(site.model.requests[4]) == ["go", "a1", "b1", "c1", "d1", "more"]
    assert set(await chat.usage()) == {"middle/inner/a", "middle/inner/b", "middle/c", "d"}


async def test_a_society_of_mind(sites: SiteFactory) -> None:
    site = await sites(script("a", "b", "c", "mind"))
    chat = await site.open(society(turns=3))
    result = await chat.run(task="go")
    assert said(result.messages) == [
        ("user", "go"),
        *[("a", "a1"), ("b", "b1"), ("mind", "mind1")],
        ("c", "c1"),
        *[("a", "a2"), ("b", "b2"), ("mind", "mind2")],
    ]
    assert roles(site.model.requests[2]) == ["a1", "b1", "Sum up."]
    assert roles(site.model.requests[3]) == ["go", "mind1"]
    assert roles(site.model.requests[4]) == ["go", "relevant previous messages", "c1"]
    assert roles(site.model.requests[6]) == ["a2", "b2", "Sum up."]


async def test_a_failure_inside_is_retried_where_it_was(sites: SiteFactory) -> None:
    steps: dict[str, list[Any]] = {"a": ["a1"], "b": [{"status": 400, "message": "no"}, "b1"], "c": ["c1"], "d": ["d1"]}
    site = await sites(steps)
    chat = await site.open(deep())
    with pytest.raises(ChatFailedError) as failed:
        await chat.run(task="go")
    assert failed.value.agent == "middle/inner/b"
    result = await chat.run()
    assert said(result.messages) == [("b", "b1"), ("c", "c1"), ("d", "d1")]
    assert roles(site.model.requests[2]) == roles(site.model.requests[1]) == ["go", "a1"]


async def test_a_pause_and_a_cancel_inside(sites: SiteFactory) -> None:
    steps: dict[str, list[Any]] = {"a": [{"text": "a1", "hold": "a"}], "b": [{"text": "b1", "hold": "b"}, "b2"]}
    site = await sites(steps | script("c", "d"))
    chat = await site.open(deep())
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    site.model.release("a")
    await until(chat, "paused")
    assert site.model.total == 1
    await chat.resume()
    await site.model.wait_for_requests(2)
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    result = await chat.run(task="more")
    assert said(result.messages) == [("user", "more"), ("b", "b2"), ("c", "c1"), ("d", "d1")]
    assert roles(site.model.requests[2]) == ["go", "a1", "more"]


@pytest.mark.parametrize(
    ("make", "limits"),
    [
        pytest.param(deep, OFTEN, id="nested-carried"),
        pytest.param(deep, SEALING, id="nested-sealed"),
        pytest.param(society, OFTEN, id="society-carried"),
        pytest.param(society, SEALING, id="society-sealed"),
        pytest.param(tooled, OFTEN, id="tools-carried"),
        pytest.param(tooled, SEALING, id="tools-sealed"),
    ],
)
async def test_a_nested_chat_that_continues_is_the_one_that_does_not(
    sites: SiteFactory, tmp_path: Path, make: Callable[[int], RoundRobinGroupChat], limits: HistoryLimits
) -> None:
    site = await sites(echo, store=FolderStore(tmp_path))
    asked: list[list[Any]] = []
    chats = [await site.open(make(7)), await site.open(make(7), limits=limits)]
    results: list[Any] = []
    for chat in chats:
        start = site.model.total
        results.append([await chat.run(task=f"task {number}") for number in range(2)])
        asked.append([body["messages"] for body in site.model.requests[start:]])
    plain, short = results
    assert [_dumped(result, ordered=make is not tooled) for result in short] == [
        _dumped(result, ordered=make is not tooled) for result in plain
    ]
    assert sorted(map(str, asked[0])) == sorted(map(str, asked[1])), "the models were asked the very same"
    assert (await chats[1].status()).continued > 1
    assert sorted(await kinds(chats[0])) == sorted(await kinds(chats[1]))
    assert await chats[0].usage() == await chats[1].usage()


def _dumped(result: TaskResult, *, ordered: bool) -> list[str]:
    """The messages without what differs from chat to chat. Two tools at the same time answer in any order."""
    shown = [str(item.dump() | {"id": "", "created_at": ""}) for item in result.messages]
    return shown if ordered else sorted(shown)


@asynccontextmanager
async def fresh_worker(site: Site) -> AsyncIterator[None]:
    """A worker that has never heard of the site's chats."""
    model = OpenAIChatModel(MODEL, base_url=site.model.base_url, api_key=KEY)
    plugin = FolkmootPlugin(models={MODEL: model})
    client = await Client.connect(site.address, plugins=[plugin])
    async with worker_on(client, site.queue):
        yield
    await plugin.close()


@pytest.mark.parametrize("make", [deep, society, tooled], ids=["nested", "society", "tools"])
async def test_another_worker_goes_on_in_the_middle(
    sites: SiteFactory, make: Callable[[int], RoundRobinGroupChat]
) -> None:
    site = await sites(echo, worker=False)
    lost: list[list[Any]] = []

    def stopping(body: dict[str, Any]) -> Any:
        answer = echo(body)
        if not lost and isinstance(answer, str) and answer[0] in "by":
            lost.append(body["messages"])
            return {"text": "lost", "hold": "never"}
        return answer

    async with worker_on(site.client, site.queue):
        want = await (await site.open(make(2))).run(task="go")
        asked = [body["messages"] for body in site.model.requests]
        site.model.script.replace(stopping)
        chat = await site.open(make(2))
        run = asyncio.create_task(chat.run(task="go"))
        await eventually(lambda: lost, what="a call inside")
    async with fresh_worker(site):
        result = await run
    assert said(result.messages) == said(want.messages)
    again = [body["messages"] for body in site.model.requests[len(asked) :]]
    assert sorted(map(str, again)) == sorted(map(str, asked + lost)), "only the lost call was made again"
