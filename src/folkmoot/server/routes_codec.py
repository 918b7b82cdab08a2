"""Temporal's codec server: its Web UI and command line show what is encrypted to those who may see everything.

A payload tells neither its chat nor its tenant, and secrets in it are not masked: so it takes an admin of all tenants.
The Web UI sends the token of its own sign-in, where it has one of the same provider as the API. Where it has none, the
browser keeps a token of the API for it, in a cookie that no script can read and no other site can have sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import HTMLResponse
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client
from temporalio.converter import PayloadCodec

from folkmoot.encryption import EncryptionCodec
from folkmoot.errors import BadCommandError

from .identity import Identity, Permission, require
from .problems import refusing_bad_input
from .refusals import ForbiddenError

__all__ = ["mount_codec"]

PREFIX = "/codec"
COOKIE = "folkmoot_codec"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Plain text in Temporal's Web UI</title>
<style>:root { color-scheme: light dark; font: 1rem/1.5 system-ui } body { margin: 2rem auto; max-width: 40rem }</style>
<main><h1>Plain text in Temporal's Web UI</h1>
<p>With a token of an admin of all tenants, this browser shows there what is encrypted, until the token ends.</p>
<form><p><label>Token <input type="password" autocomplete="off" required></label>
<button>Sign in</button> <button type="button">Sign out</button></p></form><p role="status"></p></main>
<script>
const told = document.querySelector("[role=status]"), field = document.querySelector("input");
async function ask(method, headers) {
  const answer = await fetch("codec/session", {method, headers});
  const done = method == "POST" ? "Signed in." : "Signed out.";
  told.textContent = answer.ok ? done : (await answer.json()).detail;
  field.value = "";
}
document.querySelector("form").onsubmit = event => {
  event.preventDefault();
  ask("POST", {Authorization: `Bearer ${field.value.trim()}`});
};
document.querySelector("[type=button]").onclick = () => ask("DELETE", {});
</script></html>
"""


async def _seer(identity: Annotated[Identity, Depends(require(Permission.ADMINISTER))]) -> Identity:
    if not identity.all_tenants:
        raise ForbiddenError("This shows what all tenants say: it takes a token of --role admin with --all-tenants.")
    return identity


async def _client(request: Request, namespace: Annotated[str | None, Header(alias="X-Namespace")] = None) -> Client:
    client: Client = request.app.state.chats.moot.client
    if namespace is not None and namespace != client.namespace:
        raise ForbiddenError(f"This server is for namespace {client.namespace!r}, not {namespace!r}.")
    return client


Seer = Annotated[Identity, Depends(_seer)]
Connected = Annotated[Client, Depends(_client)]

# Not in the OpenAPI document: the protocol is Temporal's, and no client of ours calls it.
_router = APIRouter(prefix=PREFIX, include_in_schema=False)


@_router.post("/decode")
async def decode_payloads(request: Request, _: Seer, client: Connected) -> dict[str, Any]:
    """What encrypted payloads hold; others come back as they are."""
    with refusing_bad_input():
        return _told(await _codec(client).decode(_payloads(await request.body()).payloads))


@_router.post("/encode")
async def encode_payloads(request: Request, _: Seer, client: Connected) -> dict[str, Any]:
    """Payloads as workers take them, for what is started or signalled from there."""
    with refusing_bad_input():
        return _told(await _codec(client).encode(_payloads(await request.body()).payloads))


@_router.get("")
async def show_sign_in() -> HTMLResponse:
    """A page on which the browser is given a token."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": "frame-ancestors 'none'"})


@_router.post("/session", status_code=204)
async def sign_in(request: Request, identity: Seer) -> Response:
    """Have the browser keep the request's token for the Web UI."""
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    left = None if identity.expires is None else int((identity.expires - datetime.now(UTC)).total_seconds())
    response = Response(status_code=204)
    if token:
        _keep(request, response, token, left)
    return response


@_router.delete("/session", status_code=204)
async def sign_out(request: Request) -> Response:
    """Have the browser forget it."""
    response = Response(status_code=204)
    _keep(request, response, "", 0)
    return response


def mount_codec(app: FastAPI, client: Client, origins: tuple[str, ...]) -> None:
    """Add the routes, if the client's payloads are encrypted. To be called after everything else is in place.

    Args:
        app: The application.
        client: The client whose codec is served.
        origins: Origins of the Web UI's pages.
    """
    codec = client.data_converter.payload_codec
    if codec is None or (isinstance(codec, EncryptionCodec) and codec.keys is None):
        return
    app.include_router(_router)
    app.add_middleware(_Door, origins=origins)


class _Door:
    """ASGI middleware: the routes' own CORS, with cookies; and a cookie's token as one of the request."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self.app = app
        self.codec = CORSMiddleware(
            self._entered,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Authorization-Extras", "Caller-Type", "Content-Type", "X-Namespace"],
            allow_credentials=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        ours = scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/")
        await (self.codec if ours else self.app)(scope, receive, send)

    async def _entered(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "authorization" not in headers and (token := _kept(headers.get("cookie", ""))):
            scope = {**scope, "headers": list(scope["headers"])}
            MutableHeaders(scope=scope)["Authorization"] = f"Bearer {token}"
        await self.app(scope, receive, send)


def _kept(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _keep(request: Request, response: Response, token: str, seconds: int | None) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        path=PREFIX,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _codec(client: Client) -> PayloadCodec:
    codec = client.data_converter.payload_codec
    assert codec is not None, "else the routes are not there"
    return codec


def _payloads(body: bytes) -> Payloads:
    try:
        given: object = json.loads(body)
        if not isinstance(given, dict):
            raise ParseError
        return ParseDict(cast(dict[str, Any], given), Payloads(), ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError):
        # Its own message would show some of the body.
        raise BadCommandError('Expected {"payloads": [...]} with payloads as Temporal writes them in JSON.') from None


def _told(payloads: Iterable[Payload]) -> dict[str, Any]:
    return {"payloads": [MessageToDict(payload) for payload in payloads]}
