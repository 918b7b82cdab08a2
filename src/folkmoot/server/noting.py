"""A line in the log for whoever was turned away: who, what for, and why.

What a chat refuses stands in its own log; what never came as far as to a chat stands here.
"""

from __future__ import annotations

import logging
from typing import Any

from fastapi import Request

from folkmoot.errors import FolkmootError

from .identity import identity_of
from .observing import route_of

__all__ = ["note_refusal"]

_LOG = logging.getLogger("folkmoot.server.refusals")


def note_refusal(request: Request, status: int, code: str, why: str) -> None:
    """Log that a request was refused for who asks.

    Args:
        request: The request; the line has its id and chat from what is being done.
        status: What it was answered with: 401 or 403.
        code: The error's class name.
        why: What the caller was told; nothing of a token is in it.
    """
    told: dict[str, Any] = {"method": request.method, "route": route_of(request.scope), "status": status, "code": code}
    if request.client is not None:
        told["address"] = request.client.host
    if asked := request.path_params.get("request"):
        told["asked"] = asked
    told |= _who(request)
    _LOG.warning("refused %s %s: %s", told["method"], told["route"], why, extra={"fields": told})


def _who(request: Request) -> dict[str, Any]:
    """Who asked, where that was proved; what a token says that counts for nothing is not repeated."""
    try:
        found = identity_of(request)
    except FolkmootError:
        return {}
    told = {"subject": found.subject, "roles": sorted(found.roles), "tenant": found.tenant, "token": found.token_id}
    return {name: value for name, value in told.items() if value}
