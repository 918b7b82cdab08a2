"""What tests of notices share: webhooks to a receiver, and a till that asks before it pays."""

from __future__ import annotations

from typing import Any

from folkmoot import ApprovalPolicy, Chat, ChatEvent, FunctionTool, ToolOptions
from folkmoot.webhooks import Webhook
from tests._support.receiver import Receiver
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory

PAY = {"calls": [{"name": "pay", "arguments": {"amount": 12, "pin": "4711"}}]}


def hook(receiver: Receiver, **options: Any) -> Webhook:
    return Webhook(receiver.url, secret=receiver.secret, **options)


def till(policy: ApprovalPolicy, paid: list[tuple[int, str]]) -> FunctionTool:
    def pay(amount: int, pin: str) -> str:
        """Pay."""
        paid.append((amount, pin))
        return f"paid {amount}"

    return FunctionTool(pay, options=ToolOptions(approval=policy, secrets=("pin",)))


async def site_with(sites: SiteFactory, receivers: dict[str, Any], *args: Any, **options: Any) -> Site:
    site = await sites(*args, **options)
    site.plugin.registry.add_sinks(
        {name: hook(item) if isinstance(item, Receiver) else item for name, item in receivers.items()}
    )
    return site


async def undelivered(chat: Chat, count: int) -> list[ChatEvent]:
    async def found() -> list[ChatEvent]:
        events = [event async for event in chat.events(follow=False) if event.kind == "undelivered"]
        return events if len(events) >= count else []

    return await eventually(found, what=f"{count} undelivered")
