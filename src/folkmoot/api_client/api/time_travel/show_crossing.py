"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.crossing import Crossing
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    offset: int | None | Unset = UNSET,
    turn: int | None | Unset = UNSET,
    label: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_offset: int | None | Unset
    if isinstance(offset, Unset):
        json_offset = UNSET
    else:
        json_offset = offset
    params["offset"] = json_offset

    json_turn: int | None | Unset
    if isinstance(turn, Unset):
        json_turn = UNSET
    else:
        json_turn = turn
    params["turn"] = json_turn

    json_label: None | str | Unset
    if isinstance(label, Unset):
        json_label = UNSET
    else:
        json_label = label
    params["label"] = json_label

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/chats/{id}/crossing".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Crossing | Problem:
    if response.status_code == 200:
        response_200 = Crossing.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Crossing | Problem]:
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
    offset: int | None | Unset = UNSET,
    turn: int | None | Unset = UNSET,
    label: None | str | Unset = UNSET,
) -> Response[Crossing | Problem]:
    """Show what a rollback would cross

     The calls of tools with side effects that a rollback to a snapshot would cross.

    Args:
        id (str): The chat's id.
        offset (int | None | Unset): The snapshot at this offset.
        turn (int | None | Unset): The snapshot after this turn of the present branch.
        label (None | str | Unset): The snapshot of this name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Crossing | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        offset=offset,
        turn=turn,
        label=label,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    offset: int | None | Unset = UNSET,
    turn: int | None | Unset = UNSET,
    label: None | str | Unset = UNSET,
) -> Crossing | Problem | None:
    """Show what a rollback would cross

     The calls of tools with side effects that a rollback to a snapshot would cross.

    Args:
        id (str): The chat's id.
        offset (int | None | Unset): The snapshot at this offset.
        turn (int | None | Unset): The snapshot after this turn of the present branch.
        label (None | str | Unset): The snapshot of this name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Crossing | Problem
    """

    return sync_detailed(
        id=id,
        client=client,
        offset=offset,
        turn=turn,
        label=label,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    offset: int | None | Unset = UNSET,
    turn: int | None | Unset = UNSET,
    label: None | str | Unset = UNSET,
) -> Response[Crossing | Problem]:
    """Show what a rollback would cross

     The calls of tools with side effects that a rollback to a snapshot would cross.

    Args:
        id (str): The chat's id.
        offset (int | None | Unset): The snapshot at this offset.
        turn (int | None | Unset): The snapshot after this turn of the present branch.
        label (None | str | Unset): The snapshot of this name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Crossing | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        offset=offset,
        turn=turn,
        label=label,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    offset: int | None | Unset = UNSET,
    turn: int | None | Unset = UNSET,
    label: None | str | Unset = UNSET,
) -> Crossing | Problem | None:
    """Show what a rollback would cross

     The calls of tools with side effects that a rollback to a snapshot would cross.

    Args:
        id (str): The chat's id.
        offset (int | None | Unset): The snapshot at this offset.
        turn (int | None | Unset): The snapshot after this turn of the present branch.
        label (None | str | Unset): The snapshot of this name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Crossing | Problem
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            offset=offset,
            turn=turn,
            label=label,
        )
    ).parsed
