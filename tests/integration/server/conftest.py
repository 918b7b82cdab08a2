"""The API over a site: in this process by ASGI, or behind a real uvicorn; callers with signed tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from fastapi import FastAPI

from folkmoot import Folkmoot
from folkmoot._chat.specs import team_of
from folkmoot._spec import to_json
from folkmoot.server.app import create_app
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey, issue
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, unique

SECRET = TokenKey(b"0123456789abcdef0123456789abcdef0123456789abcdef")


@dataclass
class Api:
    """An instance of the API, and the site it serves."""

    site: Site
    app: FastAPI
    stack: AsyncExitStack
    url: str = "http://api"
    tokens: dict[Any, str] = field(default_factory=dict)

    async def client(
        self, subject: str = "olga", roles: Iterable[str] = ("designer",), tenant: str = "", **more: Any
    ) -> httpx.AsyncClient:
        """Somebody who asks."""
        token = issue([SECRET], subject, roles=roles, tenant=tenant, **more)
        local = self.url == "http://api"
        return await self.stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app) if local else None,
                base_url=f"{self.url}/v1",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
        )

    def known(self, spec: Any) -> str:
        """The name of a spec's team, which this server has from now on: so that whoever operates may open chats."""
        name = unique()
        self.app.state.teams.named[name] = team_of(spec)
        return name

    def spec(self, *names: str, **options: Any) -> dict[str, Any]:
        """The JSON of a round robin."""
        return dict(to_json(self.site.team(*names, **options)))


ApiFactory = Callable[..., Awaitable[Api]]


def settings(**options: Any) -> Settings:
    """Settings of a test's instance."""
    return Settings(**{"token_keys": (SECRET,), "rate_limit": "none", **options})


@asynccontextmanager
async def served(app: FastAPI, on: int = 0, **options: Any) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """The application behind a uvicorn of this process, on a port; 0: on any."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=on, log_level="warning", **options))
    running = asyncio.create_task(server.serve())
    await eventually(lambda: server.started or running.done(), what="uvicorn listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        app.state.feeds.stop()
        server.should_exit = True
        await running


@pytest.fixture
async def apis(sites: SiteFactory) -> AsyncIterator[ApiFactory]:
    """Makes instances: `await apis(site=..., real=True, teams=..., processes=...)`; other options make a site."""
    async with AsyncExitStack() as stack:

        async def make(
            *args: Any, site: Site | None = None, real: bool = False, given: Settings | None = None, **options: Any
        ) -> Api:
            teams, processes = options.pop("teams", None), options.pop("processes", ())
            site = site or await sites(*args, **options)
            # A client of its own, as another process would have.
            moot = Folkmoot(site.client, queue=site.queue, store=site.plugin.store)
            app = create_app(moot, given or settings(), teams=teams, processes=processes)
            api = Api(site, app, stack)
            if real:
                _, api.url = await stack.enter_async_context(served(app))
            return api

        yield make


@pytest.fixture
async def api(apis: ApiFactory) -> Api:
    """An instance whose model always says hello."""
    return await apis()


async def opened(client: httpx.AsyncClient, api: Api, *names: str, **options: Any) -> str:
    """The id of a new chat."""
    team = options.pop("team", None) or api.spec(*names)
    body = {"team": team if isinstance(team, str) else api.known(team), "id": unique(), **options}
    found = await client.post("/chats", json=body)
    assert found.status_code == 201, found.text
    return found.json()["id"]


def problem(response: httpx.Response, status: int, code: str) -> str:
    """What a refusal says; it must be one of this kind."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    return body["detail"]


__all__ = ["Api", "ApiFactory", "opened", "problem", "served", "settings"]
