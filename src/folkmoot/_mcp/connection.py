"""One connection to an MCP server, owned by one task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from mcp import Client
from mcp.client import Transport

__all__ = ["Connection", "watched"]

_log = logging.getLogger(__name__)


class Connection:
    """A client that is open. Its scopes are entered and left in a task of its own; calls come from any task.

    Args:
        make_client: Gives the client that is opened here; its transport is `watched` with what it is given.
        patience: Seconds in which the server has to answer for the first time.
        what: The server, for errors.
    """

    def __init__(self, make_client: Callable[[Callable[[], None]], Client], patience: float, what: str) -> None:
        self.loop = asyncio.get_running_loop()
        self._what = what
        self._over = asyncio.Event()
        self._ready: asyncio.Future[Client] = self.loop.create_future()
        # Nobody may be left to hear that it failed.
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._task = self.loop.create_task(self._own(make_client, patience), name=f"mcp {what}")

    @property
    def usable(self) -> bool:
        """Whether calls may be made here: it is not over, and its event loop is this one."""
        return not self._over.is_set() and self.loop is asyncio.get_running_loop()

    @property
    def closed(self) -> bool:
        """Whether everything is closed."""
        return self._task.done()

    async def client(self) -> Client:
        """The client, once the server has answered. Who gives up waiting does not end it for others.

        Raises:
            ConnectionError: The server cannot be started or reached, or does not speak MCP.
        """
        return await asyncio.shield(self._ready)

    def end(self) -> None:
        """Leave; calls in flight fail."""
        self._over.set()

    async def ended(self) -> None:
        """Wait until everything is closed, and the server's process, if it has one, is gone."""
        await asyncio.wait({self._task})

    async def _own(self, make_client: Callable[[Callable[[], None]], Client], patience: float) -> None:
        try:
            async with asyncio.timeout(patience) as clock, make_client(self.end) as client:
                clock.reschedule(None)
                self._ready.set_result(client)
                await self._over.wait()
        except TimeoutError:
            self._refuse(f"it did not answer within {patience:g} seconds")
        except Exception as error:  # noqa: BLE001 - a transport may raise anything, in groups; callers are told
            self._refuse(_reason(error))
        finally:
            self._over.set()
            self._refuse("the connection was closed")

    def _refuse(self, reason: str) -> None:
        if self._ready.done():
            _log.debug("The connection to %s ended: %s", self._what, reason)
        else:
            self._ready.set_exception(ConnectionError(f"Cannot connect to {self._what}: {reason}"))


def _reason(error: BaseException) -> str:
    # Transports raise groups of groups; the first cause says what the matter is.
    while isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        error = group.exceptions[0]
    return str(error) or type(error).__name__


@asynccontextmanager
async def _watched(transport: AbstractAsyncContextManager[Any], lost: Callable[[], None]) -> AsyncGenerator[Any]:
    async with transport as (read, write):
        yield _Watched(read, lost), write


def watched(transport: AbstractAsyncContextManager[Any], lost: Callable[[], None]) -> Transport:
    """The transport, which calls `lost` when the server's side ends: the library does not tell."""
    return _watched(transport, lost)


class _Watched:
    """A stream of what the server says."""

    def __init__(self, stream: Any, lost: Callable[[], None]) -> None:
        self._stream = stream
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except BaseException:
            self._lost()
            raise

    async def receive(self) -> Any:
        try:
            return await self._stream.receive()
        except BaseException:
            self._lost()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> _Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self._stream.__aexit__(*error)
