"""Tenants, on every route there is: whoever is of another one learns nothing of a chat, not even that it is there.

A route that is added must be told here how to be asked, or this fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from folkmoot import ApprovalPolicy, FunctionTool, ToolOptions
from folkmoot._spec import to_json
from folkmoot.server.app import create_app
from tests._support.errands import ERRAND, Errand
from tests._support.waiting import eventually
from tests.integration.conftest import unique, worker_on
from tests.integration.server.conftest import Api, ApiFactory, opened, settings

SPEC = {"type": "AssistantAgent", "name": "x", "model_client": "scripted"}
BODIES: dict[str, Any] = {
    "answer": {"content": "yes"},
    "cancel_run": {},
    "change_team": {"team": SPEC, "force": True},
    "close_chat": {"force": True},
    "decide": {"verdict": "approve", "hash": "0a"},
    "fork_chat": {},
    "label_snapshot": {"label": "here"},
    "pause_chat": {"now": True},
    "put_messages": {"messages": [{"role": "user", "name": "user", "content": "hi"}]},
    "put_state": {},
    "reset_chat": {"force": True},
    "rollback_chat": {"offset": 0, "force": True},
    "say": {"message": "hi", "when": "now"},
    "start_run": {"task": "go"},
    "summarize_chat": {},
}
"""Of the routes of a chat that take one."""
QUERIES: dict[str, dict[str, Any]] = {
    "compare_snapshots": {"first": 0, "second": 0},
    "delete_chat": {"force": True},
    "follow_log": {"partial": True},
    "get_context": {"path": "writer"},
    "put_messages": {"force": True},
    "put_state": {"force": True},
    "show_crossing": {"offset": 0},
}
"""Likewise."""
OTHERS: dict[str, list[dict[str, Any]]] = {
    "get_health": [{}],
    "get_process": [{}],
    "get_readiness": [{}],
    "get_team": [{}],
    "get_version": [{}],
    "import_chat": [{"json": {"document": {}, "id": "{id}"}}, {"json": {"document": {}, "tenant": "{tenant}"}}],
    "list_chats": [{}, *({"params": {name: "{id}"}} for name in ("prefix", "team", "tenant", "waiting_for"))],
    "list_processes": [{}],
    "list_teams": [{}],
    "open_chat": [{"json": {"team": SPEC, "id": "{id}"}}, {"json": {"team": SPEC, "tenant": "{tenant}"}}],
    "signal_process": [{"json": {"result": "home"}}],
    # With the number of another tenant's.
    "start_process": [{"json": {"id": "{key}", "what": "{id}"}}, {"json": {"id": "{key}", "what": "else"}}],
    "show_inbox": [{}, {"params": {"whose": "all"}}, {"params": {"role": "finance"}}],
}
"""How routes of no single chat are asked; they must tell nothing of the chat, either."""
DOCUMENTS = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
"""Routes that are FastAPI's own."""
LAST = {"close_chat": 1, "delete_chat": 2}
"""What leaves nothing to ask for."""


def routes(app: Any) -> list[RouteContext]:
    """Every route, those last that leave nothing for others."""
    found = [route for route in iter_route_contexts(app.routes) if route.path not in DOCUMENTS]
    assert len(found) > 40
    return sorted(found, key=lambda route: LAST.get(route.name, 0))


def of_chats(app: Any) -> list[RouteContext]:
    """Those of a chat."""
    return [route for route in routes(app) if "{id}" in route.path]


@asynccontextmanager
async def asked(
    client: httpx.AsyncClient, route: RouteContext, path: dict[str, Any], **request: Any
) -> AsyncIterator[httpx.Response]:
    """A route's answer; streams are not read to their end."""
    (verb,) = route.methods
    url = f"{str(client.base_url).removesuffix('/v1/')}{route.path.format(**path)}"
    async with client.stream(verb, url, **request) as response:
        if not response.headers["content-type"].startswith("text/event-stream"):
            await response.aread()
        yield response


def request_to(route: RouteContext) -> dict[str, Any]:
    """What a route of a chat is sent."""
    assert (route.body_field is None) or route.name in BODIES, f"how is {route.name} to be asked? Tell it in BODIES"
    return {"params": QUERIES.get(route.name), "json": BODIES.get(route.name)}


