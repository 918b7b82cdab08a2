"""The OpenAI client and its HTTP library: calls on one event loop, and their exceptions as `ModelCallError`s.

The only module that imports them. That takes about as long as importing all the rest of Folkmoot, so it is
itself imported late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import openai

from folkmoot._telemetry.spans import outgoing_headers
from folkmoot.errors import ModelCallError

from .base import ModelResult
from .errors import Failures
from .replies import StreamReader, parse_reply

__all__ = ["Connection", "from_exception"]

_PATH = "/chat/completions"
_TAIL = 1.0
"""Seconds given to a server to end a stream whose end it has announced."""

_CALL_ERRORS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError)
"""What the client, its HTTP library or a timeout can raise in a call."""
_CONNECTION = (openai.APIConnectionError, httpx2.RequestError, httpx2.StreamError, OSError)
_FINAL = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects)
"""Requests that cannot be sent as they are: no retry changes that."""


class Connection:
    """A client of one endpoint with its keep-alive pool, for one event loop. It never retries.

    Args:
        base_url: The endpoint; None: OpenAI's own.
        api_key: The key.
        organization: The organization to bill, if any.
    """

    def __init__(self, base_url: str | None, api_key: str, organization: str | None) -> None:
        self._client = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, organization=organization, max_retries=0)

    async def call(
        self,
        body: bytes,
        *,
        seconds: float,
        failures: Failures,
        family: str,
        on_text: Callable[[str], None] | None,
    ) -> ModelResult:
        """Make one call.

        Args:
            body: The request's JSON.
            seconds: How long the whole call may take.
            failures: Makes the errors.
            family: The model's family; see `replies.parse_reply`.
            on_text: Called with each piece of text; the body then asks for a stream.

        Raises:
            ModelCallError: The call failed.
        """
        try:
            # The HTTP library's timeout is per read; a trickling answer would never end.
            async with asyncio.timeout(seconds):
                response: httpx2.Response = await self._client.post(
                    _PATH,
                    content=body,
                    cast_to=httpx2.Response,
                    options={"timeout": seconds, "headers": outgoing_headers()},
                    stream=on_text is not None,
                )
                if on_text is not None:
                    return await _streamed(response, failures, family, on_text)
                return parse_reply(response.content, failures, family=family)
        except _CALL_ERRORS as error:
            failure = from_exception(error, failures)
        # Not chained: the cause may quote the key, and causes end up in durable failures.
        raise failure

    async def close(self) -> None:
        """Close the pool."""
        await self._client.close()


def from_exception(error: Exception, failures: Failures) -> ModelCallError:
    """The error for an exception of the client, of its HTTP library, or for a timeout."""
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


async def _streamed(
    response: httpx2.Response, failures: Failures, family: str, on_text: Callable[[str], None]
) -> ModelResult:
    try:
        if response.headers.get("content-type", "").startswith("application/json"):
            # A server that cannot stream answers at once.
            result = parse_reply(await response.aread(), failures, family=family)
            if isinstance(result.content, str) and result.content:
                on_text(result.content)
            return result
        reader = StreamReader(failures, family=family, on_text=on_text)
        await _read(response, reader)
        return reader.result()
    finally:
        await response.aclose()


async def _read(response: httpx2.Response, reader: StreamReader) -> None:
    """Feed the stream to its very end: a connection left half-read could not be used again."""
    try:
        async with asyncio.timeout(None) as rest:
            async for line in response.aiter_lines():
                reader.feed(line)
                if reader.done and rest.when() is None:
                    rest.reschedule(asyncio.get_running_loop().time() + _TAIL)
    except TimeoutError:
        # The answer is complete; only the server does not hang up.
        if not reader.done:
            raise
