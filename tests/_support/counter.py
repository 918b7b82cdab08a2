"""A custom agent that counts its turns, and notes where they were begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from folkmoot import BaseChatAgent, BaseChatMessage, CancellationToken, TextMessage
from folkmoot.messages import Response

__all__ = ["Counter"]


class Counter(BaseChatAgent):
    """Its state is how many turns it has taken.

    Args:
        name: See `BaseChatAgent`.
        description: See `BaseChatAgent`.
        note: Called with a line for each turn begun and each hook; a turn for which it gives True never ends.
    """

    def __init__(self, name: str, description: str, note: Callable[[str], object] = lambda _line: None) -> None:
        super().__init__(name, description)
        self._note = note
        self._turns = 0
        self._heard = 0

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """It says plain texts."""
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        """Count."""
        self._turns += 1
        self._heard += len(messages)
        texts = " | ".join(message.to_text() for message in messages)
        if self._note(f"turn {self._turns}: {texts}"):
            await asyncio.Event().wait()
        text = f"turn {self._turns}, {self._heard} messages, of them new: {texts}"
        return Response(chat_message=TextMessage(content=text, source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Begin at nought."""
        self._note("reset")
        self._turns = self._heard = 0

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        """Note it."""
        self._note("pause")

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        """Note it."""
        self._note("resume")

    async def save_state(self) -> Mapping[str, Any]:
        """The counts."""
        return {"turns": self._turns, "heard": self._heard}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the counts up."""
        self._turns, self._heard = state["turns"], state["heard"]
