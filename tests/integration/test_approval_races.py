"""Votes in one instant: of two people, with the deadline, and the same vote twice; fifty times each.

Many requests are open at once in a few chats, so that one test is fifty races, and not fifty chats.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    ApprovalPolicy,
    Chat,
    ChatEvent,
    DecisionRefusedError,
    FolderStore,
    FunctionTool,
    HistoryLimits,
    PendingRequest,
    ToolContext,
    ToolOptions,
)
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, until

RACES = 50
OFTEN = HistoryLimits(events=150, resting_events=60, resting_age=0, seal_bytes=0)


class Till:
    """A tool under an approval, and what it was called with."""

    def __init__(self, policy: ApprovalPolicy) -> None:
        self.calls: Counter[tuple[str, int]] = Counter()

        def pay(number: int, context: ToolContext) -> str:
            """Pay."""
            self.calls[context.chat_id, number] += 1
            return f"paid {number}"

        self.tool = FunctionTool(pay, options=ToolOptions(approval=policy))

    async def open(
        self, sites: SiteFactory, numbers: Sequence[int], chats: int = 1, **options: Any
    ) -> tuple[Site, list[tuple[Chat, asyncio.Task[Any]]]]:
        """Chats that each ask for a call with every number at once."""
        calls = [{"name": "pay", "arguments": {"number": number}} for number in numbers]
        script = [{"calls": calls}] * chats + [{"text": "done", "repeat": True}]
        site = await sites(script, tools=[self.tool], store=options.pop("store", None))
        agent = site.agent(tools=["pay"], max_tool_iterations=2)
        opened = [await site.open(agent, **options) for _ in range(chats)]
        return site, [(chat, asyncio.create_task(chat.run(task="go"))) for chat in opened]


async def asked(chat: Chat, count: int) -> list[PendingRequest]:
    async def found() -> list[PendingRequest]:
        pending = await chat.pending()
        return pending if len(pending) == count else []

    return await eventually(found, what=f"{count} requests")


async def send(site: Site, chat: Chat, item: PendingRequest, by: str, verdict: str, **fields: Any) -> str:
    """Send a vote on what was seen, and wait for nothing; the command's id."""
    command = fields.pop("command", None) or f"{by}-{verdict}-{item.request}-{len(fields)}"
    signal = {"command": command, "request": item.request, "verdict": verdict, "hash": item.hash, "by": by, **fields}
    await site.handle(chat).signal("decide", signal)
    return command


async def answers(chat: Chat, commands: Iterable[str]) -> dict[str, ChatEvent]:
    """What each command came to, once all are carried out: its only entry."""
    wanted = set(commands)

    async def found() -> list[ChatEvent]:
        entries = [event async for event in chat.events(follow=False) if event.data.get("command") in wanted]
        return entries if wanted == {event.data["command"] for event in entries} else []

    entries = await eventually(found, what="every vote is answered")
    assert len(entries) == len(wanted), "one entry for each command"
    return {event.data["command"]: event for event in entries}


def why(event: ChatEvent) -> str:
    """The text of a refusal; empty for a vote that counts."""
    assert event.kind in ("vote", "refused")
    return event.data["error"]["message"] if event.kind == "refused" else ""


async def log_of(chat: Chat) -> list[ChatEvent]:
    return [event async for event in chat.events(follow=False)]


def check(log: Sequence[ChatEvent], till: Till, chat: Chat) -> dict[str, str]:
    """See that every request was decided once, by the votes before it, and that what was decided is what happened.

    Returns:
        The verdict on each request.
    """
    verdicts: dict[str, str] = {}
    requests = {event.data["request"]: event for event in log if event.kind == "request"}
    for name, request in requests.items():
        mine = [event for event in log if event.data.get("request") == name and event.offset > request.offset]
        (decided,) = [event for event in mine if event.kind == "decided"]
        votes = [event for event in mine if event.kind == "vote"]
        assert all(vote.offset < decided.offset for vote in votes)
        assert len({vote.data["by"]["subject"] for vote in votes}) == len(votes), "one vote of each person"
        if decided.data.get("timeout"):
            assert [event.kind for event in mine if event.offset == decided.offset - 1] == ["expired"]
        else:
            assert decided.data["by"] == [vote.data["by"]["subject"] for vote in votes]
            assert all(vote.data["hash"] == decided.data["hash"] for vote in votes)
        index = request.data.get("index", 0)
        (outcome,) = [event for event in log if event.kind == "tool" and event.data["index"] == index]
        assert outcome.offset > decided.offset
        verdicts[name] = decided.data["verdict"]
        made = till.calls[chat.id, index]
        assert made == (verdicts[name] == "approve"), f"call {index} was made {made} times"
        assert bool(outcome.data.get("is_error")) == (verdicts[name] == "reject")
    assert [event.offset for event in log] == list(range(len(log)))
    return verdicts


