"""The request bodies of a dialogue, built before the clock starts.

The floor posts them; byte for byte they are what Folkmoot posts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot.models.base import ModelRequest
from folkmoot.models.rendering import RequestEncoder, render_message
from folkmoot.options import ModelInfo

from .dialogue import AGENTS, MODEL, REPLY, task

__all__ = ["bodies"]


def bodies(turns: int) -> list[bytes]:
    """The body of each turn of chat 0; those of other chats have the same length."""
    info = ModelInfo()
    encoder = RequestEncoder(MODEL, info, {})

    def render(message: Mapping[str, Any]) -> bytes:
        return render_message(message, info)

    contexts = [
        [
            render({"type": "SystemMessage", "content": agent.system}),
            render({"type": "UserMessage", "content": task(0), "source": "user"}),
        ]
        for agent in AGENTS
    ]
    own = [render({"type": "AssistantMessage", "content": REPLY, "source": agent.name}) for agent in AGENTS]
    heard = [render({"type": "UserMessage", "content": REPLY, "source": agent.name}) for agent in AGENTS]
    built: list[bytes] = []
    for turn in range(turns):
        speaker = turn % len(AGENTS)
        built.append(encoder.body(ModelRequest(messages=contexts[speaker])))
        for place, context in enumerate(contexts):
            context.append((own if place == speaker else heard)[speaker])
    return built
