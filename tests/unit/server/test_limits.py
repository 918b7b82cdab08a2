"""Sizes are refused before they are read, and each caller may ask so often and no oftener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request

from folkmoot.server.guards import guard
from folkmoot.server.identity import Identity, Permission, require
from folkmoot.server.limits import parse_rate
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey, issue

KEY = TokenKey(b"a key of more than thirty-two bytes")


def application(**settings: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/who")
    async def who(identity: Annotated[Identity, Depends(require(Permission.READ))]) -> str:
        return identity.subject

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def parsed(body: dict[str, Any]) -> int:
        return len(body)

    @app.get("/healthz")
    async def health() -> str:
        return "ok"

    guard(app, Settings(token_keys=(KEY,), **settings))
    return app


def client(app: FastAPI, subject: str | None = "alice", tenant: str = "", address: str = "10.0.0.1") -> Any:
    token = issue((KEY,), subject, roles=["viewer"], tenant=tenant) if subject else None
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, client=(address, 1)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


class Parts:
    """A body without a length, and how much of it was taken."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    async def __call__(self) -> AsyncIterator[bytes]:
        for _ in range(self.number):
            self.taken += 1
            yield b"x" * 500


@pytest.mark.parametrize("path", ["/size", "/json"])
async def test_a_body_too_large_by_its_header(path: str) -> None:
    async with client(application(max_body=1024)) as http:
        response = await http.post(path, content=b"x" * 1025)
    assert (response.status_code, response.json()["code"]) == (413, "PayloadTooLargeError")
    assert response.json()["detail"] == "The request has 1,025 bytes; at most 1,024 are allowed."
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/size", "/json"])
async def test_a_body_without_a_length_is_not_read_to_its_end(path: str) -> None:
    parts = Parts(1000)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        parts.taken += 1
        return {"type": "http.request", "body": b"x" * 500, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
        "client": ("10.0.0.1", 1),
        "server": ("test", 80),
    }
    await application(max_body=1024)(scope, receive, send)
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [413]
    assert parts.taken == 3 + 9  # some are dropped, so that the caller reads the answer
    assert sent[1]["more_body"]  # which was given before that


async def test_a_length_that_lies_is_found_out() -> None:
    async with client(application(max_body=1024)) as http:
        response = await http.post("/size", content=Parts(10)(), headers={"content-length": "5"})
    assert response.status_code == 413


async def test_a_caller_that_sends_no_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("folkmoot.server.limits._DROP_SECONDS", 0.01)

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 2000
        await asyncio.Event().wait()

    async with client(application(max_body=1024)) as http:
        assert (await http.post("/size", content=parts())).status_code == 413


async def test_a_body_of_the_limit_is_taken() -> None:
    async with client(application(max_body=1024)) as http:
        assert (await http.post("/size", content=b"x" * 1024)).json() == 1024
        assert (await http.post("/size", content=Parts(2)())).json() == 1000


async def test_each_identity_may_ask_so_often() -> None:
    app = application(rate_limit="3/hour")
    async with client(app) as alice, client(app, "bob") as bob, client(app, "alice", "acme") as other:
        codes = [(await alice.get("/who")).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        assert (await bob.get("/who")).status_code == 200
        assert (await other.get("/who")).status_code == 200  # an alice of another tenant is somebody else


async def test_what_is_left_is_told() -> None:
    async with client(application(rate_limit="2/hour")) as http:
        first, second, third = [await http.get("/who") for _ in range(3)]
    assert first.headers["ratelimit-policy"] == '"default";q=2;w=3600'
    assert first.headers["ratelimit"].startswith('"default";r=1;t=')
    assert second.headers["ratelimit"].startswith('"default";r=0;t=')
    assert third.headers["ratelimit"].startswith('"default";r=0;t=')
    assert third.json()["code"] == "RateLimitedError"
    assert 1 <= int(third.headers["retry-after"]) <= 3600


async def test_who_did_not_say_who_they_are_is_counted_by_address() -> None:
    app = application(anonymous_rate_limit="2/hour")
    async with client(app, None) as one, client(app, None, address="10.0.0.2") as two, client(app) as alice:
        assert [(await one.get("/who")).status_code for _ in range(3)] == [401, 401, 429]
        one.headers["Authorization"] = "Bearer forged"  # guessing is limited as well
        assert (await one.get("/who")).status_code == 429
        assert (await two.get("/who")).status_code == 401
        assert (await alice.get("/who")).status_code == 200


async def test_the_addresses_of_one_ipv6_network_are_one_caller() -> None:
    app = application(anonymous_rate_limit="1/hour")
    codes: list[int] = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "no address"):
        async with client(app, None, address=address) as http:
            codes.append((await http.get("/who")).status_code)
    assert codes == [401, 429, 401, 401]


async def test_health_is_not_counted() -> None:
    async with client(application(anonymous_rate_limit="1/hour"), None) as http:
        answers = [await http.get("/healthz") for _ in range(5)]
    assert {response.status_code for response in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_no_limit() -> None:
    async with client(application(rate_limit="none", anonymous_rate_limit="none")) as http:
        answers = [await http.get("/who") for _ in range(20)]
    assert {response.status_code for response in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_one_of_the_limits_alone() -> None:
    app = application(rate_limit="none", anonymous_rate_limit="1/hour")
    async with client(app) as alice, client(app, None) as nobody:
        assert [(await alice.get("/who")).status_code for _ in range(3)] == [200] * 3
        assert [(await nobody.get("/who")).status_code for _ in range(2)] == [401, 429]


@pytest.mark.parametrize("text", ["", "many", "0/minute", "10", "10/fortnight"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r}"):
        parse_rate(text)
