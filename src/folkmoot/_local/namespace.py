"""Making a namespace ready for chats: it exists, and it has the search attributes chats write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import ServerUnavailableError

__all__ = [
    "RETENTION",
    "Prepared",
    "ensure_namespace",
    "prepare_namespace",
    "register_search_attributes",
    "retention_of",
    "search_attributes_of",
]

RETENTION = timedelta(days=7)
"""How long a closed chat's history is kept in a namespace made here."""

_REFRESH_SECONDS = 30.0
_POLL_SECONDS = 0.1

_TYPES: dict[str, IndexedValueType.ValueType] = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


_NAMES = {kind: name for name, kind in _TYPES.items()}


@dataclass(frozen=True)
class Prepared:
    """What was done to a namespace.

    Attributes:
        made: It was not there.
        retention: How long a closed chat's history is kept in it.
        changed: That time was another one before.
        added: The search attributes that were not there.
    """

    made: bool
    retention: timedelta
    changed: bool
    added: list[str]


async def prepare_namespace(
    client: Client, attributes: Mapping[str, str], retention: timedelta | None = None
) -> Prepared:
    """Make the client's namespace ready for chats, as far as it is not.

    Args:
        client: A client of the namespace.
        attributes: Name and type of each search attribute it needs.
        retention: How long a closed chat's history is to be kept; None: as it is, in a new namespace `RETENTION`.

    Raises:
        ServerUnavailableError: See `register_search_attributes`.
        RPCError: The server does not answer, or refuses.
    """
    made = await ensure_namespace(client, retention or RETENTION)
    before = await retention_of(client)
    after = retention or before
    if after != before:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=client.namespace,
                config=NamespaceConfig(workflow_execution_retention_ttl=_duration(after)),
            )
        )
    return Prepared(made, after, after != before, await register_search_attributes(client, attributes))


async def retention_of(client: Client) -> timedelta:
    """How long a closed chat's history is kept in the client's namespace.

    Raises:
        RPCError: There is no such namespace, or it may not be asked for.
    """
    told = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return told.config.workflow_execution_retention_ttl.ToTimedelta()


async def ensure_namespace(client: Client, retention: timedelta = RETENTION) -> bool:
    """Register the client's namespace if the server does not have it.

    Returns:
        Whether it was not there.
    """
    try:
        await retention_of(client)
        return False
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=_duration(retention)
    )
    made = True
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:  # another process was first
            raise
        made = False
    await _until_known(client)
    return made


def _duration(time: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(time)
    return duration


async def _until_known(client: Client) -> None:
    """Wait for the server's cache of namespaces, which is refreshed every few seconds, to have a new one."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    deadline = asyncio.get_running_loop().time() + _REFRESH_SECONDS
    while True:
        try:
            await client.operator_service.list_search_attributes(request)
            return
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(_POLL_SECONDS)


async def search_attributes_of(client: Client) -> dict[str, str]:
    """Name and type of the custom search attributes of the client's namespace.

    Raises:
        RPCError: There is no such namespace, or it may not be asked for.
    """
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return {name: _NAMES.get(kind, str(kind)) for name, kind in listed.custom_attributes.items()}


async def register_search_attributes(client: Client, attributes: Mapping[str, str]) -> list[str]:
    """Register those search attributes that the client's namespace lacks.

    A workflow that writes an attribute its namespace does not know is stuck, so workers and clients call this
    before the first chat. It costs one request where nothing is missing.

    Args:
        client: A client of the namespace.
        attributes: Name and type of each, by Temporal's names of types: `Keyword`, `KeywordList`, `Int`, ...

    Returns:
        The names that were added.

    Raises:
        ValueError: A type is not one of Temporal's.
        ServerUnavailableError: An attribute exists with another type, or the server does not let us list or
            add them (Temporal Cloud: an administrator adds them); the text says how.
    """
    wanted = {name: _type(name, kind) for name, kind in attributes.items()}
    try:
        present = await search_attributes_of(client)
        _check_types(present, attributes)
        missing = {name: kind for name, kind in wanted.items() if name not in present}
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
    except RPCError as error:
        if error.status == RPCStatusCode.ALREADY_EXISTS:  # another process was first
            return []
        create = f"  temporal operator search-attribute create --namespace {client.namespace}"
        commands = "\n".join(f"{create} --name {name} --type {kind}" for name, kind in attributes.items())
        raise ServerUnavailableError(
            f"The search attributes of namespace {client.namespace!r} could not be registered "
            f"({error.message}). Who administers it can:\n{commands}"
        ) from error
    return list(missing)


def _type(name: str, kind: str) -> IndexedValueType.ValueType:
    if kind not in _TYPES:
        raise ValueError(f"Search attribute {name!r} has type {kind!r}; expected one of {', '.join(_TYPES)}.")
    return _TYPES[kind]


def _check_types(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for name, kind in wanted.items():
        if present.get(name, kind) != kind:
            raise ServerUnavailableError(
                f"Search attribute {name!r} has type {present[name]} on the server; expected {kind}. "
                "Use another namespace, or remove it there."
            )
