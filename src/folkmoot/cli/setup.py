"""The verb `setup`: makes a namespace ready for chats, once or any number of times."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot._client.checks import attributes_refused, span
from folkmoot._local.namespace import Prepared, prepare_namespace
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.errors import ServerUnavailableError

from .connection import connected
from .retention import age_of
from .verbs import Invocation, verb

__all__ = ["VERBS"]

_PAUSE = 0.5
_STARTING = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)
"""How a server answers that is not up yet."""
_KNOWN_WITHIN = 60.0
"""Seconds in which a server's processes have heard of new search attributes."""


async def setup(
    invocation: Invocation,
    retention: Annotated[
        str | None,
        typer.Option(
            envvar="FOLKMOOT_RETENTION",
            help="How long the server keeps closed chats, e.g. 7d, 12h; none: as it is, 7d in a new namespace.",
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(envvar="FOLKMOOT_SETUP_WAIT", min=0, help="Seconds that a server is given to come up."),
    ] = 0.0,
) -> None:
    """Make the namespace and the search attributes that chats need; what is there already stays as it is."""
    kept = age_of(retention) if retention else None
    namespace, done = await _when_up(invocation, kept, wait)
    told = {
        "kind": "setup",
        "namespace": namespace,
        "made": done.made,
        "retention": done.retention.total_seconds(),
        "retention_changed": done.changed,
        "added": done.added,
    }
    invocation.screen.emit(told, Text(_sentence(namespace, done)))


async def _when_up(invocation: Invocation, retention: timedelta | None, seconds: float) -> tuple[str, Prepared]:
    """The namespace and what was done to it, as soon as the server is up."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        answered = False
        try:
            async with connected(invocation) as connection:
                client = connection.client
                await client.workflow_service.get_system_info(GetSystemInfoRequest())
                answered = True
                done = await prepare_namespace(client, SEARCH_ATTRIBUTES, retention)
                await _known(client)
                return client.namespace, done
        except (ServerUnavailableError, RPCError) as error:
            if asyncio.get_running_loop().time() > end or (answered and not _is_starting(error)):
                raise
        await asyncio.sleep(_PAUSE)


def _is_starting(error: Exception) -> bool:
    """Whether a server that answers has not elected itself yet."""
    cause = error if isinstance(error, RPCError) else error.__cause__
    return isinstance(cause, RPCError) and cause.status in _STARTING


async def _known(client: Client) -> None:
    """Wait until the server takes questions about the search attributes: it hears of new ones late.

    Raises:
        ServerUnavailableError: They still are not.
    """
    end = asyncio.get_running_loop().time() + _KNOWN_WITHIN
    while (refused := await attributes_refused(client)) is not None:
        if asyncio.get_running_loop().time() > end:
            raise ServerUnavailableError(f"The search attributes are registered, but not known yet: {refused}")
        await asyncio.sleep(_PAUSE)


def _sentence(namespace: str, done: Prepared) -> str:
    verb = "made" if done.made else "was there"
    kept = f"{'now ' if done.changed else ''}keeps closed chats for {span(done.retention)}"
    added = f"added {', '.join(done.added)}" if done.added else "were all there"
    return f"namespace {namespace!r} {verb} and {kept}\nsearch attributes {added}"


VERBS = [verb("setup", setup)]
