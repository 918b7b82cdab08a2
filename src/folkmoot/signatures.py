"""Signed decisions: proof that a vote came through an API that knew who cast it, over exactly these arguments.

The API signs with a private key (Ed25519), workers verify with the public one, so no worker can make a vote up. A
signature is a compact JWS. Verifying takes no clock and no network: a replay comes to the same answer.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from ._secrets import secret_text, write_secret
from .errors import BadCommandError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "DecisionClaims",
    "DecisionKey",
    "DecisionPublicKey",
    "decision_digest",
    "new_decision_key_file",
    "public_keys",
    "public_keys_of",
    "sign_decision",
    "verify_decision",
]

_ALGORITHM = "EdDSA"
_TYPE = "folkmoot-decision+jwt"
"""So that no other token signed with the same key is taken for a decision."""
_MISSING = "Signed decisions need {name!r}; install it with: pip install 'folkmoot[server]'"
_LONGEST = 16384
"""Characters of a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionClaims:
    """What a signature binds together.

    Attributes:
        chat: The chat's unique id, which is another for every chat ever opened.
        request: Which of its requests.
        hash: The hash of what was asked, as the request shows it.
        verdict: The decision.
        digest: `decision_digest` of what comes with the verdict.
        subject: Who decides.
        roles: Their roles then.
        channel: Which way they came.
        issued_at: When it was signed, in seconds since 1970.
        id: The signature's own id.
    """

    chat: str
    request: str
    hash: str
    verdict: str
    digest: str
    subject: str
    roles: tuple[str, ...] = ()
    channel: str = "http"
    issued_at: float = 0.0
    id: str = ""


_BOUND = ("chat", "request", "hash", "verdict", "digest", "subject", "channel")
"""What must be as expected; the rest is what the signer says."""
_TEXTS = (*_BOUND, "id")


