"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

import datetime
from http import HTTPStatus
from typing import Any

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.inbox import Inbox
from ...models.problem import Problem
from ...models.whose import Whose
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    whose: Whose | Unset = UNSET,
    role: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    overdue: bool | Unset = False,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_whose: str | Unset = UNSET
    if not isinstance(whose, Unset):
        json_whose = whose.value

    params["whose"] = json_whose

    json_role: None | str | Unset
    if isinstance(role, Unset):
        json_role = UNSET
    else:
        json_role = role
    params["role"] = json_role

    json_due_before: None | str | Unset
    if isinstance(due_before, Unset):
        json_due_before = UNSET
    elif isinstance(due_before, datetime.datetime):
        json_due_before = due_before.isoformat()
    else:
        json_due_before = due_before
    params["due_before"] = json_due_before

    params["overdue"] = overdue

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
        "url": "/v1/inbox",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Inbox | Problem:
    if response.status_code == 200:
        response_200 = Inbox.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Inbox | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    whose: Whose | Unset = UNSET,
    role: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    overdue: bool | Unset = False,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[Inbox | Problem]:
    """Show what people are asked

     What people are asked over all chats of the tenant, in pages; within one, the earliest deadline
    first.

    Args:
        whose (Whose | Unset): Whose requests.
        role (None | str | Unset): What this role may decide; wins over `whose`.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        overdue (bool | Unset): Only those whose deadline is over. Default: False.
        limit (int | Unset): At most so many chats are looked into. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Inbox | Problem]
    """

    kwargs = _get_kwargs(
        whose=whose,
        role=role,
        due_before=due_before,
        overdue=overdue,
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
    whose: Whose | Unset = UNSET,
    role: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    overdue: bool | Unset = False,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Inbox | Problem | None:
    """Show what people are asked

     What people are asked over all chats of the tenant, in pages; within one, the earliest deadline
    first.

    Args:
        whose (Whose | Unset): Whose requests.
        role (None | str | Unset): What this role may decide; wins over `whose`.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        overdue (bool | Unset): Only those whose deadline is over. Default: False.
        limit (int | Unset): At most so many chats are looked into. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Inbox | Problem
    """

    return sync_detailed(
        client=client,
        whose=whose,
        role=role,
        due_before=due_before,
        overdue=overdue,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    whose: Whose | Unset = UNSET,
    role: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    overdue: bool | Unset = False,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[Inbox | Problem]:
    """Show what people are asked

     What people are asked over all chats of the tenant, in pages; within one, the earliest deadline
    first.

    Args:
        whose (Whose | Unset): Whose requests.
        role (None | str | Unset): What this role may decide; wins over `whose`.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        overdue (bool | Unset): Only those whose deadline is over. Default: False.
        limit (int | Unset): At most so many chats are looked into. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Inbox | Problem]
    """

    kwargs = _get_kwargs(
        whose=whose,
        role=role,
        due_before=due_before,
        overdue=overdue,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    whose: Whose | Unset = UNSET,
    role: None | str | Unset = UNSET,
    due_before: datetime.datetime | None | Unset = UNSET,
    overdue: bool | Unset = False,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Inbox | Problem | None:
    """Show what people are asked

     What people are asked over all chats of the tenant, in pages; within one, the earliest deadline
    first.

    Args:
        whose (Whose | Unset): Whose requests.
        role (None | str | Unset): What this role may decide; wins over `whose`.
        due_before (datetime.datetime | None | Unset): Only with a deadline before this time;
            without an offset it is UTC.
        overdue (bool | Unset): Only those whose deadline is over. Default: False.
        limit (int | Unset): At most so many chats are looked into. Default: 50.
        cursor (None | str | Unset): `next` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Inbox | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            whose=whose,
            role=role,
            due_before=due_before,
            overdue=overdue,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
