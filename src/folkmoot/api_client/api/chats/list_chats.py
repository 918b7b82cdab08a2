"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

import datetime
from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.chat_page import ChatPage
from ...models.chat_state import ChatState
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: ChatState | None | Unset = UNSET,
    team: None | str | Unset = UNSET,
    waiting_for: None | str | Unset = UNSET,
    prefix: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    tenant: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: None | str | Unset
    if isinstance(status, Unset):
        json_status = UNSET
    elif isinstance(status, ChatState):
        json_status = status.value
    else:
        json_status = status
    params["status"] = json_status

    json_team: None | str | Unset
    if isinstance(team, Unset):
        json_team = UNSET
    else:
        json_team = team
    params["team"] = json_team

    json_waiting_for: None | str | Unset
    if isinstance(waiting_for, Unset):
        json_waiting_for = UNSET
    else:
        json_waiting_for = waiting_for
    params["waiting_for"] = json_waiting_for

    json_prefix: None | str | Unset
    if isinstance(prefix, Unset):
        json_prefix = UNSET
    else:
        json_prefix = prefix
    params["prefix"] = json_prefix

    json_due_before: None | str | Unset
    if isinstance(due_before, Unset):
        json_due_before = UNSET
    elif isinstance(due_before, datetime.datetime):
        json_due_before = due_before.isoformat()
    else:
        json_due_before = due_before
    params["due_before"] = json_due_before

    json_tenant: None | str | Unset
    if isinstance(tenant, Unset):
        json_tenant = UNSET
    else:
        json_tenant = tenant
    params["tenant"] = json_tenant

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/chats",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ChatPage | Problem:
    if response.status_code == 200:
        response_200 = ChatPage.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ChatPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: ChatState | None | Unset = UNSET,
    team: None | str | Unset = UNSET,
    waiting_for: None | str | Unset = UNSET,
    prefix: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    tenant: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[ChatPage | Problem]:
    """List chats

     Chats, newest first, in pages. The list follows the chats within a second or so and asks no worker.

    Args:
        status (ChatState | None | Unset): Only of this status.
        team (None | str | Unset): Only of the team of this name.
        waiting_for (None | str | Unset): Only what waits for this, e.g. `approval:role:finance`.
        prefix (None | str | Unset): Only ids that begin with this.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        tenant (None | str | Unset): Only of this tenant; for who sees more than one.
        limit (int | Unset): At most so many on the page. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        team=team,
        waiting_for=waiting_for,
        prefix=prefix,
        due_before=due_before,
        tenant=tenant,
        limit=limit,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    status: ChatState | None | Unset = UNSET,
    team: None | str | Unset = UNSET,
    waiting_for: None | str | Unset = UNSET,
    prefix: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    tenant: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> ChatPage | Problem | None:
    """List chats

     Chats, newest first, in pages. The list follows the chats within a second or so and asks no worker.

    Args:
        status (ChatState | None | Unset): Only of this status.
        team (None | str | Unset): Only of the team of this name.
        waiting_for (None | str | Unset): Only what waits for this, e.g. `approval:role:finance`.
        prefix (None | str | Unset): Only ids that begin with this.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        tenant (None | str | Unset): Only of this tenant; for who sees more than one.
        limit (int | Unset): At most so many on the page. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatPage | Problem
    """

    return sync_detailed(
        client=client,
        status=status,
        team=team,
        waiting_for=waiting_for,
        prefix=prefix,
        due_before=due_before,
        tenant=tenant,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    status: ChatState | None | Unset = UNSET,
    team: None | str | Unset = UNSET,
    waiting_for: None | str | Unset = UNSET,
    prefix: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    tenant: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[ChatPage | Problem]:
    """List chats

     Chats, newest first, in pages. The list follows the chats within a second or so and asks no worker.

    Args:
        status (ChatState | None | Unset): Only of this status.
        team (None | str | Unset): Only of the team of this name.
        waiting_for (None | str | Unset): Only what waits for this, e.g. `approval:role:finance`.
        prefix (None | str | Unset): Only ids that begin with this.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        tenant (None | str | Unset): Only of this tenant; for who sees more than one.
        limit (int | Unset): At most so many on the page. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        team=team,
        waiting_for=waiting_for,
        prefix=prefix,
        due_before=due_before,
        tenant=tenant,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    status: ChatState | None | Unset = UNSET,
    team: None | str | Unset = UNSET,
    waiting_for: None | str | Unset = UNSET,
    prefix: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    tenant: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> ChatPage | Problem | None:
    """List chats

     Chats, newest first, in pages. The list follows the chats within a second or so and asks no worker.

    Args:
        status (ChatState | None | Unset): Only of this status.
        team (None | str | Unset): Only of the team of this name.
        waiting_for (None | str | Unset): Only what waits for this, e.g. `approval:role:finance`.
        prefix (None | str | Unset): Only ids that begin with this.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        tenant (None | str | Unset): Only of this tenant; for who sees more than one.
        limit (int | Unset): At most so many on the page. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            status=status,
            team=team,
            waiting_for=waiting_for,
            prefix=prefix,
            due_before=due_before,
            tenant=tenant,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
