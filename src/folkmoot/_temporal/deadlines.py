"""The timer of a chat whose open requests or budgets have times: one, for whatever is due next."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from folkmoot._chat import budgets
from folkmoot._chat.engine import Chat
from folkmoot._chat.votes import due

__all__ = ["Deadlines"]


class Deadlines:
    """Wakes the loop when something is due; what that means is the engine's affair."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._due: str | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def any_due(self) -> bool:
        """Whether the timer has fired and was not looked at."""
        return self._timer is not None and self._timer.done()

    def set(self) -> None:
        """Bring the timer in line with what is due next."""
        times = (due(self._chat.state), budgets.due(self._chat))
        wanted = min((time for time in times if time is not None), default=None)
        if wanted == self._due and not self.any_due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._timer = wanted, None
        if wanted is not None:
            left = max(datetime.fromisoformat(wanted) - workflow.now(), timedelta(milliseconds=1))
            self._timer = asyncio.create_task(workflow.sleep(left, summary="due"))
