"""Requests that are sent again with their Idempotency-Key: carried out once, answered alike, by any instance."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot import FolderStore, HistoryLimits
from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem

SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)


def key(text: str = "once") -> dict[str, str]:
    return {"Idempotency-Key": text}


async def test_a_run_is_started_once(apis: ApiFactory) -> None:
    api = await apis()
    other = await apis(site=api.site)
    first, second = await api.client(), await other.client()
    chat_id = await opened(first, api, "a")
    body = {"json": {"task": "go"}, "params": {"wait": 30}, "headers": key()}
    answers = [await client.post(f"/chats/{chat_id}/runs", **body) for client in (first, second, first)]
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["run"] == 1
    assert (await first.get(f"/chats/{chat_id}")).json()["run"] == 1
    # The same key of another caller, or for another verb, is another command.
    stranger = await api.client("omar")
    assert (await stranger.post(f"/chats/{chat_id}/runs", **body)).json()["run"] == 2
    assert (await first.post(f"/chats/{chat_id}/pause", headers=key())).json()["status"] == "paused"


async def test_sent_at_the_same_time_it_is_carried_out_once(apis: ApiFactory) -> None:
    api = await apis()
    other = await apis(site=api.site)
    clients = [await api.client(), await other.client()]
    chat_id = await opened(clients[0], api, "a")
    await clients[0].post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
    asked = [client.post(f"/chats/{chat_id}/label", json={"label": "x"}, headers=key()) for client in clients * 5]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    log = (await clients[0].get(f"/chats/{chat_id}/log")).json()["entries"]
    assert [entry["kind"] for entry in log].count("labelled") == 1


async def test_the_chat_has_continued_as_new_in_between(apis: ApiFactory, tmp_path: Path) -> None:
    api = await apis(store=FolderStore(tmp_path))
    client = await api.client()
    chat = await api.site.open(api.site.team("a", "b", max_turns=4), limits=SEALING)
    body = {"json": {"task": "go"}, "params": {"wait": 30}, "headers": key()}
    first = await client.post(f"/chats/{chat.id}/runs", **body)
    for number in range(6):
        await chat.run(task=f"task {number}")
    status = await chat.status()
    assert status.continued > 0
    again = await client.post(f"/chats/{chat.id}/runs", **body)
    assert again.text == first.text
    assert (await chat.status()).head == status.head


@pytest.mark.parametrize(("verb", "kind"), [("pause", "pause"), ("reset", "reset"), ("close", "closed")])
async def test_a_signal_is_carried_out_once(api: Api, verb: str, kind: str) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    first = await client.post(f"/chats/{chat_id}/{verb}", headers=key())
    again = await client.post(f"/chats/{chat_id}/{verb}", headers=key())
    assert first.json() == again.json()
    log = (await client.get(f"/chats/{chat_id}/log")).json()["entries"]
    assert [entry["kind"] for entry in log].count(kind) == 1
    assert all(entry["kind"] != "noted" for entry in log)


async def test_a_refusal_is_told_again(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}])
    client = await api.client()
    chat_id = await opened(client, api, "a", task="go")
    await api.site.model.wait_for_requests(1)
    first = problem(await client.post(f"/chats/{chat_id}/reset", headers=key()), 409, "ChatBusyError")
    await client.post(f"/chats/{chat_id}/cancel")
    assert problem(await client.post(f"/chats/{chat_id}/reset", headers=key()), 409, "ChatBusyError") == first


async def test_chats_are_opened_forked_and_imported_once(api: Api) -> None:
    client = await api.client()
    body = {"team": api.spec("a"), "task": "go"}
    opened = [(await client.post("/chats", json=body, headers=key(f"{unique()}"))).json() for _ in range(2)]
    assert opened[0]["id"] != opened[1]["id"]
    mark = unique()
    first, again = [(await client.post("/chats", json=body, headers=key(mark))).json() for _ in range(2)]
    assert first["created"]
    assert again == {**first, "created": False}
    await client.get(f"/chats/{first['id']}/runs/1", params={"wait": 30})
    path = f"/chats/{first['id']}/fork"
    forks = [(await client.post(path, json={}, headers=key(mark))).json()["id"] for _ in range(2)]
    assert forks[0] == forks[1] != first["id"]
    document = (await client.get(f"/chats/{first['id']}/export")).json()
    imports = [await client.post("/chats/import", json={"document": document}, headers=key(mark)) for _ in range(2)]
    assert [answer.json()["created"] for answer in imports] == [True, False]
    assert len({answer.json()["id"] for answer in imports} | {first["id"], forks[0]}) == 3


async def test_of_those_who_race_one_has_opened_the_chat(api: Api) -> None:
    client = await api.client()
    body, mark = {"team": api.spec("a")}, unique()
    answers = await asyncio.gather(*(client.post("/chats", json=body, headers=key(mark)) for _ in range(6)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert [answer.json()["created"] for answer in answers].count(True) == 1


@pytest.mark.parametrize("bad", ["", "x" * 256])
async def test_a_bad_key_is_refused(api: Api, bad: str) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    problem(await client.post(f"/chats/{chat_id}/pause", headers=key(bad)), 422, "RequestValidationError")
