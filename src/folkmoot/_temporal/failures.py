"""Failures of a turn's activities as history keeps them: type and text, without the traceback."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self

from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    ActivitySerializationContext,
    DefaultFailureConverter,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
)
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from folkmoot._encryption.keys import EncryptionKeyError

from . import names

__all__ = ["CallFailedError", "ChatFailureConverter", "EncodedChatFailureConverter", "ExpectedError", "refusals"]

_CALLS = frozenset(
    {
        names.ACTIVITY_AGENT,
        names.ACTIVITY_CODE,
        names.ACTIVITY_FORMAT,
        names.ACTIVITY_FUNCTIONS,
        names.ACTIVITY_INPUT,
        names.ACTIVITY_MANAGE,
        names.ACTIVITY_MODEL,
        names.ACTIVITY_SELECT,
        names.ACTIVITY_TOOL,
        names.ACTIVITY_UNDO,
    }
)
"""Calls that the workflow makes again where a worker lacked something."""
_ENCODED = "Encoded failure"
"""What Temporal's own converter leaves in place of a text."""


class CallFailedError(ApplicationError):
    """A call of a chat failed, as users are told. Where in our code that was noticed helps nobody."""


class ExpectedError(CallFailedError):
    """A failure that is no defect and that somebody is told of: the SDK logs its traceback at level DEBUG only."""

    def __init__(self, message: str, *details: Any, **options: Any) -> None:
        super().__init__(message, *details, category=ApplicationErrorCategory.BENIGN, **options)


@contextmanager
def refusals() -> Generator[None]:
    """Let what is refused for good leave an activity as expected: whoever asked gets the text."""
    try:
        yield
    except CallFailedError as error:
        if not error.non_retryable:
            raise
        raise ExpectedError(error.message, *error.details, type=error.type, non_retryable=True) from None


class ChatFailureConverter(DefaultFailureConverter, WithSerializationContext):
    """Temporal's own, but for the tracebacks of `CallFailedError`: they would be kept for ever, file names and all.

    A worker that could not read a call, as it lacks the key, has done nothing yet: the chat is told what it waits for.
    """

    _call = False
    """What is converted is the failure of a call of a chat."""

    def with_context(self, context: SerializationContext) -> Self:
        """See the base class."""
        call = isinstance(context, ActivitySerializationContext) and context.activity_type in _CALLS
        if call == self._call:
            return self
        told = copy.copy(self)
        told._call = call
        return told

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See the base class."""
        if self._call and isinstance(exception, ApplicationError):
            exception = _waiting(exception)
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, CallFailedError):
            failure.stack_trace = ""


class EncodedChatFailureConverter(ChatFailureConverter):
    """The same with texts and tracebacks as payloads, so that a codec gets them; type names stay readable."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See the base class."""
        super().to_failure(exception, payload_converter, failure)
        # Operators need not know a key to be told which one is missing.
        if not isinstance(exception, EncryptionKeyError):
            # A failure that is passed on brings its causes as they were.
            _encode(failure, payload_converter)


def _encode(failure: Failure, payload_converter: PayloadConverter) -> None:
    if failure.message != _ENCODED or not failure.HasField("encoded_attributes"):
        told = {"message": failure.message, "stack_trace": failure.stack_trace}
        failure.encoded_attributes.CopyFrom(payload_converter.to_payload(told))
        failure.message, failure.stack_trace = _ENCODED, ""
    if failure.HasField("cause"):
        _encode(failure.cause, payload_converter)


def _waiting(error: ApplicationError) -> ApplicationError:
    """The error by which a chat waits for a key; others stay as they are."""
    missing = error.__cause__
    if not isinstance(missing, EncryptionKeyError):
        return error
    reason = f"worker:key:{missing.key_id}"
    return CallFailedError(str(missing), reason, type="UnknownNameError", non_retryable=True)