@dataclass(frozen=True, slots=True)
class DecisionPublicKey:
    """Verifies decisions. Its text is base64url of the key's 32 bytes, or PEM.

    To be read where a worker starts, never in a workflow.
    """

    key: Ed25519PublicKey = field(repr=False)
    text: str
    kid: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a text.

        Raises:
            ValueError: It is none, or another kind of key.
            ImportError: `cryptography` is not installed.
        """
        ed25519, serialization = _cryptography()
        if "-----BEGIN" in text:
            try:
                key = serialization.load_pem_public_key(text.encode())
            except ValueError:
                key = None
            if not isinstance(key, ed25519.Ed25519PublicKey):
                raise ValueError("A decision's public key is not the PEM of an Ed25519 public key.")
            return cls.of(cast("Ed25519PublicKey", key))
        return cls.of(ed25519.Ed25519PublicKey.from_public_bytes(_raw(text, "A decision's public key")))

    @classmethod
    def of(cls, key: Ed25519PublicKey) -> Self:
        """The key of `cryptography`."""
        raw = key.public_bytes_raw()
        _prepare(key)
        return cls(key, _base64url(raw), hashlib.sha256(raw).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """Signs decisions; only the API has it."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a text: base64url of its 32 bytes, or unencrypted PEM.

        Raises:
            ValueError: It is none, or another kind of key.
            ImportError: `cryptography` is not installed.
        """
        ed25519, serialization = _cryptography()
        if "-----BEGIN" in text:
            try:
                key = serialization.load_pem_private_key(text.encode(), password=None)
            except (ValueError, TypeError):
                key = None
            if not isinstance(key, ed25519.Ed25519PrivateKey):
                raise ValueError("A decision key is not the unencrypted PEM of an Ed25519 private key.")
            return cls(cast("Ed25519PrivateKey", key))
        return cls(ed25519.Ed25519PrivateKey.from_private_bytes(_raw(text, "A decision key")))

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        ed25519, _ = _cryptography()
        return cls(ed25519.Ed25519PrivateKey.generate())

    @property
    def text(self) -> str:
        """The private key as base64url: never to be shown."""
        return _base64url(self.key.private_bytes_raw())

    @property
    def public(self) -> DecisionPublicKey:
        """What workers verify with."""
        return DecisionPublicKey.of(self.key.public_key())


def new_decision_key_file(path: Path) -> DecisionKey:
    """Write a new key to a file that only its owner may read.

    Raises:
        FileExistsError: There is such a file.
        ImportError: `cryptography` is not installed.
    """
    key = DecisionKey.generate()
    write_secret(path, key.text)
    return key


def public_keys(text: str) -> tuple[DecisionPublicKey, ...]:
    """The public keys in a text: base64url with blanks, commas or line ends between, and PEM blocks.

    Raises:
        ValueError: One is none.
        ImportError: `cryptography` is not installed.
    """
    end = "-----END PUBLIC KEY-----"
    found: list[str] = []
    for part in text.split(end):
        plain, begin, pem = part.partition("-----BEGIN PUBLIC KEY-----")
        found += plain.replace(",", " ").split()
        if begin:
            found.append(f"{begin}{pem}{end}\n")
    return tuple(DecisionPublicKey.parse(part) for part in dict.fromkeys(found))


def public_keys_of(environment: Mapping[str, str]) -> tuple[DecisionPublicKey, ...]:
    """The keys of `FOLKMOOT_DECISION_PUBLIC_KEYS`, or of the file that `FOLKMOOT_DECISION_PUBLIC_KEYS_FILE` names.

    Raises:
        ValueError: Both are set, or one is no key.
        OSError: The file cannot be read.
        ImportError: `cryptography` is not installed, and there are keys.
    """
    return public_keys(secret_text(environment, "FOLKMOOT_DECISION_PUBLIC_KEYS") or "")


def decision_digest(
    *,
    arguments: Mapping[str, Any] | None = None,
    content: Any = None,
    reason: str = "",
    comment: str = "",
) -> str:
    """The SHA-256 of what comes with a verdict, the same whatever the order of names.

    Args:
        arguments: Edited arguments.
        content: An answer.
        reason: Why it was rejected.
        comment: What the decider adds.

    Raises:
        ValueError: Something is no JSON.
    """
    parts = {"arguments": arguments, "content": content, "reason": reason, "comment": comment}
    try:
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"What comes with a decision is no JSON: {error}") from None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sign_decision(claims: DecisionClaims, key: DecisionKey) -> str:
    """A signature over a decision.

    Raises:
        ImportError: `PyJWT` is not installed.
    """
    jws, _ = _jwt()
    payload = json.dumps({**asdict(claims), "roles": [*claims.roles]}, sort_keys=True, separators=(",", ":"))
    return cast(
        str,
        jws.encode(payload.encode(), key.key, algorithm=_ALGORITHM, headers={"kid": key.public.kid, "typ": _TYPE}),
    )


def verify_decision(token: str, expected: DecisionClaims, keys: Sequence[DecisionPublicKey]) -> DecisionClaims:
    """What a signature says, if it is good and says what is expected.

    When it was signed and its id are not compared: who calls may want to.

    Args:
        token: The signature.
        expected: The decision as it came: the chat and the request it is for, and who decided what. Its roles must be
            among the signed ones.
        keys: Public keys of the APIs that count.

    Raises:
        BadCommandError: It is none, of no key that counts, or over another decision; the text tells which part.
        ImportError: `PyJWT` is not installed.
    """
    jws, error = _jwt()
    if not isinstance(token, str) or not token or len(token) > _LONGEST:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadCommandError("The decision is not signed; this takes a signed one.")
    try:
        header = jws.get_unverified_header(token)
        key = next((item for item in keys if item.kid == header.get("kid")), None)
        if header.get("typ") != _TYPE:
            raise BadCommandError("The signature is none of a decision.")
        if key is None:
            raise BadCommandError("The decision is signed with a key that does not count here.")
        payload = json.loads(jws.decode(token, key.key, algorithms=[_ALGORITHM]))
    except (error, ValueError) as failure:
        if isinstance(failure, BadCommandError):
            raise
        raise BadCommandError("The decision's signature is wrong.") from None
    signed = _claims(payload)
    for name in _BOUND:
        if getattr(signed, name) != getattr(expected, name):
            raise BadCommandError(f"The signature is over another decision: its {name} differs.")
    if not set(expected.roles) <= set(signed.roles):
        raise BadCommandError("The signature is over another decision: its roles differ.")
    return signed


def _claims(payload: object) -> DecisionClaims:
    values = cast(dict[str, Any], payload) if isinstance(payload, dict) else {}
    roles = values.get("roles")
    issued_at = values.get("issued_at")
    if (
        not {item.name for item in fields(DecisionClaims)} <= values.keys()
        or not all(isinstance(values[name], str) for name in _TEXTS)
        or not isinstance(roles, list)
        or not all(isinstance(role, str) for role in cast(list[object], roles))
        or not isinstance(issued_at, int | float)
        or isinstance(issued_at, bool)
    ):
        raise BadCommandError("The signature is none of a decision.")
    return DecisionClaims(
        **{name: values[name] for name in _TEXTS}, roles=tuple(cast(list[str], roles)), issued_at=float(issued_at)
    )


@functools.cache
def _jwt() -> tuple[Any, type[Exception]]:
    try:
        import jwt
    except ModuleNotFoundError as error:
        raise ImportError(_MISSING.format(name="PyJWT")) from error
    _cryptography()
    return jwt.PyJWS(algorithms=[_ALGORITHM]), jwt.PyJWTError


@functools.cache
def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        raise ImportError(_MISSING.format(name="cryptography")) from error
    return ed25519, serialization


def _prepare(key: Ed25519PublicKey) -> None:
    """Have all imported that verifying needs, a refusal included.

    Workflows verify, and in a workflow's sandbox imports are its own: cryptography, which imports the class of its
    error when it first raises it, would abort the whole process there.
    """
    _jwt()
    from cryptography.exceptions import InvalidSignature

    with contextlib.suppress(InvalidSignature):
        key.verify(bytes(64), b"")


def _raw(text: str, what: str) -> bytes:
    text = text.strip()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError(
            f"{what} is not base64url of 32 bytes, nor PEM; `folkmoot token --new-decision-key` makes one."
        )
    return raw


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
