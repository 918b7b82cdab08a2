"""Pages that are read anew from time to time, and keep what they show while that fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Generic, TypeVar

from nicegui import ui

from .errors import EXPECTED, told
from .widgets import banner, live_region, text, time_of

__all__ = ["Relooking", "as_of"]

T = TypeVar("T")


def as_of(place: ui.element, at: datetime, more: str) -> None:
    """Tell in a place when a page was looked at last, and more."""
    place.clear()
    with place:
        text("span", "As of ")
        time_of(at.isoformat())
        text("span", f"; {more}")


class Relooking(ABC, Generic[T]):
    """A page as one viewer sees it.

    Args:
        every: Seconds between two looks.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._old: ui.element | None = None

    @abstractmethod
    async def read(self) -> T:
        """What is to be shown.

        Raises:
            FolkmootError: It cannot be told.
            RPCError: The server does not answer.
        """

    @abstractmethod
    def lay_out(self) -> None:
        """Draw the places for it."""

    @abstractmethod
    def show(self, found: T) -> None:
        """Fill them."""

    async def draw(self) -> None:
        """Draw the page, and look again from time to time.

        Raises:
            FolkmootError: It cannot be told.
            RPCError: The server does not answer.
        """
        found = await self.read()
        self._stale = live_region()
        self.lay_out()
        self.show(found)
        ui.timer(self._every, self.again, immediate=False)

    async def again(self) -> None:
        """Look now."""
        try:
            found = await self.read()
        except EXPECTED as error:
            if self._old is None:
                with self._stale:
                    self._old = banner(f"{told(error)} What is shown is old.", kind="warning", retry=self.again)
            return
        if self._old is not None:
            self._old = None
            self._stale.clear()
        self.show(found)
