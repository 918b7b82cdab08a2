"""Payloads as Temporal gets them: each encrypted with its metadata, so that not even its form shows."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from .keys import DamagedError, EncryptionKeyError, KeyRing

__all__ = ["ENCODING", "KEY_ID", "EncryptionCodec"]

ENCODING = b"binary/encrypted"
"""`encoding` of what is encrypted, as in Temporal's samples."""
KEY_ID = "encryption-key-id"
"""Metadata that names the key, as there."""


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM with a nonce of chance for each payload. What is not encrypted passes `decode`: it is from before.

    Args:
        keys: The keys; None: nothing is encrypted, and what is encrypted is refused. Without that, the SDK would drop
            signals that it cannot read.
    """

    def __init__(self, keys: KeyRing | None) -> None:
        self.keys = keys

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See the base class."""
        keys = self.keys
        return list(payloads) if keys is None else [_encoded(payload, keys) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See the base class.

        Raises:
            EncryptionKeyError: The key is not here.
            DamagedError: A payload was changed.
        """
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        if self.keys is None:
            raise EncryptionKeyError(key_id)
        try:
            return Payload.FromString(self.keys.decrypt(key_id, payload.data, _bound(key_id)))
        except DecodeError:
            raise DamagedError(f"What the key {key_id!r} has encrypted is no payload.") from None


def _encoded(payload: Payload, keys: KeyRing) -> Payload:
    key_id = keys.first
    return Payload(
        metadata={"encoding": ENCODING, KEY_ID: key_id.encode()},
        data=keys.encrypt(payload.SerializeToString(), _bound(key_id)),
    )


def _bound(key_id: str) -> bytes:
    return ENCODING + b"\0" + key_id.encode()
