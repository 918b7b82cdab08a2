"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.chat_status import ChatStatus
from ...models.json_object import JsonObject
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    body: JsonObject,
    part: None | str | Unset = UNSET,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    json_part: None | str | Unset
    if isinstance(part, Unset):
        json_part = UNSET
    else:
        json_part = part
    params["part"] = json_part

    params["force"] = force

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/v1/chats/{id}/state".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
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
    body: JsonObject,
    part: None | str | Unset = UNSET,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatStatus | Problem]:
    """Load a state

     Take over a saved state, as a whole or not at all. What was stays readable, as a branch.

    A state says what was agreed to so far: so it takes the role `designer`.

    Args:
        id (str): The chat's id.
        part (None | str | Unset): Only this participant's, by its path, or this condition's:
            `termination`, `PATH/termination`.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatStatus | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        part=part,
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
    body: JsonObject,
    part: None | str | Unset = UNSET,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatStatus | Problem | None:
    """Load a state

     Take over a saved state, as a whole or not at all. What was stays readable, as a branch.

    A state says what was agreed to so far: so it takes the role `designer`.

    Args:
        id (str): The chat's id.
        part (None | str | Unset): Only this participant's, by its path, or this condition's:
            `termination`, `PATH/termination`.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

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
        part=part,
        force=force,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    part: None | str | Unset = UNSET,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[ChatStatus | Problem]:
    """Load a state

     Take over a saved state, as a whole or not at all. What was stays readable, as a branch.

    A state says what was agreed to so far: so it takes the role `designer`.

    Args:
        id (str): The chat's id.
        part (None | str | Unset): Only this participant's, by its path, or this condition's:
            `termination`, `PATH/termination`.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatStatus | Problem]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        part=part,
        force=force,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    part: None | str | Unset = UNSET,
    force: bool | Unset = False,
    idempotency_key: None | str | Unset = UNSET,
) -> ChatStatus | Problem | None:
    """Load a state

     Take over a saved state, as a whole or not at all. What was stays readable, as a branch.

    A state says what was agreed to so far: so it takes the role `designer`.

    Args:
        id (str): The chat's id.
        part (None | str | Unset): Only this participant's, by its path, or this condition's:
            `termination`, `PATH/termination`.
        force (bool | Unset): End a run that is under way first. Default: False.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

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
            part=part,
            force=force,
            idempotency_key=idempotency_key,
        )
    ).parsed
