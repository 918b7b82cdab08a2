"""Files that the dashboard gives to browsers and takes from them: who may have them, and how refusals are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from folkmoot.server.identity import Identity, Permission, identity_of
from folkmoot.server.refusals import ForbiddenError

from .errors import EXPECTED, told

__all__ = ["attached", "telling", "who_may"]

Handler = Callable[..., Awaitable[Response]]


def who_may(request: Request, permission: Permission) -> Identity:
    """Who asks.

    Raises:
        ForbiddenError: Their role is too low.
    """
    found = identity_of(request)
    if not found.may(permission):
        raise ForbiddenError(f"This takes another role than {found.role!r}.")
    return found


def attached(name: str) -> dict[str, str]:
    """The header by which a browser saves what comes under a name."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in name)
    return {"Content-Disposition": f'attachment; filename="{plain}"'}


def telling(handler: Handler) -> Handler:
    """Answer a refusal with what it says."""

    @wraps(handler)
    async def answer(*args: Any, **kwargs: Any) -> Response:
        try:
            return await handler(*args, **kwargs)
        except (*EXPECTED, ValueError) as error:
            return JSONResponse({"detail": told(error)}, 403 if isinstance(error, ForbiddenError) else 409)

    return answer
