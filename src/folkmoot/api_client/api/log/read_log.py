"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.log_page import LogPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    after: int | Unset = -1,
    limit: int | Unset = 100,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/chats/{id}/log".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> LogPage | Problem:
    if response.status_code == 200:
        response_200 = LogPage.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[LogPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    after: int | Unset = -1,
    limit: int | Unset = 100,
) -> Response[LogPage | Problem]:
    """Read a chat's log

     A page of the log, oldest first. Offsets stay what they are whatever happens to the chat.

    Args:
        id (str): The chat's id.
        after (int | Unset): Offset of the last entry already known; -1: from the beginning.
            Default: -1.
        limit (int | Unset): At most so many entries. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[LogPage | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        after=after,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    after: int | Unset = -1,
    limit: int | Unset = 100,
) -> LogPage | Problem | None:
    """Read a chat's log

     A page of the log, oldest first. Offsets stay what they are whatever happens to the chat.

    Args:
        id (str): The chat's id.
        after (int | Unset): Offset of the last entry already known; -1: from the beginning.
            Default: -1.
        limit (int | Unset): At most so many entries. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        LogPage | Problem
    """

    return sync_detailed(
        id=id,
        client=client,
        after=after,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    after: int | Unset = -1,
    limit: int | Unset = 100,
) -> Response[LogPage | Problem]:
    """Read a chat's log

     A page of the log, oldest first. Offsets stay what they are whatever happens to the chat.

    Args:
        id (str): The chat's id.
        after (int | Unset): Offset of the last entry already known; -1: from the beginning.
            Default: -1.
        limit (int | Unset): At most so many entries. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[LogPage | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        after=after,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    after: int | Unset = -1,
    limit: int | Unset = 100,
) -> LogPage | Problem | None:
    """Read a chat's log

     A page of the log, oldest first. Offsets stay what they are whatever happens to the chat.

    Args:
        id (str): The chat's id.
        after (int | Unset): Offset of the last entry already known; -1: from the beginning.
            Default: -1.
        limit (int | Unset): At most so many entries. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        LogPage | Problem
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            after=after,
            limit=limit,
        )
    ).parsed
