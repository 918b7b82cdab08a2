"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.change_team import ChangeTeam
from ...models.chat_status import ChatStatus
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    body: ChangeTeam,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/chats/{id}/change".format(
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ChatStatus | Problem:
    if response.status_code == 200:
        response_200 = ChatStatus.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ChatStatus | Problem]:
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
    body: ChangeTeam,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatStatus | Problem]:
    """Change a chat's team

     Make the chat one of another team: participants come, go and are replaced, options and policies
    change.

    Args:
        id (str): The chat's id.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (ChangeTeam): The team from now on.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatStatus | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeTeam,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatStatus | Problem | None:
    """Change a chat's team

     Make the chat one of another team: participants come, go and are replaced, options and policies
    change.

    Args:
        id (str): The chat's id.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (ChangeTeam): The team from now on.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatStatus | Problem
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeTeam,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatStatus | Problem]:
    """Change a chat's team

     Make the chat one of another team: participants come, go and are replaced, options and policies
    change.

    Args:
        id (str): The chat's id.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (ChangeTeam): The team from now on.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatStatus | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeTeam,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatStatus | Problem | None:
    """Change a chat's team

     Make the chat one of another team: participants come, go and are replaced, options and policies
    change.

    Args:
        id (str): The chat's id.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (ChangeTeam): The team from now on.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatStatus | Problem
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
