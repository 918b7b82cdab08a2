"""Bodies that are no JSON, or no JSON that anybody else reads; and requests that nothing comes of."""

from __future__ import annotations

import pytest

from folkmoot.server import app as server
from tests.integration.server.conftest import Api, ApiFactory, opened, problem

BAD = {
    "half a character": rb'{"task": "\ud83d"}',
    "NaN": b'{"task": [{"type": "TextMessage", "content": NaN}]}',
    "infinity": b'{"task": -Infinity}',
    "a number that is infinity in effect": b'{"task": [{"type": "TextMessage", "content": 1e999}]}',
    "a whole number beyond reason": b'{"task": ' + b"9" * 5_000 + b"}",
    "no UTF-8": b'{"task": "\xff"}',
    "cut off": b'{"task": ',
    "too deep": b"[" * 200_000,
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
async def test_a_body_that_is_no_json_is_refused(api: Api, body: bytes) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    headers = {"Content-Type": "application/json"}
    response = await client.post(f"/chats/{chat_id}/runs", content=body, headers=headers)
    problem(response, 422, "RequestValidationError")
    assert (await client.get(f"/chats/{chat_id}")).json()["head"] == 1


async def test_whole_characters_written_as_two_halves_are_read(api: Api) -> None:
    client = await api.client()
    chat_id = await opened(client, api, "a")
    body = rb'{"task": "\ud83d\ude00"}'
    headers = {"Content-Type": "application/json"}
    run = await client.post(f"/chats/{chat_id}/runs", content=body, headers=headers, params={"wait": 30})
    assert run.json()["messages"][0]["content"] == "\U0001f600"


async def test_a_request_that_nothing_comes_of_is_given_up(apis: ApiFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    api = await apis([{"text": "one", "hold": "it"}])
    client = await api.client()
    chat_id = await opened(client, api, "a", task="go")
    monkeypatch.setattr(server, "DEADLINE", 0.5)
    response = await client.get(f"/chats/{chat_id}/runs/1", params={"wait": 30})
    assert "0 s" in problem(response, 503, "NotYetError")
    assert response.headers["retry-after"]
    assert api.app.state.chats.held == 0
