"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.json_object import JsonObject
from ...models.problem import Problem
from ...models.process_status import ProcessStatus
from ...types import UNSET, Response, Unset


def _get_kwargs(
    kind: str,
    key: str,
    signal: str,
    *,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/processes/{kind}/{key}/signals/{signal}".format(
            kind=quote(str(kind), safe=""),
            key=quote(str(key), safe=""),
            signal=quote(str(signal), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    signal: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProcessStatus]:
    """Signal a business process

     Tell a process something. What it makes of it, it tells by its state, maybe later than this answer.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.
        signal (str): The signal's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStatus]
    """

    kwargs = _get_kwargs(
        kind=kind,
        key=key,
        signal=signal,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    kind: str,
    key: str,
    signal: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProcessStatus | None:
    """Signal a business process

     Tell a process something. What it makes of it, it tells by its state, maybe later than this answer.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.
        signal (str): The signal's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessStatus
    """

    return sync_detailed(
        kind=kind,
        key=key,
        signal=signal,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    kind: str,
    key: str,
    signal: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProcessStatus]:
    """Signal a business process

     Tell a process something. What it makes of it, it tells by its state, maybe later than this answer.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.
        signal (str): The signal's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStatus]
    """

    kwargs = _get_kwargs(
        kind=kind,
        key=key,
        signal=signal,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    kind: str,
    key: str,
    signal: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProcessStatus | None:
    """Signal a business process

     Tell a process something. What it makes of it, it tells by its state, maybe later than this answer.

    Args:
        kind (str): The process's name.
        key (str): Which one: the number of its request.
        signal (str): The signal's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

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
            signal=signal,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
