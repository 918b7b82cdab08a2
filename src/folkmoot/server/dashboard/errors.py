"""What is said of an error on a page."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import BadCommandError, ChatNotFoundError, FolkmootError
from folkmoot.server.refusals import ForbiddenError

__all__ = ["EXPECTED", "away", "lasting", "soon", "told"]

_LOG = logging.getLogger(__name__)
EXPECTED = (FolkmootError, RPCError, TimeoutError)
"""What happens to a page without anybody having made a mistake."""
SOON = 5.0
"""Seconds within which a page is to have what it is made of, or is to say why it has not."""
_AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


@asynccontextmanager
async def soon(otherwise: str, seconds: float = SOON) -> AsyncGenerator[None]:
    """Give up what takes too long.

    Args:
        otherwise: What is said then.
        seconds: How long it may take.

    Raises:
        TimeoutError: It took longer; says so in these words.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimeoutError(str(error) or otherwise) from None


def away(error: Exception) -> bool:
    """Whether the Temporal server did not answer, so that it is not known what it took in."""
    return isinstance(error, RPCError) and error.status in _AWAY


def lasting(error: Exception) -> bool:
    """Whether it is the same the next time."""
    return isinstance(error, BadCommandError | ChatNotFoundError | ForbiddenError)


def told(error: Exception) -> str:
    """A sentence for people; what nobody foresaw is told by an id, under which the log has the error."""
    if isinstance(error, FolkmootError):
        return str(error)
    if isinstance(error, RPCError):
        if away(error):
            return "The Temporal server does not answer. Chats are kept; this page shows them again once it does."
        return f"The Temporal server refused this: {error.message}"
    if isinstance(error, TimeoutError):
        return str(error) or "It took too long; it may still happen. Look again in a moment."
    if isinstance(error, ValueError):
        return str(error)
    number = uuid.uuid4().hex[:12]
    _LOG.error("error %s on a page", number, exc_info=error)
    return f"Something went wrong here. The server's log has it under {number}."
