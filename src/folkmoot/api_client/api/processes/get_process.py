"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.process_status import ProcessStatus
from ...types import Response


def _get_kwargs(
    kind: str,
    key: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/processes/{kind}/{key}".format(
            kind=quote(str(kind), safe=""),
            key=quote(str(key), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | ProcessStatus:
    if response.status_code == 200:
        response_200 = ProcessStatus.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | ProcessStatus]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    kind: str,
    key: str,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | ProcessStatus]:
    """Show a business process

     Where a process stands, and what came of it. What it asks people is in the inbox, as of any chat.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStatus]
    """

    kwargs = _get_kwargs(
        kind=kind,
        key=key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    kind: str,
    key: str,
    *,
    client: AuthenticatedClient,
) -> Problem | ProcessStatus | None:
    """Show a business process

     Where a process stands, and what came of it. What it asks people is in the inbox, as of any chat.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessStatus
    """

    return sync_detailed(
        kind=kind,
        key=key,
        client=client,
    ).parsed


async def asyncio_detailed(
    kind: str,
    key: str,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | ProcessStatus]:
    """Show a business process

     Where a process stands, and what came of it. What it asks people is in the inbox, as of any chat.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStatus]
    """

    kwargs = _get_kwargs(
        kind=kind,
        key=key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    kind: str,
    key: str,
    *,
    client: AuthenticatedClient,
) -> Problem | ProcessStatus | None:
    """Show a business process

     Where a process stands, and what came of it. What it asks people is in the inbox, as of any chat.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessStatus
    """

    return (
        await asyncio_detailed(
            kind=kind,
            key=key,
            client=client,
        )
    ).parsed
