"""Our own bearer tokens: signed claims (JWT, HS256), which need no database to be checked.

A key's id is made from the key, so several keys can be in use at once: the first signs, all verify. To rotate, put a
new one first, and take the old one out once its last token has ended.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from folkmoot._secrets import write_secret

from .claims import LEEWAY, Claims
from .refusals import TokenRefusedError

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "MIN_KEY_BYTES",
    "TokenKey",
    "issue",
    "new_key_file",
    "parse_keys",
    "unverified",
    "verify",
    "why_refused",
]

AUDIENCE = "folkmoot"
ISSUER = "folkmoot"
MIN_KEY_BYTES = 32
"""As many as HS256's digest has (RFC 7518, 3.2)."""
_ALGORITHM = "HS256"
_REQUIRED = ["sub", "iat", "exp", "jti", "aud", "iss"]


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs tokens.

    Raises:
        ValueError: It is too short.
    """

    secret: bytes = field(repr=False)
    kid: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_KEY_BYTES:
            raise ValueError(
                f"A token key has {len(self.secret)} bytes; expected at least {MIN_KEY_BYTES}. "
                "`folkmoot token --new-key PATH` makes one."
            )
        object.__setattr__(self, "kid", hashlib.sha256(b"folkmoot token key\n" + self.secret).hexdigest()[:12])


def parse_keys(text: str) -> tuple[TokenKey, ...]:
    """The keys in a text, with blanks or line ends between; the first one signs.

    Raises:
        ValueError: One is too short.
    """
    return tuple(TokenKey(part.encode()) for part in dict.fromkeys(text.split()))


def new_key_file(path: Path) -> TokenKey:
    """Write a new key to a file that only its owner may read.

    Raises:
        FileExistsError: There is such a file; what it holds may be in use.
    """
    text = secrets.token_urlsafe(48)
    write_secret(path, text)
    return TokenKey(text.encode())


def issue(
    keys: Sequence[TokenKey],
    subject: str,
    *,
    roles: Iterable[str] = (),
    tenant: str = "",
    tenants: Iterable[str] = (),
    name: str = "",
    lifetime: timedelta = timedelta(hours=8),
    now: datetime | None = None,
) -> str:
    """A token.

    Args:
        keys: The keys in use; the first one signs.
        subject: Whose it is.
        roles: What they may in the API, and which roles of approval policies they have.
        tenant: Whose chats they see; empty: those of no tenant.
        tenants: `["*"]` for an admin of no tenant who sees those of all.
        name: What to call them.
        lifetime: How long it is good for.
        now: When it is issued; None: now.

    Raises:
        ValueError: There is no key or no subject, or it would have ended before it begins.
    """
    if not keys:
        raise ValueError("There is no token key; expected FOLKMOOT_TOKEN_KEY or FOLKMOOT_TOKEN_KEY_FILE.")
    if not subject.strip():
        raise ValueError(f"Subject {subject!r}: expected whose token it is.")
    if lifetime <= timedelta(0):
        raise ValueError(f"Lifetime {lifetime}: expected more than 0.")
    issued = now or datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "name": name,
        "tenant": tenant,
        "tenants": [*tenants],
        "roles": sorted(set(roles)),
        "iat": int(issued.timestamp()),
        "exp": int((issued + lifetime).timestamp()),
        "jti": uuid.uuid4().hex,
    }
    # A token that cannot be read back is refused here, where somebody can still do something about it.
    Claims.of(claims)
    given = {key: value for key, value in claims.items() if value not in ("", [])}
    return jwt.encode(given, keys[0].secret, algorithm=_ALGORITHM, headers={"kid": keys[0].kid})


def verify(token: str, keys: Sequence[TokenKey]) -> Claims:
    """What a token says.

    Raises:
        TokenRefusedError: It is not signed with one of the keys, has ended or not begun, is for something else, or
            lacks a claim.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((item for item in keys if item.kid == kid), None)
        if key is None:
            raise TokenRefusedError("The token is signed with a key that is not in use.")
        payload = jwt.decode(
            token,
            key.secret,
            # Never what the token's header says: that would let its bearer choose `none`.
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefusedError(why_refused(error)) from None
    return Claims.of(payload)


def unverified(token: str) -> dict[str, Any]:
    """What a token says, whoever wrote it: to be shown, never to be believed.

    Raises:
        TokenRefusedError: It is none.
    """
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefusedError(why_refused(error)) from None


def why_refused(error: Exception) -> str:
    """Why a token was refused, without what the token says."""
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token lacks the claim {error.claim!r}."
    return "The token is none, or damaged."


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidAudienceError, "The token is for another audience."),
    (jwt.InvalidIssuerError, "The token is of another issuer."),
    (jwt.InvalidSignatureError, "The token's signature is wrong."),
    (jwt.InvalidAlgorithmError, "The token is signed with an algorithm that is not accepted."),
)
