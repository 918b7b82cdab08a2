"""Who may tell `folkmoot serve` how a request was made and by whom: proxies that are named, and nobody else."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from folkmoot.cli.api import server_of
from folkmoot.server.guards import guard
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey

KEY = TokenKey(b"a key of more than thirty-two bytes")
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


def client(address: str, *trusted: str, **settings: Any) -> httpx2.AsyncClient:
    """One that asks from an address what the server's own application is, with the proxies that it trusts."""
    app = FastAPI()

    @app.get("/healthz")
    async def seen(request: Request) -> list[str]:
        assert request.client is not None
        return [request.url.scheme, request.client.host]

    told = {"trusted_proxies": trusted} if trusted else {}
    found = Settings(token_keys=(KEY,), **told, **settings)
    guard(app, found)
    config = server_of(app, found.trusted_proxies, 1).config
    config.load()
    served: Any = config.loaded_app
    transport = httpx2.ASGITransport(app=served, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=FORWARDED)


@pytest.mark.parametrize(
    ("address", "trusted", "believed"),
    [
        ("127.0.0.1", (), True),
        ("::1", (), True),
        ("172.18.0.1", (), False),
        ("172.18.0.1", ("172.18.0.1",), True),
        ("172.18.0.1", ("10.0.0.2", "172.16.0.0/12"), True),
        ("172.18.0.1", ("10.0.0.0/8",), False),
        ("127.0.0.1", ("10.0.0.0/8",), False),
        ("172.18.0.1", ("*",), True),
        ("172.18.0.1", ("10.0.0.2", "*"), True),
    ],
)
async def test_scheme_and_client_are_those_that_a_trusted_proxy_tells(
    address: str, trusted: tuple[str, ...], believed: bool
) -> None:
    async with client(address, *trusted) as http:
        expected = ["https", "203.0.113.7"] if believed else ["http", address]
        assert (await http.get("/healthz")).json() == expected


async def test_an_address_that_the_client_told_the_proxy_does_not_count() -> None:
    async with client("172.18.0.1", "172.16.0.0/12") as http:
        answer = await http.get("/healthz", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7, 172.18.0.9"})
        assert answer.json() == ["https", "203.0.113.7"]


async def test_who_does_not_say_who_it_is_is_counted_by_the_address_behind_the_proxy() -> None:
    async def asked(http: httpx2.AsyncClient, address: str) -> int:
        return (await http.get("/v1/nothing", headers={"X-Forwarded-For": address})).status_code

    async with client("172.18.0.1", "172.18.0.1", anonymous_rate_limit="1/hour") as http:
        first, again, other = [await asked(http, address) for address in ("203.0.113.7", "203.0.113.7", "203.0.113.8")]
        assert (again, first) == (429, other)
        assert other != 429
