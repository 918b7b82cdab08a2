"""Whether an instance works, and whether it can: without a token, and without telling more than that."""

from __future__ import annotations

from pathlib import Path

import httpx2 as httpx
from temporalio.client import Client

from folkmoot import FolderStore, Folkmoot, __version__
from folkmoot.server.app import create_app
from folkmoot.store import Deleted
from folkmoot.store.base import StoreUnavailableError
from tests.integration.conftest import unique
from tests.integration.server.conftest import ApiFactory, settings


class AwayStore(FolderStore):
    """One that does not answer."""

    async def size(self, *, chat: str) -> Deleted:
        raise StoreUnavailableError("secret-host does not answer")


def anybody(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")  # type: ignore[arg-type]


async def test_an_instance_that_can_serve_says_so(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis(store=FolderStore(tmp_path))
    async with anybody(api.app) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "checks": {"temporal": "ok", "store": "ok"}})
        assert (await client.get("/version")).json() == {"version": __version__}


async def test_a_store_that_is_away_is_told_without_its_name(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis()
    moot = Folkmoot(api.site.client, store=AwayStore(tmp_path))
    async with anybody(create_app(moot, settings())) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json() == {"ready": False, "checks": {"temporal": "ok", "store": "does not answer"}}
        assert (await client.get("/healthz")).status_code == 200


async def test_a_namespace_without_the_search_attributes_is_told(apis: ApiFactory, server_address: str) -> None:
    api = await apis()
    bare = await Client.connect(server_address, namespace="temporal-system")
    async with anybody(create_app(Folkmoot(bare), settings())) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "ChatStatus" in ready.json()["checks"]["temporal"]
    assert api.site.client.namespace != "temporal-system"


async def test_a_server_that_is_away_is_told(apis: ApiFactory) -> None:
    api = await apis()
    lazy = await Client.connect("127.0.0.1:1", namespace=unique(), lazy=True)
    app = create_app(Folkmoot(lazy), settings())
    async with anybody(app) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"temporal": "does not answer"})
    assert api.app is not app
