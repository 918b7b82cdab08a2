"""Bodies of requests as JSON: strictly, as what gets past here ends up in logs that every release must be able to read.

Python reads `NaN` and halves of characters, which no other reader takes and nothing here can write.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

__all__ = ["StrictRoute"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route whose body is JSON, the whole JSON, and nothing but JSON."""

    def get_route_handler(self) -> Handler:
        """FastAPI's, on a stricter request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_Request(request.scope, request.receive))

        return strict


class _Request(Request):
    async def json(self) -> Any:
        """The body.

        Raises:
            json.JSONDecodeError: It is none: FastAPI answers it with 422.
        """
        if not hasattr(self, "_json"):
            self._json = _parsed(await self.body())
        return self._json


def _parsed(body: bytes) -> Any:
    try:
        found = json.loads(body.decode(), parse_constant=_no_json, parse_float=_number)
        # Only an escape makes half a character.
        if b"\\u" in body:
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise json.JSONDecodeError("Too many brackets in brackets", "", 0) from None
    except UnicodeError:
        raise json.JSONDecodeError("Text that is no Unicode", "", 0) from None
    except ValueError:
        raise json.JSONDecodeError("A whole number of too many digits", "", 0) from None
    return found


def _number(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise json.JSONDecodeError(f"{text[:40]} is too big a number", "", 0)
    return found


def _no_json(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no JSON", "", 0)
