"""A dashboard whose worker has tools that people must approve, those people, and what they look at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests._support.browser import SECONDS, Theme, Visitor, visitor

from .conftest import Dashboard

__all__ = [
    "ASKING",
    "EVIL",
    "LATE",
    "PAYING",
    "SEALING",
    "SPENDING",
    "TRANSFER",
    "WIRING",
    "Come",
    "asked",
    "card",
    "deciding",
    "pending",
    "said",
    "unharmed",
]
expect.set_options(timeout=SECONDS * 1000)

APP = '''"""Tools of the tests' worker."""

import asyncio
from pathlib import Path

from folkmoot import ApprovalPolicy, Escalation, ToolOptions, tool

DAY = 24 * 3600
REASON = "Payments need a yes."
TWO = ApprovalPolicy(
    approvers=("role:finance",), quorum=2, deadline=3 * DAY, reason=REASON,
    escalation=(Escalation(after=DAY, approvers=("carol",), quorum=1),),
)


@tool(options=ToolOptions(approval=ApprovalPolicy(deadline=DAY, reason=REASON), secrets=("pin",)))
def pay(supplier: str, amount: int, pin: str) -> str:
    """Pay a supplier."""
    return f"{supplier} got {amount} with {pin}"


@tool(options=ToolOptions(approval=TWO))
def transfer(amount: int) -> str:
    """Transfer money."""
    return f"{amount} is on its way"


@tool(options=ToolOptions(approval=ApprovalPolicy(deadline=0.5, on_timeout="wait")))
def remind(text: str) -> str:
    """Remind somebody."""
    return text


@tool(options=ToolOptions(retryable=False))
async def wire(amount: int) -> str:
    """Wire money; the bank never answers."""
    Path("wired").touch()
    await asyncio.Event().wait()
    return "sent"


@tool(options=ToolOptions(approval=ApprovalPolicy(require_signed_decisions=True)))
def seal(text: str) -> str:
    """Seal a text."""
    return f"{text} is sealed"


APP = {"tools": [pay, transfer, remind, wire, seal]}
'''
EVIL = "<img src=x onerror='window.hacked = 1'>\u202e"


def _agent(name: str, *tools: str) -> dict[str, Any]:
    says = f"You are the {name}"
    return {"type": "AssistantAgent", "name": name, "model_client": "m", "system_message": says, "tools": list(tools)}


def _team(*participants: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"type": "RoundRobinGroupChat", "participants": list(participants), "max_turns": 1, **options}


PAYING = _team(_agent("buyer", "pay"))
TRANSFER = _team(_agent("banker", "transfer"))
WIRING = _team(_agent("teller", "wire"))
SEALING = _team(_agent("keeper", "seal"))
LATE = _team(_agent("nag", "remind"))
ASKING = _team({"type": "UserProxyAgent", "name": "editor"})
SPENDING = _team(_agent("talker"), max_turns=2, budget={"tokens": 20, "extend": {"reason": "It has been spent."}})


def _calls(who: str, tool: str, **arguments: Any) -> dict[str, Any]:
    return {
        "calls": [{"name": tool, "arguments": arguments}],
        "when": {"system_contains": who},
        "repeat": True,
    }


_SCRIPT: list[dict[str, Any]] = [
    _calls("buyer", "pay", supplier=f"ACME {EVIL}", amount=1200, pin="4711"),
    _calls("banker", "transfer", amount=5000),
    _calls("teller", "wire", amount=70),
    _calls("keeper", "seal", text="This"),
    _calls("nag", "remind", text="now"),
    {"text": "Words.", "repeat": True},
]


def deciding(make: Callable[..., Dashboard], *, start: bool = True) -> Dashboard:
    """Make one; not started, it can be given further settings."""
    made = make(_SCRIPT, start=False, FOLKMOOT_APP="inbox_app:APP")
    made.cli.write("inbox_app.py", APP)
    if start:
        made.start()
    return made


class Come:
    """Lets people come."""

    def __init__(self, own: Dashboard, browser: Browser, stack: ExitStack) -> None:
        self.own = own
        self._browser = browser
        self._stack = stack

    def __call__(
        self,
        role: str = "approver",
        subject: str = "",
        *,
        tenant: str = "",
        theme: Theme = "light",
        phone: bool = False,
    ) -> Visitor:
        token = self.own.token(role, subject=subject, tenant=tenant)
        return self._stack.enter_context(visitor(self._browser, self.own.url, token=token, theme=theme, phone=phone))


def asked(own: Dashboard, team: dict[str, Any], *, tenant: str = "") -> tuple[str, dict[str, Any]]:
    """A chat that asks people something: its id, and the request."""
    chat = own.chat(team, task="Pay ACME for the lamps", tenant=tenant, wait=False)
    return chat, own.cli.until(lambda: pending(own, chat, tenant), f"a request of {chat}")


def pending(own: Dashboard, chat: str, tenant: str = "") -> dict[str, Any] | None:
    with own.http(tenant=tenant) as http:
        found = http.get(f"/chats/{chat}/requests").raise_for_status().json()["requests"]
    return found[0] if found else None


def said(own: Dashboard, chat: str, tenant: str = "") -> str:
    """All of a chat's log, once its run is over."""

    def probe() -> str:
        with own.http(tenant=tenant) as http:
            lines = http.get(f"/chats/{chat}/log", params={"limit": 200}).raise_for_status().text
        return lines if "run_ended" in lines else ""

    return own.cli.until(probe, f"the end of {chat}")


def card(who: Visitor, chat: str, request: dict[str, Any]) -> Page:
    page = who.open(f"/inbox/{chat}/{request['request']}")
    page.get_by_role("heading", name="What is asked").wait_for()
    return page


def unharmed(page: Page) -> None:
    assert page.evaluate("() => window.hacked === undefined")
