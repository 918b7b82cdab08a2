"""Webhooks: notices sent over HTTP, signed as the Standard Webhooks specification says.

A receiver in any language checks them with one of that project's libraries (https://www.standardwebhooks.com), one in
Python with `verify_webhook`. Secrets are `whsec_` and the base64 of 24 to 64 bytes.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import math
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from .notices import KINDS, Notice, SinkRefusedError, SinkUnavailableError, encode

if TYPE_CHECKING:
    import httpx2

__all__ = ["Webhook", "WebhookError", "new_webhook_secret", "verify_webhook"]

PREFIX = "whsec_"
LONGEST_TIMEOUT = 45.0
"""Seconds: an attempt has 60, in which the notice has to be read from the chat's log, too."""
TRANSIENT = frozenset({408, 425, 429})
"""Answers below 500 after which it is sent again."""
LONGEST_RETRY_AFTER = 3600.0
MAX_ANSWER = 65_536
"""Bytes of an answer that are read, and thrown away, to use the connection again."""

Secrets = str | Sequence[str]
"""A secret; or several, with blanks in between or in a sequence, while one takes the place of another."""


class WebhookError(ValueError):
    """What was received is no webhook of the sender whose secret it was checked with."""


def new_webhook_secret() -> str:
    """A new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhook:
    """Sends notices as signed POST requests.

    Any 2xx means that a notice was taken. After 408, 425, 429, 5xx, a lost connection or no answer in time it is sent
    again, after the receiver's `Retry-After` if it says so; every other answer is final. Redirects are not followed.

    Args:
        url: Where to: https, or http to this very machine. It may hold a secret: only its host is ever shown.
        secret: What they are signed with (see `new_webhook_secret`); with several, each signs.
        events: Kinds of notices that are sent (see `notices.KINDS`); None: all.
        timeout: Seconds an attempt may take, at most 45.
        allow_http: http to other machines, too: whoever listens in between reads the notices.

    Raises:
        ValueError: As said above.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: Secrets,
        events: Iterable[str] | None = None,
        timeout: float = 10.0,
        allow_http: bool = False,
    ) -> None:
        self._shown = _checked(url, allow_http)
        self._url = url
        self._keys = _keys(secret)
        self.events = _kinds(events)
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds, got {timeout!r}.")
        self._timeout = timeout
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"Webhook({self._shown!r})"

    async def send(self, notice: Notice) -> None:
        """Send it once.

        Raises:
            SinkRefusedError: The receiver will not take it, now or later.
            SinkUnavailableError: It may take it later.
        """
        if notice.kind not in self.events:
            return
        client = await self._client()
        import httpx2

        try:
            async with asyncio.timeout(self._timeout):
                response = await self._post(client, notice)
        except TimeoutError:
            raise SinkUnavailableError(f"{self._shown} gave no answer within {self._timeout:g} s.") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            text = str(error).replace(self._url, self._shown)
            raise SinkUnavailableError(f"{self._shown} was not reached: {type(error).__name__}: {text}") from None
        try:
            await _drain(response)
        finally:
            await response.aclose()
        self._judge(response)

    async def close(self) -> None:
        """Close the connections of this event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def _post(self, client: httpx2.AsyncClient, notice: Notice) -> httpx2.Response:
        body, now = encode(notice), str(int(time.time()))
        request = client.build_request(
            "POST",
            self._url,
            content=body,
            headers={
                "content-type": "application/json",
                "user-agent": "folkmoot",
                "webhook-id": notice.id,
                "webhook-timestamp": now,
                "webhook-signature": " ".join(_signature(key, notice.id, now, body) for key in self._keys),
            },
        )
        return await client.send(request, stream=True, follow_redirects=False)

    async def _client(self) -> httpx2.AsyncClient:
        """One per event loop; made in a thread, as it reads all certificates there are."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            made = await asyncio.to_thread(_new_client, self._timeout)
            # Somebody else may have been first; what has no connection needs no closing.
            self._clients.setdefault(loop, made)
        return self._clients[loop]

    def _judge(self, response: httpx2.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        said = f"{self._shown} answered {status}"
        if status >= 500 or status in TRANSIENT:
            raise SinkUnavailableError(f"{said}.", _retry_after(response.headers))
        if 300 <= status < 400:
            raise SinkRefusedError(f"{said}; redirects are not followed: give the webhook its new URL.")
        raise SinkRefusedError(f"{said}.")


def _new_client(timeout: float) -> httpx2.AsyncClient:
    import httpx2

    return httpx2.AsyncClient(timeout=timeout)


async def _drain(response: httpx2.Response) -> None:
    """Read what little there may be: a connection left half-read cannot be used again. The verdict is in already."""
    import httpx2

    read = 0
    with suppress(TimeoutError, httpx2.HTTPError, httpx2.StreamError, OSError):
        async with asyncio.timeout(1):
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > MAX_ANSWER:
                    return


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: Secrets,
    *,
    tolerance: float = 300.0,
    now: float | None = None,
) -> dict[str, Any]:
    """The JSON of a webhook, once it is known to come from whoever has the secret. For receivers.

    Keep its header `webhook-id` for as long as it may come again, and answer 200 to one that was seen before.

    Args:
        body: The request's body as it came: parsed and written again it would not fit its signature.
        headers: The request's headers.
        secret: The secret, or several.
        tolerance: Seconds the sender's clock may differ from this one's.
        now: This one's, as Unix time; None: the system's.

    Raises:
        WebhookError: A header is missing, the signature is of somebody else, or it is older than that.
        ValueError: The secret is none.
    """
    keys = _keys(secret)
    data = body.encode() if isinstance(body, str) else body
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not given.get(name):
            raise WebhookError(f"The header {name!r} is missing.")
    sent = given["webhook-timestamp"]
    if not (sent.isascii() and sent.isdigit()):
        raise WebhookError(f"The header 'webhook-timestamp' must be seconds of Unix time, got {sent[:40]!r}.")
    known = [_signature(key, given["webhook-id"], sent, data).encode() for key in keys]
    claimed = [item.encode("utf-8", "replace") for item in given["webhook-signature"].split()]
    if not any(hmac.compare_digest(one, other) for one in known for other in claimed):
        raise WebhookError("The signature does not fit: another secret, or the body was changed on its way.")
    away = abs((time.time() if now is None else now) - float(sent))
    if away > tolerance:
        raise WebhookError(f"It was sent {away:.0f} s away from now, more than the {tolerance:g} s that are allowed.")
    try:
        told: object = json.loads(data)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise WebhookError("The body is no JSON object.")
    return cast(dict[str, Any], told)


