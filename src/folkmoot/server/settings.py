"""The settings of the API server, from the environment."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, field_validator, model_validator

from folkmoot._secrets import secret_text
from folkmoot.signatures import DecisionKey

from .claims import roles_of
from .limits import parse_rate
from .tokens import ISSUER, TokenKey, parse_keys

__all__ = ["OidcSettings", "Settings", "is_loopback"]

_MIB = 1024 * 1024


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on that address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _Values(BaseModel):
    # Errors never show what was given: it may be a key.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OidcSettings(_Values):
    """An OpenID Connect provider whose tokens count."""

    issuer: str
    """As its tokens name it."""
    audience: tuple[str, ...] = Field(min_length=1)
    """Whom its tokens are for; one of these."""
    jwks_url: str | None = None
    """Where its keys are; None: where `issuer/.well-known/openid-configuration` says."""
    subject_claim: str = "sub"
    """The claim that tells who it is."""
    name_claim: str = "name"
    roles_claim: str = "roles"
    """A claim, or a way into one: `realm_access.roles`."""
    tenant_claim: str = "tenant"
    tenants_claim: str | None = None
    """The claim that is `["*"]` with an admin of all tenants; None: no token of the provider's is one's."""
    role_map: Mapping[str, str] = Field(default_factory=dict[str, str])
    """The provider's names of roles, and ours. If there are any, the API's roles come from here only; others, which
    approval policies name, stay as they are."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, url in (("issuer", self.issuer), ("jwks_url", self.jwks_url)):
            if url is not None and not _safe(url):
                raise ValueError(f"{name} {url!r}: expected an https:// URL (http:// only on this machine).")
        if self.issuer == ISSUER:
            raise ValueError(f"issuer {self.issuer!r} is that of Folkmoot's own tokens.")
        return self


def _safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


