"""A chat model behind the OpenAI chat completions API, or any endpoint that speaks it.

The OpenAI client is imported when the first model is made: it takes about as long to import as all the rest of Folkmoot,
and most processes (command line, dashboards, clients of a chat) call no model.
"""
from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from folkmoot.errors import ModelCallError
from folkmoot.options import ModelInfo

from .base import ModelRequest, ModelResult
from .errors import Failures
from .rendering import RequestEncoder, render_message
from .replies import StreamReader, parse_reply

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["NO_KEY", "OpenAIChatModel"]

_PATH = "/chat/completions"
NO_KEY = "none"
"""Sent where an endpoint of one's own wants no key; the client insists on some text."""
_TAIL = 1.0
"""Seconds given to a server to end a stream whose end it has announced."""


class OpenAIChatModel:
    """A model of the OpenAI chat completions API.

    One HTTP client per event loop with a keep-alive pool, made at the first call. It never retries: the
    caller's durable retries do, with the provider's own `Retry-After`.

    Args:
        model: The model's name on the wire.
        name: The name it is known by here; None: `model`.
        base_url: The endpoint; None: `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: The key; None: `OPENAI_API_KEY`. It is kept out of errors, logs and `repr`.
        options: Request options of every call, such as `{"temperature": 0}`.
        info: What the model can do; None: what a current OpenAI model can.
        organization: The organization to bill; None: `OPENAI_ORG_ID`.
        timeout: Seconds a call may take at most; a request may ask for less.

    Raises:
        ValueError: An option is one that each call sets itself, or the timeout is not above zero.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        info: ModelInfo | None = None,
        organization: str | None = None,
        timeout: float = 600.0,
    ) -> None:
        importlib.import_module(".exceptions", __package__)
        if not timeout > 0:
            raise ValueError(f"timeout must be more than 0 seconds, got {timeout!r}")
        self.name = name or model
        self.info = info or ModelInfo()
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._organization = organization
        self._timeout = timeout
        self._encoder = RequestEncoder(model, self.info, options or {})
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self._model!r}, name={self.name!r})"

    def render(self, message: Mapping[str, Any]) -> bytes:
        """Encode one message; see `rendering.render_message`."""
        return render_message(message, self.info)

    async def create(self, request: ModelRequest) -> ModelResult:
        """Make one call; it streams if the request has an `on_text`.

        Raises:
            ModelCallError: The call failed; the error says whether a retry may help and when.
        """
        from .exceptions import CALL_ERRORS, from_exception

        seconds = min(request.timeout, self._timeout)
        body = self._encoder.body(request)
        client = self._client()
        try:
            # The HTTP library's timeout is per read; a trickling answer would never end.
            async with asyncio.timeout(seconds):
                if request.on_text is not None:
                    return await self._stream(client, body, request, seconds)
                response = await client.post(_PATH, content=body, cast_to=httpx2.Response, options={"timeout": seconds})
                return parse_reply(response.content, self._failures(), family=self.info.family)
        except CALL_ERRORS as error:
            failure = from_exception(error, self._failures())
        # Not chained: the cause may quote the key, and causes end up in durable failures.
        raise failure

    async def close(self) -> None:
        """Close the connections of this event loop; those of other loops go with them."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        self._clients.clear()
        if client is not None:
            await client.close()

    async def _stream(self, client: AsyncOpenAI, body: bytes, request: ModelRequest, seconds: float) -> ModelResult:
        assert request.on_text is not None
        response = await client.post(
            _PATH,
            content=body,
            cast_to=httpx2.Response,
            options={"timeout": seconds},
            stream=True,
            stream_cls=None,
        )
        try:
            if response.headers.get("content-type", "").startswith("application/json"):
                # A server that cannot stream answers at once.
                result = parse_reply(await response.aread(), self._failures(), family=self.info.family)
                if isinstance(result.content, str) and result.content:
                    request.on_text(result.content)
                return result
            reader = StreamReader(self._failures(), family=self.info.family, on_text=request.on_text)
            await _read(response, reader)
            return reader.result()
        finally:
            await response.aclose()

    def _client(self) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            base_url = self._base_url or os.environ.get("OPENAI_BASE_URL") or None
            key = self._key()
            if key is None and base_url is None:
                raise ModelCallError(
                    f"model {self.name!r} has no API key: set OPENAI_API_KEY, "
                    "or OPENAI_BASE_URL for an endpoint of your own",
                    retryable=False,
                )
            if key is not None and not (key.isascii() and key.isprintable()):
                # Found later, it would be an encoding error that quotes the header.
                raise ModelCallError(
                    f"model {self.name!r} cannot be called: its API key holds characters that no HTTP header may have",
                    retryable=False,
                )
            client = AsyncOpenAI(
                api_key=key or NO_KEY,
                base_url=base_url,
                organization=self._organization,
                timeout=self._timeout,
                max_retries=0,
            )
            self._clients[loop] = client
        return client

    def _key(self) -> str | None:
        return self._api_key or os.environ.get("OPENAI_API_KEY") or None

    def _failures(self) -> Failures:
        key = self._key()
        # The stand-in for a key is a common word, and no secret.
        return Failures(self.name, () if key in (None, NO_KEY) else (key,))


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
