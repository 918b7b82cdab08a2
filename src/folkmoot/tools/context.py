"""What a tool's function may know of the call it serves, and the errors it answers bad calls with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["CancellationToken", "ToolArgumentsError", "ToolContext"]

FutureT = TypeVar("FutureT", bound="asyncio.Future[Any]")


class ToolArgumentsError(ValueError):
    """A model called a tool with arguments it does not take. Its text is for the model."""


class CancellationToken:
    """Says to work under way that it is no longer wanted. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Cancel, once: callbacks run here and now."""
        with self._lock:
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback` on cancellation, at once if that has been."""
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return
        callback()

    def link_future(self, future: FutureT) -> FutureT:
        """Cancel `future` (or task) along with this token."""
        self.add_callback(lambda: future.get_loop().call_soon_threadsafe(future.cancel) and None)
        return future


def _no_heartbeat(_details: object) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """What a tool may know of the call it serves: a parameter annotated `ToolContext` gets it.

    Attributes:
        chat_id: The chat.
        agent: The agent whose model asked for the call.
        call_id: The model's id of the call.
        idempotency_key: The same on every attempt of this call, whatever crashes; no other call ever has it.
        attempt: 1 at the first.
        cancellation_token: Cancelled when the call is no longer wanted.
        heartbeat: Tells the server that a long call is alive, with any JSON value as details.
    """

    chat_id: str
    agent: str
    call_id: str
    idempotency_key: str
    attempt: int = 1
    cancellation_token: CancellationToken = field(default_factory=CancellationToken)
    heartbeat: Callable[[object], None] = _no_heartbeat
