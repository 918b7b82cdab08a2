"""Whether this instance works, and whether it can: asked by whoever runs it, without a token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot import __version__
from folkmoot._client.checks import attributes_refused
from folkmoot.errors import FolkmootError
from folkmoot.store import Store

from .schemas import Health, Readiness, Version

__all__ = ["Readying", "router"]

router = APIRouter(tags=["health"])

_LOG = logging.getLogger(__name__)
_PATIENCE = 5.0
"""Seconds in which server and store have to answer."""
_KEPT = 1.0
"""Seconds for which an answer holds: nobody has to say who they are to ask."""


class Readying:
    """Finds out whether what chats need is there."""

    def __init__(self, client: Client, store: Store | None) -> None:
        self._client = client
        self._store = store
        self._lock = asyncio.Lock()
        self._known: dict[str, str] = {}
        self._until = 0.0

    async def checks(self) -> dict[str, str]:
        """What was looked at: `ok`, or what is wrong with it."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            if loop.time() >= self._until:
                looks = {"temporal": self._temporal()} | ({} if self._store is None else {"store": self._stored()})
                found = await asyncio.gather(*(_looked(name, look) for name, look in looks.items()))
                self._known = dict(zip(looks, found, strict=True))
                self._until = loop.time() + _KEPT
            return self._known

    async def _temporal(self) -> str:
        refused = await attributes_refused(self._client)
        return "ok" if refused is None else f"the namespace lacks search attributes: {refused}"

    async def _stored(self) -> str:
        assert self._store is not None
        await self._store.size(chat="0" * 32)
        return "ok"


async def _looked(name: str, look: Awaitable[str]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await look
    except (TimeoutError, RPCError, OSError, RuntimeError, FolkmootError) as error:
        # RuntimeError: a client that connects late says so.
        # Why is for the log: whoever asks here has not said who they are.
        _LOG.warning("%s does not answer: %s", name, error or type(error).__name__)
        return "does not answer"


@router.get("/healthz", summary="Whether this process works")
async def get_health() -> Health:
    """This process answers."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Whether this instance can serve",
    responses={503: {"description": "Something it needs is not there.", "model": Readiness}},
)
async def get_readiness(request: Request, response: Response) -> Readiness:
    """Temporal answers and knows the search attributes of chats, and the store answers."""
    readying: Readying = request.app.state.readying
    checks = await readying.checks()
    ready = all(found == "ok" for found in checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks=checks)


@router.get("/version", summary="Which release this is")
async def get_version() -> Version:
    """The release of the server."""
    return Version(version=__version__)