async def test_two_people_in_one_instant(sites: SiteFactory) -> None:
    """One approves, the other rejects: whoever comes first decides, the other one is told so."""
    till = Till(ApprovalPolicy(approvers=("ann", "ben")))
    site, [(chat, run)] = await till.open(sites, range(RACES))
    requests = await asked(chat, RACES)
    wants = [("ann", "approve"), ("ben", "reject")]
    pairs = await asyncio.gather(
        *(
            asyncio.gather(*(send(site, chat, item, *want) for want in (wants if number % 2 else wants[::-1])))
            for number, item in enumerate(requests)
        )
    )
    found = await answers(chat, [command for pair in pairs for command in pair])
    await run
    verdicts = check(await log_of(chat), till, chat)
    assert len(verdicts) == RACES
    for item, pair in zip(requests, pairs, strict=True):
        (winner,) = [found[command] for command in pair if found[command].kind == "vote"]
        (loser,) = [found[command] for command in pair if found[command].kind == "refused"]
        assert winner.data["verdict"] == verdicts[item.request]
        assert f"it was settled ({verdicts[item.request]})" in why(loser)


async def test_three_people_in_one_instant(sites: SiteFactory) -> None:
    """Two approvals decide, whatever comes between them; the third vote counts if it comes before that."""
    till = Till(ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2, reject_quorum=2))
    site, [(chat, run)] = await till.open(sites, range(RACES))
    requests = await asked(chat, RACES)
    wants = [("ben", "reject"), ("cat", "approve"), ("ann", "approve")]
    commands = await asyncio.gather(*(send(site, chat, item, *want) for item in requests for want in wants))
    found = await answers(chat, commands)
    await run
    decided = [event for event in await log_of(chat) if event.kind == "decided"]
    assert [event.data["verdict"] for event in decided] == ["approve"] * RACES
    assert all(sorted(event.data["by"]) == ["ann", "cat"] for event in decided)
    assert len({event.data["request"] for event in decided}) == RACES
    assert all(found[command].kind == "vote" for command in commands if not command.startswith("ben"))
    assert dict(till.calls) == {(chat.id, number): 1 for number in range(RACES)}


async def test_two_changes_in_one_instant(sites: SiteFactory) -> None:
    """Whoever comes second was looking at other arguments."""
    till = Till(ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2))
    site, [(chat, run)] = await till.open(sites, range(RACES))
    requests = await asked(chat, RACES)
    commands = await asyncio.gather(
        *(
            send(site, chat, item, by, "edit", arguments={"number": base + number})
            for number, item in enumerate(requests)
            for by, base in (("ann", 1000), ("ben", 2000))
        )
    )
    found = await answers(chat, commands)
    assert Counter(event.kind for event in found.values()) == {"vote": RACES, "refused": RACES}
    assert all("about other arguments" in why(event) for event in found.values() if event.kind == "refused")
    changed = await chat.pending()
    await asyncio.gather(*(send(site, chat, item, "cat", "approve") for item in changed))
    await run
    assert till.calls == Counter((chat.id, item.arguments["number"]) for item in changed), "what was seen last ran"


DEADLINE = 2.0


