"""Rolling back over tool calls with side effects: they are named, and undone if the caller asks for it."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import ApprovalPolicy, FunctionTool, RoundRobinGroupChat, Tool, ToolOptions, UnknownNameError
from folkmoot.testing import fetch_histories, replay
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory

LEDGER: list[str] = []


def order(what: str) -> str:
    """Order something."""
    LEDGER.append(f"ordered {what}")
    return f"order of {what}"


def refund(what: str, outcome: str) -> str:
    """Give an order back."""
    LEDGER.append(f"gave back {what}: {outcome}")
    return "given back"


def calls(*what: str) -> dict[str, object]:
    return {"calls": [{"name": "order", "arguments": {"what": item}} for item in what]}


async def test_crossed_calls_are_named_and_undone_latest_first(sites: SiteFactory) -> None:
    LEDGER.clear()
    options = ToolOptions(side_effects=True, compensate="refund")
    tools = [FunctionTool(order, "Order.", options=options), FunctionTool(refund, "Refund.")]
    site = await sites(["1", calls("pens", "ink"), "2", calls("paper"), "3"], tools=tools)
    team = RoundRobinGroupChat([site.agent("a"), site.agent("b", tools=["order"])], max_turns=2)
    chat = await site.open(team)
    await chat.run(task="go")
    first = (await chat.snapshots())[0]
    assert [call["arguments"] for call in await chat.crossing(first.offset)] == ['{"what": "pens"}', '{"what": "ink"}']
    done = await chat.rollback(first.offset, compensate=True)
    told = [(call["name"], call["agent"], call["compensate"]) for call in done.crossed]
    assert told == [("order", "b", "refund")] * 2
    assert [call["content"] for call in done.compensated] == ["given back", "given back"]
    assert LEDGER[2:] == ["gave back ink: order of ink", "gave back pens: order of pens"]
    fork = await chat.fork(f"{chat.id}-fork", offset=first.offset)
    assert fork.crossed == ()


async def test_a_tool_that_undoes_has_to_be_there(sites: SiteFactory) -> None:
    options = ToolOptions(side_effects=True, compensate="refund")
    site = await sites(tools=[FunctionTool(order, "Order.", options=options)])
    with pytest.raises(UnknownNameError, match="Unknown tool 'refund'; known: 'order'"):
        await site.open(RoundRobinGroupChat([site.agent(tools=["order"])], max_turns=1))
    own = site.agent(tools=[Tool("order", options=options)])
    with pytest.raises(UnknownNameError, match="Unknown tool 'refund'"):
        await site.open(RoundRobinGroupChat([own], max_turns=1))


async def test_undoing_that_never_ends_can_be_given_up(sites: SiteFactory) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def call_off(what: str) -> None:
        begun.set()
        await never.wait()

    options = ToolOptions(side_effects=True, compensate="call_off")
    tools = [FunctionTool(order, "Order.", options=options), FunctionTool(call_off, "Call off.")]
    site = await sites(["1", calls("pens", "ink"), "2", {"text": "3", "repeat": True}], tools=tools)
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), site.agent("b", tools=["order"])], max_turns=2))
    await chat.run(task="go")
    undone = asyncio.create_task(chat.rollback((await chat.snapshots())[0].offset, compensate=True))
    await begun.wait()
    await chat.cancel()
    found = await undone
    assert [(call["content"], call["is_error"]) for call in found.compensated] == [
        ("It was cancelled before it was done.", True)
    ] * 2
    assert (await chat.run(task="on")).stop_reason == "Maximum number of turns 2 reached."
    await replay(await fetch_histories(site.client, chat.id))


@pytest.mark.parametrize("verdict", ["reject", "approve", None], ids=["rejected", "approved", "never decided"])
async def test_a_call_that_people_did_not_let_be_made_is_not_crossed(sites: SiteFactory, verdict: str | None) -> None:
    options = ToolOptions(side_effects=True, approval=ApprovalPolicy(approvers=("ann",)))
    site = await sites(["1", calls("tea"), "2"], tools=[FunctionTool(order, "Order.", options=options)])
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), site.agent("b", tools=["order"])], max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await eventually(chat.pending, what="people are asked")
    if verdict is None:
        await chat.cancel()
    else:
        await chat.decide(request.request, verdict, hash=request.hash, by="ann")
    await asyncio.wait([run])
    first = (await chat.snapshots())[0]
    assert [call["name"] for call in await chat.crossing(first.offset)] == (["order"] if verdict == "approve" else [])
