"""A store in S3-compatible, Google Cloud or Azure object storage, through the library `obstore`."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import obstore
from obstore import exceptions
from obstore.store import from_url

from .base import StoreUnavailableError
from .keyed import KeyedStore

__all__ = ["ObjectStore"]

T = TypeVar("T")

# The retries that count are those of activities and readers, which are seen; these bridge a hiccup. What took as long
# as a timeout is not retried here: so a reader of a store that hangs asks twice in its ten seconds.
_RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=4),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_TIMEOUTS = {"timeout": "30s", "connect_timeout": "5s"}
_SILENCE = {"read_timeout": "5s"}
"""Of reads only: to the library an upload is silence, too."""
_REMOVED_TOGETHER = 500


class ObjectStore(KeyedStore):
    """Keys as objects under a prefix of a bucket.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`, without a query.
        options: What the library takes of that kind of storage, e.g. `endpoint` and `region`; what is not given comes
            from the environment (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...). Never shown.

    Raises:
        ValueError: An option is not known, or does not fit.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        self.url = url
        plain = dict(options or {})
        try:
            self._objects = _opened(url, plain, _client(plain))
            self._read_from = _opened(url, plain, _client(plain) | _SILENCE)
        except (exceptions.BaseError, ValueError, TypeError) as error:
            raise ValueError(f"The store {url!r} cannot be used: {_told(error)}") from None

    def __repr__(self) -> str:
        return f"ObjectStore({self.url!r})"

    async def _write(self, key: str, data: bytes) -> None:
        await self._asked(obstore.put_async(self._objects, key, data))

    async def _read(self, key: str) -> bytes | None:
        try:
            found = await self._asked(obstore.get_async(self._read_from, key))
            return bytes(await self._asked(found.bytes_async()))
        except FileNotFoundError:
            return None

    async def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        pages: Any = obstore.list(self._read_from, prefix=prefix)  # pyright: ignore[reportUnknownMemberType]
        while True:
            try:
                page = await self._asked(anext(pages))
            except StopAsyncIteration:
                return
            for item in page:
                yield item["path"], item["size"]

    async def _remove(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _REMOVED_TOGETHER):
            # Some kinds of storage say so where there is nothing to delete.
            with suppress(FileNotFoundError):
                await self._asked(obstore.delete_async(self._objects, list(keys[start : start + _REMOVED_TOGETHER])))

    async def _asked(self, answer: Awaitable[T]) -> T:
        """An answer, with what may go wrong as our errors.

        Raises:
            FileNotFoundError: There is no such object.
            StoreUnavailableError: There is no answer, or a refusal.
        """
        try:
            return await answer
        except FileNotFoundError as error:
            if "NoSuchBucket" not in str(error):
                raise
            raise StoreUnavailableError(f"The store {self.url!r} cannot be used: it has no such bucket.") from None
        except (exceptions.BaseError, OSError) as error:
            raise StoreUnavailableError(f"The store {self.url!r} cannot be used: {_told(error)}") from None


def _opened(url: str, options: dict[str, str], client: Any) -> Any:
    make: Any = from_url
    return make(url, config=options, client_options=client, retry_config=_RETRIES)


def _client(options: Mapping[str, str]) -> Any:
    """Options of the HTTP client; plain HTTP only to an endpoint that is named with `http://`."""
    given = {key.lower().removeprefix("aws_").removesuffix("_url"): value for key, value in options.items()}
    endpoint = given.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT") or ""
    return {**_TIMEOUTS, "allow_http": True} if endpoint.startswith("http://") else dict(_TIMEOUTS)


def _told(error: Exception) -> str:
    """The first line, and no query of an address: what signs a request may stand there."""
    return re.sub(r"\?[^\s)]+", "", str(error).partition("\n")[0])[:300]
