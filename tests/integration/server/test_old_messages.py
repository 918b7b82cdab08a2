"""Old messages over HTTP: chats begin with them, or go on from them in place of what was said."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from tests.integration.conftest import unique
from tests.integration.server.conftest import Api, ApiFactory, opened, problem


def said(source: str, content: str) -> dict[str, str]:
    """A message as AutoGen 0.2 has it."""
    return {"role": "user", "name": source, "content": content}


OLD = {
    "messages": [said("Boss", "go"), said("clerk", "Done. TERMINATE")],
    "admin_name": "Boss",
    "names": {"clerk": "a"},
    "termination": {"TERMINATE": "-"},
}
"""Old messages with all that can be said about them."""


async def ran(client: httpx.AsyncClient, chat_id: str, **body: Any) -> list[dict[str, Any]]:
    """The messages of a run."""
    run = await client.post(f"/chats/{chat_id}/runs", json=body, params={"wait": 30})
    assert run.json()["status"] == "stopped", run.text
    return run.json()["messages"]


async def heard(client: httpx.AsyncClient, chat_id: str, path: str) -> list[str]:
    """What a participant's model would see of the conversation."""
    shown = await client.get(f"/chats/{chat_id}/context", params={"path": path})
    return [message["content"] for message in shown.json()["messages"] if message["type"] != "SystemMessage"]


async def test_a_chat_goes_on_from_old_messages(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a", "b")
    await ran(client, chat_id, task="before")
    headers = {"Idempotency-Key": "once"}
    first, again = [await client.put(f"/chats/{chat_id}/messages", json=OLD, headers=headers) for _ in range(2)]
    assert first.status_code == 200, first.text
    told = first.json()
    assert (told["id"], told["status"], told["warnings"]) == (chat_id, "idle", [])
    assert again.json() == told
    log = (await client.get(f"/chats/{chat_id}/log")).json()["entries"]
    (loaded,) = [entry["data"] for entry in log if entry["kind"] == "loaded"]
    assert "olga" in str(loaded["by"])
    assert await heard(client, chat_id, "b") == ["go", "Done. -"]
    assert [message["source"] for message in await ran(client, chat_id)] == ["b"], "it goes on with whoever is next"


async def test_only_the_newest_are_kept(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a", "b")
    messages = [said("user", "go"), *(said("ab"[number % 2], f"word {number} " * 50) for number in range(6))]
    loaded = await client.put(f"/chats/{chat_id}/messages", json={"messages": messages, "max_tokens": 300})
    (warning,) = loaded.json()["warnings"]
    assert "left out" in warning
    assert len(await heard(client, chat_id, "a")) < len(messages)


async def test_a_run_under_way_is_ended_only_by_force(apis: ApiFactory) -> None:
    api = await apis([{"text": "one", "hold": "it"}, "two"])
    client = await api.client()
    chat_id = await opened(client, api, "a", "b", task="go")
    await api.site.model.wait_for_requests(1)
    problem(await client.put(f"/chats/{chat_id}/messages", json=OLD), 409, "ChatBusyError")
    forced = await client.put(f"/chats/{chat_id}/messages", json=OLD, params={"force": True})
    assert forced.status_code == 200, forced.text
    api.site.model.release("it")
    assert await heard(client, chat_id, "b") == ["go", "Done. -"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"messages": []}, "no messages were provided"),
        ({"messages": [{"role": "user"}]}, r"messages[0]"),
        ({"messages": [said("stranger", "hi")]}, "stranger"),
        ({"messages": [said("user", "hi")], "names": {"stranger": "nobody"}}, "nobody"),
        ({"messages": [said("user", "hi")], "termination": {"": "x"}}, "termination"),
    ],
)
async def test_what_cannot_be_gone_on_from_is_refused_at_once(api: Api, body: dict[str, Any], why: str) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    before = (await client.get(f"/chats/{chat_id}/log")).json()
    assert why in problem(await client.put(f"/chats/{chat_id}/messages", json=body), 422, "BadCommandError")
    assert (await client.get(f"/chats/{chat_id}/log")).json() == before
    opening = await client.post("/chats", json={"team": api.spec("a"), "messages": body})
    assert why in problem(opening, 422, "BadCommandError")


@pytest.mark.parametrize(
    "body", [{}, [], {"messages": "x"}, {**OLD, "max_tokens": 0}, {**OLD, "termination": "drop"}, {**OLD, "by": "eve"}]
)
async def test_what_is_no_list_of_messages_is_refused(api: Api, body: object) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    problem(await client.put(f"/chats/{chat_id}/messages", json=body), 422, "RequestValidationError")


async def test_who_only_reads_may_not(api: Api) -> None:
    chat_id = await opened(await api.client(), api, "a")
    viewer = await api.client("vic", ["viewer"])
    problem(await viewer.put(f"/chats/{chat_id}/messages", json=OLD), 403, "ForbiddenError")


async def test_a_chat_begins_with_old_messages_and_all_that_is_said_about_them(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a", "b", messages=OLD)
    assert await heard(client, chat_id, "b") == ["go", "Done. -"]
    ends = api.spec("a", termination_condition=None, max_turns=None)
    ends["termination_condition"] = {"type": "TextMentionTermination", "text": "TERMINATE"}
    body = {"team": ends, "messages": [said("a", "Done. TERMINATE")], "id": f"{chat_id}-warned"}
    first, again = await client.post("/chats", json=body), await client.post("/chats", json=body)
    assert first.status_code == 201, first.text
    assert "may terminate the chat" in str(first.json()["warnings"])
    assert (again.status_code, again.json()["warnings"]) == (200, []), "it lived already"


async def test_a_chat_that_lives_does_not_begin_again(api: Api) -> None:
    client = await api.client()
    body = {"team": api.spec("a"), "id": unique(), "messages": OLD}
    assert (await client.post("/chats", json=body)).status_code == 201
    again = await client.post("/chats", json=body)
    assert (again.status_code, again.json()["created"]) == (200, False)
    other = {**body, "messages": {**OLD, "messages": OLD["messages"][:1]}}
    problem(await client.post("/chats", json=other), 409, "ChatExistsError")
