"""Tenants: ids that others have taken, lists, and who sees more than one tenant; see also test_every_route."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from folkmoot import FolderStore
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


async def test_an_id_that_is_taken_tells_nothing_of_who_has_it(api: Api) -> None:
    owner, stranger = await api.client(tenant="acme"), await api.client(tenant="other")
    chat_id = await opened(owner, api, "a")
    texts = set()
    for body in ({"team": api.spec("a")}, {"team": api.spec("b")}, {"team": api.spec("b"), "replace": True}):
        texts.add(problem(await stranger.post("/chats", json={**body, "id": chat_id}), 409, "ChatExistsError"))
    await owner.post(f"/chats/{chat_id}/close")
    body = {"team": api.spec("b"), "replace": True, "id": chat_id}
    texts.add(problem(await stranger.post("/chats", json=body), 409, "ChatExistsError"))
    source = await opened(stranger, api, "a")
    texts.add(problem(await stranger.post(f"/chats/{source}/fork", json={"id": chat_id}), 409, "ChatExistsError"))
    document = (await stranger.get(f"/chats/{source}/export")).json()
    for replace in (True, False):
        body = {"document": document, "id": chat_id, "replace": replace}
        texts.add(problem(await stranger.post("/chats/import", json=body), 409, "ChatExistsError"))
    assert texts == {f"The id {chat_id!r} is taken."}


async def test_an_id_is_not_free_for_others_when_only_the_store_knows_its_chat(
    apis: ApiFactory, tmp_path: Path
) -> None:
    api = await apis(store=FolderStore(tmp_path))
    owner, stranger = await api.client(tenant="acme"), await api.client(roles=["admin"], tenant="other")
    chat_id = await opened(owner, api, "a")
    await owner.post(f"/chats/{chat_id}/close")
    store, namespace = api.app.state.chats.store, api.site.client.namespace

    async def manifests() -> list[bytes]:
        return [data async for data in store.manifests(namespace=namespace, chat_id=chat_id)]

    (manifest,) = await eventually(manifests, within=90, what="the chat is archived")
    # As if the server had forgotten a chat of another id, which takes it half a minute.
    told = json.loads(manifest)
    chat_id = unique()
    data = json.dumps({**told, "id": chat_id}).encode()
    await store.put_manifest(data, namespace=namespace, chat_id=chat_id, chat=told["uuid"])
    assert (await owner.get(f"/chats/{chat_id}")).json()["status"] == "closed"
    assert (await owner.get(f"/chats/{chat_id}/log")).json()["entries"]
    problem(await stranger.get(f"/chats/{chat_id}"), 404, "ChatNotFoundError")
    problem(await stranger.post("/chats", json={"team": api.spec("a"), "id": chat_id}), 409, "ChatExistsError")
    problem(await stranger.delete(f"/chats/{chat_id}"), 404, "ChatNotFoundError")


async def test_lists_hold_the_tenants_own_chats(api: Api) -> None:
    mark = unique("t")
    acme, other, nobody = [await api.client(tenant=f"{mark}{name}" if name else "") for name in ("a", "b", "")]
    everybody = await api.client(roles=["admin"], tenants=["*"])
    ids = {client: await opened(client, api, "a", id=unique(mark)) for client in (acme, other, nobody)}

    async def listed(client: object, **params: str) -> set[str]:
        answer = await client.get("/chats", params={"prefix": mark, **params})  # type: ignore[attr-defined]
        return {item["id"] for item in answer.json()["chats"]}

    async def all_there() -> bool:
        return await listed(everybody) == set(ids.values())

    await eventually(all_there, what="all are listed")
    for client, chat_id in ids.items():
        assert await listed(client) == {chat_id}
    assert await listed(everybody, tenant=f"{mark}a") == {ids[acme]}
    problem(await acme.get("/chats", params={"tenant": f"{mark}b"}), 403, "ForbiddenError")
    body = {"team": api.spec("a"), "tenant": f"{mark}b"}
    problem(await acme.post("/chats", json=body), 403, "ForbiddenError")
    assert (await everybody.post("/chats", json=body)).json()["tenant"] == f"{mark}b"


async def test_a_forks_tenant_is_its_sources(api: Api) -> None:
    everybody, owner = await api.client(roles=["admin"], tenants=["*"]), await api.client(tenant="acme")
    chat_id = await opened(owner, api, "a", messages=[{"role": "user", "content": "x", "name": "user"}])
    forked = (await everybody.post(f"/chats/{chat_id}/fork", json={})).json()["id"]
    assert (await owner.get(f"/chats/{forked}")).status_code == 200


@pytest.mark.parametrize("given", ["x' OR 'a'='a", "\\", "'", "''", '"'])
async def test_a_filter_cannot_be_broken_out_of(api: Api, given: str) -> None:
    client, odd = await api.client(tenant="acme"), await api.client(tenant=given)
    for name in ("team", "waiting_for", "prefix", "tenant"):
        problem(await client.get("/chats", params={name: given}), 422, "RequestValidationError")
    # Servers read a tenant "'" in a filter as none at all.
    problem(await odd.get("/chats"), 422, "BadCommandError")
