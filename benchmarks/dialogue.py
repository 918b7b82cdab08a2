"""What all contestants do: two agents in turn, replies of one length.

Only the standard library: AutoGen's process imports it too.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AGENTS", "MODEL", "REPLY", "Agent", "task"]


class Agent(NamedTuple):
    """One of the two."""

    name: str
    system: str


AGENTS = (
    Agent("writer", "You write. Answer with the next paragraph."),
    Agent("critic", "You criticise. Answer with what to change."),
)
MODEL = "gpt-4o-mini-2024-07-18"
REPLY = ("The moot has met, and what was said there stands. " * 8)[:400]


def task(chat: int) -> str:
    """The task of one of several chats; all have one length, so that all requests of a turn have."""
    return f"Write release note {chat:03}, and go on until you are told to stop."
