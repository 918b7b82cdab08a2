"""Finds out who asks: from the token of a request, whichever kind it is, and the file of people."""

from __future__ import annotations

import logging
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from folkmoot.errors import FolkmootError

from .claims import Claims
from .identity import ALL_TENANTS, Identity, keep_identity
from .oidc import OidcVerifier
from .people import People
from .refusals import ForbiddenError, NotAuthenticatedError, TokenRefusedError
from .settings import Settings, is_loopback
from .tokens import ISSUER, unverified, verify

__all__ = ["Authentication", "Authenticator"]

_LOG = logging.getLogger(__name__)
_LONGEST = 8192
"""Characters of a token."""
_ANYBODY = Identity(subject="local", roles=frozenset({"admin"}), all_tenants=True, name="whoever is at this machine")


class Authenticator:
    """Tells who a token's bearer is.

    Args:
        settings: Keys, provider and people.

    Raises:
        ValueError: The file of people is bad.
        OSError: It cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = settings.token_keys
        self._oidc = None if settings.oidc is None else OidcVerifier(settings.oidc)
        self._issuer = None if settings.oidc is None else settings.oidc.issuer
        self._people = People(settings.people_file)
        self._open = settings.auth == "none"
        if self._open:
            _LOG.warning(
                "NO AUTHENTICATION: whoever can connect to this machine's port %d may do everything, as 'local'.",
                settings.port,
            )

    async def identity(self, scope: Scope) -> Identity:
        """Who makes a request.

        Raises:
            NotAuthenticatedError: It has no token, or one that proves nothing.
            ProviderUnavailableError: The token cannot be checked now.
            ForbiddenError: There is no authentication, and it does not come from this machine.
        """
        headers = Headers(scope=scope)
        if self._open:
            return _local(scope, headers)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticatedError("This takes a token: Authorization: Bearer TOKEN.")
        if len(token) > _LONGEST:
            raise TokenRefusedError(f"The token is longer than {_LONGEST} characters.")
        return _identity(self._people.merged(await self._claims(token)))

    async def _claims(self, token: str) -> Claims:
        # Only to know who is to verify it; each takes its own issuer and algorithms.
        issuer = unverified(token).get("iss")
        if self._oidc is not None and issuer == self._issuer:
            return await self._oidc.verify(token)
        if self._keys and issuer == ISSUER:
            return verify(token, self._keys)
        raise TokenRefusedError("The token is of an issuer that does not count here.")


def _identity(claims: Claims) -> Identity:
    identity = Identity(
        subject=claims.subject,
        roles=claims.roles,
        tenant=claims.tenant,
        name=claims.name,
        token_id=claims.token_id,
        expires=claims.expires,
    )
    # Of no tenant and an admin: a token of one tenant never widens itself.
    widest = identity.role == "admin" and not claims.tenant and ALL_TENANTS in claims.tenants
    return replace(identity, all_tenants=widest)


def _local(scope: Scope, headers: Headers) -> Identity:
    """Whoever is at this machine.

    A page of somebody else's, open in a browser here, is not: its own name in `Host` gives it away even where that name
    leads to this machine, and its `Origin` where it names this machine itself.
    """
    client = scope.get("client")
    host, origin = headers.get("host", ""), headers.get("origin", "")
    if not client or not is_loopback(client[0]) or not _names_loopback(host):
        raise ForbiddenError("Without authentication only this machine is served, by a name such as 'localhost'.")
    if origin and not _names_loopback(origin.partition("://")[2]):
        raise ForbiddenError("Without authentication no page of another site is served.")
    return _ANYBODY


def _names_loopback(host: str) -> bool:
    name = host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name)


class Authentication:
    """ASGI middleware: keeps with each request who makes it, or why that is not known.

    It refuses nothing itself: routes say what they take, with `require`.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self.app = app
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http":
            try:
                keep_identity(scope, await self.authenticator.identity(scope))
            except FolkmootError as error:
                keep_identity(scope, error)
        await self.app(scope, receive, send)
