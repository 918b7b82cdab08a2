"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.old_messages import OldMessages
from ...models.problem import Problem
from ...models.resumed import Resumed
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    body: OldMessages,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    params["force"] = force

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/v1/chats/{id}/messages".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Resumed:
    if response.status_code == 200:
        response_200 = Resumed.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Resumed]:
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
    body: OldMessages,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | Resumed]:
    """Go on from old messages

     Go on from old messages in place of what was said, which stays readable, as a branch (AutoGen 0.2:
    `resume`).

    Each is heard by everyone but its speaker; a run without a task goes on with whoever is next. A tool
    call without a
    result at the end is made by that run. They say who said what: so this takes the role `designer`.

    Args:
        id (str): The chat's id.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OldMessages): Old messages to go on from, and how they are to be read.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Resumed]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        force=force,
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
    body: OldMessages,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | Resumed | None:
    """Go on from old messages

     Go on from old messages in place of what was said, which stays readable, as a branch (AutoGen 0.2:
    `resume`).

    Each is heard by everyone but its speaker; a run without a task goes on with whoever is next. A tool
    call without a
    result at the end is made by that run. They say who said what: so this takes the role `designer`.

    Args:
        id (str): The chat's id.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OldMessages): Old messages to go on from, and how they are to be read.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Resumed
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
        force=force,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: OldMessages,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | Resumed]:
    """Go on from old messages

     Go on from old messages in place of what was said, which stays readable, as a branch (AutoGen 0.2:
    `resume`).

    Each is heard by everyone but its speaker; a run without a task goes on with whoever is next. A tool
    call without a
    result at the end is made by that run. They say who said what: so this takes the role `designer`.

    Args:
        id (str): The chat's id.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OldMessages): Old messages to go on from, and how they are to be read.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Resumed]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        force=force,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: OldMessages,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | Resumed | None:
    """Go on from old messages

     Go on from old messages in place of what was said, which stays readable, as a branch (AutoGen 0.2:
    `resume`).

    Each is heard by everyone but its speaker; a run without a task goes on with whoever is next. A tool
    call without a
    result at the end is made by that run. They say who said what: so this takes the role `designer`.

    Args:
        id (str): The chat's id.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (OldMessages): Old messages to go on from, and how they are to be read.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Resumed
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
            force=force,
            idempotency_key=idempotency_key,
        )
    ).parsed
