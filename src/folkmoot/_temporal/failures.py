"""Failures of a turn's activities as history keeps them: type and text, without the traceback."""

from __future__ import annotations

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError

__all__ = ["CallFailedError", "ChatFailureConverter"]


class CallFailedError(ApplicationError):
    """A call of a chat failed, as users are told. Where in our code that was noticed helps nobody."""


class ChatFailureConverter(DefaultFailureConverter):
    """Temporal's own, but for the tracebacks of `CallFailedError`: they would be kept for ever, file names and all."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See the base class."""
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, CallFailedError):
            failure.stack_trace = ""