@pytest.fixture
async def api(apis: ApiFactory) -> AsyncIterator[Api]:
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    policy = ApprovalPolicy(approvers=("ann", "role:finance"))
    tool = FunctionTool(pay, options=ToolOptions(approval=policy))
    script = [{"calls": [{"name": "pay", "arguments": {"amount": 12}}]}, {"text": "hello", "repeat": True}]
    api = await apis(script, tools=[tool], real=True, worker=False, processes=[ERRAND])
    async with worker_on(api.site.client, api.site.queue, workflows=[Errand]):
        yield api


async def asking(api: Api, client: httpx.AsyncClient) -> dict[str, Any]:
    """What stands in paths to a chat that waits for an approval."""
    team = dict(to_json(api.site.agent(tools=["pay"], max_tool_iterations=2)))
    chat_id = await opened(client, api, team=team, task="go")

    async def probe() -> list[dict[str, Any]]:
        return (await client.get(f"/chats/{chat_id}/requests")).json()["requests"]

    (request,) = await eventually(probe, what="the chat asks")
    errand = await client.post("/processes/errand", json={"id": unique("E"), "what": chat_id})
    process = {"kind": "errand", "key": errand.json()["number"], "signal": "done"}
    return {"id": chat_id, "request": request["request"], "number": 1, "offset": 0, "name": "notes", **process}


async def test_another_tenants_chat_is_as_if_it_were_not_there(api: Api) -> None:
    tenant = unique("tenant")
    owner = await api.client(roles=["admin"], tenant=tenant)
    path = await asking(api, owner)
    absent = {**path, "id": unique()}
    before = (await owner.get(f"/chats/{path['id']}/log")).text
    for stranger in [
        await api.client("ann", ["admin", "finance"], unique("tenant")),
        await api.client("ann", ["admin", "finance"]),
    ]:
        for route in of_chats(api.app):
            async with asked(stranger, route, path, **request_to(route)) as found:
                assert (found.status_code, found.json()["code"]) == (404, "ChatNotFoundError"), route.name
            async with asked(stranger, route, absent, **request_to(route)) as other:
                assert other.json()["detail"].replace(absent["id"], path["id"]) == found.json()["detail"], route.name
                assert tenant not in found.text
    assert (await owner.get(f"/chats/{path['id']}/log")).text == before, "nothing has happened to it"
    for route in of_chats(api.app):
        async with asked(owner, route, path, **request_to(route)) as found:
            assert found.status_code != 404, f"{route.name} is not asked for what is there"


async def test_what_is_of_no_chat_tells_nothing_of_another_tenants(api: Api) -> None:
    tenant = unique("tenant")
    owner = await api.client(roles=["admin"], tenant=tenant)
    path = await asking(api, owner)
    names = {"id": path["id"], "tenant": tenant}

    async def listed() -> bool:
        return path["id"] in (await owner.get("/inbox", params={"whose": "all"})).text

    await eventually(listed, what="its owner finds it")
    stranger = await api.client("ann", ["admin", "finance"], unique("tenant"))
    for route in routes(api.app):
        if route in of_chats(api.app):
            continue
        assert route.name in OTHERS, f"how is {route.name} to be asked? Tell it in OTHERS"
        for request in OTHERS[route.name]:
            async with asked(stranger, route, path, **filled(request, {**names, "key": path["key"]})) as found:
                text = found.text
                # What the caller sent is no news.
                told = {value for value in names.values() if value in text} - sent(request, names)
                assert told == set(), (route.name, text)
                assert found.status_code not in (201, 202), (route.name, text)
                if route.name in ("list_chats", "show_inbox") and found.status_code == 200:
                    assert not any(found.json().get(part) for part in ("chats", "requests")), text


def filled(given: Any, names: dict[str, str]) -> Any:
    """A request with the names in their places."""
    if isinstance(given, dict):
        return {key: filled(value, names) for key, value in given.items()}
    return given.format(**names) if isinstance(given, str) else given


def sent(request: Any, names: dict[str, str]) -> set[str]:
    """Which of the names are in a request."""
    return {value for key, value in names.items() if f"{{{key}}}" in str(request)}


async def test_a_route_that_is_added_is_missed(api: Api) -> None:
    app = create_app(api.app.state.chats.moot, settings())

    @app.post("/v1/chats/{id}/shout")
    async def shout(id: str, body: dict[str, str]) -> None:
        """Shout."""

    (route,) = [route for route in of_chats(app) if route.name == "shout"]
    with pytest.raises(AssertionError, match="how is shout to be asked"):
        request_to(route)
