"""Conditions in Temporal's list filter language that callers write."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import BadCommandError

__all__ = ["refusing_filter"]


@contextmanager
def refusing_filter(filter: str) -> Generator[None]:
    """Where the server refuses a list with a filter, it is the filter.

    Raises:
        BadCommandError: It was refused.
    """
    try:
        yield
    except RPCError as error:
        if not filter or error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        raise BadCommandError(f"The server refused the filter {filter!r}: {error.message}") from None
