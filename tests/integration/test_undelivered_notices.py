"""Notices that nobody takes: they hold up nothing, are carried along, and outlive the chat they are of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from folkmoot import (
    ApprovalPolicy,
    FolderStore,
    HistoryLimits,
    RoundRobinGroupChat,
)
from folkmoot._temporal import names, notices
from folkmoot._temporal.deliveries import IN_FLIGHT
from folkmoot.testing import fetch_histories, replay
from tests._support.receiver import Receiver
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, until
from tests.integration.noticed import PAY, site_with, till, undelivered

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest.fixture
async def away() -> AsyncIterator[Receiver]:
    """One that refuses connections until it is started."""
    made = Receiver()
    yield made
    await made.stop()


def forget(site: Site) -> None:
    """As if the worker had just been started: what is sealed has to be fetched."""
    site.plugin.cache._chats.clear()


async def test_a_dead_receiver_blocks_neither_the_chat_nor_another(
    sites: SiteFactory, receiver: Receiver, away: Receiver
) -> None:
    site = await site_with(sites, {"away": away, "ops": receiver})
    chat = await site.open(site.team(notify=["away", "ops"]))
    for number in range(30):
        await chat.run(task=f"task {number}")
    await receiver.until(30)

    async def some() -> bool:
        pending = (await site.handle(chat).describe()).raw_description.pending_activities
        return len(pending) == IN_FLIGHT // 2

    await eventually(some, what="of what waits for the dead one only some is tried at once")
    assert (await until(chat, "idle")).run == 30
    await away.start()
    found = await away.until(1)
    assert found[0].id in {item.id for item in receiver.received}


@pytest.mark.parametrize("limits", [OFTEN, SEALING], ids=["carried", "sealed"])
async def test_undelivered_notices_are_carried_over(
    sites: SiteFactory, receiver: Receiver, away: Receiver, tmp_path: Path, limits: HistoryLimits
) -> None:
    site = await site_with(sites, {"away": away, "ops": receiver}, store=FolderStore(tmp_path))
    chat = await site.open(site.team(notify=["away", "ops"]), limits=limits)
    for number in range(12):
        await chat.run(task=f"task {number}")
    status = await site.handle(chat).query("status")
    assert status["continued"] > 2
    if limits is SEALING:
        assert status["segments"] > 0
    await receiver.until(12)
    forget(site)
    await away.start()
    # Begun anew with each run of the workflow, they have not long to wait.
    found = await eventually(lambda: by_id if len(by_id := {item.id: item for item in away.taken()}) == 12 else {})
    assert set(found) == {item.id for item in receiver.received}
    assert sorted(item.data["run"] for item in found.values()) == list(range(1, 13))
    histories = await fetch_histories(site.client, chat.id)
    assert len(histories) > 2
    await replay(histories)


async def test_what_was_asked_is_told_when_it_is_sealed(sites: SiteFactory, receiver: Receiver, tmp_path: Path) -> None:
    policy = ApprovalPolicy(approvers=("ann",), remind_every=1.0, reason="Much money.")
    site = await site_with(sites, {"ops": receiver}, [PAY], tools=[till(policy, [])], store=FolderStore(tmp_path))
    limits = HistoryLimits(events=20, resting_events=5, resting_age=0, seal_bytes=100)
    team = RoundRobinGroupChat([site.agent(tools=["pay"])], max_turns=1, notify=["ops"])
    chat = await site.open(team, limits=limits)
    await site.handle(chat).signal("submit", {"task": "go", "command": "once"})
    (asked,) = await receiver.until(1, "request")

    async def is_sealed() -> bool:
        # Each leaves some events, until the chat has gone on with its log sealed.
        await chat.resume()
        return (await site.handle(chat).query("status"))["held_from"] > asked.data["offset"]

    await eventually(is_sealed)
    forget(site)
    reminded = (await receiver.until(len(receiver.taken("reminder")) + 2, "reminder"))[-1]
    own = {"id", "kind", "time", "offset", "number"}
    assert {name: value for name, value in reminded.data.items() if name not in own} == {
        name: value for name, value in asked.data.items() if name not in own
    }


async def test_a_closed_chat_leaves_its_last_notices_to_a_workflow(
    sites: SiteFactory, receiver: Receiver, away: Receiver
) -> None:
    site = await site_with(sites, {"away": away, "ops": receiver})
    chat = await site.open(site.team(notify=["away", "ops"]))
    await chat.run(task="go")
    uuid = (await site.handle(chat).query("status"))["uuid"]
    await chat.close()
    assert (await site.handle(chat).result())["uuid"] == uuid
    await away.start()
    (found,) = await away.until(1)
    assert found.data["status"] == "stopped"
    assert found.data["chat"] == chat.id
    told = await site.client.get_workflow_handle(names.NOTICES_ID + uuid).result()
    assert told == {"notices": 1, "undelivered": []}
    assert len({item.id for item in receiver.received}) == 1
    await replay(await fetch_histories(site.client, chat.id))
    await replay(await fetch_histories(site.client, names.NOTICES_ID + uuid))


async def test_what_is_delivered_in_time_needs_no_other_workflow(sites: SiteFactory, receiver: Receiver) -> None:
    site = await site_with(sites, {"ops": receiver})
    chat = await site.open(site.team(notify=["ops"]))
    await chat.run(task="go")
    await receiver.until(1)
    await chat.run(task="go on")
    await chat.close()
    await receiver.until(2)
    (history,) = await fetch_histories(site.client, chat.id)
    started = [event.start_child_workflow_execution_initiated_event_attributes for event in history.events]
    assert names.NOTICES not in [item.workflow_type.name for item in started]


async def test_more_than_can_wait_is_given_up_from_the_oldest(
    sites: SiteFactory, away: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST", 2)
    site = await site_with(sites, {"away": away})
    chat = await site.open(site.team(notify=["away"]))
    for number in range(24):
        await chat.run(task=f"task {number}")
    given_up = await undelivered(chat, 2)
    assert {event.data["error"]["type"] for event in given_up} == {"TooManyError"}
    offsets = [event.data["offset"] for event in given_up]
    assert len(offsets) == len(set(offsets))
    # Those on their way are given up when they come back; whatever the order, the newest are not among them.
    ended = [event.offset async for event in chat.events(follow=False) if event.kind == "run_ended"]
    assert not set(ended[-2:]) & set(offsets)
