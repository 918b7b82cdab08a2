"""The scripted server is watched and steered over HTTP, and the official client understands it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from folkmoot._scripted.http import ScriptedServer

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}


class Caller:
    """Speaks plain HTTP with a server."""

    def __init__(self, server: ScriptedServer, http: aiohttp.ClientSession) -> None:
        self.root = server.base_url.removesuffix("/v1")
        self.http = http

    async def get(self, path: str) -> Any:
        """The JSON behind a path."""
        async with self.http.get(self.root + path) as response:
            return await response.json()

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        async with self.http.post(self.root + path, json=body) as response:
            return response.status, await response.json()

    async def ask(self) -> str:
        """The answer to a plain question."""
        _, reply = await self.post("/v1/chat/completions", QUESTION)
        return reply["choices"][0]["message"]["content"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_health_and_requests(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer(["a", "b", "c"]) as server:
        caller = Caller(server, http)
        await caller.ask()
        await caller.ask()
        assert await caller.get("/_scripted/health") == {"status": "ok", "requests": 2, "left": 1}
        assert await caller.get("/_scripted/requests") == {"total": 2, "requests": [QUESTION, QUESTION]}
        assert await caller.get("/_scripted/requests?after=1") == {"total": 2, "requests": [QUESTION]}
        assert await caller.get("/_scripted/requests?after=2") == {"total": 2, "requests": []}


async def test_waiting_for_a_request(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer(["a"]) as server:
        caller = Caller(server, http)
        waiting = asyncio.create_task(caller.get("/_scripted/requests?wait=60"))
        await caller.ask()
        assert (await waiting)["requests"] == [QUESTION]
        assert (await caller.get("/_scripted/requests?after=1&wait=0.01"))["requests"] == []


async def test_only_the_latest_requests_are_kept_if_asked(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer([{"text": "a", "repeat": True}], record=2) as server:
        caller = Caller(server, http)
        for _ in range(3):
            await caller.ask()
        assert (server.total, len(server.requests)) == (3, 2)
        assert len((await caller.get("/_scripted/requests?after=2"))["requests"]) == 1


async def test_release_from_outside(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer([{"text": "a", "hold": "gate"}]) as server:
        caller = Caller(server, http)
        answer = asyncio.create_task(caller.ask())
        await server.wait_for_requests(1)
        assert not answer.done()
        assert await caller.post("/_scripted/release/gate") == (200, {"released": "gate"})
        assert await answer == "a"


async def test_script_is_changed_from_outside(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer(["a"]) as server:
        caller = Caller(server, http)
        assert await caller.post("/_scripted/script", {"append": ["b"]}) == (200, {"left": 2})
        assert await caller.post("/_scripted/script", {"replace": {"*": ["c"]}}) == (200, {"left": 1})
        wrong_changes: list[Any] = [{"add": []}, {}, [], {"append": [5]}, {"append": ["x"], "replace": ["y"]}]
        for wrong in wrong_changes:
            status, reply = await caller.post("/_scripted/script", wrong)
            assert status == 400
            assert reply["error"]["message"]
        assert await caller.ask() == "c"


async def test_wrong_requests_are_refused(http: aiohttp.ClientSession) -> None:
    async with ScriptedServer(["a"]) as server:
        caller = Caller(server, http)
        assert (await caller.post("/v1/chat/completions", [1]))[0] == 400
        async with http.post(server.base_url + "/chat/completions", data=b"{") as response:
            assert response.status == 400
        async with http.get(caller.root + "/_scripted/requests?after=x") as response:
            assert response.status == 400
        assert server.total == 0


async def test_leaving_lets_held_answers_go(http: aiohttp.ClientSession) -> None:
    server = ScriptedServer([{"text": "a", "hold": "gate"}])
    async with server:
        answer = asyncio.create_task(Caller(server, http).ask())
        await server.wait_for_requests(1)
    assert await answer == "a"
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.base_url


async def test_the_official_client_understands_it() -> None:
    """Nothing but the documented calls of the client: so the wire format is right, and not just what we read back."""
    call = {"name": "add", "arguments": {"a": 1}, "id": "c1"}
    question: Any = QUESTION["messages"]
    script = {"m": ["Hi", {"text": "Good day to you"}, {"calls": [call]}, {"calls": [call]}], "n": ["x"]}
    async with (
        ScriptedServer(script) as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
    ):
        assert [model.id async for model in client.models.list()] == ["m", "n"]
        chat = client.chat.completions
        reply = await chat.create(model="m", messages=question)
        assert reply.choices[0].message.content == "Hi"
        assert reply.usage is not None
        async with chat.stream(model="m", messages=question, stream_options={"include_usage": True}) as stream:
            final = await stream.get_final_completion()
        assert final.choices[0].message.content == "Good day to you"
        assert final.usage is not None
        plain = (await chat.create(model="m", messages=question)).choices[0].message.tool_calls
        async with chat.stream(model="m", messages=question) as stream:
            streamed = (await stream.get_final_completion()).choices[0].message.tool_calls
        for calls in (plain, streamed):
            assert calls is not None
            assert calls[0].type == "function"
            assert (calls[0].id, calls[0].function.name, calls[0].function.arguments) == ("c1", "add", '{"a": 1}')


async def test_taken_port_is_told() -> None:
    async with ScriptedServer([]) as server:
        port = int(server.base_url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match=str(port)):
            await ScriptedServer([], port=port).__aenter__()


def test_missing_aiohttp_names_the_extra() -> None:
    """Only the server needs aiohttp; without it the import says what to install."""
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "import folkmoot._scripted\n"
        "try:\n    import folkmoot._scripted.http\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the scripted server needs aiohttp: pip install 'folkmoot[testing]'"