async def test_a_vote_and_the_deadline_in_one_instant(sites: SiteFactory) -> None:
    """Either decides, never both; a vote that came too late is told so.

    The votes of each chat are sent around the moment at which its timer fires: which is first is the server's affair.
    """
    till = Till(ApprovalPolicy(approvers=("ann",), deadline=DEADLINE))
    chats = 10
    site, opened = await till.open(sites, range(RACES // chats), chats)

    async def race(chat: Chat, run: asyncio.Task[Any], number: int) -> Counter[str]:
        requests = await asked(chat, RACES // chats)
        due = datetime.fromisoformat(requests[0].since).timestamp() + DEADLINE
        # From half a second before it to half a second after it: timers fire on a coarse grid.
        moment = due + (number - chats / 2) / chats

        async def vote(item: PendingRequest) -> str:
            await asyncio.sleep(max(0, moment - time.time()))
            return await send(site, chat, item, "ann", "approve")

        commands = await asyncio.gather(*map(vote, requests))
        found = await answers(chat, commands)
        await run
        verdicts = check(await log_of(chat), till, chat)
        for item, command in zip(requests, commands, strict=True):
            assert verdicts[item.request] == ("approve" if found[command].kind == "vote" else "reject")
            assert found[command].kind == "vote" or "it was settled (reject)" in why(found[command])
        return Counter(verdicts.values())

    ends = await asyncio.gather(*(race(chat, run, number) for number, (chat, run) in enumerate(opened)))
    assert sum((Counter(end) for end in ends), Counter[str]()).total() == RACES


async def test_the_same_vote_twice_counts_once(sites: SiteFactory) -> None:
    """The same command, sent again because its answer was lost: once; the same wish under another id: refused."""
    till = Till(ApprovalPolicy(approvers=("ann", "ben"), quorum=2))
    site, [(chat, run)] = await till.open(sites, range(RACES))
    requests = await asked(chat, RACES)
    commands = await asyncio.gather(
        *(
            send(site, chat, item, "ann", "approve", command=f"{which}-{number}")
            for number, item in enumerate(requests)
            for which in ("same", "same", "other", "same")
        )
    )
    found = await answers(chat, commands)
    assert len(found) == 2 * RACES
    for number in range(RACES):
        pair = [found[f"{which}-{number}"] for which in ("same", "other")]
        assert sorted(event.kind for event in pair) == ["refused", "vote"]
        assert any("'ann' has voted already: approve" in why(event) for event in pair)
    pending = await chat.pending()
    assert [len(item.votes) for item in pending] == [1] * RACES
    assert till.calls == {}
    await asyncio.gather(*(send(site, chat, item, "ben", "approve") for item in pending))
    await run
    check(await log_of(chat), till, chat)


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_decision_given_again_is_answered_with_what_it_came_to(
    sites: SiteFactory, tmp_path: Path, sealed: bool
) -> None:
    """At once by several callers, and later: over a continue-as-new, and when the vote lies in the store."""
    till = Till(ApprovalPolicy())
    store = FolderStore(tmp_path) if sealed else None
    _site, [(chat, run)] = await till.open(sites, range(5), store=store, limits=OFTEN)
    requests = await asked(chat, 5)

    async def give(command: str) -> list[Any]:
        calls = (
            chat.decide(item.request, "approve", by="ann", hash=item.hash, command=f"{command}-{number}")
            for number, item in enumerate(requests)
        )
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second = await asyncio.gather(give("vote"), give("vote"))
    await run
    assert [item.offset for item in first] == [item.offset for item in second]
    for _ in range(3):
        await chat.run(task="on with it")
    assert (await chat.status()).continued > 0
    async with asyncio.timeout(20):
        again = await give("vote")
    assert [item.offset for item in again] == [item.offset for item in first], "the same votes, not others"
    assert all(isinstance(item, DecisionRefusedError) for item in await give("other"))
    assert set(till.calls.values()) == {1}


async def test_a_decision_that_somebody_else_gives_at_the_same_time_is_found(
    sites: SiteFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two instances of a service carry out the same command: the second one looks for it just before it is there."""
    till = Till(ApprovalPolicy())
    site, [(chat, run)] = await till.open(sites, range(1))
    (item,) = await asked(chat, 1)
    known = chat._commands._known

    async def just_before(command: str) -> Any:
        found = await known(command)
        await answers(chat, [await send(site, chat, item, "ann", "approve", command=command)])
        return found

    monkeypatch.setattr(chat._commands, "_known", just_before)
    async with asyncio.timeout(20):
        decision = await chat.decide(item.request, "approve", by="ann", hash=item.hash, command="both")
    await run
    assert (await log_of(chat))[decision.offset].data["command"] == "both"


async def test_votes_while_the_chat_is_paused_resumed_and_continued_as_new(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(approvers=("ann", "ben"), quorum=2))
    site, [(chat, run)] = await till.open(sites, range(RACES), limits=OFTEN)
    requests = await asked(chat, RACES)

    async def shake() -> None:
        for _ in range(3):
            await chat.pause()
            await until(chat, "paused", "pausing")
            await chat.resume()

    async def all_of(who: str) -> None:
        for item in requests:
            await send(site, chat, item, who, "approve")

    await asyncio.gather(shake(), all_of("ann"), all_of("ben"))
    await run
    check(await log_of(chat), till, chat)
    assert len(till.calls) == RACES
