"""Budgets on a real server: warned about, extended by people, exceeded; tokens, money, time and calls."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    ApprovalPolicy,
    Budget,
    BudgetUse,
    Chat,
    DecisionRefusedError,
    FunctionTool,
    HistoryLimits,
    PendingRequest,
    SelectorGroupChat,
    UnknownNameError,
)
from tests._support.command_line import CommandLine
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, until


def spends(prompt: int, completion: int = 0, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"text": text, "usage": [prompt, completion], **more}


async def asked(chat: Chat) -> PendingRequest:
    async def found() -> list[PendingRequest]:
        return await chat.pending()

    (request,) = await eventually(found, what="a request")
    return request


async def entries(chat: Chat, kind: str) -> list[dict[str, Any]]:
    return [dict(event.data) async for event in chat.events(follow=False) if event.kind == kind]


async def test_warned_then_stopped(sites: SiteFactory) -> None:
    site = await sites([spends(50), spends(30, 5), spends(20)])
    chat = await site.open(site.team("a", "b", max_turns=9, budget=Budget(tokens=100)))
    result = await chat.run(task="go")
    assert result.stop_reason == "Budget of the chat exceeded: tokens 105 of 100"
    assert [message.to_text() for message in result.messages] == ["go", "hello", "hello", "hello"]
    (warned,) = await entries(chat, "budget_warned")
    assert (warned["path"], warned["limit"], warned["used"], warned["max"]) == ("", "tokens", 85, 100)
    assert await chat.budgets() == [BudgetUse("", "tokens", 105, 100, 0)]
    assert len(site.model.requests) == 3
    again = await chat.run(task="again")
    assert again.stop_reason == "Budget of the chat exceeded: tokens 105 of 100"
    assert len(site.model.requests) == 3


async def test_a_person_adds_to_it_and_the_run_goes_on(sites: SiteFactory) -> None:
    site = await sites([spends(60), spends(60), spends(60), spends(1)])
    policy = ApprovalPolicy(approvers=["role:finance"], reason="Tokens are dear.")
    chat = await site.open(site.team("a", "b", max_turns=4, budget=Budget(tokens=100, extend=policy)))
    run = asyncio.create_task(chat.run(task="go"))
    request = await asked(chat)
    assert (request.kind, request.path, request.verdicts) == ("budget", "", ("approve", "reject"))
    assert request.prompt == "The chat has used up its budget: tokens 120 of 100. May it go on?"
    assert request.arguments == {"used": {"tokens": 120}, "limits": {"tokens": 100}}
    assert (await until(chat, "waiting")).waiting_for == ("budget",)
    finance = {"subject": "fin", "roles": ["finance"]}
    with pytest.raises(DecisionRefusedError, match="'bob' may not decide this"):
        await chat.approve(request.request, by="bob")
    with pytest.raises(DecisionRefusedError, match="The budget has no limit 'cost' that could be extended"):
        await chat.decide(request.request, "approve", arguments={"cost": 5}, by=finance)
    decision = await chat.decide(request.request, "approve", arguments={"tokens": 500}, by=finance)
    assert decision.decided == "approve"
    assert (await run).stop_reason == "Maximum number of turns 4 reached."
    assert await chat.budgets() == [BudgetUse("", "tokens", 181, 600, 500)]


async def test_a_person_refuses(sites: SiteFactory) -> None:
    site = await sites([spends(100), spends(5), spends(5)])
    chat = await site.open(site.team("a", max_turns=2, budget=Budget(tokens=100, extend=ApprovalPolicy())))
    run = asyncio.create_task(chat.run(task="go"))
    request = await asked(chat)
    await chat.reject(request.request, "that is enough", by="ann")
    assert (await run).stop_reason == "Budget of the chat exceeded: tokens 100 of 100"
    run = asyncio.create_task(chat.run(task="please"))
    await chat.approve((await asked(chat)).request, by="ann")
    assert (await run).messages[-1].to_text() == "hello"


async def test_nobody_decides_in_time(sites: SiteFactory) -> None:
    site = await sites([spends(100)])
    policy = ApprovalPolicy(deadline=0.3)
    chat = await site.open(site.team("a", max_turns=2, budget=Budget(tokens=100, extend=policy)))
    assert (await chat.run(task="go")).stop_reason == "Budget of the chat exceeded: tokens 100 of 100"


async def test_tool_calls_of_one_agent(sites: SiteFactory) -> None:
    looked: list[int] = []

    def look(at: int) -> str:
        """Look."""
        looked.append(at)
        return f"saw {at}"

    calls = {"calls": [{"name": "look", "arguments": {"at": at}} for at in range(4)]}
    site = await sites([calls], tools=[FunctionTool(look)])
    agent = site.agent("a", tools=["look"], max_tool_iterations=3, budget=Budget(tool_calls=3))
    chat = await site.open(agent)
    result = await chat.run(task="go")
    assert result.stop_reason == "Budget of a exceeded: tool calls 3 of 3"
    assert sorted(looked) == [0, 1, 2]
    assert await chat.budgets() == [BudgetUse("a", "tool_calls", 3, 3, 0)]


async def test_time_runs_out_while_the_model_writes(sites: SiteFactory) -> None:
    site = await sites([spends(1, hold="it"), spends(1)])
    chat = await site.open(site.team("a", max_turns=2, budget=Budget(seconds=0.6, warn_at=0.5)))
    run = asyncio.create_task(chat.run(task="go"))

    async def warned() -> list[dict[str, Any]]:
        return await entries(chat, "budget_warned")

    await eventually(warned, what="a warning")
    (warning,) = await warned()
    assert warning["used"] >= 0.3

    async def over() -> bool:
        (use,) = await chat.budgets()
        return use.used >= 0.7 and len(await entries(chat, "clock")) == 2

    await eventually(over, what="the time is over")
    assert (await chat.status()).status == "running"
    site.model.release("it")
    result = await run
    assert (result.stop_reason or "").startswith("Budget of the chat exceeded: seconds ")
    assert len(site.model.requests) == 1
    before = await chat.budgets()
    assert (await chat.run(task="again")).stop_reason == result.stop_reason
    assert await chat.budgets() == before


async def test_waiting_for_people_spends_no_time(sites: SiteFactory) -> None:
    site = await sites([spends(10), spends(1)])
    budget = Budget(tokens=10, seconds=60, extend=ApprovalPolicy())
    chat = await site.open(site.team("a", max_turns=2, budget=budget))
    run = asyncio.create_task(chat.run(task="go"))
    request = await asked(chat)
    spent = [use.used for use in await chat.budgets()]
    assert [use.used for use in await chat.budgets()] == spent
    await chat.approve(request.request, by="ann")
    await run
    assert [use.extended for use in await chat.budgets()] == [10, 60]


# --- Money ------------------------------------------------------------------------------------------------------------


def price(model: str, prompt: int, completion: int) -> Decimal:
    """Three dollars for a million tokens in, fifteen for a million out."""
    assert model == "scripted"
    return (3 * prompt + 15 * completion) * Decimal("0.000001")


async def test_money_is_counted_by_the_workers_function(sites: SiteFactory) -> None:
    replies = [spends(100, 10, "a"), spends(1000, 100), spends(100, 10, "b"), spends(1000, 100)]
    site = await sites(replies, price=price)
    team = SelectorGroupChat([site.agent(name) for name in "abc"], "scripted", budget=Budget(cost=0.0098))
    chat = await site.open(team)
    result = await chat.run(task="go")
    assert result.stop_reason == "Budget of the chat exceeded: cost 0.0099 of 0.0098"
    usage = await chat.usage()
    assert {name: use["cost"] for name, use in usage.items()} == {
        "SelectorGroupChatManager": 900,
        "a": 4500,
        "b": 4500,
    }
    assert [item["cost"] for item in await entries(chat, "manager")] == [450, 450]


async def test_a_price_function_that_fails_stops_nothing(sites: SiteFactory) -> None:
    async def fails(model: str, prompt: int, completion: int) -> float:
        if prompt == 7:
            raise LookupError("no price list")
        return -1.0 if prompt == 8 else 2

    site = await sites([spends(7), spends(8), spends(9)], price=fails)
    chat = await site.open(site.team("a", max_turns=3))
    await chat.run(task="go")
    assert [item.get("cost") for item in (await entries(chat, "message"))[1:]] == [None, None, 2_000_000]
    use = (await chat.usage())["a"]
    assert (use["cost"], use["unpriced"], use["model_calls"]) == (2_000_000, 2, 3)


async def test_without_a_price_function_a_budget_of_money_is_refused(sites: SiteFactory) -> None:
    site = await sites()
    with pytest.raises(UnknownNameError, match="A budget with a cost needs workers with a price function"):
        await site.open(site.team("a", budget=Budget(cost=1)))
    chat = await site.open(site.team("a", budget=Budget(tokens=1)))
    assert "cost" not in str(await chat.usage())


# --- Long chats, and the command line ---------------------------------------------------------------------------------


async def test_what_was_used_and_granted_is_carried_along(sites: SiteFactory) -> None:
    site = await sites([{**spends(10), "repeat": True}])
    limits = HistoryLimits(events=40, resting_events=30, resting_age=0)
    budget = Budget(tokens=90, extend=ApprovalPolicy())
    chat = await site.open(site.team("a", "b", max_turns=30, budget=budget), limits=limits)
    run = asyncio.create_task(chat.run(task="go"))
    offset = -1

    async def another() -> PendingRequest | None:
        return next((item for item in await chat.pending() if item.offset > offset), None)

    for _ in range(2):
        request = await eventually(another, what="another request")
        assert request is not None
        offset = request.offset
        await chat.approve(request.request, by="ann")
    request = await eventually(another, what="another request")
    assert request is not None
    assert (await chat.status()).continued >= 1
    assert request.prompt.endswith("tokens 270 of 270. May it go on?")
    await chat.stop()
    assert (await run).stop_reason == "External termination requested"
    assert await chat.budgets() == [BudgetUse("", "tokens", 270, 270, 180)]


async def test_the_command_line_shows_money_and_budgets(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites([spends(1_000_000, 100_000)], price=price)
    chat = await site.open(site.team("a", budget=Budget(cost=2, model_calls=9), max_turns=1))
    await chat.run(task="go")
    line = CommandLine(tmp_path, TEMPORAL_ADDRESS=site.address)
    shown = (await asyncio.to_thread(line.run, "usage", chat.id)).stdout.splitlines()
    rows = [row.split() for row in shown if row.strip()]
    assert rows[1] == ["a", "100,000", "4.500000", "1", "1,000,000", "0"]
    assert rows[2:] == [
        ["Budget", "Limit", "Used", "Of", "Extended"],
        ["the", "chat", "cost", "4.5", "2", "0"],
        ["the", "chat", "model", "calls", "1", "9", "0"],
    ]
    (told,) = await asyncio.to_thread(line.json, "usage", chat.id)
    assert told["budgets"][0] == {"path": "", "limit": "cost", "used": 4.5, "max": 2.0, "extended": 0.0}
