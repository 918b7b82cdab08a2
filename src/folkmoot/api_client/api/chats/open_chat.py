"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.chat_opened import ChatOpened
from ...models.open_chat import OpenChat
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: OpenChat,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/chats",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ChatOpened | Problem:
    if response.status_code == 200:
        response_200 = ChatOpened.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = ChatOpened.from_dict(response.json())

        return response_201

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ChatOpened | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: OpenChat,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatOpened | Problem]:
    """Open a chat

     Open a chat, or find the one of that id and team that lives; with a task, start a run in it.

    A spec in place of a team's name, and a state or messages to begin with, take the role `designer`.
    Names of models,
    tools and functions in a spec are those that the workers have registered.

    Args:
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OpenChat): A chat to open, or to find where it lives already.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatOpened | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: OpenChat,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatOpened | Problem | None:
    """Open a chat

     Open a chat, or find the one of that id and team that lives; with a task, start a run in it.

    A spec in place of a team's name, and a state or messages to begin with, take the role `designer`.
    Names of models,
    tools and functions in a spec are those that the workers have registered.

    Args:
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OpenChat): A chat to open, or to find where it lives already.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatOpened | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: OpenChat,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatOpened | Problem]:
    """Open a chat

     Open a chat, or find the one of that id and team that lives; with a task, start a run in it.

    A spec in place of a team's name, and a state or messages to begin with, take the role `designer`.
    Names of models,
    tools and functions in a spec are those that the workers have registered.

    Args:
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OpenChat): A chat to open, or to find where it lives already.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatOpened | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: OpenChat,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatOpened | Problem | None:
    """Open a chat

     Open a chat, or find the one of that id and team that lives; with a task, start a run in it.

    A spec in place of a team's name, and a state or messages to begin with, take the role `designer`.
    Names of models,
    tools and functions in a spec are those that the workers have registered.

    Args:
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OpenChat): A chat to open, or to find where it lives already.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatOpened | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
