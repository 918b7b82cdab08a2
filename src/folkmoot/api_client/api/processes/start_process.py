"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from ...client import AuthenticatedClient, Client
from ...models.json_object import JsonObject
from ...models.problem import Problem
from ...models.process_started import ProcessStarted
from ...types import UNSET, Response, Unset


def _get_kwargs(
    kind: str,
    *,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/processes/{kind}".format(
            kind=quote(str(kind), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | ProcessStarted:
    if response.status_code == 200:
        response_200 = ProcessStarted.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = ProcessStarted.from_dict(response.json())

        return response_201

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | ProcessStarted]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    kind: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProcessStarted]:
    """Start a business process

     Start the process of a request, or find the one that was started with the very same request.

    There is one process for a number. A request without one gets one of the Idempotency-Key.

    Args:
        kind (str): The process's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStarted]
    """

    kwargs = _get_kwargs(
        kind=kind,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    kind: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProcessStarted | None:
    """Start a business process

     Start the process of a request, or find the one that was started with the very same request.

    There is one process for a number. A request without one gets one of the Idempotency-Key.

    Args:
        kind (str): The process's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessStarted
    """

    return sync_detailed(
        kind=kind,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    kind: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProcessStarted]:
    """Start a business process

     Start the process of a request, or find the one that was started with the very same request.

    There is one process for a number. A request without one gets one of the Idempotency-Key.

    Args:
        kind (str): The process's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessStarted]
    """

    kwargs = _get_kwargs(
        kind=kind,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    kind: str,
    *,
    client: AuthenticatedClient,
    body: JsonObject,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProcessStarted | None:
    """Start a business process

     Start the process of a request, or find the one that was started with the very same request.

    There is one process for a number. A request without one gets one of the Idempotency-Key.

    Args:
        kind (str): The process's name.
        idempotency_key (None | str | Unset): A text of the caller's own. A request that is sent
            again with the same key, by the same caller to the same path, is carried out once and
            answered alike.
        body (JsonObject):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessStarted
    """

    return (
        await asyncio_detailed(
            kind=kind,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
