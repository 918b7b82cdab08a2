"""What a request tells of itself: its id, metrics by route template, a span, and a line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot._telemetry import current, spans
from folkmoot._telemetry.meters import count, observe, show
from folkmoot._telemetry.metrics import OTHER

__all__ = ["REQUEST_ID", "Observed", "route_of"]

_ACCESS = logging.getLogger("folkmoot.server.access")
REQUEST_ID = "X-Request-ID"
_GIVEN = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_PREFIX = "/v1"
_STREAMS = "/events"
_GONE = 499
"""The status where nobody waited for an answer, as web servers have it."""


def route_of(scope: Scope) -> str:
    """The template of a request's path; `other` where there is none: paths are as many as those who guess them like."""
    template: object = getattr(scope.get("route"), "path", None)
    path: str = scope["path"]
    if not isinstance(template, str):
        return "/dashboard" if path.startswith("/dashboard") else OTHER
    # A router that is part of another tells only its own part of the template.
    inside = path.startswith(f"{_PREFIX}/") and not template.startswith(f"{_PREFIX}/")
    return f"{_PREFIX}{template}" if inside else template


class Observed:
    """ASGI middleware: the outermost, so that what others refuse counts too.

    Args:
        app: What it stands before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._under_way = 0
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(scope)
        token = current.within(request.fields)
        try:
            if request.streams:
                await self._stream(request, receive, send)
            else:
                await self._answer(request, receive, send)
        finally:
            request.log()
            current.leave(token)

    async def _answer(self, request: _Request, receive: Receive, send: Send) -> None:
        self._under_way += 1
        show("folkmoot_http_requests_in_progress", self._under_way)
        try:
            if not request.scope["path"].startswith(f"{_PREFIX}/"):
                await self.app(request.scope, receive, request.sender(send))
                return
            told = {"http.request.method": request.method}
            with spans.span(request.method, told, "server", dict(Headers(scope=request.scope))) as span:
                try:
                    await self.app(request.scope, receive, request.sender(send))
                finally:
                    span.name = f"{request.method} {request.route}"
                    span.attributes |= {"http.route": request.route, "http.response.status_code": request.status}
                    span.attributes |= spans.told(request.fields())
                    span.failed = str(request.status) if request.status >= 500 else span.failed
        finally:
            self._under_way -= 1
            show("folkmoot_http_requests_in_progress", self._under_way)
            observe(
                "folkmoot_http_request_seconds",
                request.seconds,
                route=request.route,
                method=request.method,
                status=str(request.status),
            )

    async def _stream(self, request: _Request, receive: Receive, send: Send) -> None:
        self._streams += 1
        show("folkmoot_http_streams", self._streams)
        try:
            await self.app(request.scope, receive, request.sender(send))
        finally:
            self._streams -= 1
            show("folkmoot_http_streams", self._streams)
            count("folkmoot_http_streams_total", status=str(request.status))


class _Request:
    """One request, and what came of it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        given = Headers(scope=scope).get(REQUEST_ID, "")
        self.id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex[:16]
        self.method: str = scope["method"] if scope["method"] in _METHODS else OTHER
        self.streams: bool = scope["path"].endswith(_STREAMS)
        self.status = _GONE
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it came."""
        return time.perf_counter() - self._begun

    @property
    def route(self) -> str:
        """The template of its path."""
        return route_of(self.scope)

    def fields(self) -> Mapping[str, Any]:
        """For logs and spans."""
        chat = self.scope.get("path_params", {}).get("id")
        return {"request": self.id, **({"chat": chat} if chat else {})}

    def sender(self, send: Send) -> Send:
        """Sends its answer, and sees what it is."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = self.id
            await send(message)

        return watched

    def log(self) -> None:
        """The line of an access log. Neither its path nor its query is told: anything may stand there."""
        told = {"method": self.method, "route": self.route, "status": self.status, "seconds": round(self.seconds, 4)}
        level = logging.INFO if self.scope["path"].startswith(f"{_PREFIX}/") else logging.DEBUG
        _ACCESS.log(level, "%s %s %d", self.method, self.route, self.status, extra={"fields": told})
