"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.snapshot_with_state import SnapshotWithState
from ...types import Response


def _get_kwargs(
    id: str,
    offset: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/chats/{id}/snapshots/{offset}".format(
            id=quote(str(id), safe=""),
            offset=quote(str(offset), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | SnapshotWithState:
    if response.status_code == 200:
        response_200 = SnapshotWithState.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | SnapshotWithState]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    id: str,
    offset: int,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | SnapshotWithState]:
    """Show a snapshot

     A snapshot and the folded state there.

    Args:
        id (str): The chat's id.
        offset (int): Its offset.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SnapshotWithState]
    """

    kwargs = _get_kwargs(
        id=id,
        offset=offset,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    offset: int,
    *,
    client: AuthenticatedClient,
) -> Problem | SnapshotWithState | None:
    """Show a snapshot

     A snapshot and the folded state there.

    Args:
        id (str): The chat's id.
        offset (int): Its offset.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SnapshotWithState
    """

    return sync_detailed(
        id=id,
        offset=offset,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    offset: int,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | SnapshotWithState]:
    """Show a snapshot

     A snapshot and the folded state there.

    Args:
        id (str): The chat's id.
        offset (int): Its offset.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SnapshotWithState]
    """

    kwargs = _get_kwargs(
        id=id,
        offset=offset,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    offset: int,
    *,
    client: AuthenticatedClient,
) -> Problem | SnapshotWithState | None:
    """Show a snapshot

     A snapshot and the folded state there.

    Args:
        id (str): The chat's id.
        offset (int): Its offset.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SnapshotWithState
    """

    return (
        await asyncio_detailed(
            id=id,
            offset=offset,
            client=client,
        )
    ).parsed
