"""Chats over HTTP: opened, found, run, shown, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from folkmoot import FolderStore
from folkmoot._client.opening import Opening
from folkmoot._client.pages import LogPages
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


async def test_a_chat_is_opened_run_and_shown(api: Api) -> None:
    client = await api.client()
    chat_id = unique()
    found = await client.post("/chats", json={"team": api.spec("a", "b", max_turns=2), "id": chat_id})
    assert found.status_code == 201
    assert found.headers["location"] == f"/v1/chats/{chat_id}"
    assert found.json() == {
        "id": chat_id,
        "team": "RoundRobinGroupChat",
        "tenant": "",
        "created": True,
        "run": None,
        "warnings": [],
    }
    run = await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    assert run.status_code == 200, run.text
    body = run.json()
    assert (body["run"], body["offset"], body["status"]) == (1, 1, "stopped")
    assert [message["source"] for message in body["messages"]] == ["user", "a", "b"]
    assert body["stop_reason"] == "Maximum number of turns 2 reached."

    shown = (await client.get(f"/chats/{chat_id}")).json()
    assert (shown["status"], shown["run"], shown["turn"], shown["id"]) == ("idle", 1, 2, chat_id)
    assert shown["stop_reason"] == body["stop_reason"]
    log = (await client.get(f"/chats/{chat_id}/log")).json()
    assert shown["head"] == len(log["entries"])


async def test_a_team_of_the_server_is_named(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis()
    folder = tmp_path / "teams"
    folder.mkdir()
    (folder / "notes.json").write_text(api.site.team("writer").model_dump_json())
    api = await apis(site=api.site, teams=folder)
    client = await api.client()
    listed = (await client.get("/teams")).json()["teams"]
    assert [(team["name"], team["type"], team["participants"]) for team in listed] == [
        ("notes", "RoundRobinGroupChat", ["writer"])
    ]
    assert (await client.get("/teams/notes")).json()["spec"] == api.spec("writer")
    problem(await client.get("/teams/nothing"), 404, "NotFound")
    assert await opened(client, api, team="notes")
    text = problem(await client.post("/chats", json={"team": "nothing"}), 422, "BadCommandError")
    assert "nothing" in text
    assert "notes" in text


async def test_a_task_starts_a_run_at_once(api: Api) -> None:
    client = await api.client()
    found = (await client.post("/chats", json={"team": api.spec(), "task": "go"})).json()
    assert found["run"] == {
        "chat": found["id"],
        "run": 1,
        "offset": 1,
        "status": "running",
        "stop_reason": None,
        "error": None,
        "messages": [],
    }
    run = await client.get(f"/chats/{found['id']}/runs/1", params={"wait": 30, "after": 1})
    assert run.json()["status"] == "stopped"


async def test_what_lives_is_found_and_what_does_not_fit_refused(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    again = await client.post("/chats", json={"team": api.spec("a"), "id": chat_id})
    assert again.status_code == 200
    assert again.json()["created"] is False
    problem(await client.post("/chats", json={"team": api.spec("b"), "id": chat_id}), 409, "ChatExistsError")
    assert (await client.post(f"/chats/{chat_id}/close")).json()["status"] == "closed"
    problem(await client.post("/chats", json={"team": api.spec("a"), "id": chat_id}), 409, "ChatClosedError")
    anew = await client.post("/chats", json={"team": api.spec("b"), "id": chat_id, "replace": True})
    assert anew.status_code == 201
    assert anew.json()["created"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"team": 7},
        {"team": {"type": "Nothing"}},
        {"team": {"type": "RoundRobinGroupChat", "participants": []}},
        {"team": "x", "id": "a/b"},
        {"team": "x", "id": ""},
        {"team": "x", "misspelt": 1},
    ],
)
async def test_a_bad_body_is_refused(api: Api, body: object) -> None:
    client = await api.client()
    response = await client.post("/chats", json=body)
    assert response.status_code == 422
    assert response.json()["code"] in ("BadCommandError", "RequestValidationError")


async def test_unknown_names_of_a_spec_are_refused_and_nothing_is_opened(api: Api) -> None:
    client = await api.client()
    spec = api.spec()
    spec["participants"][0]["tools"] = ["nothing"]
    text = problem(await client.post("/chats", json={"team": spec, "id": (i := unique())}), 422, "UnknownNameError")
    assert "nothing" in text
    problem(await client.get(f"/chats/{i}"), 404, "ChatNotFoundError")

    async def forgotten() -> bool:
        return (await client.get("/chats", params={"prefix": i})).json()["chats"] == []

    await eventually(forgotten, what="no list has it")
    # Not even somebody else's: the id is free.
    other = await api.client(tenant=unique("tenant"))
    assert (await other.post("/chats", json={"team": api.spec(), "id": i})).status_code == 201


@pytest.mark.parametrize("task", [[{"type": "ToolCallRequestEvent"}], []])
async def test_a_chat_whose_task_is_refused_is_not_opened(api: Api, task: Any) -> None:
    client = await api.client()
    body = {"team": api.spec(), "id": (i := unique())}
    problem(await client.post("/chats", json={**body, "task": task}), 422, "BadCommandError")
    problem(await client.get(f"/chats/{i}"), 404, "ChatNotFoundError")
    made = await client.post("/chats", json=body)
    assert (made.status_code, made.json()["created"]) == (201, True)


async def test_old_messages_and_states_begin_a_chat(api: Api) -> None:
    client = await api.client()
    messages = [{"role": "user", "content": "go", "name": "user"}, {"content": "gone", "name": "a", "role": "user"}]
    first = await opened(client, api, "a", messages=messages)
    state = (await client.get(f"/chats/{first}/state")).json()
    second = await opened(client, api, "a", state=state)
    texts = [
        m["content"] for m in (await client.get(f"/chats/{second}/context", params={"path": "a"})).json()["messages"]
    ]
    assert texts[-2:] == ["go", "gone"]
    body = {"team": api.spec("a"), "state": state, "messages": messages}
    problem(await client.post("/chats", json=body), 422, "BadCommandError")
    problem(await client.post("/chats", json={"team": api.spec("a"), "state": {"a": 1}}), 422, "BadCommandError")


async def test_a_closed_chat_is_deleted_with_what_the_store_has(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis(store=FolderStore(tmp_path))
    client, admin = await api.client(), await api.client("ada", ["admin"])
    chat_id = await opened(client, api)
    problem(await client.delete(f"/chats/{chat_id}"), 403, "ForbiddenError")
    problem(await admin.delete(f"/chats/{chat_id}"), 409, "ChatBusyError")
    deleted = (await admin.delete(f"/chats/{chat_id}", params={"force": True})).json()["deleted"]
    assert [(item["id"], item["runs"]) for item in deleted] == [(chat_id, 1)]
    problem(await admin.get(f"/chats/{chat_id}"), 404, "ChatNotFoundError")
    problem(await admin.delete(f"/chats/{unique()}"), 404, "ChatNotFoundError")


async def test_a_living_chat_that_was_deleted_is_not_found_from_then_on(api: Api) -> None:
    client, admin = await api.client(), await api.client("ada", ["admin"])
    chat_id = await opened(client, api)
    assert (await admin.delete(f"/chats/{chat_id}", params={"force": True})).status_code == 200
    problem(await client.get(f"/chats/{chat_id}"), 404, "ChatNotFoundError")


@pytest.mark.parametrize(
    "path", ["", "/log", "/events", "/snapshots", "/branches", "/state", "/usage", "/spec", "/export"]
)
async def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    client = await api.client()
    chat_id = unique()
    text = problem(await client.get(f"/chats/{chat_id}{path}"), 404, "ChatNotFoundError")
    assert chat_id in text


@pytest.mark.parametrize("path", ["", "/log", "/events", "/state"])
async def test_a_chat_that_was_ended_before_any_worker_began_with_it_is_not_found(api: Api, path: str) -> None:
    client, site = await api.client(), api.site
    # The server answers no query of it, however long one waits; a worker polls in vain or not at all.
    opening = Opening(site.client, f"{site.queue}-nobodys", site.team("a"), chat_id := unique())
    await opening.start(replace=False, tenant="", limits=None)
    await opening.withdraw()
    text = problem(await client.get(f"/chats/{chat_id}{path}"), 404, "ChatNotFoundError")
    assert chat_id in text


async def test_a_page_of_the_log_is_one_query(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    run = await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    assert run.json()["status"] == "stopped"
    asked: list[str] = []
    query = LogPages.query

    async def counted(self: LogPages, name: str, *args: Any, **options: Any) -> Any:
        asked.append(name)
        return await query(self, name, *args, **options)

    monkeypatch.setattr(LogPages, "query", counted)
    whole = (await client.get(f"/chats/{chat_id}/log")).json()
    end = len(whole["entries"])
    assert (whole["more"], whole["next"], asked) == (False, end - 1, ["log"])
    for after, limit, more in ((-1, end, False), (-1, end - 1, True), (end - 2, 10, False), (end - 1, 10, False)):
        asked.clear()
        page = (await client.get(f"/chats/{chat_id}/log", params={"after": after, "limit": limit})).json()
        assert page["entries"] == whole["entries"][after + 1 : after + 1 + limit]
        assert (page["more"], asked) == (more, ["log"]), (after, limit)


async def test_nothing_is_kept_of_a_chat_between_requests(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, task="go")
    await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})
    assert api.app.state.chats.held == 0
    assert api.app.state.chats.moot._pages == {}
