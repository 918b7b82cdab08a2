"""The codec server: what the Temporal server holds is shown as plain text to those who may see everything, only."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2 as httpx
import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.client import Client

from folkmoot import AssistantAgent, Folkmoot, FolkmootPlugin, OpenAIChatModel, RoundRobinGroupChat
from folkmoot._scripted.http import ScriptedServer
from folkmoot.encryption import KeyRing, new_key
from folkmoot.server.app import create_app
from folkmoot.server.tokens import issue
from tests.integration.conftest import KEY, unique, worker_on
from tests.integration.server.conftest import SECRET, settings

UI = "http://localhost:8233"
PLAIN = {"metadata": {"encoding": base64.b64encode(b"json/plain").decode()}, "data": "ImEgc2VjcmV0Ig=="}


def bearer(roles: tuple[str, ...] = ("admin",), **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue([SECRET], 'olga', roles=roles, **options)}"}


ALL = bearer(tenants=["*"])


class Codec:
    """The API of a chat that is encrypted, and what the Temporal server holds of it."""

    def __init__(self, moot: Folkmoot, http: httpx.AsyncClient, payloads: list[dict[str, Any]]) -> None:
        self.moot = moot
        self.http = http
        self.payloads = payloads

    async def post(self, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        options = options or {"json": {"payloads": self.payloads}}
        return await self.http.post(f"/codec/{path}", headers=headers or {}, **options)


@pytest.fixture
async def codec(server_address: str) -> AsyncIterator[Codec]:
    keys = KeyRing.parse(f"one:{new_key()}")
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedServer(["the answer"]))
        models = {"scripted": OpenAIChatModel("scripted", base_url=model.base_url, api_key=KEY)}
        plugin = FolkmootPlugin(models=models, encryption=keys)
        client = await Client.connect(server_address, plugins=[plugin])
        queue = unique("queue")
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue))
        await stack.enter_async_context(worker_on(client, queue))
        chat = await moot.open(RoundRobinGroupChat([AssistantAgent("a", "scripted")], max_turns=1), id=unique())
        await chat.run(task="the question")
        history = await client.get_workflow_handle(chat.id).fetch_history()
        found = [
            MessageToDict(payload)
            for event in history.events
            for payload in (
                *event.workflow_execution_started_event_attributes.input.payloads,
                *event.workflow_execution_update_accepted_event_attributes.accepted_request.input.args.payloads,
                *event.activity_task_completed_event_attributes.result.payloads,
            )
        ]
        app = create_app(moot, settings(cors_origins=(UI,)))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080")
        yield Codec(moot, await stack.enter_async_context(http), found)


def texts(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return "\n".join(base64.b64decode(item["data"]).decode() for item in response.json()["payloads"])


async def test_what_the_server_holds_is_decoded(codec: Codec) -> None:
    assert len(codec.payloads) >= 3
    assert "question" not in json.dumps(codec.payloads)
    response = await codec.post("decode", {**ALL, "X-Namespace": "default"})
    shown = texts(response)
    for told in ("the question", "the answer", '"name":"a"'):
        assert told in shown
    assert len(response.json()["payloads"]) == len(codec.payloads)
    encoding = base64.b64decode(response.json()["payloads"][0]["metadata"]["encoding"])
    assert encoding == b"json/plain"


async def test_what_is_encoded_is_what_workers_take(codec: Codec) -> None:
    response = await codec.post("encode", ALL, json={"payloads": [PLAIN]})
    (coded,) = response.json()["payloads"]
    assert base64.b64decode(coded["metadata"]["encoding"]) == b"binary/encrypted"
    assert "secret" not in base64.b64decode(coded["data"]).decode(errors="replace")
    again = await codec.post("decode", ALL, json={"payloads": [coded, PLAIN]})
    assert again.json()["payloads"] == [PLAIN, PLAIN]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        (bearer(("viewer", "operator", "approver")), 403),
        (bearer(tenant="acme"), 403),
        (bearer(), 403),
        ({**ALL, "X-Namespace": "another"}, 403),
    ],
    ids=["nobody", "no token", "operator", "a tenant's admin", "admin", "another namespace"],
)
@pytest.mark.parametrize("path", ["decode", "encode", "session"])
async def test_others_are_refused(codec: Codec, path: str, headers: dict[str, str], status: int) -> None:
    response = await codec.post(path, headers)
    if path == "session" and "X-Namespace" in headers:
        status = 204
    assert response.status_code == status
    assert "question" not in response.text


@pytest.mark.parametrize("body", ["", "[]", "{", '{"payloads": 1}', '{"payloads": [{"data": 5}]}', b"\xff"])
async def test_bad_bodies_are_refused(codec: Codec, body: str | bytes) -> None:
    response = await codec.post("decode", ALL, content=body)
    assert (response.status_code, response.json()["code"]) == (422, "BadCommandError")


async def test_what_cannot_be_decoded_is_told(codec: Codec) -> None:
    name = base64.b64encode(b"lost").decode()
    lost = {**codec.payloads[0], "metadata": {**codec.payloads[0]["metadata"], "encryption-key-id": name}}
    response = await codec.post("decode", ALL, json={"payloads": [lost]})
    assert (response.status_code, response.json()["code"]) == (409, "EncryptionKeyError")
    assert "the key 'lost', which is not here (keys here: 'one')" in response.json()["detail"]
    damaged = {**codec.payloads[0], "data": base64.b64encode(bytes(50)).decode()}
    response = await codec.post("decode", ALL, json={"payloads": [damaged]})
    assert (response.status_code, "cannot be decrypted" in response.json()["detail"]) == (422, True)


async def test_a_browser_signs_in_and_the_web_ui_reads_on(codec: Codec) -> None:
    page = await codec.http.get("/codec")
    assert "<form>" in page.text
    assert (await codec.post("session", bearer())).status_code == 403
    assert not codec.http.cookies
    signed = await codec.post("session", ALL)
    assert signed.status_code == 204
    told = signed.headers["set-cookie"]
    assert all(part in told for part in ("HttpOnly", "SameSite=strict", "Path=/codec", "Max-Age=")), told
    answer = await codec.post("decode", {"Origin": UI, "X-Namespace": "default"})
    assert "the question" in texts(answer)
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    # The cookie is for nothing else.
    assert (await codec.http.get("/v1/chats")).status_code == 401
    assert (await codec.http.delete("/codec/session")).status_code == 204
    assert (await codec.post("decode", {"Origin": UI})).status_code == 401


@pytest.mark.parametrize(("origin", "allowed"), [(UI, True), ("http://evil.example", False)])
async def test_only_the_web_uis_pages_may_ask(codec: Codec, origin: str, allowed: bool) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-namespace",
    }
    response = await codec.http.options("/codec/decode", headers=asked)
    assert response.is_success is allowed
    assert ("access-control-allow-origin" in response.headers) is allowed
    answer = await codec.post("decode", {**ALL, "Origin": origin})
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)


async def test_without_encryption_there_is_no_codec_server(server_address: str) -> None:
    plugin = FolkmootPlugin()
    async with Folkmoot(await Client.connect(server_address, plugins=[plugin]), plugin=plugin) as moot:
        transport = httpx.ASGITransport(create_app(moot, settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            assert (await http.post("/codec/decode", headers=ALL, json={"payloads": []})).status_code == 404
