"""Stores by URL, as the environment, the command line and configuration files name them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from .base import Store
from .folder import FolderStore

__all__ = ["as_store", "open_store", "shown_url"]

_OBJECTS = ("s3", "s3a", "gs", "az", "azure")
_KINDS = "a folder's path, file:///path, s3://bucket/prefix, gs://bucket/prefix, az://account/container, postgresql://…"


def open_store(url: str | Path) -> Store:
    """The store a URL names. Nothing is connected to yet.

    A folder's path or `file:///path`; `s3://bucket/prefix` on any S3-compatible server, with the AWS variables of the
    environment or `?endpoint=…&region=…`; `gs://`, `az://`; `postgresql://user:password@host/database?table=name`.

    Args:
        url: The URL. What may be secret in it is shown nowhere.

    Raises:
        ValueError: No store is named so.
        ModuleNotFoundError: The library for it is missing; the text names the extra that brings it.
    """
    if isinstance(url, Path) or "://" not in url:
        if not str(url):
            raise ValueError(f"expected {_KINDS}; got nothing")
        return FolderStore(url)
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise ValueError(f"expected file:///path, got {shown_url(url)!r}")
        return FolderStore(unquote(parts.path))
    if parts.scheme in _OBJECTS:
        return _objects(url, options)
    if parts.scheme in ("postgresql", "postgres"):
        return _postgres(url, options)
    raise ValueError(f"expected {_KINDS}; got {shown_url(url)!r}")


def as_store(given: Store | str | Path | None) -> Store | None:
    """A store, or the one a URL names, or none."""
    return open_store(given) if isinstance(given, str | Path) else given


def shown_url(url: str) -> str:
    """A URL without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _objects(url: str, options: dict[str, str]) -> Store:
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError(f"{shown_url(url)!r}: keys are given by the environment or the query, not before an '@'")
    if not parts.netloc:
        kind = "account/container" if parts.scheme in ("az", "azure") else "bucket"
        raise ValueError(f"expected {parts.scheme}://{kind}/prefix, got {url.partition('?')[0]!r}: no {kind} is named")
    try:
        from .objects import ObjectStore
    except ModuleNotFoundError as error:
        raise _missing(error, "s3") from None
    return ObjectStore(shown_url(url), options)


def _postgres(url: str, options: dict[str, str]) -> Store:
    try:
        from .postgres import TABLE, PostgresStore
    except ModuleNotFoundError as error:
        raise _missing(error, "postgresql") from None
    table = options.pop("table", TABLE)
    return PostgresStore(urlsplit(url)._replace(scheme="postgresql", query=urlencode(options)).geturl(), table=table)


def _missing(error: ModuleNotFoundError, extra: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"This kind of store needs {error.name!r}; install it with: pip install 'folkmoot[{extra}]'", name=error.name
    )
