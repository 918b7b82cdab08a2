"""Approvals of tool calls on a real server: frozen when asked, decided by people, run with exactly what they saw."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from folkmoot import (
    ApprovalPolicy,
    Chat,
    ChatFailedError,
    DecisionRefusedError,
    FunctionTool,
    InboxItem,
    PendingRequest,
    ToolOptions,
)
from folkmoot.signatures import DecisionClaims, DecisionKey, decision_digest, sign_decision
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, until

Task = asyncio.Task[Any]


def pay_calls(*amounts: int) -> dict[str, Any]:
    return {"calls": [{"name": "pay", "arguments": {"amount": amount}} for amount in amounts]}


class Till:
    """A tool that pays, under an approval."""

    def __init__(self, policy: ApprovalPolicy, **options: Any) -> None:
        self.paid: list[int] = []
        self.keys: list[str] = []

        def pay(amount: int) -> str:
            """Pay."""
            self.paid.append(amount)
            return f"paid {amount}"

        self.tool = FunctionTool(pay, options=ToolOptions(approval=policy, **options))

    async def open(self, sites: SiteFactory, replies: list[Any], **agent: Any) -> tuple[Site, Chat]:
        site = await sites(replies, tools=[self.tool])
        return site, await site.open(site.agent(tools=["pay"], max_tool_iterations=2, **agent))


async def asked(chat: Chat, count: int = 1) -> list[PendingRequest]:
    async def found() -> list[PendingRequest]:
        pending = await chat.pending()
        return pending if len(pending) == count else []

    return await eventually(found, what=f"{count} requests")


async def test_an_approved_call_is_made(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(approvers=("ann", "role:finance"), reason="It is a lot of money."))
    _site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    assert (request.kind, request.path, request.name, request.arguments) == (
        "approval",
        "writer",
        "pay",
        {"amount": 12},
    )
    assert (request.reason, request.approvers, request.quorum) == (
        "It is a lot of money.",
        ("ann", "role:finance"),
        1,
    )
    assert (await until(chat, "waiting")).waiting_for == ("approval:writer",)
    assert till.paid == []
    decision = await chat.approve(request.request, by={"subject": "bob", "roles": ["finance"], "channel": "cli"})
    assert (decision.decided, decision.missing) == ("approve", 0)
    assert (await run).messages[-1].to_text() == "done"
    assert till.paid == [12]
    kinds = [event.kind async for event in chat.events(follow=False)]
    assert kinds.index("request") < kinds.index("vote") < kinds.index("decided") < kinds.index("tool")


@pytest.mark.parametrize("theirs", [None, ApprovalPolicy(approvers=("mallory",))])
async def test_a_spec_cannot_take_away_what_a_tool_was_registered_with(
    sites: SiteFactory, theirs: ApprovalPolicy | None
) -> None:
    till = Till(ApprovalPolicy(approvers=("ann",)), secrets=("amount",))
    site = await sites([pay_calls(12), "done"], tools=[till.tool])
    other = FunctionTool(till.tool.func, options=ToolOptions(side_effects=True, approval=theirs))
    chat = await site.open(site.agent(tools=[other], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    assert (request.approvers, request.arguments) == (("ann",), {"amount": "•••"})
    with pytest.raises(DecisionRefusedError, match="may not decide"):
        await chat.approve(request.request, by="mallory")
    await chat.reject(request.request, "no", by="ann")
    await run
    assert till.paid == []


async def test_a_rejected_call_is_not_made_and_the_model_sees_the_reason(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy())
    site, chat = await till.open(sites, [pay_calls(12), "well then"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    await chat.reject(request.request, "too much", by="ann")
    await run
    assert till.paid == []
    assert site.model.requests[1]["messages"][-1]["content"] == "Rejected by ann: too much"


async def test_changed_arguments_are_what_runs(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy())
    site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    with pytest.raises(DecisionRefusedError, match=r"at \$\.amount: 'lots' is not of type 'integer'"):
        await chat.edit(request.request, {"amount": "lots"}, by="ann")
    await chat.edit(request.request, {"amount": 5}, by="ann")
    await run
    assert till.paid == [5]
    told = site.model.requests[1]["messages"][-1]["content"]
    assert told == 'Before it was called, the arguments were changed to {"amount": 5}\npaid 5'


async def test_an_answer_in_the_tools_place(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy())
    site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    await chat.answer(request.request, "I have paid it in cash.", by="ann")
    await run
    assert till.paid == []
    assert site.model.requests[1]["messages"][-1]["content"] == "I have paid it in cash."


async def test_several_requests_are_each_decided_on_their_own(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(when={"properties": {"amount": {"minimum": 10}}}))
    _site, chat = await till.open(sites, [pay_calls(12, 3, 20), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    first, second = await asked(chat, 2)
    assert (first.arguments, second.arguments) == ({"amount": 12}, {"amount": 20})
    await eventually(lambda: till.paid == [3])
    await chat.approve(second.request, by="ann")
    await eventually(lambda: till.paid == [3, 20])
    await chat.reject(first.request, by="ann")
    result = await run
    contents = [item.content for item in result.messages[2].content]
    assert contents == ["Rejected by ann", "paid 3", "paid 20"]


async def test_a_function_that_cannot_say_when_asks_and_its_text_stays_with_the_worker(
    sites: SiteFactory, caplog: pytest.LogCaptureFixture
) -> None:
    def risky(name: str, arguments: dict[str, Any]) -> bool:
        raise ValueError(f"no limit for {arguments['amount']}: hush")

    till = Till(ApprovalPolicy(when="risky"))
    site = await sites([pay_calls(12), "done"], tools=[till.tool], functions={"risky": risky})
    chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    assert request.reason == "'risky', which says when to ask, failed: ValueError"
    assert "no limit for 12: hush" in caplog.text
    await chat.reject(request.request, by="ann")
    await run


async def test_votes_that_do_not_count_are_refused_and_logged(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(approvers=("ann", "ben", "cat"), quorum=2, exclude_requester=True))
    _site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go", by="ben"))
    (request,) = await asked(chat)
    name = request.request
    decision = await chat.approve(name, by="ann")
    assert (decision.decided, decision.missing) == (None, 1)
    for refusal, vote in (
        ("'ann' has voted already: approve", {"by": "ann"}),
        ("'eve' may not decide this; those who may: ann, ben, cat", {"by": "eve"}),
        ("'ben' asked for this run", {"by": "ben"}),
        ("A decision needs to say who decides", {}),
        ("The decision is about other arguments", {"by": "cat", "hash": "0" * 32}),
    ):
        with pytest.raises(DecisionRefusedError, match=refusal):
            await chat.approve(name, **{"hash": request.hash, **vote})
    with pytest.raises(DecisionRefusedError, match="There is no open request 'other'"):
        await chat.approve("other", by="ann")
    await chat.cancel()
    with pytest.raises(Exception, match="cancelled"):
        await run
    with pytest.raises(DecisionRefusedError, match="no open request"):
        await chat.approve(name, by="cat", hash=request.hash)
    refused = [event async for event in chat.events(follow=False) if event.kind == "refused"]
    assert len(refused) == 7
    assert till.paid == []


async def test_a_deadline_rejects(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(deadline=0.3, reminders=(0.1,)))
    site, chat = await till.open(sites, [pay_calls(12), "done"])
    await chat.run(task="go")
    assert till.paid == []
    assert site.model.requests[1]["messages"][-1]["content"] == "Rejected: nobody decided in time."
    kinds = [event.kind async for event in chat.events(follow=False)]
    assert [kind for kind in kinds if kind in ("reminded", "expired", "decided")] == ["reminded", "expired", "decided"]


async def test_a_deadline_fails_the_run(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(deadline=0.2, on_timeout="fail"))
    _site, chat = await till.open(sites, [pay_calls(12)])
    with pytest.raises(ChatFailedError, match=r"Nobody answered request .* within its 0.2 seconds"):
        await chat.run(task="go")
    assert till.paid == []


async def test_secrets_are_masked_for_readers_only(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(), secrets=("amount",))
    site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    assert request.arguments == {"amount": "•••"}
    await chat.approve(request.request, by="ann")
    result = await run
    assert till.paid == [12]
    assert result.messages[1].content[0].arguments == '{"amount": "•••"}'
    events = [event async for event in chat.events(follow=False)]
    shown = [event.data["arguments"] for event in events if "arguments" in event.data]
    assert shown == ['{"amount": "•••"}']
    # The model sees what it wrote.
    (call,) = site.model.requests[1]["messages"][-2]["tool_calls"]
    assert "12" in call["function"]["arguments"]


async def test_signed_decisions_only(sites: SiteFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    key = DecisionKey.generate()
    monkeypatch.setenv("FOLKMOOT_DECISION_PUBLIC_KEYS", key.public.text)
    till = Till(ApprovalPolicy(approvers=("role:finance",), require_signed_decisions=True))
    _site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    by = {"subject": "ann", "roles": ["finance"], "channel": "http"}

    def signature(roles: tuple[str, ...], signer: DecisionKey, **other: Any) -> str:
        said = {"chat": chat_uuid, "request": request.request, "hash": request.hash, "verdict": "approve"}
        return sign_decision(
            DecisionClaims(**{**said, "digest": decision_digest(), "subject": "ann", "roles": roles, **other}), signer
        )

    (chat_uuid,) = [event.data["uuid"] async for event in chat.events(follow=False) if event.kind == "opened"]
    for refusal, made in (
        ("'signature' is missing", ""),
        ("signed|signature", signature(("finance",), DecisionKey.generate())),
        ("signed|signature", signature(("finance",), key, subject="eve")),
        ("signed|signature", signature(("finance",), key, hash="0" * 32)),
        ("'ann' may not decide this", signature(("guest",), key)),
    ):
        with pytest.raises(DecisionRefusedError, match=refusal):
            await chat.decide(request.request, "approve", by=by, signature=made)
    await chat.decide(request.request, "approve", by=by, signature=signature(("finance",), key))
    await run
    assert till.paid == [12]


async def test_an_inbox_tells_what_is_asked_of_whom(sites: SiteFactory) -> None:
    till = Till(ApprovalPolicy(approvers=("ann", "role:finance"), deadline=3600))
    site, chat = await till.open(sites, [pay_calls(12), "done"])
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)

    async def found(*people: str, **options: Any) -> list[InboxItem]:
        items = [item async for item in site.moot.inbox(people or None, **options)]
        return [item for item in items if item.chat == chat.id]

    (item,) = await eventually(lambda: found("ann"), what="visibility")
    assert (item.request, item.kind, item.path, item.name) == (request.request, "approval", "writer", "pay")
    assert (item.due, item.who) == (request.deadline, ("person:ann", "role:finance"))
    assert await found("eve", "role:sales") == []
    assert await found("role:finance") == [item]
    assert await found() == [item]
    assert await found(due_before=request.since) == []
    await chat.approve(request.request, by="ann")
    await run

    async def none() -> bool:
        return not await found()

    await eventually(none, what="visibility")


async def test_a_secret_that_was_not_shown_stays_what_it_is(sites: SiteFactory) -> None:
    paid: list[tuple[int, str]] = []

    def pay(amount: int, pin: str) -> str:
        """Pay."""
        paid.append((amount, pin))
        return "paid"

    tool = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy(), secrets=("pin", "card")))
    site = await sites([{"calls": [{"name": "pay", "arguments": {"amount": 1, "pin": "1234"}}]}, "done"], tools=[tool])
    chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    with pytest.raises(DecisionRefusedError, match=r"at \$\.card: '•••' stands for a secret"):
        await chat.edit(request.request, {**request.arguments, "card": "•••"}, by="ann")
    await chat.edit(request.request, {**request.arguments, "amount": 2}, by="ann")
    await run
    assert paid == [(2, "1234")]
    assert "1234" not in site.model.requests[1]["messages"][-1]["content"]
