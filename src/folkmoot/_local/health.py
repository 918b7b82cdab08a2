"""The image's health checks. `python -m folkmoot._local.health`: does a worker of this host poll the queue?

Asks the server, which is what matters: a worker that hangs or has lost its connection is not seen there. With a URL,
such as that of an API's /readyz, it is whether that answers with success: the image has no curl.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import sys
import urllib.request
from typing import NoReturn

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from folkmoot._local.environment import task_queue
from folkmoot._local.leaving import leave
from folkmoot._temporal.names import DEFAULT_QUEUE
from folkmoot._temporal.pollers import fresh_pollers

__all__ = ["local_pollers", "main"]

_TIMEOUT_SECONDS = 8.0
_DEFAULT_ADDRESS = "localhost:7233"
"""What the worker connects to, too, when nothing names a server."""


async def local_pollers(client: Client, queue: str) -> list[str]:
    """Identities of this host's workers that polled the queue for workflow tasks lately.

    Knows them by the SDK's default identity, `pid@host`.
    """
    host = "@" + socket.gethostname()
    return [identity for identity in await fresh_pollers(client, queue) if identity.endswith(host)]


def _check_url(url: str) -> str | None:
    """What is wrong, or None."""
    try:
        # The image's own command names the URL.
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS):  # noqa: S310
            return None
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{url}: {error}"


async def _check() -> str | None:
    """What is wrong, or None."""
    queue = task_queue(DEFAULT_QUEUE)
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            config = ClientConfig.load_client_connect_config()
            config.setdefault("target_host", _DEFAULT_ADDRESS)
            client = await Client.connect(**config)
            pollers = await local_pollers(client, queue)
    except TimeoutError:
        return "the server did not answer in time"
    except (RPCError, RuntimeError, OSError, ValueError) as error:
        return f"the server cannot be asked: {type(error).__name__}: {error}"
    return None if pollers else f"no worker of this host polls task queue {queue!r}"


def main() -> NoReturn:
    """Exit with 0 if healthy, else with 1 and the reason on stderr."""
    problem = _check_url(sys.argv[1]) if len(sys.argv) > 1 else asyncio.run(_check())
    if problem is not None:
        print(problem, file=sys.stderr)
    leave(0 if problem is None else 1)


if __name__ == "__main__":
    main()
