"""Who is signed in, in a browser: the API's token in a cookie that no script can read; and the pages that are open.

The token is signed, says when it ends, and is verified for every request as the API does it. The server keeps nothing
of a session but which pages are open, so any instance serves any of them, and a restart ends none.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie

from nicegui import Client
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from folkmoot.errors import FolkmootError
from folkmoot.server.authenticator import Authenticator
from folkmoot.server.identity import Identity
from folkmoot.server.refusals import ProviderUnavailableError, TokenRefusedError

from .widgets import on_gone

__all__ = ["COOKIE", "Sessions", "forget_token", "keep_token", "token_of", "with_token"]

COOKIE = "folkmoot_session"
RECHECK = 10.0
"""Seconds after which the token of an open page is verified again: people and keys may have changed."""
_PART = 3800
"""Characters of a token in one cookie, of which browsers keep 4096 bytes; tokens of a provider may be longer."""
_PARTS = 3
_LOG = logging.getLogger(__name__)


def token_of(headers: Headers) -> str:
    """The token in a browser's cookies; empty: there is none."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return "".join(cookies[name].value for name in _names() if name in cookies)


def with_token(scope: Scope, token: str) -> Scope:
    """A request as the authenticator takes it: the token of the cookie stands where the API's callers put theirs."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    if token:
        headers.append((b"authorization", b"Bearer " + token.encode("latin-1", "replace")))
    return {**scope, "headers": headers}


def keep_token(response: Response, token: str, expires: datetime | None, path: str, secure: bool) -> None:
    """Have the browser keep a token until it ends, and send it to the dashboard of this site only.

    Raises:
        ValueError: It is too long.
    """
    if len(token) > _PART * _PARTS:
        raise ValueError(f"The token is longer than {_PART * _PARTS} characters.")
    age = None if expires is None else max(0, int((expires - datetime.now(UTC)).total_seconds()))
    for number, name in enumerate(_names()):
        part = token[number * _PART : (number + 1) * _PART]
        if part:
            response.set_cookie(name, part, max_age=age, path=path, secure=secure, httponly=True, samesite="strict")
        else:
            response.delete_cookie(name, path=path, secure=secure, httponly=True, samesite="strict")


def forget_token(response: Response, path: str, secure: bool) -> None:
    """Have the browser forget the token."""
    for name in _names():
        response.delete_cookie(name, path=path, secure=secure, httponly=True, samesite="strict")


def _names() -> list[str]:
    return [COOKIE, *(f"{COOKIE}_{number}" for number in range(1, _PARTS))]


@dataclass
class _Open:
    """A page that is open."""

    client: Client
    scope: Scope
    identity: Identity


class Sessions:
    """The pages that are open, each of which ends with the token that it was opened with.

    Args:
        authenticator: Tells whose a token is.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._open: dict[str, _Open] = {}
        self._checking: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many pages are."""
        return len(self._open)

    async def who(self, scope: Scope) -> Identity:
        """Who makes a request, by its cookie.

        Raises:
            FolkmootError: It is not known, and why.
        """
        found = await self._authenticator.identity(with_token(scope, token_of(Headers(scope=scope))))
        # The leeway of tokens is for clocks that differ; what is shown here is ended by the same clock.
        if found.expires is not None and found.expires <= datetime.now(UTC):
            raise TokenRefusedError("The token has expired.")
        return found

    def watch(self, client: Client, identity: Identity) -> None:
        """End a page when it must not be seen any more."""
        if client.id in self._open:
            return
        self._open[client.id] = _Open(client, client.request.scope, identity)
        on_gone(client, lambda: self._open.pop(client.id, None))
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check_all())

    def sign_out(self, scope: Scope) -> None:
        """End the pages that were opened with a request's token."""
        token = token_of(Headers(scope=scope))
        for page in [*self._open.values()]:
            if token and token_of(Headers(scope=page.scope)) == token:
                self._end(page, "signed-out")

    def stop(self) -> None:
        """The server stops."""
        if self._checking is not None:
            self._checking.cancel()

    async def _check_all(self) -> None:
        while self._open:
            await asyncio.sleep(self._pause())
            for page in [*self._open.values()]:
                await self._check(page)

    def _pause(self) -> float:
        now = datetime.now(UTC)
        ends = [page.identity.expires for page in self._open.values() if page.identity.expires is not None]
        first = min(((end - now).total_seconds() for end in ends), default=RECHECK)
        return min(RECHECK, max(0.2, first))

    async def _check(self, page: _Open) -> None:
        try:
            now = await self.who(page.scope)
        except ProviderUnavailableError:
            return
        except FolkmootError as error:
            _LOG.info("A page of %r ends: %s", page.identity.subject, error)
            self._end(page, "ended")
            return
        if (now.roles, now.tenant, now.all_tenants) != (
            page.identity.roles,
            page.identity.tenant,
            page.identity.all_tenants,
        ):
            self._end(page, "")

    def _end(self, page: _Open, why: str) -> None:
        """Take a page away; the browser asks for it again, and gets what it may see by then."""
        self._open.pop(page.client.id, None)
        page.client.run_javascript(f"folkmoot.leave({why!r})")
        loop = asyncio.get_running_loop()
        # What the page was told is sent before it is gone.
        loop.call_later(1.0, _delete, page.client)


def _delete(client: Client) -> None:
    if not client.is_deleted:
        client.delete()
