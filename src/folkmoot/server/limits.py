"""How much one caller may ask for: bytes of a request, and requests in a time.

Both are ASGI middleware. Counts are kept in memory by each instance: with N instances a caller may make up to N times
as many requests.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections.abc import Collection

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.errors import FolkmootError, PayloadTooLargeError

from .identity import identity_of
from .problems import response_to
from .refusals import RateLimitedError

__all__ = ["EXEMPT", "BodyLimit", "RateLimit", "parse_rate"]

EXEMPT = ("/healthz", "/readyz")
"""Paths that are not counted: who watches over an instance asks often, and must not be turned away."""


_DROPPED = 4
"""So many times the bytes allowed are taken and dropped after a refusal, before the connection is closed."""
_DROP_SECONDS = 5.0


def parse_rate(text: str) -> RateLimitItem | None:
    """A rate such as `600/minute` or `20 per 10 seconds`; None: `none`, which is any number.

    Raises:
        ValueError: It is none.
    """
    if text == "none":
        return None
    try:
        rate = parse(text)
    except ValueError:
        raise ValueError(f"Rate {text!r}: expected one such as '600/minute', or 'none'.") from None
    if rate.amount < 1:
        raise ValueError(f"Rate {text!r} lets nothing through; expected at least 1.")
    return rate


class BodyLimit:
    """Refuse a request of more bytes than allowed: by its header at once, else as soon as it has sent too many."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > self.limit:
            await self._refuse(scope, receive, send, int(told))
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise self._error(seen)
            return message

        async def guarded(message: Message) -> None:
            # Whatever the application made of the error: the answer is this one.
            nonlocal started
            if seen <= self.limit or started:
                started = True
                await send(message)

        try:
            await self.app(scope, counted, guarded)
        except PayloadTooLargeError:
            if seen <= self.limit or started:
                raise
        if seen > self.limit and not started:
            await self._refuse(scope, receive, send, seen)

    def _error(self, size: int) -> PayloadTooLargeError:
        return PayloadTooLargeError(size, self.limit, "The request")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, size: int) -> None:
        answer = response_to(scope["path"], self._error(size))
        # The rest of the body is not read, so nothing else can follow on this connection.
        answer.headers["Connection"] = "close"

        async def held(message: Message) -> None:
            if message["type"] == "http.response.body":
                await send({**message, "more_body": True})
                await self._drop(receive)
                message = {"type": "http.response.body"}
            await send(message)

        await answer(scope, receive, held)

    async def _drop(self, receive: Receive) -> None:
        """Take some more of a body: many callers read no answer before they have sent all, or see only a reset."""
        dropped = 0
        try:
            async with asyncio.timeout(_DROP_SECONDS):
                while dropped < _DROPPED * self.limit:
                    message = await receive()
                    dropped += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


class RateLimit:
    """Refuse what is more than one caller may ask for: one identity, or one address that did not say who it is.

    Its place is inside of what finds out who asks.
    """

    def __init__(
        self,
        app: ASGIApp,
        rate: RateLimitItem | None,
        anonymous: RateLimitItem | None,
        exempt: Collection[str] = EXEMPT,
    ) -> None:
        self.app = app
        self.rate = rate
        self.anonymous = anonymous
        self.exempt = frozenset(exempt)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] in self.exempt:
            await self.app(scope, receive, send)
            return
        rate, who = self._caller(scope)
        if rate is None:
            await self.app(scope, receive, send)
            return
        allowed = await self._limiter.hit(rate, *who)
        stats = await self._limiter.get_window_stats(rate, *who)
        wait = max(0, math.ceil(stats.reset_time - time.time()))
        headers = {
            "RateLimit-Policy": f'"default";q={rate.amount};w={rate.get_expiry()}',
            "RateLimit": f'"default";r={stats.remaining};t={wait}',
        }

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        answer = self.app if allowed else response_to(scope["path"], RateLimitedError(max(1, wait)))
        await answer(scope, receive, told)

    def _caller(self, scope: Scope) -> tuple[RateLimitItem | None, tuple[str, ...]]:
        try:
            identity = identity_of(Request(scope))
        except FolkmootError:
            client = scope.get("client")
            return self.anonymous, ("address", _network(client[0]) if client else "")
        return self.rate, ("subject", identity.tenant, identity.subject)


def _network(address: str) -> str:
    """Whose address it is: of IPv6 everybody has 2^64 and more."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed if parsed.version == 4 else ipaddress.ip_network((parsed, 64), strict=False))
