"""The keys of a system: the first encrypts, all of them decrypt.

From each key others are derived, one a purpose, so that nothing encrypted for one place can be put into another.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from folkmoot._secrets import secret_text
from folkmoot.errors import FolkmootError

__all__ = ["VARIABLE", "DamagedError", "EncryptionKeyError", "KeyRing", "new_key", "new_key_id"]

VARIABLE = "FOLKMOOT_ENCRYPTION_KEYS"
"""The environment variable of the keys; with `_FILE` behind its name, that of a file they are in."""

_BYTES = 32
_NONCE = 12
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_MISSING = "Encryption needs {name!r}; install it with: pip install 'folkmoot[encryption]'"
_FORM = "expected ID:KEY, parted by commas, where KEY is base64 of 32 bytes (`folkmoot encryption-key` makes one)"


class EncryptionKeyError(FolkmootError):
    """Something is encrypted with a key that is not here. Nothing is lost: with the key it can be read.

    Attributes:
        key_id: The id of that key.
    """

    def __init__(self, key_id: str, known: tuple[str, ...] = ()) -> None:
        here = ", ".join(map(repr, known)) or "none"
        super().__init__(
            f"This is encrypted with the key {key_id!r}, which is not here (keys here: {here}); add it to {VARIABLE}."
        )
        self.key_id = key_id

    def details(self) -> dict[str, Any]:
        """The key's id."""
        return {"key_id": self.key_id}

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> Self:
        """The error about that key."""
        found = details.get("key_id")
        return cls(found if isinstance(found, str) else "")


class DamagedError(ValueError):
    """What is to be decrypted was changed, or stood somewhere else, or another key has the same id."""


@dataclass(frozen=True, eq=False)
class _Ciphers:
    """What one key encrypts with."""

    payloads: Any
    """AES-256-GCM, with a nonce of chance."""
    blobs: Any
    """AES-256-SIV, without: the same bytes in the same place are the same again."""
    damage: type[Exception]


@dataclass(frozen=True, eq=False)
class KeyRing:
    """Keys by id.

    Args:
        keys: The keys, 32 bytes each, by id: 1 to 64 letters, digits, `.`, `_` and `-`. Ids are no secret.
        first: The id of the key that encrypts; empty: the first of `keys`.

    Raises:
        ValueError: There is no key, or a key or an id is none. The text shows no key.
        ImportError: `cryptography` is not installed.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    first: str = ""
    _ciphers: Mapping[str, _Ciphers] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("Encryption takes a key; got none.")
        for name, key in self.keys.items():
            if not _ID.fullmatch(name):
                # It may be a key: who gets the two the wrong way round should not read it in a log.
                raise ValueError("A key's id is 1 to 64 letters, digits, '.', '_' and '-'; got something else.")
            if len(key) != _BYTES:
                raise ValueError(f"The key {name!r} has {len(key)} bytes; expected {_BYTES}.")
        if self.first and self.first not in self.keys:
            raise ValueError(f"There is no key {self.first!r} to encrypt with; known are {', '.join(self.keys)}.")
        make = _cipher_maker()
        object.__setattr__(self, "keys", dict(self.keys))
        object.__setattr__(self, "first", self.first or next(iter(self.keys)))
        object.__setattr__(self, "_ciphers", {name: make(key) for name, key in self.keys.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and (self.first, self.keys) == (other.first, other.keys)

    def __hash__(self) -> int:
        return hash((self.first, *self.keys))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The keys of a text: `ID:KEY`, parted by commas or lines; the first encrypts.

        Raises:
            ValueError: It is something else, or an id comes twice. The text shows no key.
        """
        found: dict[str, bytes] = {}
        for number, part in enumerate(filter(None, re.split(r"[\s,]+", text)), 1):
            name, colon, encoded = part.partition(":")
            # Without a colon it may be a key alone.
            if not colon or not _ID.fullmatch(name):
                raise ValueError(f"Encryption key {number}: {_FORM}.")
            if name in found:
                raise ValueError(f"There are two encryption keys {name!r}; expected one.")
            found[name] = _decoded(name, encoded)
        if not found:
            raise ValueError(f"There is no encryption key; {_FORM}.")
        return cls(found)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """The keys of `FOLKMOOT_ENCRYPTION_KEYS`, or of the file of `FOLKMOOT_ENCRYPTION_KEYS_FILE`; None: no key.

        Raises:
            ValueError: Both are set, or what is set holds no keys.
            OSError: The file cannot be read.
        """
        text = secret_text(environment, VARIABLE)
        return None if text is None else cls.parse(text)

    def encrypt(self, data: bytes, bound: bytes) -> bytes:
        """Bytes that are others each time.

        Args:
            data: What is to be kept.
            bound: Has to be the same when they are decrypted.
        """
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._ciphers[self.first].payloads.encrypt(nonce, data, bound)

    def decrypt(self, key_id: str, data: bytes, bound: bytes) -> bytes:
        """What `encrypt` was given.

        Raises:
            EncryptionKeyError: There is no such key.
            DamagedError: It was not this, or not bound to that.
        """
        ciphers = self._of(key_id)
        try:
            return ciphers.payloads.decrypt(data[:_NONCE], data[_NONCE:], bound)
        except (ciphers.damage, ValueError):
            raise _damaged(key_id) from None

    def seal(self, data: bytes, bound: bytes) -> bytes:
        """Bytes that are the same each time, for the same data bound to the same."""
        return self._ciphers[self.first].blobs.encrypt(data, [bound])

    def unseal(self, key_id: str, data: bytes, bound: bytes) -> bytes:
        """What `seal` was given.

        Raises:
            EncryptionKeyError: There is no such key.
            DamagedError: It was not this, or not bound to that.
        """
        ciphers = self._of(key_id)
        try:
            return ciphers.blobs.decrypt(data, [bound])
        except (ciphers.damage, ValueError):
            raise _damaged(key_id) from None

    def _of(self, key_id: str) -> _Ciphers:
        ciphers = self._ciphers.get(key_id)
        if ciphers is None:
            raise EncryptionKeyError(key_id, tuple(self.keys))
        return ciphers


def new_key() -> str:
    """A new key of chance, as base64 text."""
    return base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def new_key_id() -> str:
    """An id that tells the day, and that no other key of that day has."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(6))
    return f"{datetime.now(UTC).date().isoformat()}-{letters}"


def _decoded(name: str, text: str) -> bytes:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        # Its own message is about the key.
        raise ValueError(f"The encryption key {name!r} is no base64; {_FORM}.") from None


def _damaged(key_id: str) -> DamagedError:
    return DamagedError(
        f"This cannot be decrypted with the key {key_id!r}: it was changed, it stood somewhere else, or another key "
        "had that id."
    )


def _cipher_maker() -> Callable[[bytes], _Ciphers]:
    # Here, not above: it is an extra, and a workflow's sandbox cannot import it.
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ModuleNotFoundError as error:
        raise ImportError(_MISSING.format(name=error.name)) from error

    def derived(key: bytes, purpose: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, None, b"folkmoot/1 " + purpose).derive(key)

    def make(key: bytes) -> _Ciphers:
        return _Ciphers(AESGCM(derived(key, b"payloads", 32)), AESSIV(derived(key, b"blobs", 64)), InvalidTag)

    return make