def _signature(key: bytes, name: str, sent: str, body: bytes) -> str:
    signed = hmac.digest(key, f"{name}.{sent}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def _keys(given: Secrets) -> list[bytes]:
    """The keys of secrets. No error shows one."""
    found: list[bytes] = []
    for secret in given.split() if isinstance(given, str) else given:
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not 24 <= len(key) <= 64:
            raise ValueError(
                f"A webhook's secret is {PREFIX!r} and the base64 of 24 to 64 random bytes; got something else, of "
                f"{len(secret)} characters. folkmoot.webhooks.new_webhook_secret() makes one."
            )
        found.append(key)
    if not found:
        raise ValueError("A webhook needs a secret; folkmoot.webhooks.new_webhook_secret() makes one.")
    return found


def _kinds(events: Iterable[str] | None) -> frozenset[str]:
    if events is None:
        return frozenset(KINDS)
    kinds = frozenset({events} if isinstance(events, str) else events)
    if unknown := sorted(kinds - frozenset(KINDS)):
        raise ValueError(f"events has {unknown}; expected some of: {', '.join(KINDS)}.")
    if not kinds:
        raise ValueError(f"events is empty, so that nothing would be sent; expected some of: {', '.join(KINDS)}.")
    return kinds


def _checked(url: str, allow_http: bool) -> str:
    """A URL as it may be shown: without user, path and query.

    Raises:
        ValueError: It is none that notices may be sent to. Its text may hold secrets, and is not told.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("A webhook's URL cannot be read; expected https://HOST/PATH.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError(f"A webhook's URL begins with https://HOST, got the scheme {parts.scheme!r}.")
    shown = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}"
    if parts.scheme == "http" and not allow_http and not _loopback(host):
        raise ValueError(f"{shown} is not https: whoever listens in between would read the notices (see allow_http).")
    return shown


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: a number, or the time until an HTTP date."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
