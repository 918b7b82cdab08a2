"""Encryption of all that Folkmoot puts into Temporal and into the store.

`FolkmootPlugin`, `Folkmoot.connect` and `local` take a `KeyRing` as `encryption=`; without one they take that of the
environment. What is encrypted, and what cannot be, is told in docs/howto/encryption.md.
"""

from __future__ import annotations

from ._encryption.keys import DamagedError, EncryptionKeyError, KeyRing, new_key
from ._encryption.payloads import EncryptionCodec

__all__ = ["DamagedError", "EncryptionCodec", "EncryptionKeyError", "KeyRing", "new_key"]
