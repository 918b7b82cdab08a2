"""The pictures of docs/howto/dashboard.md: chats, a conversation, its times, and a request, as operators see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests._support.browser import accessible, shot, visitor

from .conftest import Dashboard
from .conversation import path

APP = '''"""Tools of a travel desk."""

from folkmoot import ApprovalPolicy, ToolOptions, tool

YES = ApprovalPolicy(approvers=("role:travel",), deadline=24 * 3600, reason="Bookings above 100 euros need a yes.")


@tool
def fares(city: str) -> str:
    """Look for fares."""
    return f"{city}: 9:15, 129 euros; 17:40, 98 euros"


@tool(options=ToolOptions(side_effects=True, compensate="cancel", approval=YES))
def book(city: str, departure: str, seats: int) -> str:
    """Book seats."""
    return f"Booked: {seats} seats to {city} at {departure}"


@tool
def cancel(city: str) -> str:
    """Give seats back."""
    return f"{city} is cancelled"


APP = {"tools": [fares, book, cancel]}
'''


def _agent(name: str, *tools: str) -> dict[str, Any]:
    return {
        "type": "AssistantAgent",
        "name": name,
        "model_client": "m",
        "system_message": f"You are the {name}",
        "tools": list(tools),
        "reflect_on_tool_use": bool(tools),
    }


TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "travel desk",
    "participants": [_agent("planner", "fares"), _agent("clerk", "book"), _agent("critic")],
    "max_turns": 3,
    "budget": {"tokens": 20_000},
}
SEATS = {"city": "Lisbon", "departure": "9:15", "seats": 2}
SCRIPT: list[dict[str, Any]] = [
    {
        "calls": [{"name": "fares", "arguments": {"city": "Lisbon"}}],
        "when": {"system_contains": "planner", "last_contains": "Two of us"},
        "repeat": True,
    },
    {
        "text": "Two ways there are:\n\n- **9:15**, 129 euros\n- 17:40, 98 euros\n\nThe morning fits the meeting.",
        "when": {"system_contains": "planner"},
        "repeat": True,
    },
    {
        "calls": [{"name": "book", "arguments": SEATS}],
        "when": {"system_contains": "clerk", "last_contains": "morning"},
        "repeat": True,
    },
    {"text": "Two seats to Lisbon at 9:15 are booked.", "when": {"system_contains": "clerk"}, "repeat": True},
    {"status": 429, "message": "Slow down", "retry_after": 0.2, "when": {"system_contains": "critic"}},
    {"text": "Fine: in time, and within the budget.", "when": {"system_contains": "critic"}, "repeat": True},
]


@pytest.fixture(scope="module")
def own(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    made = make_dashboard(SCRIPT, start=False, FOLKMOOT_APP="travel_app:APP")
    made.cli.write("travel_app.py", APP)
    made.start()
    return made


def asking(own: Dashboard, chat: str) -> dict[str, Any]:
    """A chat that asks whether seats may be booked; the request."""
    own.chat(TEAM, id=chat, task="Two of us have to be in Lisbon on Monday by noon.", wait=False)

    def asked() -> list[dict[str, Any]]:
        with own.http() as http:
            return http.get(f"/chats/{chat}/requests").raise_for_status().json()["requests"]

    return own.cli.until(asked, f"a request of {chat}")[0]


def test_pictures_are_made_of_what_operators_see(own: Dashboard, browser: Browser) -> None:
    done, waits = "trip-lisbon-may", "trip-lisbon-june"
    paused = own.chat(TEAM, id="trip-oslo")
    request = asking(own, done)
    with own.http("approver travel") as http:
        vote = {"verdict": "approve", "hash": request["hash"], "comment": "Fits the offer."}
        http.post(f"/chats/{done}/requests/{request['request']}/decision", json=vote).raise_for_status()
    request = asking(own, waits)
    with own.http() as http:
        http.post(f"/chats/{paused}/pause").raise_for_status()
    for theme, phone in (("light", False), ("dark", True)):
        token = own.token("operator approver travel", subject="olga")
        with visitor(browser, own.url, token=token, theme=theme, phone=phone) as who:
            ending = f"{theme}{'-phone' if phone else ''}"
            page = who.open(path(done))
            expect(page.get_by_role("article", name="critic")).to_be_visible()
            expect(page.get_by_label("Where the chat stands")).to_contain_text("idle")
            shot(page, f"docs-conversation-{ending}")
            page = who.open("/?search=trip-")
            row = page.get_by_role("row").filter(has_text=waits)
            expect(row).to_contain_text("waiting")
            expect(row).to_contain_text("clerk")
            expect(page.get_by_role("row").filter(has_text=paused)).to_contain_text("paused")
            shot(page, f"docs-chats-{ending}", whole=False)
            page = who.open(path(done, "timeline"))
            expect(page.locator("tbody tr")).to_have_count(3)
            page.locator("tbody tr").nth(1).get_by_text("steps").click()
            expect(page.locator(".steps").get_by_text("waited for approval")).to_be_visible()
            shot(page, f"docs-timeline-{ending}", whole=False)
            page = who.open(f"/inbox/{waits}/{request['request']}")
            expect(page.get_by_role("region", name="Arguments, exactly")).to_contain_text('"city": "Lisbon"')
            accessible(page)
            shot(page, f"docs-request-{ending}", whole=False)
