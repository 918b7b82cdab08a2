"""Chats steered over HTTP: pause, resume, stop, cancel, reset, close, change, summarize, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from folkmoot import Budget
from folkmoot._spec import to_json
from tests._support.waiting import eventually
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


async def test_a_run_is_paused_and_resumed(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}, "two"])
    client = await api.client()
    chat_id = await opened(client, api, team=api.spec("a", "b", max_turns=2), task="go")
    await api.site.model.wait_for_requests(1)
    assert (await client.post(f"/chats/{chat_id}/pause")).json()["status"] == "pausing"
    api.site.model.release("it")

    async def paused() -> bool:
        return (await client.get(f"/chats/{chat_id}")).json()["status"] == "paused"

    await eventually(paused, what="the chat is paused")
    assert (await client.post(f"/chats/{chat_id}/resume")).status_code == 200
    run = (await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})).json()
    assert [message["content"] for message in run["messages"]] == ["go", "one", "two"]


async def test_a_run_is_cancelled_and_another_stopped(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}, {"text": "two", "hold": "that"}])
    client = await api.client()
    chat_id = await opened(client, api, team=api.spec("a", "b", max_turns=20), task="go")
    await api.site.model.wait_for_requests(1)
    problem(await client.post(f"/chats/{chat_id}/runs", json={"task": "more"}), 409, "ChatBusyError")
    problem(await client.post(f"/chats/{chat_id}/reset"), 409, "ChatBusyError")
    assert (await client.post(f"/chats/{chat_id}/cancel")).json()["status"] == "idle"
    assert (await client.get(f"/chats/{chat_id}/runs/1")).json()["status"] == "cancelled"
    await client.post(f"/chats/{chat_id}/runs", json={"task": "again"})
    await api.site.model.wait_for_requests(2)
    assert (await client.post(f"/chats/{chat_id}/stop")).json()["status"] == "running"
    api.site.model.release("that")
    run = (await client.get(f"/chats/{chat_id}/runs/2", params={"wait": 30})).json()
    assert (run["status"], run["stop_reason"]) == ("stopped", "External termination requested")
    assert (await client.post(f"/chats/{chat_id}/reset", json={"force": True})).json()["status"] == "idle"
    assert (await client.post(f"/chats/{chat_id}/close", json={"force": True})).json()["status"] == "closed"
    for verb in ("pause", "close", "runs"):
        body: dict[str, Any] = {"task": "x"} if verb == "runs" else {}
        problem(await client.post(f"/chats/{chat_id}/{verb}", json=body), 409, "ChatClosedError")


async def test_a_run_that_fails_says_who_and_why(apis: ApiFactory) -> None:
    api = await apis([{"status": 400, "message": "no such thing"}])
    client = await api.client()
    chat_id = await opened(client, api, "a")
    run = (await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})).json()
    assert run["status"] == "failed"
    assert run["error"]["agent"] == "a"
    assert run["error"]["type"] == "ModelCallError"


async def test_a_run_that_takes_longer_than_the_wait_is_under_way(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}])
    client = await api.client()
    chat_id = await opened(client, api, "a")
    asked = await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 0.2})
    assert (asked.status_code, asked.json()["status"]) == (202, "running")
    assert [message["content"] for message in asked.json()["messages"]] == ["go"]
    waiting = asyncio.create_task(client.get(asked.headers["location"].removeprefix("/v1"), params={"wait": 30}))
    api.site.model.release("it")
    assert (await waiting).json()["status"] == "stopped"
    problem(await client.get(f"/chats/{chat_id}/runs/7"), 404, "NotFound")


@pytest.mark.parametrize(
    "task", ["", [], [{"type": "TextMessage"}], [{"type": "Nothing"}], [{"type": "ToolCallRequestEvent"}], 7]
)
async def test_a_bad_task_is_refused(api: Api, task: Any) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    response = await client.post(f"/chats/{chat_id}/runs", json={"task": task})
    if task == "":
        assert response.status_code == 202
        return
    assert response.status_code == 422, response.text


async def test_messages_are_a_task_and_need_not_come_back(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    task = [{"type": "TextMessage", "content": "one", "source": "olga"}]
    body = {"task": task, "output_task_messages": False}
    run = (await client.post(f"/chats/{chat_id}/runs", json=body, params={"wait": 30})).json()
    assert [(message["source"], message["content"]) for message in run["messages"]] == [("a", "hello")]


async def test_a_team_is_changed_and_a_chat_summed_up(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    changed = await client.post(f"/chats/{chat_id}/change", json={"team": api.spec("a", "b", max_turns=2)})
    assert changed.status_code == 200, changed.text
    spec = (await client.get(f"/chats/{chat_id}/spec")).json()
    assert [member["name"] for member in spec["participants"]] == ["a", "b"]
    same = await client.post(f"/chats/{chat_id}/change", json={"team": api.spec("a", "b", max_turns=2)})
    problem(same, 422, "BadCommandError")
    assert (await client.post(f"/chats/{chat_id}/summarize")).json() == {"summary": "hello"}
    bad = await client.post(f"/chats/{chat_id}/summarize", json={"method": "nothing"})
    problem(bad, 422, "UnknownNameError")
    odd = {"method": "reflection_with_llm", "model_client": {"name": "x", "base_url": 7}}
    problem(await client.post(f"/chats/{chat_id}/summarize", json=odd), 422, "BadCommandError")
    usage = (await client.get(f"/chats/{chat_id}/usage")).json()
    assert usage["agents"]["a"]["prompt_tokens"] > 0
    assert usage["budgets"] == []


async def test_usage_tells_how_far_budgets_are_used(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, team=api.spec("a", budget=Budget(tokens=5000)), task="go")
    await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})
    (budget,) = (await client.get(f"/chats/{chat_id}/usage")).json()["budgets"]
    assert (budget["path"], budget["limit"], budget["max"], budget["extended"]) == ("", "tokens", 5000, 0)
    assert 0 < budget["used"] < 5000


async def test_who_asked_is_in_the_log_and_no_body_says_otherwise(api: Api) -> None:
    client = await api.client("olga", ["operator", "finance"])
    chat_id = await opened(client, api, "a")
    refused = await client.post(f"/chats/{chat_id}/runs", json={"task": "go", "by": "mallory"})
    problem(refused, 422, "RequestValidationError")
    await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    await client.post(f"/chats/{chat_id}/label", json={"label": "good"})
    log = (await client.get(f"/chats/{chat_id}/log")).json()["entries"]
    by = {"subject": "olga", "roles": ["finance", "operator"], "channel": "http"}
    assert [entry["data"].get("by") for entry in log if entry["kind"] in ("run_started", "labelled")] == [by, by]


async def test_roles_say_who_may_what(api: Api) -> None:
    operator, viewer = await api.client(), await api.client("vic", ["viewer"])
    nobody, approver = await api.client("ned", []), await api.client("ann", ["approver"])
    chat_id = await opened(operator, api, "a")
    assert (await viewer.get(f"/chats/{chat_id}")).status_code == 200
    problem(await nobody.get(f"/chats/{chat_id}"), 403, "ForbiddenError")
    for path in ("state", "export"):
        problem(await viewer.get(f"/chats/{chat_id}/{path}"), 403, "ForbiddenError")
    problem(await viewer.post("/chats", json={"team": api.spec()}), 403, "ForbiddenError")
    for verb in ("pause", "resume", "stop", "cancel", "reset", "close"):
        problem(await viewer.post(f"/chats/{chat_id}/{verb}"), 403, "ForbiddenError")
    problem(await operator.delete(f"/chats/{chat_id}"), 403, "ForbiddenError")
    problem(await approver.delete(f"/chats/{chat_id}"), 403, "ForbiddenError")
    del viewer.headers["Authorization"]
    problem(await viewer.get(f"/chats/{chat_id}"), 401, "NotAuthenticatedError")
    problem(
        await viewer.post(f"/chats/{chat_id}/requests/x/answer", json={"content": "x"}), 401, "NotAuthenticatedError"
    )


async def test_without_a_worker_it_is_said_at_once(apis: ApiFactory) -> None:
    api = await apis(worker=False)
    client = await api.client(tenant="acme")
    chat_id = unique()
    found = await client.post("/chats", json={"team": to_json(api.site.team("a")), "id": chat_id})
    assert found.status_code == 201, "it is opened, and waits"
    text = problem(await client.get(f"/chats/{chat_id}"), 503, "NoWorkerError")
    assert api.site.queue in text
    stranger = await api.client(tenant="other")
    problem(await stranger.get(f"/chats/{chat_id}"), 404, "ChatNotFoundError")
