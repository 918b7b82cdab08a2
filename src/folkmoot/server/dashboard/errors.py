"""What is said of an error on a page."""

from __future__ import annotations

import logging
import uuid

from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import FolkmootError

__all__ = ["EXPECTED", "told"]

_LOG = logging.getLogger(__name__)
EXPECTED = (FolkmootError, RPCError, TimeoutError)
"""What happens to a page without anybody having made a mistake."""
_AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


def told(error: Exception) -> str:
    """A sentence for people; what nobody foresaw is told by an id, under which the log has the error."""
    if isinstance(error, FolkmootError):
        return str(error)
    if isinstance(error, RPCError):
        if error.status in _AWAY:
            return "The Temporal server does not answer. Chats are kept; this page shows them again once it does."
        return f"The Temporal server refused this: {error.message}"
    if isinstance(error, TimeoutError):
        return str(error) or "It took too long; it may still happen. Look again in a moment."
    if isinstance(error, ValueError):
        return str(error)
    number = uuid.uuid4().hex[:12]
    _LOG.error("error %s on a page", number, exc_info=error)
    return f"Something went wrong here. The server's log has it under {number}."
