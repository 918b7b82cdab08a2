"""Tokens of an OpenID Connect provider, checked with the keys that it publishes.

Keys are fetched when first needed, when they have become old, and when a token names one that is not among them, but
not more often than every few seconds: forged tokens cannot make this ask without end. While the provider is away, the
keys that are known go on counting for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

import httpx2
import jwt

from .claims import LEEWAY, ROLES, Claims
from .refusals import ProviderUnavailableError, TokenRefusedError
from .settings import OidcSettings
from .tokens import why_refused

__all__ = ["ALGORITHMS", "OidcVerifier"]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""None that is symmetric: a provider's public key must not be taken for a shared secret."""
_LOG = logging.getLogger(__name__)
_FRESH = 300.0
"""Seconds that keys are not asked for again."""
_STALE = 3600.0
"""Seconds that keys count while the provider is away."""
_COOLDOWN = 10.0
"""Seconds between two attempts."""
_TIMEOUT = 5.0
"""Seconds of one attempt."""


class OidcVerifier:
    """Verifies a provider's tokens.

    Args:
        settings: The provider, and which claims mean what.
        clock: Tells seconds.
    """

    def __init__(self, settings: OidcSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._client: jwt.PyJWKClient | None = None
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Claims:
        """What a token says.

        Raises:
            TokenRefusedError: It is none of the provider's for us, or has ended.
            ProviderUnavailableError: There are no keys to check it with, and none can be had.
        """
        settings = self._settings
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise TokenRefusedError("The token is signed with an algorithm that is not accepted.")
            key = await self._key(header.get("kid"))
            payload = jwt.decode(
                token,
                key,
                algorithms=[*ALGORITHMS],
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", settings.subject_claim]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenRefusedError(why_refused(error)) from None
        mapped = Claims.of(
            payload,
            subject=settings.subject_claim,
            roles=settings.roles_claim,
            tenant=settings.tenant_claim,
            tenants=settings.tenants_claim,
            name=settings.name_claim,
        )
        return mapped.with_roles(self._roles(mapped.roles))

    def _roles(self, theirs: Iterable[str]) -> Iterable[str]:
        """Our names of a provider's roles."""
        ours = self._settings.role_map
        if not ours:
            return theirs
        # A provider's own `admin` is that of something else: which role is one of the API's, the map alone says.
        return [ours.get(role, role) for role in theirs if role in ours or role not in ROLES]

    async def _key(self, kid: str | None) -> jwt.PyJWK:
        if not self._is(_FRESH):
            await self._refresh()
        if kid not in self._keys:
            await self._refresh()
        if not self._is(_STALE):
            raise ProviderUnavailableError(
                "The identity provider's keys cannot be had now, so no token of it can be checked; try again later."
            )
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if kid not in self._keys:
            raise TokenRefusedError("The token is signed with a key that the identity provider does not have.")
        return self._keys[kid]

    def _is(self, age: float) -> bool:
        """Whether the keys are younger than that."""
        return self._fetched is not None and self._clock() - self._fetched < age

    async def _refresh(self) -> None:
        """Ask for the keys, unless that was tried just now."""
        async with self._lock:
            if self._tried is not None and self._clock() - self._tried < _COOLDOWN:
                return
            self._tried = self._clock()
            try:
                found = await asyncio.to_thread(self._fetch)
            except (jwt.PyJWTError, httpx2.HTTPError, ValueError, OSError) as error:
                _LOG.warning("The keys of %s cannot be had: %s", self._settings.issuer, error)
                return
            self._keys = {key.key_id: key for key in found if key.public_key_use in ("sig", None)}
            self._fetched = self._clock()

    def _fetch(self) -> list[jwt.PyJWK]:
        if self._client is None:
            url = self._settings.jwks_url or self._discovered()
            self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT)
        return self._client.get_jwk_set(refresh=True).keys

    def _discovered(self) -> str:
        """Where the provider says that its keys are (OpenID Connect Discovery 1.0, 4)."""
        issuer = self._settings.issuer
        answer = httpx2.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_TIMEOUT)
        answer.raise_for_status()
        found: object = answer.json()
        document = cast(dict[str, Any], found) if isinstance(found, dict) else {}
        if document.get("issuer") != issuer:
            raise ValueError(f"its configuration is that of another issuer, {document.get('issuer')!r}")
        # The settings check a URL; this one comes from elsewhere.
        return cast(str, OidcSettings(issuer=issuer, audience=("",), jwks_url=str(document.get("jwks_uri"))).jwks_url)
