"""The paths of chats with budgets (see `paths`)."""

from __future__ import annotations

import asyncio

from folkmoot import ApprovalPolicy, Budget, HistoryLimits, PendingRequest
from tests.replay.stage import Stage, patiently
from tests.replay.steps import HELD, Path, continued, has, held

__all__ = ["BUDGET_PATHS"]

ASKED = ApprovalPolicy(approvers=["ann"])


async def budget_stopped(stage: Stage) -> str:
    """A run is stopped for its model calls, with a price for each."""
    stage.plugin.registry.price = lambda model, prompt, completion: 0.25
    stage.script("draft 1", "more", "draft 2")
    chat = await stage.open(stage.pair(budget=Budget(cost=0.75, model_calls=9)))
    result = await chat.run(task="Write")
    assert result.stop_reason == "Budget of the chat exceeded: cost 0.75 of 0.75"
    return chat.id


async def budget_extended(stage: Stage) -> str:
    """People are asked for more twice, in two runs of the workflow; the second time they refuse."""
    stage.script(*[f"draft {n}" for n in range(30)])
    limits = HistoryLimits(events=60, resting_events=30, resting_age=0)
    chat = await stage.open(stage.pair(budget=Budget(model_calls=8, extend=ASKED)), limits=limits)
    run = asyncio.create_task(chat.run(task="Write"))

    async def asked(offset: int) -> PendingRequest | None:
        return next((item for item in await chat.pending() if item.offset > offset), None)

    first = await patiently(lambda: asked(0), what="a request")
    assert first is not None
    await patiently(lambda: continued(chat, 1), what="a continuation")
    await chat.decide(first.request, "approve", arguments={"model_calls": 3}, by="ann")
    second = await patiently(lambda: asked(first.offset), what="another request")
    assert second is not None
    await chat.reject(second.request, "enough", by="ann")
    assert (await run).stop_reason == "Budget of the chat exceeded: model calls 11 of 11"
    return chat.id


async def budget_of_time(stage: Stage) -> str:
    """Time runs out while the model has yet to answer."""
    stage.script(HELD)
    chat = await stage.open(stage.pair(budget=Budget(seconds=0.5, warn_at=0.5)))
    run = await held(stage, chat)
    await patiently(lambda: has(chat, "budget_warned", 1), what="a warning")
    await patiently(lambda: has(chat, "clock", 2), what="the end of the time")
    stage.model.release("held")
    assert ((await run).stop_reason or "").startswith("Budget of the chat exceeded: seconds ")
    return chat.id


BUDGET_PATHS: tuple[Path, ...] = (budget_stopped, budget_extended, budget_of_time)
