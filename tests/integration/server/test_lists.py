"""Lists of chats over HTTP: filtered, in pages, without a worker."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


async def listed(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """A page that is the only one."""
    response = await client.get("/chats", params=params)
    assert response.status_code == 200, response.text
    page = response.json()
    assert page["next"] is None
    return page["chats"]


async def count(client: httpx.AsyncClient, wanted: int, **params: Any) -> list[dict[str, Any]]:
    """The list, once it has so many."""

    async def probe() -> list[dict[str, Any]]:
        found = await listed(client, **params)
        return found if len(found) == wanted else []

    return await eventually(probe, what=f"{wanted} chats are listed")


async def test_pages_hold_every_chat_once_newest_first(api: Api) -> None:
    client = await api.client()
    mark = unique("page")
    ids = [await opened(client, api, "a", id=f"{mark}-{number}") for number in range(7)]
    await count(client, 7, prefix=mark)
    found: list[str] = []
    cursor = None
    sizes = []
    while True:
        params = {"prefix": mark, "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/chats", params=params)).json()
        found += [item["id"] for item in page["chats"]]
        sizes.append(len(page["chats"]))
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ids[::-1]
    assert sizes[:3] == [3, 3, 1]
    page = (await client.get("/chats", params={"prefix": mark, "limit": 3})).json()
    other = {"prefix": mark, "status": "idle", "cursor": page["next"]}
    assert "cursor" in problem(await client.get("/chats", params=other), 422, "BadCommandError")


async def test_chats_are_found_by_status_team_and_what_they_wait_for(apis: ApiFactory) -> None:
    api = await apis([{"text": "hello", "hold": "it"}])
    client = await api.client()
    mark = unique("find")
    idle = await opened(client, api, "a", id=f"{mark}-idle")
    running = await opened(client, api, "a", id=f"{mark}-running", task="go")
    closed = await opened(client, api, "a", id=f"{mark}-closed")
    await client.post(f"/chats/{closed}/close")
    await api.site.model.wait_for_requests(1)
    await count(client, 3, prefix=mark)
    for status, chat_id in (("idle", idle), ("running", running), ("closed", closed)):
        (found,) = await count(client, 1, prefix=mark, status=status)
        assert (found["id"], found["status"]) == (chat_id, status)
        assert (found["closed"] is None) == (status != "closed")
    assert await listed(client, prefix=mark, waiting_for="approval:nobody") == []
    assert await listed(client, prefix=mark, team="Nobody") == []
    assert len(await listed(client, prefix=mark, team="RoundRobinGroupChat")) == 3
    assert await listed(client, prefix=mark, due_before="2030-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 501},
        {"status": "nothing"},
        {"due_before": "soon"},
        {"cursor": "!"},
        {"cursor": "bm9uc2Vuc2U="},
        {"team": "'"},
    ],
)
async def test_a_bad_filter_is_refused(api: Api, params: dict[str, Any]) -> None:
    client = await api.client()
    response = await client.get("/chats", params=params)
    assert response.status_code == 422, response.text


async def test_a_log_is_read_in_pages(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    offsets: list[int] = []
    after, more = -1, True
    while more:
        page = (await client.get(f"/chats/{chat_id}/log", params={"after": after, "limit": 2})).json()
        offsets += [entry["offset"] for entry in page["entries"]]
        after, more = page["next"], page["more"]
    head = (await client.get(f"/chats/{chat_id}")).json()["head"]
    assert offsets == list(range(head))
    end = (await client.get(f"/chats/{chat_id}/log", params={"after": head - 1})).json()
    assert end == {"entries": [], "next": head - 1, "more": False}
    problem(await client.get(f"/chats/{chat_id}/log", params={"after": head}), 422, "BadCommandError")
    problem(await client.get(f"/chats/{chat_id}/log", params={"after": -2}), 422, "RequestValidationError")
