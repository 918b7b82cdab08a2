"""Exceptions of the OpenAI client and its HTTP library as `ModelCallError`s.

Apart from `errors`, because importing the client takes about as long as all the rest of Folkmoot.
"""

from __future__ import annotations

import httpx2
import openai

from folkmoot.errors import ModelCallError

from .errors import Failures

__all__ = ["CALL_ERRORS", "from_exception"]

CALL_ERRORS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError)
"""What the client, its HTTP library or a timeout can raise in a call."""

_CONNECTION = (openai.APIConnectionError, httpx2.RequestError, httpx2.StreamError, OSError)
_FINAL = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects)
"""Requests that cannot be sent as they are: no retry changes that."""


def from_exception(error: Exception, failures: Failures) -> ModelCallError:
    """The error for one of `CALL_ERRORS`."""
    if isinstance(error, openai.APIStatusError):
        body = error.message if error.body is None else error.body
        return failures.from_status(error.status_code, error.response.headers, body)
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        return failures.no_answer()
    # The client's own words are just "Connection error."; its cause knows more.
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
    if isinstance(cause, _CONNECTION):
        return failures.failed("connection", cause, retryable=not isinstance(cause, _FINAL))
    return failures.failed("call", cause, retryable=False)
