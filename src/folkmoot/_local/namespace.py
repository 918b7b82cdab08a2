"""Making a namespace ready for chats: it exists, and it has the search attributes chats write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from folkmoot.errors import ServerUnavailableError

__all__ = ["ensure_namespace", "register_search_attributes"]

_RETENTION = timedelta(days=7)
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


async def ensure_namespace(client: Client) -> None:
    """Register the client's namespace if the server does not have it."""
    service = client.workflow_service
    try:
        await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        return
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
    retention = Duration()
    retention.FromTimedelta(_RETENTION)
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
    try:
        await service.register_namespace(request)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:  # another process was first
            raise
    await _until_known(client)


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
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
        _check_types(listed.custom_attributes, wanted, attributes)
        missing = {name: kind for name, kind in wanted.items() if name not in listed.custom_attributes}
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


def _check_types(
    present: Mapping[str, IndexedValueType.ValueType],
    wanted: Mapping[str, IndexedValueType.ValueType],
    names: Mapping[str, str],
) -> None:
    for name, kind in wanted.items():
        if name in present and present[name] != kind:
            other = IndexedValueType.Name(present[name]).removeprefix("INDEXED_VALUE_TYPE_")
            raise ServerUnavailableError(
                f"Search attribute {name!r} has type {other} on the server; expected {names[name]}. "
                "Use another namespace, or remove it there."
            )
