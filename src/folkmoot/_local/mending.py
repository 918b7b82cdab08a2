"""Noticing that the embedded server's database refuses everything, and having the server started anew.

The dev server has one SQLite connection. A client that gives up a request at the wrong moment, by a deadline or by
being killed, can leave that connection interrupted for good, by a fault of the server's SQLite driver: every request
that needs the database is then answered with `interrupted (9)` until the process ends. What was written is on disk,
if it was kept there at all.

Nobody polls for this: it is looked for when a server is adopted, and when a call has failed as it does then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, ClientConfig, Plugin
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

__all__ = ["MendingPlugin", "is_broken"]

Answer = TypeVar("Answer", bound=Message)
Mend = Callable[[], Awaitable[bool]]
"""Looks at the server and starts it anew if it is broken; whether it is worth asking it again."""

_REFUSED = "interrupted (9)"
"""SQLite's words for a statement that was interrupted."""
_READS = 5
_PAUSE_SECONDS = 0.1
_READ_TIMEOUT = timedelta(seconds=5)
_ANSWERS = frozenset(
    {
        RPCStatusCode.ALREADY_EXISTS,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.UNIMPLEMENTED,
    }
)
"""Failures that say what is wrong with the request: asking again would give the same."""
_LATE = frozenset({RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED})


async def is_broken(client: Client) -> bool:
    """Whether the server's database refuses to read, not once, which may pass, but again and again.

    Costs one request where all is well.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    for number in range(_READS):
        if number:
            await asyncio.sleep(_PAUSE_SECONDS)
        try:
            # Not answered from a cache: it reads the database.
            await client.workflow_service.describe_namespace(request, timeout=_READ_TIMEOUT)
        except RPCError as error:
            if _REFUSED not in error.message:
                return False
        else:
            return False
    return True


class MendingPlugin(Plugin):
    """Lets a client of an embedded server notice that it is broken; its calls then go on with the new one.

    Args:
        mend: Called when a call failed as it does with a broken server.
    """

    def __init__(self, mend: Mend) -> None:
        self._mend = mend

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """See `temporalio.client.Plugin`: nothing to change."""
        return config

    async def connect_service_client(
        self, config: ConnectConfig, next: Callable[[ConnectConfig], Awaitable[ServiceClient]]
    ) -> ServiceClient:
        """See `temporalio.client.Plugin`."""
        return _Mended(await next(config), self._mend)


class _Mended(ServiceClient):
    """Passes calls on. Workers use what is inside: their polls are the SDK's own and go on by themselves."""

    def __init__(self, inner: ServiceClient, mend: Mend) -> None:
        super().__init__(inner.config)
        self._inner = inner
        self._mend = mend

    @property
    def worker_service_client(self):
        """See `ServiceClient`."""
        return self._inner.worker_service_client

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        """See `ServiceClient`."""
        self._inner.update_rpc_metadata(metadata)

    def update_api_key(self, api_key: str | None) -> None:
        """See `ServiceClient`."""
        self._inner.update_api_key(api_key)

    async def _rpc_call(
        self,
        rpc: str,
        req: Message,
        resp_type: type[Answer],
        *,
        service: str,
        retry: bool,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,
    ) -> Answer:
        async def call(retry: bool) -> Answer:
            return await self._inner._rpc_call(
                rpc, req, resp_type, service=service, retry=retry, metadata=metadata, timeout=timeout
            )

        try:
            # The SDK's retries would keep quiet about a broken server for ten seconds.
            return await call(False)
        except RPCError as error:
            if _tells_of_trouble(error):
                if not await self._mend() and not retry:
                    raise
            elif not retry or error.status in _ANSWERS or (error.status in _LATE and timeout is not None):
                raise
        return await call(retry)


def _tells_of_trouble(error: RPCError) -> bool:
    """Whether a broken server, or one that is being started anew, fails calls this way."""
    if error.status == RPCStatusCode.NOT_FOUND:
        # What it says when it cannot read its namespaces.
        return error.message.startswith("Namespace ") and error.message.endswith(" is not found.")
    return error.status == RPCStatusCode.UNAVAILABLE
