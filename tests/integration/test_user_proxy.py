"""People as participants on a real server: asked, answered, by several clients, over pauses and continue-as-new."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    BadCommandError,
    ChatFailedError,
    DiGraphBuilder,
    FolderStore,
    GraphFlow,
    HistoryLimits,
    RoundRobinGroupChat,
    Swarm,
    UserProxyAgent,
)
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, said, until

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=5_000)


async def test_a_person_is_asked_and_answers(sites: SiteFactory) -> None:
    site = await sites(["a1"])
    chat = await site.open(RoundRobinGroupChat([UserProxyAgent("person"), site.agent("a")], max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await eventually(chat.pending, what="the person is asked")
    assert (request.kind, request.path, request.prompt) == ("input", "person", "Enter your response: ")
    assert (await until(chat, "waiting")).waiting_for == ("user:person",)
    await chat.answer(request.request, "Yes.", by="ann")
    result = await run
    assert said([item for item in result.messages if item.type == "TextMessage"]) == [
        ("user", "go"),
        ("person", "Yes."),
        ("a", "a1"),
    ]
    assert await chat.pending() == []
    with pytest.raises(BadCommandError, match="no open request"):
        await chat.answer(request.request, "No.")


async def test_a_handoff_to_a_person_comes_back(sites: SiteFactory) -> None:
    site = await sites([{"calls": [{"name": "transfer_to_person", "arguments": {}}]}, "done"])
    team = Swarm([site.agent("a", handoffs=["person"]), UserProxyAgent("person")], max_turns=3)
    chat = await site.open(team)
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await eventually(chat.pending, what="the person is asked")
    assert request.prompt == "Handoff received from a. Enter your response: "
    await chat.answer(request.request, "Go on.")
    assert said((await run).messages)[-1] == ("a", "done")


async def test_a_stop_while_waiting_ends_the_run_and_the_next_one_asks_again(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open(RoundRobinGroupChat([UserProxyAgent("person")], max_turns=1))
    run = asyncio.create_task(chat.run(task="go"))
    (first,) = await eventually(chat.pending, what="the person is asked")
    await chat.stop()
    assert (await run).stop_reason == "External termination requested"
    run = asyncio.create_task(chat.run())
    (second,) = await eventually(chat.pending, what="the person is asked again")
    assert second.request != first.request
    await chat.answer(second.request, "Yes.")
    assert said((await run).messages)[-1] == ("person", "Yes.")


@pytest.mark.parametrize("fails", [False, True])
async def test_an_input_function(sites: SiteFactory, fails: bool) -> None:
    def ask(prompt: str) -> str:
        if fails:
            raise OSError("nobody is there")
        return f"answer to {prompt!r}"

    site = await sites(functions={"ask": ask})
    chat = await site.open(RoundRobinGroupChat([UserProxyAgent("person", input_func="ask")], max_turns=1))
    if fails:
        with pytest.raises(ChatFailedError, match="Failed to get user input: nobody is there"):
            await chat.run(task="go")
    else:
        assert said((await chat.run(task="go")).messages)[-1] == ("person", "answer to 'Enter your response: '")


def _graph(site: Any) -> GraphFlow:
    members = [site.agent("s"), UserProxyAgent("one"), UserProxyAgent("two"), site.agent("e")]
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for person in members[1:3]:
        builder.add_edge("s", person).add_edge(person, "e")
    return GraphFlow(members, graph=builder.build())


async def test_two_people_asked_at_once_are_heard_in_graph_order(sites: SiteFactory) -> None:
    site = await sites(["s1", "e1"])
    chat = await site.open(_graph(site))
    run = asyncio.create_task(chat.run(task="go"))
    one, two = sorted(
        await eventually(lambda: _pending(chat, 2), what="both are asked"), key=lambda request: request.path
    )
    await chat.answer(two.request, "two says")
    await chat.answer(one.request, "one says")
    await run
    assert [message["content"] for message in site.model.requests[-1]["messages"][1:]] == [
        "go",
        "s1",
        "one says",
        "two says",
    ]


async def _pending(chat: Any, count: int) -> Any:
    found = await chat.pending()
    return found if len(found) == count else None


async def _continued(chat: Any, more_than: int) -> int:
    """How often the chat has continued, once that is more than so often."""
    number = (await chat.status()).continued
    return number if number > more_than else 0


async def test_what_one_of_two_people_said_survives_being_sealed_and_carried_on(
    sites: SiteFactory, tmp_path: Path
) -> None:
    site = await sites(["s1", "e1"], store=FolderStore(tmp_path))
    chat = await site.open(_graph(site), limits=OFTEN)
    run = asyncio.create_task(chat.run(task="x" * 6_000))
    one, two = sorted(
        await eventually(lambda: _pending(chat, 2), what="both are asked"), key=lambda request: request.path
    )
    await chat.answer(two.request, "two says")
    for _ in range(12):
        await chat.resume()
    sealed = await eventually(lambda: _continued(chat, 0), what="the chat continues, sealed")
    assert (await site.handle(chat).query("status"))["segments"] == 1
    await chat.answer(one.request, "one says")
    await run
    for _ in range(20):
        await chat.resume()
    await eventually(lambda: _continued(chat, sealed), what="the chat continues, carried")
    assert (await chat.status()).stop_reason == "Digraph execution is complete"
