"""A dashboard whose worker has a tool that changes the world, one that undoes it, and models that say known things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests._support.browser import SECONDS, Visitor

from .conftest import Dashboard

__all__ = ["BOOKING", "EVIL", "HELD", "NESTED", "SLOW", "STREAM", "WRITING", "booked", "conversing", "path", "unharmed"]
expect.set_options(timeout=SECONDS * 1000)

APP = '''"""Tools of the tests' worker."""

from folkmoot import ToolOptions, tool


@tool(options=ToolOptions(side_effects=True, compensate="cancel"))
def book(seat: str) -> str:
    """Book a seat."""
    return f"{seat} is booked"


@tool
def cancel(seat: str) -> str:
    """Give a seat back."""
    return f"{seat} is free"


APP = {"tools": [book, cancel]}
'''
EVIL = (
    "# Findings\n\n<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'> "
    "[click](javascript:window.hacked=3) [site](https://example.org/) **bold**"
)
HELD = "held"
"""What holds back the slow model's answers."""


def _agent(name: str, says: str, **options: Any) -> dict[str, Any]:
    return {"type": "AssistantAgent", "name": name, "model_client": "m", "system_message": says, **options}


def _team(*participants: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"type": "RoundRobinGroupChat", "participants": list(participants), **options}


BOOKING = _team(
    _agent("clerk", "You are the clerk", tools=["book"], reflect_on_tool_use=True),
    _agent("critic", "You are the critic"),
    max_turns=2,
    termination_condition={"type": "MaxMessageTermination", "max_messages": 40},
    budget={"tokens": 5_000},
)
WRITING = _team(_agent("writer", "You are the writer"), _agent("editor", "You are the editor"), max_turns=2)
STREAM = _team(_agent("talker", "You are the talker", model_client_stream=True), max_turns=1)
SLOW = _team(_agent("slow", "You are slow"), max_turns=1)
NESTED = _team({**WRITING, "name": "office"}, {"type": "UserProxyAgent", "name": "bob"}, max_turns=4)
_SCRIPT: list[dict[str, Any]] = [
    {
        "calls": [{"name": "book", "arguments": {"seat": "4A"}}],
        "when": {"system_contains": "clerk", "last_contains": "Book"},
        "repeat": True,
    },
    {"text": "The seat is **booked**.", "when": {"system_contains": "clerk"}, "repeat": True},
    {"status": 429, "message": "Slow down", "retry_after": 0.2, "when": {"system_contains": "critic"}},
    {"text": EVIL, "when": {"system_contains": "critic"}, "repeat": True},
    {"text": "word " * 60, "chunks": 60, "chunk_delay": 0.1, "when": {"system_contains": "talker"}, "repeat": True},
    {"text": "At last.", "hold": HELD, "when": {"system_contains": "slow"}, "repeat": True},
    {"text": "Well said.", "repeat": True},
]


def conversing(make: Callable[..., Dashboard], **environment: str) -> Dashboard:
    """Start one."""
    made = make(_SCRIPT, start=False, FOLKMOOT_APP="tools_app:APP", **environment)
    made.cli.write("tools_app.py", APP)
    made.start()
    return made


def booked(own: Dashboard) -> str:
    """A chat in which a seat was booked and a critic has answered; the first critic's model fails once."""
    return own.chat(BOOKING, task="Book a seat")


def path(chat: str, view: str = "") -> str:
    """The address of a chat's page on the dashboard."""
    return f"/chats/{chat}" + (f"?tab={view}" if view else "")


def unharmed(who: Visitor) -> None:
    """No script of a model has run."""
    for page in who.context.pages:
        assert page.evaluate("() => window.hacked === undefined")
