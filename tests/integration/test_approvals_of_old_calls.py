"""Calls that old messages or states end with: people are asked as for any other, whatever these say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from folkmoot import ApprovalPolicy, Chat, FunctionTool, RoundRobinGroupChat, ToolOptions
from folkmoot.testing import fetch_histories, replay
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, until

CALL = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 12}'}}
OLD = [
    {"role": "user", "name": "user", "content": "Pay them."},
    {"role": "assistant", "name": "writer", "content": None, "tool_calls": [CALL]},
]
POLICY = ApprovalPolicy(approvers=("ann",), reason="It is money.")


async def till(sites: SiteFactory, paid: list[int]) -> tuple[Site, RoundRobinGroupChat]:
    def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return f"paid {amount}"

    tool = FunctionTool(pay, options=ToolOptions(approval=POLICY))
    site = await sites([{"text": "done", "repeat": True}], tools=[tool])
    return site, RoundRobinGroupChat([site.agent(tools=["pay"], max_tool_iterations=2)], max_turns=1)


async def request_of(chat: Chat) -> Any:
    (found,) = await eventually(chat.pending, what="people are asked")
    return found


@pytest.mark.parametrize("verdict", ["approve", "reject", "edit"])
async def test_a_call_that_old_messages_end_with(sites: SiteFactory, verdict: str) -> None:
    paid: list[int] = []
    site, team = await till(sites, paid)
    chat = await site.open(team, messages=OLD)
    run = asyncio.create_task(chat.run())
    asked = await request_of(chat)
    assert (asked.name, asked.arguments, asked.reason, asked.approvers) == (
        "pay",
        {"amount": 12},
        "It is money.",
        ("ann",),
    )
    assert paid == []
    more = {"arguments": {"amount": 7}} if verdict == "edit" else {}
    await chat.decide(asked.request, verdict, by="ann", hash=asked.hash, **more)
    await run
    assert paid == {"approve": [12], "reject": [], "edit": [7]}[verdict]
    await replay(await fetch_histories(site.client, chat.id))


async def test_a_state_from_which_the_policy_was_taken(sites: SiteFactory) -> None:
    paid: list[int] = []
    site, team = await till(sites, paid)
    site.model.script.replace([{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}])
    chat = await site.open(team)
    run = asyncio.create_task(chat.run(task="Pay them."))
    await request_of(chat)
    state = await chat.save_state()
    assert "approvals" in json.dumps(state)
    for entry in state["folkmoot"]["entries"]:
        entry.pop("approvals", None)
        entry.pop("policies", None)
    await chat.cancel()
    await asyncio.wait([run])
    site.model.script.replace([{"text": "done", "repeat": True}])
    other = await site.open(team, state=state)
    asked = await request_of(other)
    assert paid == []
    await other.approve(asked.request, by="ann", hash=asked.hash)
    await until(other, "idle")
    assert paid == [12]
