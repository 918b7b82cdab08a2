"""What all contestants do: two agents in turn, replies of one length. Only the standard library: AutoGen's side runs it too."""

from __future__ import annotations

__all__ = ["AGENTS", "MODEL", "REPLY", "TASK", "Agent", "task"]

from typing import NamedTuple


class Agent(NamedTuple):
    """One of the two."""

    name: str
    system: str


AGENTS = (
    Agent("writer", "You write. Answer with the next paragraph."),
    Agent("critic", "You criticise. Answer with what to change."),
)
MODEL = "gpt-4o-mini"
REPLY = ("The moot has met, and what was said there stands. " * 8)[:400]
TASK = "Write a release note, and go on until you are told to stop."


def task(chat: int) -> str:
    """The task of one of several chats."""
    return f"{TASK} ({chat})"
