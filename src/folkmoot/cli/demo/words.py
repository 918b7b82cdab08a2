"""What the demo's model says where there is no real one: each answer follows from the request, as a real one's does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .application import PACKAGES

__all__ = ["HOLD", "ScriptedWords"]

HOLD = "until the worker is dead"
_CHUNK_SECONDS = 0.02


class ScriptedWords:
    """A function from a request's body to a step of the scripted server.

    Attributes:
        held: Set when the answer that is held back has been asked for: now a worker waits in the middle of a turn.
    """

    def __init__(self) -> None:
        self.held = asyncio.Event()

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """The step that answers the request."""
        messages: Sequence[Mapping[str, Any]] = request["messages"]
        said = sum(message["role"] == "assistant" and not message.get("tool_calls") for message in messages)
        if "You are critic" in _text(messages[0]):
            return _says("APPROVE" if said else "Good, but tell readers in one sentence what they gain from it.")
        facts = [json.loads(_text(message)) for message in messages if message["role"] == "tool"]
        if not facts:
            return {"calls": [{"name": "package_facts", "arguments": {"package": name}} for name in PACKAGES]}
        if not said:
            return _says(_draft(facts))
        self.held.set()
        gain = "What you gain: a chat outlives the death of any process that works on it."
        return {**_says(f"{_draft(facts)} {gain}"), "hold": HOLD}


def _says(text: str) -> dict[str, Any]:
    return {"text": text, "chunk_delay": _CHUNK_SECONDS}


def _draft(facts: Sequence[Mapping[str, str]]) -> str:
    listed = " and ".join(f"{fact['package']} {fact['version']}" for fact in facts)
    return f"Installed here: {listed}, on Python {facts[0]['python']}. {facts[0]['summary']}."


def _text(message: Mapping[str, Any]) -> str:
    return str(message.get("content") or "")