class Settings(_Values):
    """What the API server is told.

    Raises:
        ValueError: A value is refused, or there is no way to tell callers apart.
    """

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses and networks of proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` count; `*`: anybody's do."""
    auth: Literal["token", "none"] = "token"
    """`none`: every caller is an admin; only for an address of this machine alone."""
    token_keys: tuple[InstanceOf[TokenKey], ...] = Field(default=(), repr=False)
    """Keys of our own tokens; the first signs."""
    oidc: OidcSettings | None = None
    people_file: Path | None = None
    """People and their roles."""
    named_teams: bool = False
    """Chats are opened with, and changed to, teams that this server has by name, and no others."""
    max_body: int = Field(default=4 * _MIB, ge=1024)
    """Bytes of a request."""
    rate_limit: str = "600/minute"
    """Requests of one identity; `none`: any number."""
    anonymous_rate_limit: str = "60/minute"
    """Requests of one address that did not say who it is."""
    cors_origins: tuple[str, ...] = ()
    """Origins of pages that may call the API."""
    decision_key: InstanceOf[DecisionKey] | None = Field(default=None, repr=False)
    """Signs the decisions that come through here."""

    @field_validator("rate_limit", "anonymous_rate_limit")
    @classmethod
    def _check_rate(cls, value: str) -> str:
        parse_rate(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                if proxy != "*":
                    ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"trusted proxy {proxy!r}: expected an address such as '10.0.0.2', a network such as "
                    "'10.0.0.0/24', or '*'."
                ) from None
        # uvicorn takes it for anybody only where it stands alone.
        return ("*",) if "*" in value else value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if "://" not in origin or origin.rstrip("/").count("/") != 2 or "*" in origin:
                raise ValueError(f"origin {origin!r}: expected one such as 'https://example.org'.")
        return tuple(origin.rstrip("/") for origin in value)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.auth == "none":
            if not is_loopback(self.host):
                raise ValueError(
                    f"auth 'none' lets everybody do everything, so the server may only listen on this machine; "
                    f"got host {self.host!r}, expected '127.0.0.1'."
                )
            if self.token_keys or self.oidc:
                raise ValueError("auth 'none' looks at no token; expected no token key and no OIDC issuer with it.")
        elif not self.token_keys and self.oidc is None:
            raise ValueError(
                "there is nothing to check tokens with; expected FOLKMOOT_TOKEN_KEY or FOLKMOOT_TOKEN_KEY_FILE "
                "(`folkmoot token --new-key PATH` makes one), FOLKMOOT_OIDC_ISSUER, or FOLKMOOT_AUTH=none."
            )
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Self:
        """The settings of the variables, each of which counts as not set when it is empty.

        Args:
            environment: The variables.
            given: Fields that win over them.

        Raises:
            ValueError: A variable's value is refused.
            OSError: A file that one names cannot be read.
        """
        read = {name: value for name, value in environment.items() if value.strip()}
        fields: dict[str, Any] = {
            field: _FORMS.get(field, str)(read[variable]) for field, variable in VARIABLES.items() if variable in read
        }
        keys = token_keys(read)
        if keys:
            fields["token_keys"] = keys
        key = secret_text(read, "FOLKMOOT_DECISION_KEY")
        if key is not None:
            fields["decision_key"] = DecisionKey.parse(key)
        if "FOLKMOOT_OIDC_ISSUER" in read:
            fields["oidc"] = OidcSettings(
                **{
                    field: _OIDC_FORMS.get(field, str)(read[variable])
                    for field, variable in OIDC_VARIABLES.items()
                    if variable in read
                }
            )
        return cls(**{**fields, **{name: value for name, value in given.items() if value is not None}})


def token_keys(environment: Mapping[str, str]) -> tuple[TokenKey, ...]:
    """The token keys of `FOLKMOOT_TOKEN_KEY`, or of the file that `FOLKMOOT_TOKEN_KEY_FILE` names; none: empty.

    Raises:
        ValueError: Both are set, or a key is too short.
        OSError: The file cannot be read.
    """
    return parse_keys(secret_text(environment, "FOLKMOOT_TOKEN_KEY") or "")


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in roles_of(text):
        theirs, sign, ours = part.partition("=")
        if not theirs or not sign or not ours:
            raise ValueError(f"FOLKMOOT_OIDC_ROLE_MAP: expected parts such as 'their-role=admin', got {part!r}.")
        found[theirs] = ours
    return found


VARIABLES: dict[str, str] = {
    "host": "FOLKMOOT_API_HOST",
    "port": "FOLKMOOT_API_PORT",
    "trusted_proxies": "FOLKMOOT_TRUSTED_PROXIES",
    "auth": "FOLKMOOT_AUTH",
    "people_file": "FOLKMOOT_PEOPLE_FILE",
    "named_teams": "FOLKMOOT_NAMED_TEAMS",
    "max_body": "FOLKMOOT_MAX_BODY",
    "rate_limit": "FOLKMOOT_RATE_LIMIT",
    "anonymous_rate_limit": "FOLKMOOT_ANONYMOUS_RATE_LIMIT",
    "cors_origins": "FOLKMOOT_CORS_ORIGINS",
}
"""The variable of each setting that is a plain value."""
OIDC_VARIABLES: dict[str, str] = {
    "issuer": "FOLKMOOT_OIDC_ISSUER",
    "audience": "FOLKMOOT_OIDC_AUDIENCE",
    "jwks_url": "FOLKMOOT_OIDC_JWKS_URL",
    "subject_claim": "FOLKMOOT_OIDC_SUBJECT_CLAIM",
    "name_claim": "FOLKMOOT_OIDC_NAME_CLAIM",
    "roles_claim": "FOLKMOOT_OIDC_ROLES_CLAIM",
    "tenant_claim": "FOLKMOOT_OIDC_TENANT_CLAIM",
    "tenants_claim": "FOLKMOOT_OIDC_TENANTS_CLAIM",
    "role_map": "FOLKMOOT_OIDC_ROLE_MAP",
}
_FORMS: dict[str, Callable[[str], Any]] = {
    "cors_origins": roles_of,
    "trusted_proxies": roles_of,
    "people_file": lambda text: Path(text).expanduser(),
}
_OIDC_FORMS: dict[str, Callable[[str], Any]] = {"audience": roles_of, "role_map": _pairs}
