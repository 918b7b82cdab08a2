"""Continue-as-new: offsets, ids, snapshots, usage and commands do not notice; long logs are sealed into the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from folkmoot import Chat, FolderStore, HistoryLimits, MaxMessageTermination, StoreMissingError
from tests.integration.conftest import Site, SiteFactory, kinds, said

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


async def runs_of(site: Site, chat: Chat) -> list[WorkflowExecutionStatus | None]:
    """The status of each workflow run of the chat, oldest first, by following the chain."""
    found = [item async for item in site.client.list_workflows(f"WorkflowId = '{chat.id}'")]
    return [item.status for item in sorted(found, key=lambda item: item.start_time)]


@pytest.mark.parametrize("limits", [OFTEN, SEALING], ids=["carried", "sealed"])
async def test_a_chat_that_continues_is_the_chat_that_does_not(
    sites: SiteFactory, tmp_path: Path, limits: HistoryLimits
) -> None:
    site = await sites(lambda body: f"reply {len(body['messages'])}", store=FolderStore(tmp_path))
    team = site.team("a", "b", termination_condition=MaxMessageTermination(4))
    plain, short = await site.open(team), await site.open(team, limits=limits)
    for number in range(6):
        results = [await chat.run(task=f"task {number}") for chat in (plain, short)]
        assert said(results[0].messages) == said(results[1].messages)
        assert results[0].stop_reason == results[1].stop_reason
    one, other = await plain.status(), await short.status()
    assert one.continued == 0
    assert other.continued > 1
    assert (one.turn, one.run, one.tokens, one.head) == (other.turn, other.run, other.tokens, other.head)
    assert await plain.usage() == await short.usage()
    assert await kinds(plain) == await kinds(short)
    snapshots = [
        [(s.offset, s.turn, s.speakers, s.parent, s.tokens) for s in await chat.snapshots()] for chat in (plain, short)
    ]
    assert snapshots[0] == snapshots[1]
    requests = [body["messages"] for body in site.model.requests]
    assert requests[-3:] == requests[-6:-3], "the models were asked the very same"


async def test_every_snapshot_can_be_read_across_segments(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", "b", max_turns=2), limits=SEALING)
    for number in range(6):
        await chat.run(task=f"task {number}")
    found = await chat.snapshots()
    assert [snapshot.turn for snapshot in found] == list(range(1, 13))
    assert (await site.handle(chat).query("status"))["segments"] > 1
    for snapshot in found:
        read = await chat.snapshot(snapshot.offset)
        assert read["snapshot"]["turn"] == snapshot.turn
        assert read["state"]["turn"] == snapshot.turn


async def test_a_client_without_the_store_says_so(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", max_turns=4), limits=SEALING)
    for _ in range(4):
        await chat.run(task="go")
    poor = await (await sites(queue=site.queue, worker=False)).moot.get(chat.id)
    assert (await poor.status()).turn == 16, "what needs no sealed part works"
    with pytest.raises(StoreMissingError, match="sealed"):
        await kinds(poor)


async def test_continuing_in_the_middle_of_a_long_run(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open(site.team("a", "b", max_turns=30), limits=OFTEN)
    result = await chat.run(task="go")
    assert len(result.messages) == 31
    assert (await chat.status()).continued > 0
    assert set(await runs_of(site, chat)) <= {
        WorkflowExecutionStatus.CONTINUED_AS_NEW,
        WorkflowExecutionStatus.RUNNING,
    }


async def test_commands_sent_meanwhile_are_neither_lost_nor_repeated(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open(site.team("a", max_turns=3), limits=OFTEN)
    for number in range(4):
        run = asyncio.create_task(chat.run(task=f"task {number}"))
        await asyncio.gather(*(chat.resume() for _ in range(4)))
        await run
    commands = [event.data["command"] async for event in chat.events(follow=False) if event.data.get("command")]
    assert len(commands) == len(set(commands)) == 4 * 5
    assert (await chat.status()).continued > 0


async def test_a_repeated_command_is_known_after_continuing(sites: SiteFactory) -> None:
    site = await sites()
    chat = await site.open(site.team("a", max_turns=6), limits=OFTEN)
    handle = site.handle(chat)
    await handle.signal("submit", {"command": "once", "task": "go"})
    for _ in range(3):
        await asyncio.gather(chat.resume(), return_exceptions=True)
    events = [event async for event in chat.events(follow=False)]
    while not any(event.kind == "run_ended" for event in events):
        events = [event async for event in chat.events(follow=False)]
    for number in range(4):
        await chat.run(task=f"task {number}")
    assert (await chat.status()).continued > 0
    await handle.signal("submit", {"command": "once", "task": "go"})
    await chat.resume()
    found = [event.data.get("command") async for event in chat.events(follow=False) if event.kind == "run_started"]
    assert found.count("once") == 1
