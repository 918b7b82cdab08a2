"""The paths of chats in which people approve, refuse, are too late, or speak (see `paths`)."""

from __future__ import annotations

import asyncio
from typing import Any

from folkmoot import ApprovalPolicy, Chat, Escalation, FunctionTool, HistoryLimits, PendingRequest, Tool, ToolOptions
from folkmoot.signatures import DecisionClaims, DecisionKey, decision_digest, sign_decision
from tests.replay.stage import Stage, patiently
from tests.replay.steps import HELD, Path, continued, has, held

__all__ = ["PEOPLE_PATHS"]

BOOK = {"calls": [{"name": "book", "arguments": {"item": "room"}}]}
OFTEN = HistoryLimits(events=40, resting_events=20, resting_age=0)


def booking(policy: ApprovalPolicy, **options: Any) -> Tool:
    """The tool that books, under an approval."""
    return Tool("book", ToolOptions(approval=policy, **options))


async def asked(chat: Chat) -> PendingRequest:
    """What people are asked, once they are."""
    (request,) = await patiently(chat.pending, what="a request")
    return request


async def approved(stage: Stage) -> str:
    """Two approve, a third is too late, one may not; then arguments are changed, then somebody answers instead."""
    stage.script(BOOK, BOOK, BOOK, "done")
    tool = booking(ApprovalPolicy(approvers=["ann", "ben", "role:boss"], quorum=2), secrets=["pin"])
    chat = await stage.open(stage.agent(tools=[tool], max_tool_iterations=4))
    run = asyncio.create_task(chat.run(task="Go", by="cat"))
    request = await asked(chat)
    handle = stage.moot.client.get_workflow_handle(chat.id)
    await handle.signal("decide", {"request": request.request, "verdict": "approve", "by": "eve", "hash": request.hash})
    await chat.approve(request.request, by="ann")
    await chat.approve(request.request, by={"subject": "dan", "roles": ["boss"]})
    await handle.signal("decide", {"request": request.request, "verdict": "approve", "by": "ben", "hash": request.hash})
    request = await asked(chat)
    await chat.edit(request.request, {"item": "hall"}, by="ann")
    await chat.approve(request.request, by="ben")
    request = await asked(chat)
    await chat.answer(request.request, "It is booked.", by="ann")
    await chat.approve(request.request, by="ben")
    await run
    return chat.id


async def overdue(stage: Stage) -> str:
    """Nobody decides: a reminder, a step of the chain, the deadline; a second time the run fails of it."""
    stage.script(BOOK, "no room", BOOK)
    chain = [Escalation(after=0.2, approvers=["role:boss"])]
    tool = booking(ApprovalPolicy(approvers=["ann"], reminders=[0.1], escalation=chain, deadline=0.4))
    chat = await stage.open(stage.agent(tools=[tool], max_tool_iterations=2))
    await chat.run(task="Go")
    return chat.id


async def decided_in_another_run(stage: Stage) -> str:
    """A request is carried over continue-as-new, then decided."""
    stage.script(*[f"draft {n}" for n in range(6)], BOOK, "done")
    tool = booking(ApprovalPolicy(approvers=["ann"], deadline=600))
    chat = await stage.open(stage.agent(tools=[tool], max_tool_iterations=2), limits=OFTEN)
    for number in range(6):
        await chat.run(task=f"Write {number}")
    run = asyncio.create_task(chat.run(task="Go"))
    request = await asked(chat)
    await patiently(lambda: continued(chat, 1), what="a continuation")
    await chat.reject(request.request, "no", by="ann")
    await run
    return chat.id


async def signed(stage: Stage) -> str:
    """A decision whose signature a worker looks at first."""
    key = DecisionKey.generate()
    stage.plugin.registry.decision_keys = (key.public,)
    stage.script(BOOK, "done")
    tool = booking(ApprovalPolicy(approvers=["role:boss"], require_signed_decisions=True))
    chat = await stage.open(stage.agent(tools=[tool], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="Go"))
    request = await asked(chat)
    (uuid,) = [event.data["uuid"] async for event in chat.events(follow=False) if event.kind == "opened"]
    said = {"chat": uuid, "request": request.request, "hash": request.hash, "verdict": "approve", "subject": "ann"}
    claims = DecisionClaims(**said, digest=decision_digest(), roles=("boss",))
    by = {"subject": "ann", "channel": "http"}
    await chat.decide(request.request, "approve", by=by, signature=sign_decision(claims, key))
    await run
    return chat.id


async def turn_approved(stage: Stage) -> str:
    """People let an agent speak, and speak for it."""
    stage.script("draft 1", "draft 2")
    chat = await stage.open(stage.agent(turn_approval=ApprovalPolicy()))
    for number in range(2):
        run = asyncio.create_task(chat.run(task=f"Go {number}"))
        request = await asked(chat)
        if number:
            await chat.answer(request.request, "I speak for it.", by="ann")
        else:
            await chat.approve(request.request, by="ann")
        await run
    return chat.id


async def outcome_unknown(stage: Stage) -> str:
    """A call that must not be repeated is broken off by a pause: people say that it succeeded."""
    stage.script({"calls": [{"name": "hold", "arguments": {}}]}, "done")
    begun, go = asyncio.Event(), asyncio.Event()

    async def hold() -> str:
        """Take long."""
        begun.set()
        await go.wait()
        return "held"

    stage.plugin.registry.tools["hold"] = FunctionTool(hold)
    tool = Tool("hold", ToolOptions(retryable=False))
    chat = await stage.open(stage.agent(tools=[tool], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="Go"))
    await begun.wait()
    await chat.pause(now=True)
    request = await asked(chat)
    await chat.resume()
    await chat.decide(request.request, "succeeded", content="It was done.", by="ann")
    await run
    go.set()
    return chat.id


async def said(stage: Stage) -> str:
    """Somebody speaks into a run: at once, after the turn, and for the next run."""
    stage.script(HELD, "draft 1", "draft 2", "draft 3", "draft 4")
    chat = await stage.open(stage.pair(max_turns=2))
    run = await held(stage, chat)
    await chat.say("Wait.", when="now", by="ann")
    await chat.say("And then?", when="queue")
    await run
    await patiently(lambda: has(chat, "run_ended", 2), what="the second run's end")
    stage.model.release("held")
    return chat.id


PEOPLE_PATHS: tuple[Path, ...] = (
    approved,
    overdue,
    decided_in_another_run,
    signed,
    turn_approved,
    outcome_unknown,
    said,
)
