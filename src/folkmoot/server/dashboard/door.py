"""What stands before every page of the dashboard: who is there, where they come from, and what browsers must not do.

The dashboard's requests do not pass the API's guards, which look for a token in a header and count each request.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.errors import FolkmootError
from folkmoot.server.identity import keep_identity
from folkmoot.server.limits import BodyLimit, RateLimit, parse_rate
from folkmoot.server.settings import Settings

from .sessions import Sessions, token_of

__all__ = ["Door"]

_POLICY = "; ".join(
    (
        "default-src 'self'",
        # The page's own templates are compiled in the browser.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ASSETS = ("/_nicegui/", "/static/", "/favicon.ico")
"""What everybody may have: it is the same for all, and in the packages."""
_SIGNING = ("/login", "/logout")
_AGAIN = '<!doctype html><meta http-equiv="refresh" content="0"><title>Folkmoot</title>'


class Door:
    """ASGI middleware: takes the dashboard's requests, and leaves all others to the application.

    Args:
        app: The application.
        mount: The dashboard's route.
        settings: The server's.
        sessions: Tells who somebody is.
    """

    def __init__(self, app: ASGIApp, mount: Mount, settings: Settings, sessions: Sessions) -> None:
        self.app = app
        self._mount = mount
        self._open = settings.auth == "none"
        self._sessions = sessions
        self._pages = BodyLimit(self._page, settings.max_body)
        # Whoever signs in has not yet said who they are.
        anonymous = parse_rate(settings.anonymous_rate_limit)
        self._signing = RateLimit(self._pages, rate=anonymous, anonymous=anonymous)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path: str = scope.get("path", "")
        if scope["type"] not in ("http", "websocket") or not (path + "/").startswith(f"{self._mount.path}/"):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = _hardened(scope, send)
        place = path.removeprefix(self._mount.path)
        if not place and scope["type"] == "http":
            await RedirectResponse(f"{self._mount.path}/", 307)(scope, receive, send)
        elif not _same_site(scope):
            await _refuse(scope, receive, send, 403, "This comes from a page of another site.")
        elif place.startswith(_ASSETS):
            await self._page(scope, receive, send)
        else:
            await self._let_in(scope, receive, send, place)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, place: str) -> None:
        try:
            keep_identity(scope, await self._sessions.who(scope))
        except FolkmootError as error:
            if place in _SIGNING and not self._open:
                await self._signing(scope, receive, send)
            else:
                await self._turn_away(scope, receive, send, error)
            return
        await self._pages(scope, receive, send)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send, error: FolkmootError) -> None:
        """Have somebody sign in, where a page is asked for."""
        if scope["type"] == "websocket" or scope["method"] != "GET" or self._open or "/_nicegui" in scope["path"]:
            await _refuse(scope, receive, send, 403 if self._open else 401, str(error))
            return
        headers = Headers(scope=scope)
        had = token_of(headers)
        answer: Response
        if not had and headers.get("sec-fetch-site") == "cross-site":
            # A link elsewhere led here: the browser keeps the cookie to itself until the page is asked for from here.
            answer = HTMLResponse(_AGAIN)
        else:
            query = scope["query_string"].decode("latin-1")
            wanted = scope["path"] + (f"?{query}" if query else "")
            why = "&why=ended" if had else ""
            answer = RedirectResponse(f"{self._mount.path}/login?next={quote(wanted, safe='')}{why}", 303)
        answer.headers["Cache-Control"] = "no-store"
        await answer(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, child = self._mount.matches(scope)
        scope.update(child)
        await self._mount.handle(scope, receive, send)


def _same_site(scope: Scope) -> bool:
    """Whether what may change something comes from a page of this very server; others need no more than a link."""
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "/_nicegui_ws/" not in scope["path"]:
        return True
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        # Programs send none, and have no cookies of somebody else's; browsers leave it out of a GET of their own page.
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def _hardened(scope: Scope, send: Send) -> Send:
    secure = scope.get("scheme") == "https"

    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await send(message)

    return hardened


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": why[:100]})
        return
    await PlainTextResponse(why, status, headers={"Cache-Control": "no-store"})(scope, receive, send)
