"""A receiver of webhooks over real HTTP that can be told to fail, to hang, or to be away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from folkmoot.webhooks import new_webhook_secret, verify_webhook
from tests._support.waiting import eventually

HANG = "hang"
"""In place of a status: the request gets no answer while the receiver lives."""

Answer = int | str | tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Received:
    """A request that came in, with a signature that fits."""

    id: str
    type: str
    data: dict[str, Any]
    headers: dict[str, str]
    answered: Answer


class Receiver:
    """Listens on a port of its own from `start` on; before, connections to it are refused.

    Attributes:
        received: What came in, in order.
        plan: What the next requests are answered with; then `usual`.
        usual: See `plan`: a status, `HANG`, or a status with headers.
        on_request: Called with each request before it is answered.
    """

    def __init__(self, usual: Answer = 204) -> None:
        self.secret = new_webhook_secret()
        self.received: list[Received] = []
        self.plan: list[Answer] = []
        self.usual = usual
        # Bound at once: a port that is only known to be free may be taken by then.
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.on_request: Callable[[Received], None] | None = None
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/secret-path"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def stop(self) -> None:
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._socket.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self.plan.pop(0) if self.plan else self.usual
        told = verify_webhook(body, headers, self.secret)
        got = Received(headers["webhook-id"], told["type"], told["data"], headers, answer)
        self.received.append(got)
        if self.on_request is not None:
            self.on_request(got)
        if isinstance(answer, str):
            await self._stopping.wait()
            return web.Response(status=500)
        status, extra = (answer, {}) if isinstance(answer, int) else answer
        return web.Response(status=status, headers=extra)

    def taken(self, kind: str | None = None) -> list[Received]:
        """What was answered well."""
        return [
            item
            for item in self.received
            if isinstance(item.answered, int) and item.answered < 300 and kind in (None, item.type)
        ]

    async def until(self, count: int, kind: str | None = None) -> list[Received]:
        """What was answered well, once there are so many."""
        return await eventually(
            lambda: found if len(found := self.taken(kind)) >= count else [], what=f"{count} of {kind} received"
        )
