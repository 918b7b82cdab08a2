"""What scripted model and scripted server share: the script, what was asked, and answers held back."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from .script import Script, ScriptExhausted, ScriptSource
from .step import Step
from .wire import Reply

__all__ = ["Stage"]


class Stage:
    """Records requests, finds the step for each, and holds answers back as the script says.

    Belongs to one event loop.

    Args:
        script: The script, or what makes one.
        record: How many requests are kept, the latest; None: all.
    """

    def __init__(self, script: Script | ScriptSource, record: int | None = None) -> None:
        self.script = script if isinstance(script, Script) else Script(script)
        self.total = 0
        self._kept: deque[dict[str, Any]] = deque(maxlen=record)
        self._holds: dict[str, asyncio.Event] = {}
        self._open = False
        self._arrived = asyncio.Condition()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the requests kept, oldest first."""
        return list(self._kept)

    def after(self, count: int) -> list[dict[str, Any]]:
        """The bodies kept of the requests behind the first `count`."""
        missing = self.total - len(self._kept)
        return self.requests[max(0, count - missing) :]

    def release(self, hold: str) -> None:
        """Let the answers held under this name go, those to come too."""
        self._hold(hold).set()

    def release_all(self) -> None:
        """Hold nothing back any more."""
        self._open = True
        for hold in self._holds.values():
            hold.set()

    async def wait_for_requests(self, count: int) -> None:
        """Wait until `count` requests have arrived in all."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.total >= count)

    async def reply(self, request: dict[str, Any], size: int) -> Reply:
        """The answer to a request, once it may be given; a script at its end answers with status 400.

        Args:
            request: The request's body.
            size: The body's bytes.
        """
        self.total += 1
        number = self.total
        self._kept.append(request)
        # Taken before any await: the steps go out in the order of arrival.
        step = self._step(request)
        async with self._arrived:
            self._arrived.notify_all()
        if step.delay:
            await asyncio.sleep(step.delay)
        if step.hold is not None and not self._open:
            await self._hold(step.hold).wait()
        return Reply(step, number, request, size)

    def _step(self, request: dict[str, Any]) -> Step:
        try:
            return self.script.take(request)
        except ScriptExhausted as error:
            return Step(status=400, code="script_exhausted", message=str(error))
        except Exception as error:  # noqa: BLE001 - a reply function may raise anything; it is told
            text = f"the script's reply function failed: {type(error).__name__}: {error}"
            return Step(status=400, code="script_failed", message=text)

    def _hold(self, name: str) -> asyncio.Event:
        return self._holds.setdefault(name, asyncio.Event())
