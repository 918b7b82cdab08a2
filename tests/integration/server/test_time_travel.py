"""Snapshots, branches, rollback, forks and states over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from folkmoot import FolderStore
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


async def ran(client: httpx.AsyncClient, api: Api, *tasks: str) -> str:
    """A chat with a run of each task."""
    chat_id = await opened(client, api, "a")
    for task in tasks:
        run = await client.post(f"/chats/{chat_id}/runs", json={"task": task}, params={"wait": 30})
        assert run.json()["status"] == "stopped"
    return chat_id


async def test_snapshots_are_listed_labelled_compared_and_gone_back_to(api: Api) -> None:
    client = await api.client()
    chat_id = await ran(client, api, "one", "two")
    snapshots = (await client.get(f"/chats/{chat_id}/snapshots")).json()["snapshots"]
    assert [(item["turn"], item["current"]) for item in snapshots] == [(1, True), (2, True)]
    first, second = (item["offset"] for item in snapshots)
    labelled = (await client.post(f"/chats/{chat_id}/label", json={"label": "good", "offset": first})).json()
    assert (labelled["snapshot"]["offset"], labelled["snapshot"]["labels"]) == (first, ["good"])
    shown = (await client.get(f"/chats/{chat_id}/snapshots/{first}")).json()
    assert shown["snapshot"]["labels"] == ["good"]
    assert shown["state"]["turn"] == 1
    crossing = (await client.get(f"/chats/{chat_id}/crossing", params={"label": "good"})).json()
    assert crossing == {"crossed": []}
    back = (await client.post(f"/chats/{chat_id}/rollback", json={"label": "good"})).json()
    assert back["snapshot"]["offset"] == first
    branches = (await client.get(f"/chats/{chat_id}/branches")).json()["branches"]
    assert [[item["current"] for item in branch["snapshots"]] for branch in branches] == [[True, False]]
    compared = (await client.get(f"/chats/{chat_id}/compare", params={"first": first, "second": second})).json()
    assert compared["first"]["messages"] == []
    assert [message["content"] for message in compared["second"]["messages"]] == ["two", "hello"]
    assert "turn" in {difference["path"] for difference in compared["state"]}
    taken = await client.post(f"/chats/{chat_id}/label", json={"label": "good", "remove": True})
    assert taken.json() == {"label": "good", "snapshot": None}
    again = await client.post(f"/chats/{chat_id}/label", json={"label": "good", "remove": True})
    problem(again, 422, "BadCommandError")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("rollback", {}),
        ("rollback", {"offset": 1}),
        ("rollback", {"offset": 1, "turn": 1}),
        ("rollback", {"label": "nothing"}),
        ("rollback", {"turn": 99}),
        ("rollback", {"offset": -1}),
        ("fork", {"offset": 1}),
        ("fork", {"turn": 0}),
        ("label", {"label": ""}),
        ("label", {"label": "x", "offset": 1}),
        ("label", {"label": "x", "offset": 4, "remove": True}),
    ],
)
async def test_what_is_no_snapshot_is_refused(api: Api, verb: str, body: dict[str, Any]) -> None:
    client = await api.client()
    chat_id = await ran(client, api, "one")
    response = await client.post(f"/chats/{chat_id}/{verb}", json=body)
    assert response.status_code == 422, response.text


async def test_a_fork_goes_on_by_itself(api: Api) -> None:
    client = await api.client()
    chat_id = await ran(client, api, "one", "two")
    forked = await client.post(f"/chats/{chat_id}/fork", json={"turn": 1, "id": (new := unique())})
    assert forked.status_code == 201
    assert forked.json() == {"id": new, "source": chat_id, "crossed": []}
    context = (await client.get(f"/chats/{new}/context", params={"path": "a"})).json()["messages"]
    assert [message["content"] for message in context][-2:] == ["one", "hello"]
    problem(await client.post(f"/chats/{chat_id}/fork", json={"id": new}), 409, "ChatExistsError")
    problem(await client.get(f"/chats/{new}/context", params={"path": "nobody"}), 422, "BadCommandError")


async def test_a_state_goes_down_and_up(api: Api) -> None:
    client = await api.client()
    chat_id = await ran(client, api, "one", "two")
    state = (await client.get(f"/chats/{chat_id}/state", params={"turn": 1})).json()
    assert state["type"] == "TeamState"
    part = (await client.get(f"/chats/{chat_id}/state", params={"part": "a"})).json()
    assert part["type"] == "AssistantAgentState"
    loaded = await client.put(f"/chats/{chat_id}/state", json=state)
    assert loaded.status_code == 200, loaded.text
    context = (await client.get(f"/chats/{chat_id}/context", params={"path": "a"})).json()["messages"]
    assert [message["content"] for message in context][-2:] == ["one", "hello"]
    assert (await client.put(f"/chats/{chat_id}/state", json=part, params={"part": "a"})).status_code == 200
    problem(await client.put(f"/chats/{chat_id}/state", json={"type": "x"}), 422, "BadCommandError")
    problem(await client.put(f"/chats/{chat_id}/state", json=part, params={"part": "b"}), 422, "BadCommandError")
    problem(await client.put(f"/chats/{chat_id}/state", json=[]), 422, "RequestValidationError")


async def test_a_large_state_goes_through_the_store(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis(store=FolderStore(tmp_path))
    client = await api.client()
    chat_id = await opened(client, api, "a")
    task = [{"type": "TextMessage", "content": "x" * 900_000, "source": "user"}] * 2
    for message in task:
        run = await client.post(f"/chats/{chat_id}/runs", json={"task": [message]}, params={"wait": 30})
        assert run.json()["status"] == "stopped", run.text[:300]
    state = await client.get(f"/chats/{chat_id}/state")
    assert len(state.content) > 1_800_000
    other = await opened(client, api, "a")
    loaded = await client.put(
        f"/chats/{other}/state", content=state.content, headers={"Content-Type": "application/json"}
    )
    assert loaded.status_code == 200, loaded.text[:300]
    assert (await client.get(f"/chats/{other}/state")).json()["agent_states"] == state.json()["agent_states"]


async def test_a_chat_is_exported_and_imported(api: Api) -> None:
    client = await api.client()
    chat_id = await ran(client, api, "one")
    document = (await client.get(f"/chats/{chat_id}/export")).json()
    found = await client.post("/chats/import", json={"document": document, "id": (new := unique())})
    assert found.status_code == 201, found.text
    assert found.json()["created"] is True
    context = (await client.get(f"/chats/{new}/context", params={"path": "a"})).json()["messages"]
    assert [message["content"] for message in context][-2:] == ["one", "hello"]
    problem(await client.post("/chats/import", json={"document": document, "id": new}), 409, "ChatExistsError")
    problem(await client.post("/chats/import", json={"document": {"a": 1}}), 422, "BadCommandError")
