"""A chat model behind the OpenAI chat completions API, or any endpoint that speaks it.

The OpenAI client is imported with the first call: that takes about as long as importing all the rest of
Folkmoot, and most processes (command line, dashboards, clients of a chat) call no model.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from folkmoot.errors import ModelCallError
from folkmoot.options import ModelInfo

from .base import ModelRequest, ModelResult
from .errors import Failures
from .rendering import RequestEncoder, render_message

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["NO_KEY", "OpenAIChatModel"]

NO_KEY = "none"
"""Sent where an endpoint of one's own wants no key; the client insists on some text."""


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
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Connection] = WeakKeyDictionary()

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
        seconds = min(request.timeout, self._timeout)
        body = self._encoder.body(request)
        return await self._connection().call(
            body, seconds=seconds, failures=self._failures(), family=self.info.family, on_text=request.on_text
        )

    async def close(self) -> None:
        """Close the connections of this event loop; those of other loops go with them."""
        connection = self._connections.pop(asyncio.get_running_loop(), None)
        self._connections.clear()
        if connection is not None:
            await connection.close()

    def _connection(self) -> Connection:
        loop = asyncio.get_running_loop()
        connection = self._connections.get(loop)
        if connection is None:
            from .connection import Connection

            base_url = self._base_url or os.environ.get("OPENAI_BASE_URL") or None
            connection = Connection(base_url, self._key_for(base_url), self._organization)
            self._connections[loop] = connection
        return connection

    def _key_for(self, base_url: str | None) -> str:
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
        return key or NO_KEY

    def _key(self) -> str | None:
        return self._api_key or os.environ.get("OPENAI_API_KEY") or None

    def _failures(self) -> Failures:
        key = self._key()
        # The stand-in for a key is a common word, and no secret.
        return Failures(self.name, () if key in (None, NO_KEY) else (key,))
