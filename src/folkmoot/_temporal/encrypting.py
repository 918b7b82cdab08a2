"""A client's data converter with encryption: codec and failure converter, as far as they are not the user's own."""

from __future__ import annotations

import dataclasses

from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    FailureConverter,
)
from temporalio.exceptions import ApplicationError

from folkmoot._encryption.keys import VARIABLE, KeyRing
from folkmoot._encryption.payloads import EncryptionCodec

from .failures import ChatFailureConverter, EncodedChatFailureConverter

__all__ = ["keys_of", "with_encryption", "with_readable_failures"]

_OURS = (DefaultFailureConverter, DefaultFailureConverterWithEncodedAttributes, ChatFailureConverter)
"""What ours stands in for."""
_PROBE = "the text of an error"


def with_encryption(converter: DataConverter, keys: KeyRing | None, *, given: bool) -> DataConverter:
    """The converter with these keys.

    Args:
        converter: As the client has it. It may have been through here before, with keys of its own.
        keys: The keys; None: nothing is encrypted.
        given: They were given, so that others are a mistake; else they are the environment's, which come last.

    Raises:
        ValueError: The client has a codec, other keys, or a failure converter that leaves texts readable.
    """
    codec = converter.payload_codec
    if isinstance(codec, EncryptionCodec):
        if codec.keys is not None and (not given or codec.keys == keys):
            keys = codec.keys
        elif codec.keys is not None:
            raise ValueError("The client has other encryption keys than the plugin; expected the same.")
    elif codec is not None and keys is not None:
        named = "encryption=" if given else VARIABLE
        raise ValueError(
            f"The client's data converter has a payload codec, {type(codec).__name__}, and {named} asks for another; "
            "expected one of them."
        )
    failures = converter.failure_converter_class
    if keys is None:
        failures = ChatFailureConverter if failures is DefaultFailureConverter else failures
    elif failures in _OURS:
        failures = EncodedChatFailureConverter
    elif _leaves_readable(failures):
        raise ValueError(
            f"The client's failure converter, {failures.__name__}, leaves the texts of errors readable; expected one "
            "with encode_common_attributes, or none."
        )
    if codec is None or isinstance(codec, EncryptionCodec):
        codec = EncryptionCodec(keys)
    return dataclasses.replace(converter, payload_codec=codec, failure_converter_class=failures)


def keys_of(converter: DataConverter) -> KeyRing | None:
    """The keys of a client's converter; None: it does not encrypt, or in the user's own way."""
    codec = converter.payload_codec
    return codec.keys if isinstance(codec, EncryptionCodec) else None


def with_readable_failures(converter: DataConverter) -> DataConverter:
    """The converter for a replay: nothing of it is sent, and the SDK tells of its failures as they would have been."""
    if converter.failure_converter_class is not EncodedChatFailureConverter:
        return converter
    return dataclasses.replace(converter, failure_converter_class=ChatFailureConverter)


def _leaves_readable(failures: type[FailureConverter]) -> bool:
    failure = Failure()
    failures().to_failure(ApplicationError(_PROBE), DataConverter.default.payload_converter, failure)
    return _PROBE in failure.message
