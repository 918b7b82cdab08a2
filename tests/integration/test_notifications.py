"""Notices on a real server, to real HTTP receivers: what is told, to whom, and what happens if nobody listens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest

from folkmoot import (
    ApprovalPolicy,
    ChatFailedError,
    Escalation,
    HistoryLimits,
    RoundRobinGroupChat,
    UnknownNameError,
    UserProxyAgent,
)
from folkmoot._temporal import names
from folkmoot.notices import Notice, SinkRefusedError
from folkmoot.testing import fetch_histories
from tests._support.receiver import HANG, Receiver
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, kinds
from tests.integration.noticed import PAY, hook, site_with, till, undelivered

OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)
SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


async def test_requests_reminders_escalations_decisions_and_ends_are_told(
    sites: SiteFactory, receiver: Receiver
) -> None:
    paid: list[tuple[int, str]] = []
    policy = ApprovalPolicy(
        approvers=("ann", "role:finance"),
        reason="It is a lot of money.",
        deadline=600,
        reminders=(0.2,),
        escalation=(Escalation(after=0.4, approvers=("boss",)),),
    )
    site = await site_with(sites, {"ops": receiver}, [PAY, "done"], tools=[till(policy, paid)])
    buyer = site.agent(tools=["pay"], max_tool_iterations=2)
    chat = await site.open(RoundRobinGroupChat([buyer], max_turns=1, notify=["ops"], name="Buyers"), tenant="acme")
    run = asyncio.create_task(chat.run(task="go"))
    (asked,) = await receiver.until(1, "request")
    (request,) = await chat.pending()
    assert asked.data == {
        "id": asked.id,
        "kind": "request",
        "time": request.since,
        "chat": chat.id,
        "team": "Buyers",
        "tenant": "acme",
        "offset": request.offset,
        "run": 1,
        "request": request.request,
        "asks": "approval",
        "path": "writer",
        "prompt": "writer wants to call pay.",
        "reason": "It is a lot of money.",
        "who": ["person:ann", "role:finance"],
        "deadline": request.deadline,
        "name": "pay",
        "arguments": {"amount": 12, "pin": "•••"},
        "hash": request.hash,
    }
    uuid = (await site.handle(chat).query("status"))["uuid"]
    assert asked.id == f"{uuid}-{request.offset}"
    (reminded,) = await receiver.until(1, "reminder")
    assert (reminded.data["number"], reminded.data["who"]) == (1, ["person:ann", "role:finance"])
    (escalated,) = await receiver.until(1, "escalation")
    assert (escalated.data["number"], escalated.data["who"]) == (1, ["person:ann", "role:finance", "person:boss"])
    assert escalated.data["arguments"] == {"amount": 12, "pin": "•••"}
    # What a receiver knows is enough to decide.
    await chat.edit(request.request, {"amount": 5, "pin": "0815"}, hash=asked.data["hash"], by="boss")
    (decided,) = await receiver.until(1, "decision")
    shown = {name: decided.data[name] for name in ("verdict", "by", "arguments", "request")}
    assert shown == {
        "verdict": "approve",
        "by": ["boss"],
        "arguments": {"amount": 5, "pin": "•••"},
        "request": request.request,
    }
    assert "who" not in decided.data
    await run
    (ended,) = await receiver.until(1, "run_ended")
    assert (ended.data["status"], ended.data["run"]) == ("stopped", 1)
    assert paid == [(5, "0815")]
    assert not any(secret in json.dumps(item.data) for item in receiver.received for secret in ("4711", "0815"))
    assert len({item.id for item in receiver.received}) == len(receiver.received) == 5


async def test_what_is_overdue_and_what_fails_is_told(sites: SiteFactory, receiver: Receiver) -> None:
    policy = ApprovalPolicy(deadline=0.2, on_timeout="fail")
    site = await site_with(sites, {"ops": receiver}, [PAY], tools=[till(policy, [])])
    chat = await site.open(RoundRobinGroupChat([site.agent(tools=["pay"])], max_turns=1, notify=["ops"]))
    with pytest.raises(ChatFailedError):
        await chat.run(task="go")
    (overdue,) = await receiver.until(1, "overdue")
    assert overdue.data["who"] == ["anyone"]
    (failed,) = await receiver.until(1, "run_failed")
    assert failed.data["error"]["type"] == "RequestTimeoutError"
    assert failed.data["error"]["agent"] == "writer"


async def test_an_answer_is_told_as_a_decision(sites: SiteFactory, receiver: Receiver) -> None:
    site = await site_with(sites, {"ops": receiver})
    team = RoundRobinGroupChat([UserProxyAgent("editor", people=("ann",))], max_turns=1, notify=["ops"])
    chat = await site.open(team)
    run = asyncio.create_task(chat.run(task="go"))
    (asked,) = await receiver.until(1, "request")
    assert (asked.data["asks"], asked.data["who"]) == ("input", ["person:ann"])
    await chat.answer(asked.data["request"], "fine", by="ann")
    await run
    (answered,) = await receiver.until(1, "decision")
    assert (answered.data["verdict"], answered.data["by"]) == ("answered", ["ann"])


async def test_each_sink_is_told_of_what_it_wants(sites: SiteFactory) -> None:
    async with Receiver() as all_of_it, Receiver() as failures:
        site = await sites(["hello", {"status": 400}])
        site.plugin.registry.add_sinks({"all": hook(all_of_it), "failures": hook(failures, events=["run_failed"])})
        chat = await site.open(site.team(notify=["all", "failures"]))
        await chat.run(task="go")
        with pytest.raises(ChatFailedError):
            await chat.run(task="go on")
        await all_of_it.until(2)
        (failed,) = await failures.until(1)
        assert [item.type for item in all_of_it.received] == ["run_ended", "run_failed"]
        assert failed.id == all_of_it.received[1].id


async def test_a_receiver_that_fails_is_asked_again_with_the_same_id(sites: SiteFactory, receiver: Receiver) -> None:
    receiver.plan = [503, (429, {"retry-after": "0"}), 408]
    site = await site_with(sites, {"ops": receiver})
    chat = await site.open(site.team(notify=["ops"]))
    await chat.run(task="go")
    await receiver.until(1)
    assert len(receiver.received) == 4
    assert len({item.id for item in receiver.received}) == 1
    assert "undelivered" not in await kinds(chat)


async def test_a_receiver_that_hangs_is_asked_again(sites: SiteFactory, receiver: Receiver) -> None:
    receiver.plan = [HANG]
    site = await sites()
    site.plugin.registry.add_sinks({"ops": hook(receiver, timeout=0.2)})
    chat = await site.open(site.team(notify=["ops"]))
    await chat.run(task="go")
    await receiver.until(1)
    assert len({item.id for item in receiver.received}) == 1


@pytest.mark.parametrize("status", [410, 400, 404, 302])
async def test_what_is_refused_for_good_is_noted_once(sites: SiteFactory, receiver: Receiver, status: int) -> None:
    receiver.plan = [(status, {"location": "http://127.0.0.1:1/elsewhere"})]
    site = await site_with(sites, {"ops": receiver})
    chat = await site.open(site.team(notify=["ops"]))
    await chat.run(task="go")
    (noted,) = await undelivered(chat, 1)
    assert noted.data["sink"] == "ops"
    assert noted.data["offset"] == int(receiver.received[0].id.rpartition("-")[2])
    assert noted.data["error"]["type"] == "SinkRefusedError"
    assert f"answered {status}" in noted.data["error"]["message"]
    assert "secret-path" not in json.dumps(dict(noted.data))
    # The chat lives on, and so does the webhook.
    await chat.run(task="go on")
    await receiver.until(1)
    assert len(receiver.received) == 2
    assert (await kinds(chat)).count("undelivered") == 1


async def test_a_chat_without_sinks_pays_nothing_but_a_line_in_the_log(
    sites: SiteFactory, caplog: pytest.LogCaptureFixture
) -> None:
    site = await sites()
    plain = await site.open(site.team())
    with caplog.at_level(logging.INFO, logger="temporalio.workflow"):
        await plain.run(task="go")
        await plain.close()
    (history,) = await fetch_histories(site.client, plain.id)
    scheduled = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
    assert names.ACTIVITY_NOTIFY not in scheduled
    (record,) = [record for record in caplog.records if hasattr(record, "notice")]
    assert record.notice["kind"] == "run_ended"
    assert plain.id in record.getMessage()


async def test_the_log_can_be_told_everything(sites: SiteFactory, caplog: pytest.LogCaptureFixture) -> None:
    site = await sites()
    chat = await site.open(site.team(notify=["log"]))
    with caplog.at_level(logging.INFO):
        await chat.run(task="go")
        (record,) = await eventually(lambda: [item for item in caplog.records if hasattr(item, "notice")])
    assert record.name == "folkmoot.notices"
    assert record.notice["chat"] == chat.id
    assert record.getMessage().startswith(
        f"run_ended of chat {chat.id!r} of team 'RoundRobinGroupChat': run 1; Maximum"
    )


async def test_a_sink_nobody_has_is_refused_at_once(sites: SiteFactory) -> None:
    site = await sites()
    with pytest.raises(UnknownNameError, match="Unknown sink 'ops'; known: 'log'"):
        await site.open(site.team(notify=["ops"]))


class Sieve:
    """A sink of one's own."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def send(self, notice: Notice) -> None:
        self.seen.append(notice.id)
        if len(self.seen) == 1:
            raise OSError("not now")
        if len(self.seen) == 3:
            raise SinkRefusedError("never")


async def test_sinks_of_ones_own(sites: SiteFactory, caplog: pytest.LogCaptureFixture) -> None:
    sieve = Sieve()
    site = await site_with(sites, {"sieve": sieve})
    chat = await site.open(site.team(notify=["sieve"]))
    await chat.run(task="go")
    await eventually(lambda: len(sieve.seen) == 2)
    assert sieve.seen[0] == sieve.seen[1], "tried again"
    await chat.run(task="go on")
    (noted,) = await undelivered(chat, 1)
    assert noted.data["error"] == {"type": "SinkRefusedError", "message": "never"}
    # In a line each, without where in a sink that was.
    told = [record for record in caplog.records if record.name == "temporalio.activity"]
    assert [record.getMessage().partition(" ({")[0] for record in told] == [
        "a notice to the sink 'sieve' is tried again: OSError: not now",
        "a notice to the sink 'sieve' was refused: SinkRefusedError: never",
    ]
    assert not any(record.exc_info for record in told)
